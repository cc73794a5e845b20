"""The texts that the starter reads beside its dialogues: books, poems and manuals, cleaned into sections.

Takes a folder with five files of JSON lines (``FILES``; they are not shipped), gives ``Corpus``: sections of clean
paragraphs that follow each other in their source, and how many paragraphs each rule left out. Only books that read
plainly are taken (``BOOKS_EN``, ``BOOKS_ZH``). Where something is left out a section ends, so a section never pretends
that two paragraphs are neighbours.
"""

from __future__ import annotations

import json
import lzma
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b, sha256
from pathlib import Path
from typing import Any, Literal

from tunesmith.core.errors import UserError
from tunesmith.starter import graph_query
from tunesmith.starter.unwanted import unwanted_in, unwanted_in_chinese

Kind = Literal["prose_en", "prose_zh", "docs_en", "docs_zh", "poems_zh"]
Row = dict[str, Any]

FILES: dict[Kind, str] = {
    "prose_en": "gutenberg_en.jsonl.xz",
    "prose_zh": "classic_zh.jsonl.xz",
    "docs_en": "docs_en.jsonl.xz",
    "docs_zh": "docs_zh.jsonl.xz",
    "poems_zh": "tang_poems.jsonl.xz",
}

# By the first words of the title: novels of manners, tales for children, letters, popular science, essays.
BOOKS_EN = (
    "Alice", "Emma", "Middlemarch", "Three Men in a Boat", "A Christmas Carol", "David Copperfield", "Great Expectations",
    "Anne of Green Gables", "Pride and Prejudice", "Sense and Sensibility", "The Letters of Jane Austen", "Jane Eyre",
    "Walden", "Great Astronomers", "From Newton to Einstein", "A Treatise on Electricity", "The American Printer",
    "The Conduct of Life", "Autobiography of Benjamin Franklin", "The Time Machine", "The Gift of the Magi", "The Prophet",
    "Grimms", "Grimm's", "Household Stories", "The Swiss Family Robinson", "My Man Jeeves", "Right Ho, Jeeves",
    "The Inimitable Jeeves", "The Clockwork Man", "Zarlah the Martian", "The Adventures of Sherlock Holmes",
    "The Memoirs of Sherlock Holmes", "The Return of Sherlock Holmes", "The Secret Adversary", "The Mill on the Floss",
    "The Legend of Sleepy Hollow", "The Adventures of Tom Sawyer", "Anna Karenina",
)  # fmt: skip
BOOKS_ZH = ("红楼梦", "儒林外史", "镜花缘", "三国演义", "三侠五义", "官场现形记")
ROUGH_CHAPTERS = {
    "红楼梦": "五 六 七 九 十一 十二 十三 十五 十六 十九 二十一 二十八 四十四 四十六 四十七 六十三 六十四 六十五 六十六 六十八 六十九 "
    "七十三 七十四 七十五 七十七 七十九 八十 九十一 九十二"
}
"""Chapters of desire and cruelty, left out whole."""
ROUGH_SHARE = {"en": 0.30, "zh": 0.60}
"""A chapter of which more paragraphs than this hold an unwanted word is left out whole."""
SECTION_CHARS = {"en": 6000, "zh": 1800}
HELD_OUT_EVERY: dict[Kind, int] = {"prose_en": 40, "prose_zh": 40, "poems_zh": 40, "docs_en": 12, "docs_zh": 6}


@dataclass(frozen=True, slots=True)
class Section:
    """Neighbouring paragraphs of one source. ``is_held_out``: kept for validation."""

    kind: Kind
    title: str
    author: str
    paragraphs: tuple[str, ...]

    @property
    def is_chinese(self) -> bool:
        return self.kind.endswith("_zh")

    @property
    def is_held_out(self) -> bool:
        key = f"{self.kind}\n{self.title}\n{self.paragraphs[0]}"
        return int.from_bytes(blake2b(key.encode(), digest_size=4).digest(), "big") % HELD_OUT_EVERY[self.kind] == 0


@dataclass(frozen=True, slots=True)
class Corpus:
    """What was kept, in the order of the files, and what was not: (kind, rule) → paragraphs."""

    sections: tuple[Section, ...]
    dropped: Counter[tuple[Kind, str]]
    hashes: dict[str, str]


def read_corpus(folder: Path) -> Corpus:
    """All files of the corpus, cleaned. Raises UserError for a file that is missing or unreadable."""
    dropped: Counter[tuple[Kind, str]] = Counter()
    sections: list[Section] = []
    seen: set[str] = set()
    for kind, name in FILES.items():
        for section in _CLEANERS[kind](_rows(folder / name), _Tally(kind, dropped)):
            if (text := "\n".join(section.paragraphs)) not in seen:
                sections.append(section)
                seen.add(text)
                dropped[kind, "kept"] += len(section.paragraphs)
    hashes = {name: sha256((folder / name).read_bytes()).hexdigest() for name in FILES.values()}
    return Corpus(tuple(sections), dropped, hashes)


def _rows(path: Path) -> Iterator[Row]:
    try:
        with lzma.open(path, "rt", encoding="utf-8") as file:
            yield from map(json.loads, file)
    except (OSError, lzma.LZMAError, ValueError, EOFError) as error:
        raise UserError(
            f"The corpus file {path} cannot be read: {error}.",
            f"--corpus names a folder with {', '.join(FILES.values())}",
        ) from error


class _Tally:
    """Counts what a rule leaves out, by kind."""

    def __init__(self, kind: Kind, dropped: Counter[tuple[Kind, str]]) -> None:
        self._kind, self._dropped = kind, dropped

    def add(self, rule: str, count: int = 1) -> None:
        self._dropped[self._kind, rule] += count


# ---- English books -------------------------------------------------------------------------------

_HEADING = re.compile(
    r"(?:chapter|book|part|volume|vol\.|letter|act|scene|canto|stave|section|preface|contents|introduction|epilogue"
    r"|prologue|appendix|index|the end|end of|finis|adventure)\b.{0,80}|[IVXLC\d]+[.:]?(?:\s.{0,60})?",
    re.IGNORECASE,
)
_NOTES = (
    "transcriber", "gutenberg", "footnote", "illustration", "ebook", "e-book", "produced by", "proofread", "editor's",
    "copyright", " edition", "translated", "published", "frontispiece", "ibid", "op. cit",
)  # fmt: skip
_ADDRESS = ("http:", "https:", "www.", "@", ".com", ".org", ".net")
_NAME = re.compile(r"[A-Z][a-z]+")
_LETTER, _CAPITAL, _DIGIT = re.compile(r"[^\W\d_]"), re.compile("[A-Z]"), re.compile(r"\d")
_ENTRY = re.compile(r"[^.\"']{2,40}\.\s?—|[^.]{3,60}, \d+(?:, \d+)*\.")
_FOREIGN = re.compile(r"[^\x00-\x7f—]")
_SHOUT = re.compile(r"\b[A-Z]{2,}[\s,.]+[A-Z]{2,}[\s,.]+[A-Z]{2,}[\s,.]+[A-Z]{2,}")
_COLUMNS = re.compile(r"[^ ] {3,}[^ ]|\.{4,}|[^ ] +\d+[.,;]?$|\|")
_REFERENCE = re.compile(r"\s?(?:\[\d+\]|\{\d+\}|\(\*+\)|\*)")
_STRAIGHT = str.maketrans(
    {"“": '"', "”": '"', "‘": "'", "’": "'", "\u00a0": " ", "\ufeff": "", "_": "", "=": "", "…": "..."}
)
_FINISHED_EN = re.compile(r"[.!?]['\")]*$|[—:;,]['\"]?$")
_ARROWS = re.compile(r"~>|<~|::=")


def _clean_books(rows: Iterable[Row], tally: _Tally) -> Iterator[Section]:
    for row in rows:
        title, author = str(row["title"]).translate(_STRAIGHT).strip(" ,"), str(row["author"]).strip()
        if not title.startswith(BOOKS_EN):
            tally.add("book not chosen")
            continue
        text = str(row["text"]).replace("\r\n", "\n")
        edge = len(text) // 100
        inner = text[edge:-edge] if len(text) > 100_000 else text
        marked = [_book_paragraph(block) for block in re.split(r"\n\s*\n", inner)[1:-1]]
        name = re.sub(r"\s*\([^)]*\)\s*", " ", author).split(",")[0].strip(" .")
        yield from _sections("prose_en", title, name, _by_chapter(marked), tally)


Marked = tuple[str, str | None]
"""A paragraph and the rule that leaves it out, if one does."""


def _book_paragraph(block: str) -> Marked:
    lines = [line.strip() for line in block.strip().splitlines()]
    text = clean_english(" ".join(lines))
    return text, _fault_of_book(lines, text)


def clean_english(text: str) -> str:
    """One paragraph on one line: straight quotes, real dashes, no reference marks."""
    text = _REFERENCE.sub("", text.translate(_STRAIGHT))
    return re.sub(r"\s+", " ", re.sub(r"\s*-{2,}\s*", "—", text)).strip()


def _fault_of_book(lines: list[str], text: str) -> str | None:
    if not _LETTER.search(text) or _HEADING.fullmatch(text) or (len(text) < 80 and re.match(r"(?i)chapter\b", text)):
        return "heading"
    if len(_CAPITAL.findall(text)) > len(text) // 3 or _SHOUT.search(text):
        return "capitals"
    if sum(bool(_COLUMNS.search(line)) for line in lines) * 2 > len(lines):
        return "contents or table"
    if _ENTRY.match(text) and len(text) < 200:
        return "contents or table"
    low = text.lower()
    if any(word in low for word in _NOTES) or text.startswith(("[", "*", "{", "(")) or re.match(r"\d+[.)\]:]", text):
        return "note"
    if any(sign in low for sign in _ADDRESS):
        return "address"
    if len(lines) > 2 and sum(len(line) < 52 for line in lines[:-1]) > 0.6 * (len(lines) - 1):
        return "verse or list"
    if len(_DIGIT.findall(text)) > max(8, len(text) // 25):
        return "contents or table"
    if len(_FOREIGN.findall(text)) > max(3, len(text) // 60) or _ARROWS.search(text):
        return "signs"
    if not _FINISHED_EN.search(text) or (text.count('"') % 2 and text[:1] not in "\"'" and len(text) < 40):
        return "unfinished"
    if not task_names().isdisjoint(_NAME.findall(text)):
        return "kept for measuring"
    return "unwanted word" if unwanted_in(text) else None


@lru_cache(maxsize=1)
def task_names() -> frozenset[str]:
    """Every word of a name in the quickstart's task: no text of the corpus may teach one."""
    rows = [*graph_query.training_rows(), *graph_query.held_out_rows(), *graph_query.unseen_relation_rows()]
    return frozenset(graph_query.names_in(rows))


def _by_chapter(marked: Iterable[Marked]) -> Iterator[list[Marked]]:
    chapter: list[Marked] = []
    for paragraph in marked:
        if paragraph[1] == "heading" and chapter:
            yield chapter
            chapter = []
        chapter.append(paragraph)
    yield chapter


def _sections(
    kind: Kind, title: str, author: str, chapters: Iterable[list[Marked]], tally: _Tally
) -> Iterator[Section]:
    tongue = kind[-2:]
    for chapter in chapters:
        rough = sum(rule == "unwanted word" for _, rule in chapter)
        if len(chapter) >= 8 and rough > ROUGH_SHARE[tongue] * len(chapter):
            tally.add("rough chapter", len(chapter))
            continue
        run: list[str] = []
        for text, rule in [*chapter, ("", "end")]:
            if rule is None:
                run.append(text)
            elif rule != "end":
                tally.add(rule)
            if run and (rule is not None or sum(map(len, run)) >= SECTION_CHARS[tongue]):
                if sum(map(len, run)) >= (240 if tongue == "en" else 60):
                    yield Section(kind, title, author, tuple(run))
                else:
                    tally.add("too short by itself", len(run))
                run = []


# ---- Chinese books -------------------------------------------------------------------------------

_SAID = re.compile(r"([：，]) ([^ \n]{1,400}?) ")
_ZH_ODD = re.compile(r"[A-Za-z<>{}\[\]（(][^ ]|[囗□�]|——$")
_MISQUOTED = re.compile(r"[：“说道曰云有]”|“[^”]{6,}[^。！？…，；—]”[\u4e00-\u9fff]|“[^”]*“")
_FINISHED_ZH = re.compile(r"[。！？”’」…]$")


def _clean_novels(rows: Iterable[Row], tally: _Tally) -> Iterator[Section]:
    for row in rows:
        book, chapter = str(row["book"]), str(row["chapter"])
        lines = [line for line in str(row["text"]).splitlines() if line.strip()]
        if book not in BOOKS_ZH:
            tally.add("book not chosen", len(lines))
        elif chapter.strip("第回") in ROUGH_CHAPTERS.get(book, "").split():
            tally.add("rough chapter", len(lines))
        else:
            texts = [text for line in lines[1:] for text in _split_long(clean_chinese(line))]
            marked = [(text, _fault_of_novel(text)) for text in texts]
            yield from _sections("prose_zh", book, "", [marked], tally)


def clean_chinese(line: str) -> str:
    """Quotes were lost in these texts and left a blank on either side: speech gets its quotes back."""
    line = line.strip().replace("\u3000", " ")
    return _SAID.sub(r"\1“\2”", line + " ").replace("：“ ", "：“").replace(" ", "")


def _split_long(text: str) -> Iterator[str]:
    """These paragraphs run on for pages: cut where a sentence ends outside of speech, some 150 characters apart."""
    start = 0
    for match in _SENTENCE_END.finditer(text):
        said = text[start : match.end()]
        if len(said) >= 150 and said.count("“") == said.count("”"):
            yield said
            start = match.end()
    if start < len(text):
        yield text[start:]


_SENTENCE_END = re.compile(r"[。！？][”’」]?")


def _fault_of_novel(text: str) -> str | None:
    if len(text) < 12 or re.fullmatch(r"[^。]{5,7}[，。；][^。]{5,7}[。；，！？](?:.{5,7}[，。！？；])*", text):
        return "verse or list"
    if _ZH_ODD.search(text) or text.count("“") != text.count("”") or _MISQUOTED.search(text):
        return "signs"
    if re.search(r"下回|分解|列位看官|诗曰|诗云|有诗|^[^，。：“]{2,6}：[^“]", text) and "曰：" not in text[:8]:
        return "note"
    if not _FINISHED_ZH.search(text):
        return "unfinished"
    return "unwanted word" if unwanted_in_chinese(text) else None


# ---- manuals -------------------------------------------------------------------------------------

_FENCE = re.compile(r"^\s*(```|~~~)[^\n]*\n.*?^\s*\1[^\n]*$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_REST_LINK = re.compile(r"`([^`<]+?)\s*<[^>`]*>`_{0,2}")
_ROLE = re.compile(r":[a-z:]+:`(?:[^`<]*<)?([^`>]*)>?`")
_MARKS = re.compile(r"\*\*|``|`|(?<!\w)\*(?=\w)|(?<=\w)\*(?!\w)")
_NOT_PROSE = re.compile(
    r"^\s*(?:[#|>\-*:<{}+=~!\[$%@\\]|\.\. |\d+[.)]|import |from |def |class |//|/|\w+\s*=)", re.MULTILINE
)
_PEOPLE = re.compile(
    r"(?-i:\bby [A-Z]\w+ [A-Z])|\bet al\b|\bauthor|thanks|\bcontribut|maintain(?:er|ed)|\bPR\b|pull request|\bissue\b|#\d|\bpaper\b|arxiv"
    r"|作者|贡献|感谢|论文|微信",
    re.IGNORECASE,
)
_CODE = re.compile(r"[{}<>\\$=|_^~]|\w\(\)|--\w|\w/\w+/|\w\.\w+\.\w|::|\.(?:py|md|json|yaml|sh|rst)\b")


def _clean_docs(kind: Kind, rows: Iterable[Row], tally: _Tally) -> Iterator[Section]:
    for row in rows:
        text, codes = _FENCE.subn("\n\n", str(row["text"]))
        tally.add("code", codes)
        kept: list[str] = []
        for block in re.split(r"\n\s*\n|\n(?=\s*(?:[-*]|\d+[.)]) )" if kind == "docs_en" else r"\n", text):
            paragraph = clean_markup(block)
            if not block.strip():
                continue
            if rule := _fault_of_docs(_BULLET.sub("", block), paragraph, kind):
                tally.add(rule)
            else:
                kept.append(paragraph)
        yield from _sections(kind, _doc_title(text), "", [[(paragraph, None) for paragraph in kept]], tally)


_BULLET = re.compile(r"^\s*(?:[-*]|\d+[.)])\s+")


def clean_markup(block: str) -> str:
    """A paragraph of Markdown or reStructuredText as plain text on one line."""
    text = _REST_LINK.sub(r"\1", _LINK.sub(r"\1", _ROLE.sub(r"\1", _BULLET.sub("", block))))
    text = re.sub(r"\s+", " ", _MARKS.sub("", text).translate(_QUOTES)).strip()
    return re.sub(r"(?<=[\u4e00-\u9fff，。：]) (?=[\u4e00-\u9fff])", "", text)


_QUOTES = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "\u00a0": " "})


def _fault_of_docs(block: str, text: str, kind: Kind) -> str | None:
    chinese = kind == "docs_zh"
    if _NOT_PROSE.search(block) or block.startswith(("    ", "\t")):
        return "heading, list, table or code"
    if len(text) < (25 if chinese else 90) or not re.search(r"[。！？]$" if chinese else r"[.!?]$", text):
        return "unfinished"
    if any(sign in text.lower() for sign in _ADDRESS) or _PEOPLE.search(text):
        return "address or person"
    if _CODE.search(text) or len(_DIGIT.findall(text)) > max(4, len(text) // 30):
        return "heading, list, table or code"
    return "kept for measuring" if not task_names().isdisjoint(_NAME.findall(text)) else None


def _doc_title(text: str) -> str:
    found = re.search(r"^#\s+(.{3,60})$", text, re.MULTILINE) or re.search(
        r"^(.{3,60})\n[=#*]{3,}$", text, re.MULTILINE
    )
    title = clean_markup(found.group(1)).strip("# ") if found else ""
    return "" if re.search(r"[<>{}\[\]:`@]", title) else title


# ---- poems ---------------------------------------------------------------------------------------


def _clean_poems(rows: Iterable[Row], tally: _Tally) -> Iterator[Section]:
    for row in rows:
        title, author, text = str(row["title"]).strip(), str(row["author"]).strip(), str(row["text"]).strip()
        if rule := _fault_of_poem(title, author, text):
            tally.add(rule)
        else:
            yield Section("poems_zh", title, author, tuple(text.splitlines()))


def _fault_of_poem(title: str, author: str, text: str) -> str | None:
    if not 20 <= len(text) <= 300 or len(title) > 20 or not title or not author:
        return "too long or too short"
    if re.search(r"[^\u4e00-\u9fff，。！？；、：\n]", text) or re.search(r"[^\u4e00-\u9fff ]", title):
        return "signs"
    return "unwanted word" if unwanted_in_chinese(title + text) else None


_CLEANERS: dict[Kind, Callable[[Iterable[Row], _Tally], Iterator[Section]]] = {
    "prose_en": _clean_books,
    "prose_zh": _clean_novels,
    "docs_en": lambda rows, tally: _clean_docs("docs_en", rows, tally),
    "docs_zh": lambda rows, tally: _clean_docs("docs_zh", rows, tally),
    "poems_zh": _clean_poems,
}
