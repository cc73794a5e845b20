"""Characters that nobody sees, and characters that something has broken on their way.

Takes one text, gives what was found in it first, or None. Characters that belong where they stand are left alone:
joiners inside emoji and between letters of Arabic and Indic scripts, marks of direction beside right-to-left letters,
tags behind a flag, variants of an ideograph.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final

from tunesmith.data.findings import shorten


@dataclass(frozen=True, slots=True)
class Odd:
    """What was found first, and how it reads when mended, where that is known."""

    what: str
    mended: str | None = None


# A class over which one search decides whether a text needs a closer look.
_INVISIBLE: Final = re.compile(
    "[\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"
    "\U000e0000-\U000e0fff]"
)
_CONTROL: Final = ("\x00", "\x08", "\x0b", "\x0c", "\x1b", "\x7f")
_JOINERS: Final = "\u200c\u200d"
_DIRECTION: Final = "\u061c\u200e\u200f\u202a\u202b\u202c\u2066\u2067\u2068\u2069"
_OVERRIDES: Final = "\u202d\u202e"
_LINE_ENDS: Final = "\u2028\u2029"
_NAMES: Final = {
    "\u00ad": "a soft hyphen",
    "\u200b": "a zero-width space",
    "\ufeff": "a byte order mark inside the text",
    **dict.fromkeys("\u200c\u200d\u2060", "a zero-width joiner"),
    **dict.fromkeys(_OVERRIDES, "a mark that turns the direction of the text"),
    **dict.fromkeys(_DIRECTION, "a mark of the direction of text"),
    **dict.fromkeys(_LINE_ENDS, "a line separator of Unicode"),
}
_RTL: Final = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
_JOINED_SCRIPTS: Final = re.compile("[\u0600-\u109f\u1780-\u18af\ufb50-\ufdff\ufe70-\ufefc]")
_EMOJI: Final = re.compile("[\u00a9\u00ae\u2190-\u2bff\u3030\u303d\u3297\u3299\ufe0f\U0001f000-\U0001faff]")
_IDEOGRAPH: Final = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


def may_be_odd(block: str) -> bool:
    """Whether any text of the block needs a closer look by one of the functions below."""
    if any(character in block for character in _CONTROL):
        return True
    if block.isascii():
        return False
    has_code = "{" in block or "[" in block or "```" in block
    return (
        _INVISIBLE.search(block) is not None
        or "\ufffd" in block
        or any(known in block for known in _KNOWN_LOSSES)
        or (_LEADS.search(block) is not None and _MOJIBAKE.search(block) is not None)
        or (has_code and _CURLY.search(block) is not None)
    )


def find_invisible(text: str) -> Odd | None:
    if text.isascii():
        return next((Odd(f"the control character {shorten(c)}") for c in _CONTROL if c in text), None)
    places = _invisible_places(text)
    if not places:
        return None
    character = text[places[0]]
    return Odd(f"{_name(character)} (U+{ord(character):04X})")


def without_invisible(text: str) -> tuple[str, int]:
    """→ the text without the characters that ``find_invisible`` finds, and how many they were. Line separators become
    line feeds; where a mark was all that stood between, nothing is put in its place."""
    if text.isascii():
        return text, 0
    places = _invisible_places(text)
    removed = 0
    while places:
        removed += len(places)
        characters = list(text)
        for place in places:
            characters[place] = "\n" if text[place] in _LINE_ENDS else ""
        text = "".join(characters)
        places = _invisible_places(text)  # what stood beside a removed one may have lost what it belonged to
    return text, removed


def _invisible_places(text: str) -> list[int]:
    if _INVISIBLE.search(text) is None:
        return []
    has_rtl = _RTL.search(text) is not None
    return [m.start() for m in _INVISIBLE.finditer(text) if not _belongs(text, m.start(), has_rtl=has_rtl)]


def _belongs(text: str, at: int, *, has_rtl: bool) -> bool:
    character, before, after = text[at], text[at - 1 : at], text[at + 1 : at + 2]
    if character in _JOINERS:
        joins_emoji = character == "\u200d" and _EMOJI.match(before) and _EMOJI.match(after)
        return bool(joins_emoji or _JOINED_SCRIPTS.match(before))
    if character in _DIRECTION:
        return has_rtl
    if "\U000e0020" <= character <= "\U000e007f":
        return _stands_behind_flag(text, at)
    return "\U000e0100" <= character <= "\U000e01ef" and _IDEOGRAPH.match(before) is not None


_LONGEST_TAG: Final = 8


def _stands_behind_flag(text: str, at: int) -> bool:
    """England, Scotland and Wales are a black flag with a few tags behind it; a longer run hides a message."""
    start = at
    while start > 0 and at - start < _LONGEST_TAG and "\U000e0020" <= text[start] <= "\U000e007f":
        start -= 1
    return text[start] == "\U0001f3f4"


def _name(character: str) -> str:
    if "\U000e0000" <= character <= "\U000e0fff":
        return "a tag character that nobody sees"
    return _NAMES.get(character, "a character that nobody sees")


_KNOWN_LOSSES: Final = ("锟斤拷", "烫烫烫", "屯屯屯")


def find_replaced(text: str) -> Odd | None:
    """What a decoder writes for bytes that it could not read."""
    if "\ufffd" in text:
        return Odd("the replacement character (U+FFFD)")
    known = next((known for known in _KNOWN_LOSSES if known in text), None)
    return Odd(shorten(known)) if known else None


# A first byte of UTF-8 and the bytes after it, as Windows-1252 or Latin-1 shows them.
_CONTINUES: Final = "\u0080-\u00bfŒœŠšŽžŸƒˆ˜–—‘’‚“”„†‡•…‰‹›€™"
_MOJIBAKE: Final = re.compile(f"[ÂÃÅÄÐÑâãäåæçèéï][{_CONTINUES}]{{1,3}}+")
_LEADS: Final = re.compile("[ÂÃÅÄÐÑâãäåæçèéï]")


def find_mojibake(text: str) -> Odd | None:
    """UTF-8 that was read as Windows-1252: only what reads as text when that is undone."""
    if _LEADS.search(text) is None:
        return None
    for match in _MOJIBAKE.finditer(text):
        if (mended := _undone(match[0])) is not None:
            return Odd(shorten(match[0]), mended)
    return None


def _undone(text: str) -> str | None:
    """The characters that the first few bytes once were."""
    content = bytearray()
    for character in text:
        try:
            content += character.encode("cp1252")
        except UnicodeEncodeError:
            if ord(character) > 0xFF:
                return None
            content.append(ord(character))
    for length in range(len(content), 1, -1):
        try:
            return bytes(content[:length]).decode()
        except UnicodeDecodeError:
            continue
    return None


_CURLY: Final = re.compile("[“”„‟‘’‚‛«»]")
_STRAIGHT: Final = str.maketrans("“”„‟‘’‚‛«»", '""""\'\'\'\'""')
_FENCED: Final = re.compile(r"(?<!`)`{3,}+[^\n`]*+\n(.*?)```", re.DOTALL)
_DELIMITS: Final = re.compile(r"[=(\[{,:] ?[“‘][^“”‘’\n]{0,200}[”’]|[“‘][^“”‘’\n]{0,200}[”’] ?[:)\]}]")
_LONGEST_JSON: Final = 200_000


def find_curly_quotes(text: str) -> Odd | None:
    """Typographic quotes where a program would read straight ones: in JSON that they break, around texts in code."""
    if text.isascii() or _CURLY.search(text) is None:
        return None
    start = text.lstrip()[:1]
    if start in ("{", "[") and len(text) <= _LONGEST_JSON:
        if not _is_json(text) and _is_json(text.translate(_STRAIGHT)):
            return Odd(shorten(_CURLY.findall(text)[0]))
        return None
    if "```" not in text:
        return None
    found = (match[0] for code in _FENCED.finditer(text) if (match := _DELIMITS.search(code[1])))
    return next((Odd(shorten(quoted)) for quoted in found), None)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
