"""What is looked for. A kind is a word of the command line, of reports and of tags: ``email`` becomes ``[EMAIL]``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tunesmith.core.errors import UserError


@dataclass(frozen=True, slots=True)
class Kind:
    """``surrogate`` says what stands in for a value under that policy; None: a tag does."""

    name: str
    what: str
    surrogate: str | None

    @property
    def tag(self) -> str:
        return f"[{self.name.upper()}]"


KINDS: Final = {
    kind.name: kind
    for kind in (
        Kind("name", "names of people", "a name that nobody has, of as many words"),
        Kind("email", "e-mail addresses", "an address at example.com, .net or .org"),
        Kind("phone", "phone numbers", "a number of the same country and shape in a range kept for fiction"),
        Kind("address", "postal addresses", "an address in a town that does not exist"),
        Kind("card", "payment and bank cards", "a number of the issuer's test range, with its check digit"),
        Kind("iban", "bank accounts (IBAN)", "an IBAN of the same country at a bank that does not exist"),
        Kind("us_ssn", "US social security numbers", "a number that begins with 666, which are never given out"),
        Kind("cn_id", "Chinese resident ids", "an id of region 99, which does not exist, with its check digit"),
        Kind("national_id", "other national ids", None),
        Kind("company_id", "Chinese unified social credit codes", None),
        Kind("passport", "passport numbers", "a number that begins with 0000"),
        Kind("driver_licence", "driver's licence numbers", "a number that begins with 0000"),
        Kind("plate", "Chinese licence plates", None),
        Kind("birth_date", "dates of birth", "1 January of a year at most two away"),
        Kind("ip", "IP addresses", "an address of the ranges for documentation and benchmarks"),
        Kind("mac", "network card addresses (MAC)", "an address of the range for documentation"),
        Kind("secret", "passwords, keys, tokens", None),
        Kind("crypto", "addresses of crypto-currencies", None),
        Kind("account", "user names in links and messengers", "user- and eight digits"),
        Kind("user_folder", "home folders", "user- and eight digits"),
        Kind("coordinates", "places on the map", None),
    )
}


def tag_of(kind: str) -> str:
    """A recognizer may give kinds of its own."""
    return KINDS[kind].tag if kind in KINDS else f"[{kind.upper()}]"


def chosen_kinds(wanted: Iterable[str] | None, kept: Iterable[str]) -> frozenset[str]:
    """All of them, or those ``wanted``, less those that are ``kept`` in the data. Raises UserError for unknown ones."""
    chosen, spared = frozenset(KINDS if wanted is None else wanted), frozenset(kept)
    if unknown := sorted((chosen | spared) - set(KINDS)):
        raise UserError(
            f"There is no kind of personal data named {', '.join(unknown)}.", "choose of " + ", ".join(KINDS)
        )
    return chosen - spared
