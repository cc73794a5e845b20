"""How one person is written: a name in either order and with initials, its forms in e-mail addresses, an address with and
without its ``+`` part, a phone number in any grouping, with and without its country."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tunesmith.core.errors import UserError

_CJK: Final = re.compile(r"[\u3400-\u9fff]")
_BETWEEN_WORDS: Final = r"[\s\u00a0_]{1,4}"
_BETWEEN_DIGITS: Final = r"[\s().\-/\u00a0]{0,3}"
_FEWEST_DIGITS: Final = 7


@dataclass(frozen=True, slots=True)
class Variant:
    """``how`` names it in reports: ``name``, ``initials``, ``e-mail``, ``phone`` …"""

    how: str
    pattern: re.Pattern[str]


def variants(said: Sequence[str]) -> tuple[Variant, ...]:
    """Of all that is said of the person: names, e-mail addresses, phone numbers. Raises UserError for what is none."""
    return tuple(variant for text in said for variant in _of(" ".join(text.split())))


def _of(text: str) -> Iterator[Variant]:
    digits = re.sub(r"[^0-9]", "", text)
    if "@" in text:
        yield from _of_email(text)
    elif len(digits) >= _FEWEST_DIGITS and not any(map(str.isalpha, text)):
        yield from _of_phone(digits)
    elif _CJK.search(text):
        spaced = r"[\s·]{0,2}".join(re.escape(sign) for sign in text if not sign.isspace())
        yield Variant("name", re.compile(spaced))
    elif sum(map(str.isalpha, text)) >= 2:
        yield from _of_name(re.findall(r"[^\W_]+(?:['’\-][^\W_]+)*", text))
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


def _of_phone(digits: str) -> Iterator[Variant]:
    """Its last nine digits, or all of a shorter one, and whatever country or trunk zero stands before them."""
    core = digits[-9:] if len(digits) > 9 else digits.lstrip("0")
    body = _BETWEEN_DIGITS.join(core)
    yield Variant(
        "phone",
        _bounded(
            rf"(?:[+＋]?\(?[0-9]{{1,4}}\)?{_BETWEEN_DIGITS}(?:\(0\))?{_BETWEEN_DIGITS}[0-9]{{0,3}}{_BETWEEN_DIGITS})?{body}",
            r"[0-9+]",
            r"[0-9]",
        ),
    )


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
    yield Variant(
        "in an account", _bounded(rf"(?:{first}[._\-]{last}|{first}{last}|{last}[._\-]{first})", r"\w", r"\w")
    )


def _bounded(pattern: str, before: str = r"\w", after: str = r"\w") -> re.Pattern[str]:
    return re.compile(f"(?<!{before})(?:{pattern})(?!{after})", re.IGNORECASE)
