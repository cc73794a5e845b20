"""Documents → passages: pieces of text, small enough to write questions about, each with its place.

Takes a file or a folder of plain text, Markdown, HTML and JSON lines with a text in each row. Gives passages and what was
left out, in the order of names; a paragraph is split only where it is longer than a passage may be.
"""

from __future__ import annotations

import html
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from tunesmith.core.errors import UserError
from tunesmith.data.encoding import BadBytes
from tunesmith.data.file_rows import file_rows
from tunesmith.data.findings import shorten
from tunesmith.data.importers.rows import Left, Place
from tunesmith.data.synthesis.tokens import content_tokens, estimated_tokens, num_units

PASSAGE_TOKENS: Final = 500
_FEWEST_WORDS: Final = 12
_MOST_DOCUMENT_BYTES: Final = 64 << 20
_TEXT_KEYS: Final = ("text", "content", "body", "markdown", "page_content", "document")
_TITLE_KEYS: Final = ("title", "name", "id", "url")
_PLAIN: Final = frozenset({".txt", ".md", ".markdown", ".rst", ".text", ""})
_HTML: Final = frozenset({".html", ".htm", ".xhtml"})
_ROWS: Final = frozenset({".jsonl", ".ndjson"})
_HOW_TO_CONVERT: Final = {
    ".pdf": "a PDF's text must be taken out first: pdftotext -layout FILE.pdf FILE.txt",
    ".docx": "save it as plain text or HTML, or: pandoc FILE.docx -o FILE.md",
    ".doc": "save it as plain text or HTML",
    ".odt": "save it as plain text or HTML, or: pandoc FILE.odt -o FILE.md",
    ".epub": "pandoc FILE.epub -o FILE.md",
}


@dataclass(frozen=True, slots=True)
class Passage:
    """``name`` is ``guide.md#3``, the third passage of the document; ``place`` where it begins (no line in HTML)."""

    name: str
    document: str
    place: Place
    heading: str
    text: str


def passages(path: Path, passage_tokens: int = PASSAGE_TOKENS) -> Iterator[Passage | Left]:
    """``passage_tokens`` is about the longest that a passage is. A text that was met before is left out.

    Raises UserError where there is nothing at ``path``.
    """
    if not path.exists():
        raise UserError(f"There is no {path}.", "name a document, or a folder of documents")
    seen: set[bytes] = set()
    for found in _documents(path):
        if isinstance(found, Left):
            yield found
            continue
        for outcome in _split(found, passage_tokens):
            if isinstance(outcome, Passage):
                digest = blake2b(outcome.text.encode(errors="replace"), digest_size=16).digest()
                if digest in seen:
                    yield Left(
                        "duplicate_passage", "the same text stood before", "it is asked about once", outcome.place
                    )
                    continue
                seen.add(digest)
            yield outcome


@dataclass(frozen=True, slots=True)
class _Document:
    name: str
    place: Place
    text: str
    has_lines: bool


def _documents(path: Path) -> Iterator[_Document | Left]:
    if path.is_file():
        yield from _document(path, path.name)
        return
    for folder, folders, names in os.walk(path):
        hidden = sorted(name for name in (*folders, *names) if name.startswith("."))
        for name in hidden:
            yield Left(
                "hidden", f"{name} is hidden", "rename it, if it is a document", Place(_relative(folder, name, path))
            )
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(name for name in names if not name.startswith(".")):
            yield from _document(Path(folder, name), _relative(folder, name, path))


def _relative(folder: str, name: str, root: Path) -> str:
    return Path(folder, name).relative_to(root).as_posix()


def _document(path: Path, name: str) -> Iterator[_Document | Left]:
    suffix, place = path.suffix.lower(), Place(name)
    if suffix not in _PLAIN | _HTML | _ROWS:
        hint = _HOW_TO_CONVERT.get(suffix, "documents are .txt, .md, .html and .jsonl files")
        yield Left("unsupported_document", f"{suffix} files cannot be read as documents", hint, place, "error")
        return
    try:
        if not path.is_file():
            yield Left("unreadable_document", "it is no regular file", "name files and folders", place, "error")
        elif (size := path.stat().st_size) > _MOST_DOCUMENT_BYTES and suffix not in _ROWS:
            message = f"it has {size:,} bytes, more than {_MOST_DOCUMENT_BYTES:,}"
            yield Left("document_too_large", message, "split it into several files", place, "error")
        elif suffix in _ROWS:
            yield from _row_documents(path, name)
        else:
            yield _text_document(path, name, is_html=suffix in _HTML)
    except OSError as error:
        message = f"it cannot be read: {error.strerror or error}"
        yield Left("unreadable_document", message, "check its permissions", place, "error")


def _text_document(path: Path, name: str, *, is_html: bool) -> _Document | Left:
    content = path.read_bytes()
    if content[:5] == b"%PDF-":
        return Left("unsupported_document", "it is a PDF", _HOW_TO_CONVERT[".pdf"], Place(name), "error")
    try:
        text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        if error.encoding.startswith("utf-16"):
            return Left("not_utf8", "it is broken UTF-16 text", "save it as UTF-8", Place(name), "error")
        finding = BadBytes(path).finding(content, error)
        return Left(finding.rule, finding.message, finding.hint, Place(name), "error")
    if "\0" in text:
        return Left(
            "unsupported_document", "it is no text: it holds zero bytes", "name text files", Place(name), "error"
        )
    text = html_text(text) if is_html else text.replace("\r\n", "\n").replace("\r", "\n")
    return _Document(name, Place(name), text, has_lines=not is_html)


def _row_documents(path: Path, name: str) -> Iterator[_Document | Left]:
    for row in file_rows(path, lambda _: None):
        place = Place(name, row.line)
        for fault in row.faults:
            finding = fault.finding
            yield Left(
                finding.rule, finding.message, finding.hint, Place(name, *row.position(fault.offset)[:2]), "error"
            )
        if row.faults:
            continue
        text = _row_text(row.value)
        if text is None:
            hint = f"a row is a text, or an object with one of {', '.join(_TEXT_KEYS)}"
            yield Left("no_text", f"the row holds no text: {shorten(row.value)}", hint, place)
        else:
            yield _Document(f"{name}:{row.line}", place, text, has_lines=False)


def _row_text(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if not isinstance(value, dict):
        return None
    text = next((value[key] for key in _TEXT_KEYS if isinstance(value.get(key), str) and value[key].strip()), None)
    if text is None:
        return None
    title = next((value[key] for key in _TITLE_KEYS if isinstance(value.get(key), str)), "")
    return f"# {' '.join(title.split())}\n\n{text}" if title.strip() else text


# ---- HTML ----------------------------------------------------------------------------------------

_UNREAD: Final = frozenset({"script", "style", "template", "noscript", "svg", "nav", "iframe", "textarea"})
_CODE: Final = frozenset({"script", "style"})
_BLOCKS: Final = frozenset(
    "address article aside blockquote br dd div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr li main "
    "ol p pre section table td th tr ul title body html".split()
)
_HEADINGS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_TAG_NAME: Final = re.compile(r"/?([a-zA-Z][a-zA-Z0-9]{0,20})")
_BLANKS: Final = re.compile(r"[ \t\r\f\v\u00a0]+")


def html_text(source: str) -> str:
    """What a reader sees, a paragraph a block, headings as ``# …``. Linear, whatever the tags are like."""
    parts: list[str] = []
    never_closed: set[str] = set()
    at = 0
    while (opening := source.find("<", at)) >= 0:
        parts.append(source[at:opening].replace("\n", " "))
        at, said = _past_tag(source, opening, never_closed)
        parts.append(said)
    parts.append(source[at:].replace("\n", " "))
    lines = (_BLANKS.sub(" ", line).strip() for line in html.unescape("".join(parts)).split("\n"))
    return "\n\n".join(line for line in lines if line.strip("# "))


def _past_tag(source: str, opening: int, never_closed: set[str]) -> tuple[int, str]:
    """Where reading goes on, and what stands for the tag; a tag without its end makes the rest unreadable."""
    if source.startswith("<!--", opening):
        end = source.find("-->", opening + 4)
        return (end + 3, "") if end >= 0 else (len(source), "")
    name = _TAG_NAME.match(source, opening + 1)
    if name is None and source[opening + 1 : opening + 2] not in ("!", "?"):
        return opening + 1, "<"
    end = source.find(">", opening)
    if end < 0:
        return len(source), ""
    tag = name[1].lower() if name else ""
    is_closing = source[opening + 1] == "/"
    if tag in _UNREAD - never_closed and not is_closing and source[end - 1] != "/":
        if closing := re.compile(f"</{tag}", re.IGNORECASE).search(source, end):
            return closing.start(), ""
        if tag in _CODE:
            return len(source), ""
        never_closed.add(tag)
    if tag in _HEADINGS and not is_closing:
        return end + 1, "\n# "
    return end + 1, "\n" if tag in _BLOCKS else ""


# ---- passages ------------------------------------------------------------------------------------

_HEADING: Final = re.compile(r"#{1,6}[ \t]+([^\n]{1,200})")
_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s|(?<=[。！？；])|\n")


def _split(document: _Document, passage_tokens: int) -> Iterator[Passage | Left]:
    number, line, seen = 0, 1, 0
    for start, text, heading in _gathered(document.text, passage_tokens):
        line, seen = line + document.text.count("\n", seen, start), start
        place = Place(document.place.file, line if document.has_lines else document.place.line)
        if num_units(text) < _FEWEST_WORDS:
            message = f"the passage has fewer than {_FEWEST_WORDS} words"
            yield Left("passage_too_short", message, "too little to ask about; nothing to do", place)
            continue
        number += 1
        yield Passage(f"{document.name}#{number}", document.name, place, heading, text)
    if not document.text.strip():
        yield Left("empty_document", "it holds no text", "nothing to do", document.place)


def _gathered(text: str, passage_tokens: int) -> Iterator[tuple[int, str, str]]:
    """Paragraphs put together: where they begin, their text, and the heading that they stand under."""
    held: list[str] = []
    start = num_held = 0
    heading = held_heading = ""
    for at, piece in _pieces(text, passage_tokens):
        found = _HEADING.match(piece)
        size = estimated_tokens(piece)
        if held and (num_held + size > passage_tokens or (found and num_held > passage_tokens // 3)):
            yield start, "\n\n".join(held), held_heading
            held, num_held = [], 0
        heading = found[1].strip() if found else heading
        if not held:
            start, held_heading = at, heading
        held.append(piece)
        num_held += size
    if held:
        yield start, "\n\n".join(held), held_heading


def _pieces(text: str, passage_tokens: int) -> Iterator[tuple[int, str]]:
    for start, paragraph in _paragraphs(text):
        if estimated_tokens(paragraph) <= passage_tokens:
            yield start, paragraph
        else:
            yield from _sentences(start, paragraph, passage_tokens)


def _paragraphs(text: str) -> Iterator[tuple[int, str]]:
    """Lines without a blank one between them."""
    start = at = 0
    for line in text.splitlines(keepends=True):
        if line.isspace():
            if at > start:
                yield start, text[start:at].rstrip()
            start = at + len(line)
        at += len(line)
    if at > start:
        yield start, text[start:at].rstrip()


def _sentences(offset: int, paragraph: str, passage_tokens: int) -> Iterator[tuple[int, str]]:
    """As many as fit together; one that does not fit is cut."""
    room = passage_tokens - estimated_tokens("")
    start = end = 0
    held = 0.0
    for border in [*(found.end() for found in _SENTENCE_END.finditer(paragraph)), len(paragraph)]:
        size = content_tokens(paragraph[end:border])
        if held + size > room:
            if end > start:
                yield offset + start, paragraph[start:end].strip()
            start, held = end, 0.0
        while size > room:
            cut = _cut(paragraph, start, border, room)
            yield offset + start, paragraph[start:cut].strip()
            start, size = cut, size - content_tokens(paragraph[start:cut])
        held += size
        end = border
    if paragraph[start:].strip():
        yield offset + start, paragraph[start:].strip()


def _cut(text: str, start: int, end: int, room: int) -> int:
    length = min(end - start, room * 3)
    while length > 1 and content_tokens(text[start : start + length]) > room:
        length //= 2
    return start + length
