"""Names of people in Latin letters: every run of capitalised words is looked at once.

A word before it (a title, a salutation, "my name is", the line of a signature) makes it a name; so does an address
behind it (``Ann Lee <…>``), a common given name at its start, an initial in its middle. What is missed without such a
sign is what a named-entity model is for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tunesmith.data.personal.name_lists import (
    ALSO_WORDS,
    ENDINGS_OF_FAMILY_NAMES,
    FAMILY,
    GIVEN,
    NOT_FAMILY,
    NOT_NAMES,
    PINYIN_FAMILY,
    TITLES,
)
from tunesmith.data.personal.spans import Span

_UPPER: Final = "A-Z" + "".join(
    chr(code) for code in (*range(0xC0, 0x250), *range(0x386, 0x530)) if chr(code).isupper()
)
_LETTER: Final = "A-Za-zÀ-ɏͰ-ԯ"
_WORD: Final = rf"[{_UPPER}](?:[{_LETTER}]{{1,30}}+|(?=['’][{_UPPER}]))(?:['’\-][{_LETTER}]{{1,30}}+){{0,3}}"
_LINK: Final = r"(?:van|von|der|den|de|da|di|del|della|dos|du|la|le|bin|ibn|al|el|af|av|ter|ten|zu)"
_RUN: Final = re.compile(rf"{_WORD}(?:[ \u00a0](?:{_LINK}[ \u00a0]){{0,2}}(?:{_WORD}|[{_UPPER}]\.?(?![^\W_]))){{0,5}}")

_BEFORE: Final = tuple(
    " " + words
    for words in (
        "dear", "hi", "hello", "hey", "good morning", "good afternoon", "good evening", "bonjour", "hallo", "liebe", "lieber", "caro", "cher", "chère",
        "name is", "name's", "names are", "name:", "full name:", "first name:", "last name:", "surname:", "i'm", "i’m", "this is", "called", "call me",
        "named", "from:", "to:", "cc:", "attn:", "attn", "attention:", "customer:", "patient:", "client:", "contact:", "contact person:", "author:", "signed:", "signed",
        "employee:", "applicant:", "recipient:", "sender:", "by:", "spoke with", "spoke to", "talked to", "meet with", "met with", "on behalf of", "reply to",
        "regards,", "regards", "sincerely,", "sincerely", "cheers,", "yours,", "thanks,", "thank you,", "best,", "love,", "wishes,", "faithfully,", "truly,", "respectfully,", "cordially,",
        "mr.", "mrs.", "ms.", "dr.", "prof.", "rev.", "sr.", "sra.", "herr", "frau", "capt.", "lt.", "sgt.", "gen.", "hon.", "m.", "mme.",
        "姓名：", "姓名:", "我叫", "我是", "联系人：", "联系人", "你好", "您好", "尊敬的", "亲爱的",
    )
)  # fmt: skip
_WEAK_BEFORE: Final = tuple(
    " " + words for words in ("by", "said", "says", "asked", "follow up with", "follow up to", "between him and", "starring", "wife", "husband", "son", "daughter", "kid", "brother", "sister",
                              "mother", "father", "friend", "partner", "colleague", "boss", "grandfather", "grandmother", "uncle", "aunt", "me,", "ask")
)  # fmt: skip
_SAYS: Final = re.compile(
    r",? (?:said|says|asked|replied|wrote|told|shouted|answered|lives|lived|works|worked|was born|is from|married)\b"
)
_INITIAL: Final = re.compile(rf"[{_UPPER}]\.?\Z")
_PINYIN: Final = re.compile(r"(?:(?:[zcs]h|[bpmfdtnlgkhjqxzcsrwy])?[aeiouü]{1,3}(?:ng?|r)?){1,2}\Z")


_LAST_WORDS: Final = frozenset(words.split()[-1] for words in (*_BEFORE, *_WEAK_BEFORE))
_NO_PART: Final = NOT_NAMES | TITLES
_OPENS: Final = ' \t\n\r\u00a0"“‘*(>-'


def names(text: str) -> Iterator[Span]:
    before, end = "", -1
    for run in _RUN.finditer(text):
        found = run[0]
        if run.start() == end + 2 and text.startswith(", ", end):
            yield from _turned(text, before, end, found)
        before, end = found, run.end()
        if " " not in found and "\u00a0" not in found:
            small = found.lower()
            if small in _NO_PART or (small not in GIVEN and not _has_sign(text, run.start(), run.end())):
                continue
        yield from _in_run(text, run.start(), run.end())
    if "name is" in text or "Name is" in text or "name:" in text:
        yield from _small_names(text)


def _has_sign(text: str, start: int, end: int) -> bool:
    """Whether anything around a single word may make it a name: a word before, an address or a verb behind, a ``'s``."""
    after = text[end : end + 2]
    return (
        after in _SIGNS_BEHIND
        or "’" in text[end - 2 : end]
        or "'" in text[end - 2 : end]
        or bool(_strength_before(text, start) or (after[:1] in (" ", ",") and _SAYS.match(text, end)))
    )


_SIGNS_BEHIND: Final = (" <", " (", '" ')


def _in_run(text: str, start: int, end: int) -> Iterator[Span]:
    words = _split(text, start, end)
    titled = False
    while words and words[0][2] in _NO_PART:
        titled = words.pop(0)[2] in _TITLES_AND_SALUTATIONS
    if not words:
        return
    begin, last = words[0][0], words[-1][1]
    strength = 0.8 if titled else _strength_before(text, begin)
    after = text[last : last + 2]
    if (after in (" <", " (") and "@" in text[last : last + 70]) or (
        after == '" ' and text[last + 2 : last + 3] == "<"
    ):
        strength = max(strength, 0.8)
    elif (
        not strength
        and after[:1] in (" ", ",")
        and _SAYS.match(text, last)
        and text[begin - 4 : begin].lower() != "the "
    ):
        strength = 0.55
    elif (
        not strength
        and len(words) > 1
        and after[:1] == "\n"
        and text[begin - 1 : begin] in ("", "\n")
        and _LETTERHEAD.match(text, last)
    ):
        strength = 0.52
    yield from _judge(words, strength)


_TITLES_AND_SALUTATIONS: Final = TITLES | frozenset(("dear", "hi", "hello", "hey", "i'm", "i’m"))
_LETTERHEAD: Final = re.compile(r"\s{1,6}[0-9]{2,6} [^\W\d_]")
"""What stands alone in the line above a street's number."""


def _split(text: str, start: int, end: int) -> list[tuple[int, int, str]]:
    """(start, end, in small letters) of each word; a possessive is not of the name."""
    words = []
    for word in text[start:end].split():
        begin = text.index(word, start)
        start = begin + len(word)
        bare = word[:-2] if word.endswith(("'s", "’s")) else word
        words.append((begin, begin + len(bare), bare.lower().rstrip(".")))
    return words


def _strength_before(text: str, start: int) -> float:
    near = text[max(0, start - 40) : start].rstrip(_OPENS)
    last = near[near.rfind(" ") + 1 :]
    if last[last.rfind("\n") + 1 :].lower() not in _LAST_WORDS and near.isascii():
        return 0.0
    before = " " + " ".join(near.lower().split())
    if before.endswith(_BEFORE):
        return 0.8
    return 0.52 if before.endswith(_WEAK_BEFORE) else 0.0


def _judge(words: list[tuple[int, int, str]], strength: float) -> Iterator[Span]:
    if strength:
        person = _until_no_name(words)[:4]
        if person and (strength > 0.6 or len(person) > 1 or person[0][2] not in ALSO_WORDS):
            yield _span(person, "words around", strength)
            return
    for place, (_, _, word) in enumerate(words):
        family = _until_no_name(words[place + 1 :])[:3]
        follows = words[place + 1 + len(family) :][:1]
        if follows and follows[0][2] in NOT_FAMILY:
            continue
        if word in GIVEN and (family or word not in ALSO_WORDS):
            is_sure = family and not (
                word in ALSO_WORDS
                and family[-1][2] not in FAMILY
                and not family[-1][2].endswith(ENDINGS_OF_FAMILY_NAMES)
            )
            yield _span([words[place], *family], "given name", 0.7 if is_sure else 0.52)
            return
        if family and place == 0 and (shape := _shape(words[place : place + 1 + len(family)])):
            yield _span([words[place], *family], shape, 0.6)
            return


def _shape(words: list[tuple[int, int, str]]) -> str | None:
    """Two to four words with an initial, an ending of family names or Chinese syllables among them."""
    small = [word for _, _, word in words]
    if any(len(word) == 1 for word in small[1:-1]) and len(small[-1]) > 2:
        return "initial"
    if 2 <= len(small) <= 3 and small[-1] in FAMILY:
        return "family name"
    if (
        2 <= len(small) <= 3
        and len(small[-1]) > 4
        and small[-1].endswith(ENDINGS_OF_FAMILY_NAMES)
        and not small[-1].endswith(("tion", "sion", "ason", "nova"))
    ):
        return "family name"
    if (
        len(small) == 2
        and all(_PINYIN.match(word) for word in small)
        and (small[0] in PINYIN_FAMILY) != (small[1] in PINYIN_FAMILY)
    ):
        return "pinyin"
    return None


def _until_no_name(words: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    kept = []
    for word in words:
        if word[2] in NOT_NAMES and len(word[2]) > 1:
            break
        kept.append(word)
    return kept


def _span(words: list[tuple[int, int, str]], source: str, confidence: float) -> Span:
    return Span("name", words[0][0], words[-1][1], source, confidence)


_SHORTEST_IN_CAPITALS: Final = 3
_LINE_STARTS: Final = ("", "\n", ";", ":", "(", '"', "“")


def _turned(text: str, family: str, end: int, found: str) -> Iterator[Span]:
    """BRANDT, Thomas: what stands before a common given name at the start of a line, in capitals or a common family name."""
    start, small, given = end - len(family), family.lower(), found.split()[0]
    is_in_capitals = family.isupper() and len(family) >= _SHORTEST_IN_CAPITALS
    is_family = (is_in_capitals or small in FAMILY) and small not in _NO_PART and small not in ALSO_WORDS
    is_given = given.lower() in GIVEN and given.lower() not in ALSO_WORDS
    if is_family and is_given and text[max(0, start - 4) : start].rstrip(" ")[-1:] in _LINE_STARTS:
        yield Span("name", start, end, "family name first", 0.7)
        yield Span("name", end + 2, end + 2 + len(given), "family name first", 0.7)


_SMALL: Final = re.compile(r"[Nn]ame(?: is|:) ([^\W\d_]{2,20})(?: ([^\W\d_]{2,20}))?")


def _small_names(text: str) -> Iterator[Span]:
    """ "my name is lena andersson": in small letters the given name has to be a common one."""
    for found in _SMALL.finditer(text):
        if found[1] in GIVEN and found[1].islower():
            end = found.end(2) if found[2] and found[2] not in NOT_NAMES else found.end(1)
            yield Span("name", found.start(1), end, "words around", 0.75)
