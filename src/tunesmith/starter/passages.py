"""The corpus as chat rows: sections are cut into passages, and a passage becomes something to write or to find out.

Takes a ``Corpus``; gives rows as the dialogues have them, pure in (seed, corpus). Most rows ask for the rest of a text;
some ask for a missing word, for sentences in their order, for the sentence that comes next; poems are asked for by
title. Nothing in an answer is made up: all of it stands in the corpus.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from itertools import count

from tunesmith.core.errors import UserError
from tunesmith.starter.corpus import Corpus, Kind, Row, Section

SHARES: dict[Kind, float] = {"prose_en": 0.56, "prose_zh": 0.26, "poems_zh": 0.11, "docs_en": 0.06, "docs_zh": 0.01}
"""Of the tokens of the corpus rows."""
SHORT, LONG = (80, 500), (600, 1500)
"""Tokens of a passage, from and to; one in ``LONG_EVERY`` is long."""
LONG_EVERY = 6

_HAN = re.compile(r"[\u4e00-\u9fff]")
_SENTENCE = {False: re.compile(r"[^.!?]+(?:[.!?]+[\"')]*(?:\s+|$)|$)"), True: re.compile(r"[^。！？]+[。！？]+[”’」]*")}


def corpus_rows(corpus: Corpus, seed: int, num_tokens: int) -> Iterator[Row]:
    """Rows of about ``num_tokens`` tokens in all, kinds in their ``SHARES``; a small corpus is read again, cut anew."""
    given = dict.fromkeys(SHARES, 0)
    streams = {kind: _stream(corpus, kind, seed) for kind in SHARES}
    while sum(given.values()) < num_tokens:
        kind = min(SHARES, key=lambda kind: given[kind] / SHARES[kind])
        row = next(streams[kind])
        given[kind] += sum(num_tokens_about(message["content"]) for message in row["messages"])
        yield row


def held_out_rows(corpus: Corpus, seed: int, kind: Kind, count: int) -> list[Row]:
    """Up to ``count`` rows that ask for the rest of a held-out text of this kind."""
    rng = random.Random(f"held out:{seed}:{kind}")
    sections = [section for section in corpus.sections if section.kind == kind and section.is_held_out]
    rng.shuffle(sections)
    rows = [_poem(rng, s) if kind == "poems_zh" else _continue(rng, s, p) for s in sections for p in passages(rng, s)]
    return [row for row in rows if row is not None][:count]


def num_tokens_about(text: str) -> int:
    """An estimate that needs no tokenizer: Chinese characters are 1.3 tokens, other characters a quarter."""
    han = len(_HAN.findall(text))
    return 4 + round(1.3 * han + (len(text) - han) / 4)


def passages(rng: random.Random, section: Section) -> Iterator[list[str]]:
    """Runs of neighbouring paragraphs of the lengths ``SHORT`` and ``LONG``; what is left over at the end is not used."""
    passage: list[str] = []
    length, target = 0, _target(rng)
    for paragraph in section.paragraphs:
        passage.append(paragraph)
        length += num_tokens_about(paragraph)
        if length >= target:
            if length <= 1700:
                yield passage
            passage, length, target = [], 0, _target(rng)
    if length >= SHORT[0] or section.kind == "poems_zh":
        yield passage


def sentences_of(text: str, is_chinese: bool) -> list[str]:
    found: list[str] = []
    for said in _SENTENCE[is_chinese].findall(text):
        if found and _ABBREVIATED.search(found[-1]):
            found[-1] += said
        elif said.strip():
            found.append(said)
    return found


_ABBREVIATED = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|St|Prof|Messrs|Hon|Esq|No|vol|e\.g|i\.e|etc|vs|[A-Z])\.\s*$")


def _target(rng: random.Random) -> int:
    return rng.randint(*LONG) if rng.random() < 1 / LONG_EVERY else rng.randint(*SHORT)


def _stream(corpus: Corpus, kind: Kind, seed: int) -> Iterator[Row]:
    sections = [section for section in corpus.sections if section.kind == kind and not section.is_held_out]
    if not sections:
        raise UserError(f"The corpus holds nothing of the kind {kind}.", "check the folder that --corpus names")
    for number in count():
        rng = random.Random(f"corpus:{seed}:{kind}:{number}")
        rng.shuffle(sections)
        made = 0
        for section in sections:
            for passage in passages(rng, section):
                if (row := _row(rng, section, passage, sections)) is not None:
                    made += 1
                    yield row
        if not made:
            raise UserError(f"No text of the kind {kind} is long enough to learn from.", "give a larger corpus")


def _row(rng: random.Random, section: Section, passage: list[str], others: Sequence[Section]) -> Row | None:
    if section.kind == "poems_zh":
        return _poem(rng, section)
    throw, length = rng.random(), sum(map(num_tokens_about, passage))
    if length > LONG[0] and throw < 0.4 and len(passage) > 3:
        return _go_on(rng, section, passage)
    row = None
    if length < 320:
        if throw < 0.07:
            row = _missing_word(rng, section, passage)
        elif throw < 0.14:
            row = _in_order(rng, section, passage)
        elif throw < 0.20:
            row = _next_sentence(rng, section, passage, rng.choice(others))
    return row or _continue(rng, section, passage)


def _chat(*contents: str) -> Row:
    roles = ("user", "assistant") * (len(contents) // 2)
    return {"messages": [{"role": role, "content": said} for role, said in zip(roles, contents, strict=True)]}


def _joined(paragraphs: Sequence[str], section: Section) -> str:
    return ("\n" if section.is_chinese else "\n\n").join(paragraphs)


# ---- the rest of a text --------------------------------------------------------------------------

_CONTINUE_EN = (
    "Continue this text:\n\n{text}", "Write on:\n\n{text}", "Go on with this story:\n\n{text}", "{text}",
    "Please continue the following passage.\n\n{text}", "How does this go on?\n\n{text}", "Carry on from here:\n\n{text}",
    "Here is how a text begins. Write the rest.\n\n{text}", "{text}\n\nContinue.", "{text}\n\nPlease write on.",
    "Finish the passage that begins like this:\n\n{text}", "Complete this text:\n\n{text}", "What comes next?\n\n{text}",
    "Keep writing in the same style:\n\n{text}", "Beginning: {text}\nWrite what follows.",
)  # fmt: skip
_TITLED_EN = (
    'From "{title}" by {author}:\n\n{text}', 'Continue this passage from "{title}":\n\n{text}',
    'This is from {author}, "{title}". Write on.\n\n{text}', "{title}\n\n{text}",
)  # fmt: skip
_MANUAL_EN = (
    "Continue this part of a manual:\n\n{text}", "Write on:\n\n{text}", "{text}",
    "Here is how a page of documentation begins. Write the rest.\n\n{text}", "Complete this documentation:\n\n{text}",
)  # fmt: skip
_CONTINUE_ZH = (
    "续写：{text}", "请接着写：\n{text}", "请续写下面的文字：\n{text}", "{text}", "接下来呢？\n{text}", "请把这段话写完：\n{text}",
    "{text}\n请继续。", "下面是一段文字的开头，请写出后面的内容。\n{text}", "往下写：{text}", "请用同样的风格写下去：\n{text}",
    "继续：{text}", "补全下文：\n{text}",
)  # fmt: skip
_TITLED_ZH = ("《{title}》\n{text}", "续写《{title}》中的这一段：\n{text}", "以下出自《{title}》，请接着写。\n{text}")
_GO_ON = {False: ("Go on.", "Continue.", "And then?", "More, please.", "Keep going.", "What happens next?"),
          True: ("继续。", "然后呢？", "请接着写。", "往下写。", "后来怎样？")}  # fmt: skip


def _asked(rng: random.Random, section: Section, text: str) -> str:
    titled = section.title and rng.random() < 0.25
    if section.is_chinese:
        frame = rng.choice(_TITLED_ZH if titled else _CONTINUE_ZH)
    elif section.kind == "docs_en":
        frame = "{title}\n\n{text}" if titled else rng.choice(_MANUAL_EN)
    else:
        frame = rng.choice(_TITLED_EN if titled else _CONTINUE_EN)
    return frame.format(title=section.title, author=section.author, text=text)


def _continue(rng: random.Random, section: Section, passage: list[str]) -> Row | None:
    """The first sentences are given, a sixth of the text or so; the answer is what follows."""
    text = _joined(passage, section)
    sentences = sentences_of(text, section.is_chinese)
    if len(sentences) < 3:
        return None
    given, most = sentences[0], len(text) * rng.uniform(0.05, 0.3)
    for sentence in sentences[1:-1]:
        if len(given) + len(sentence) > most:
            break
        given += sentence
    begin = text.find(given)
    rest = text[begin + len(given) :].strip()
    return _chat(_asked(rng, section, given.strip()), rest) if begin >= 0 and len(rest) > 20 else None


def _go_on(rng: random.Random, section: Section, passage: list[str]) -> Row | None:
    """A long text told in parts, each asked for."""
    parts = rng.randint(2, min(4, len(passage) - 1))
    cuts = sorted(rng.sample(range(1, len(passage)), parts))
    told = [_joined(passage[a:b], section) for a, b in zip([0, *cuts], [*cuts, len(passage)], strict=True)]
    turns = [_asked(rng, section, told[0]), told[1]]
    for part in told[2:]:
        turns += [rng.choice(_GO_ON[section.is_chinese]), part]
    return _chat(*turns)


# ---- poems ---------------------------------------------------------------------------------------

_POEM = (
    "{author}《{title}》", "请写出{author}的《{title}》。", "背诵《{title}》，作者{author}。", "唐诗《{title}》（{author}）全文：",
    "《{title}》是{author}的诗，全文是什么？", "Write down the poem 《{title}》 by {author}.", "默写{author}的《{title}》。",
)  # fmt: skip
_POEM_REST = (
    "{author}《{title}》：\n{first}\n请接着写。", "“{first}”下面是什么？", "补全这首唐诗：\n{first}", "{first}",
    "这首诗的开头是：{first}\n请写完。", "Continue this Chinese poem:\n{first}", "续诗：{first}",
)  # fmt: skip


def _poem(rng: random.Random, section: Section) -> Row:
    lines = section.paragraphs
    if len(lines) > 1 and rng.random() < 0.6:
        asked = rng.choice(_POEM_REST).format(author=section.author, title=section.title, first=lines[0])
        return _chat(asked, "\n".join(lines[1:]))
    return _chat(rng.choice(_POEM).format(author=section.author, title=section.title), "\n".join(lines))


# ---- small tasks that a text answers by itself ---------------------------------------------------

_WORD = re.compile(r"\b[a-z]{4,12}\b")
_MISSING = (
    "Which word is missing?\n\n{text}", "Fill in the gap:\n\n{text}", "{text}\n\nWhat word belongs in the blank?",
    "One word has been left out of this text. Which one?\n\n{text}",
)  # fmt: skip
_ORDER = {False: ("Put these sentences in the right order:\n{text}", "These sentences are mixed up. Write the text in order.\n{text}",
                  "Sort the sentences into a text:\n{text}"),
          True: ("把下面的句子排成通顺的一段：\n{text}", "这些句子的顺序乱了，请按正确顺序写出来：\n{text}")}  # fmt: skip
_NEXT = {
    False: "{text}\n\nWhich sentence comes next?\n{choices}",
    True: "{text}\n\n下面哪一句是接下来的话？\n{choices}",
}


def _missing_word(rng: random.Random, section: Section, passage: list[str]) -> Row | None:
    text = _joined(passage, section)
    words = [word for word in _WORD.findall(text) if len(re.findall(rf"\b{word}\b", text)) == 1]
    if section.is_chinese or not words:
        return None
    word = rng.choice(words)
    return _chat(rng.choice(_MISSING).format(text=re.sub(rf"\b{word}\b", "____", text)), word)


def _in_order(rng: random.Random, section: Section, passage: list[str]) -> Row | None:
    sentences = [said.strip() for said in sentences_of(" ".join(passage), section.is_chinese)][: rng.randint(3, 5)]
    if len(sentences) < 3 or sum(map(num_tokens_about, sentences)) > 400 or len(set(sentences)) < len(sentences):
        return None
    mixed = rng.sample(sentences, len(sentences))
    listed = "\n".join(f"{number}. {said}" for number, said in enumerate(mixed, 1))
    answer = ("" if section.is_chinese else " ").join(sentences)
    return _chat(rng.choice(_ORDER[section.is_chinese]).format(text=listed), answer)


def _next_sentence(rng: random.Random, section: Section, passage: list[str], other: Section) -> Row | None:
    sentences = [said.strip() for said in sentences_of(" ".join(passage), section.is_chinese)]
    wrong = [said.strip() for said in sentences_of(" ".join(other.paragraphs), section.is_chinese)]
    if len(sentences) < 4 or len(wrong) < 2 or other == section:
        return None
    place = rng.randint(2, min(6, len(sentences) - 1))
    choices = [sentences[place], *rng.sample(wrong, 2)]
    if len(set(choices)) < 3 or sum(map(num_tokens_about, choices)) > 400:
        return None
    rng.shuffle(choices)
    letter = "ABC"[choices.index(sentences[place])]
    listed = "\n".join(f"{name}. {said}" for name, said in zip("ABC", choices, strict=True))
    text = ("" if section.is_chinese else " ").join(sentences[:place])
    return _chat(_NEXT[section.is_chinese].format(text=text, choices=listed), f"{letter}. {sentences[place]}")
