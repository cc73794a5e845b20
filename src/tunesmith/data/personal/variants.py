"""How one person is written: a name in either order and with initials, its forms in e-mail addresses, an address with and
without its ``+`` part, a phone number in any grouping, with and without its country. All are patterns for folded text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tunesmith.core.errors import UserError
from tunesmith.data.personal.chinese_names import TITLE_BEHIND, family_length
from tunesmith.data.personal.folding import folded

_CJK: Final = re.compile(r"[\u3400-\u9fff]")
_BETWEEN_WORDS: Final = r"[\s_*]{1,6}"
_SEPARATOR: Final = r"[\s().\-/]"
_BETWEEN_DIGITS: Final = _SEPARATOR + "{0,3}"
_FEWEST_DIGITS: Final = 7
_LONG_NUMBER: Final = 10
_LONG_NAME: Final = 5
_NORTH_AMERICAN: Final = re.compile(
    r"\s*1(?:[2][0-9]{9}|[\s.\-/]{0,2}\(?[2-9][0-9]{2}\)?[\s.\-/]{1,2}[0-9]{3}[\s.\-/]{1,2}[0-9]{4})\s*"
)
_TRUNK: Final = rf"(?:\(?0\)?{_BETWEEN_DIGITS})?"


@dataclass(frozen=True, slots=True)
class Variant:
    """``how`` names it in reports: ``name``, ``initials``, ``e-mail``, ``phone`` …"""

    how: str
    pattern: re.Pattern[str]


def variants(said: Sequence[str]) -> tuple[Variant, ...]:
    """Of all that is said of the person: names, e-mail addresses, phone numbers. Raises UserError for what is none."""
    return tuple(variant for text in said for variant in _of(_folded(text)))


def parts(said: Sequence[str]) -> tuple[Variant, ...]:
    """A given or a family name of the person alone, written with a capital: proof of nothing but where the row tells."""
    found: dict[str, Variant] = {}
    for text in map(_folded, said):
        if _is_number(text) or "@" in text:
            continue
        for pattern in _chinese_parts(text) if _CJK.search(text) else _latin_parts(_words(text)):
            found.setdefault(pattern, Variant("part of a name", re.compile(pattern)))
    return tuple(found.values())


def _folded(text: str) -> str:
    return " ".join(folded(text).split())


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+(?:['\-][^\W_]+)*", text)


def _is_number(text: str) -> bool:
    return sum(map(str.isdigit, text)) >= _FEWEST_DIGITS and not any(map(str.isalpha, text))


def _of(text: str) -> Iterator[Variant]:
    if "@" in text:
        yield from _of_email(text)
    elif _is_number(text):
        yield from _of_phone(text)
    elif _CJK.search(text):
        spaced = r"[\s·]{0,2}".join(re.escape(sign) for sign in text if not sign.isspace())
        yield Variant("name", re.compile(spaced))
    elif sum(map(str.isalpha, text)) >= 2:
        yield from _of_name(_words(text))
    else:
        raise UserError(
            f"“{text}” is no name, e-mail address or phone number.", "give a whole name, or an address, or a number"
        )


def _of_email(text: str) -> Iterator[Variant]:
    local, _, domain = text.rpartition("@")
    bare = local.partition("+")[0]
    yield Variant(
        "e-mail", _bounded(re.escape(bare) + r"(?:\+[\w.\-]{1,64})?@" + re.escape(domain), r"[\w.+\-]", r"[\w\-]")
    )


def _of_phone(text: str) -> Iterator[Variant]:
    """What the country gives out, behind the country's own number or a zero, or alone. A country that was not said may be
    any."""
    country, national = _country_and_national(text)
    number = _BETWEEN_DIGITS.join(national)
    if country:
        before = rf"(?:(?:\+|00|011)?\(?{country}\)?{_BETWEEN_DIGITS})?{_TRUNK}"
    else:
        bare = "|[1-9][0-9]{0,2}" if len(national) >= _LONG_NUMBER else ""
        introduced = rf"(?:\+|00|011)\(?[1-9][0-9]{{0,2}}\)?{_BETWEEN_DIGITS}|[1-9][0-9]{{0,2}}\)?{_SEPARATOR}{{1,3}}"
        before = rf"(?:{introduced}{bare})?{_TRUNK}"
    yield Variant(
        "phone", re.compile(rf"(?<![0-9+]){_NO_OTHER_COUNTRY if country else ''}{before}\(?{number}(?![0-9])")
    )


_NO_OTHER_COUNTRY: Final = "".join(rf"(?<!\+[0-9]{{{length}}}{_SEPARATOR})" for length in (1, 2, 3))
"""Another country's number may end with the same digits."""


def _country_and_national(text: str) -> tuple[str, str]:
    """The country's number, nothing where it was not said, and the digits without trunk zero."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    digits = re.sub(r"[^0-9]", "", text)
    if _NORTH_AMERICAN.fullmatch(text):
        return "1", digits[1:]
    if text.startswith("+") or digits.startswith("00"):
        said = digits if text.startswith("+") else digits[2:]
        for length in (1, 2, 3):
            rest = said[length:].lstrip("0")
            if int(said[:length] or 0) in COUNTRY_CODE_TO_REGION_CODE and len(rest) >= _FEWEST_DIGITS - 2:
                return said[:length], rest
    return "", digits.lstrip("0") or digits


def _of_name(words: Sequence[str]) -> Iterator[Variant]:
    first, last = re.escape(words[0]), re.escape(words[-1])
    whole = _BETWEEN_WORDS.join(map(re.escape, words))
    yield Variant("name", _bounded(whole))
    if len(words) == 1:
        return
    middle = rf"(?:{_BETWEEN_WORDS}[^\W\d_]{{1,20}}\.?)?"
    yield Variant("name", _bounded(first + middle + _BETWEEN_WORDS + last))
    yield Variant("name, turned", _bounded(rf"{last},?{_BETWEEN_WORDS}{first}"))
    yield Variant("initials", _bounded(rf"{first[0]}\.?{_BETWEEN_WORDS}(?:[^\W\d_]\.?{_BETWEEN_WORDS})?{last}"))
    yield Variant("initials", _bounded(rf"{first}{_BETWEEN_WORDS}{words[-1][0]}\.(?!\w)"))
    yield Variant(
        "in an e-mail address",
        _bounded(
            rf"(?:{first}[._\-]?{last}|{last}[._\-]?{first}|{first[0]}[._\-]?{last})[0-9]{{0,6}}@[\w.\-]{{3,80}}",
            r"[\w.+\-]",
            r"\w",
        ),
    )
    short = f"|{first[0]}[._\\-]?{last}" if len(words[-1]) >= _LONG_NAME else ""
    yield Variant("in an account", _bounded(rf"{first}[._\-]{last}|{first}{last}|{last}[._\-]{first}{short}"))


def _latin_parts(words: Sequence[str]) -> Iterator[str]:
    """A word that is written small is a word: mark, will."""
    for word in words if len(words) > 1 else ():
        if len(word) > 1:
            ways = {re.escape(way) for way in (word.title(), word.upper(), word[:1].upper() + word[1:])}
            yield rf"(?<!\w)(?:{'|'.join(sorted(ways))})(?!\w)"


def _chinese_parts(text: str) -> Iterator[str]:
    signs = "".join(_CJK.findall(text))
    length = family_length(signs, 0) or 1
    family, given = signs[:length], signs[length:]
    if len(given) > 1:
        yield re.escape(given)
    if given:
        yield rf"{re.escape(family)}(?={TITLE_BEHIND})"


def _bounded(pattern: str, before: str = r"\w", after: str = r"\w") -> re.Pattern[str]:
    return re.compile(f"(?<!{before})(?:{pattern})(?!{after})", re.IGNORECASE)
