"""Numbers that a checksum confirms: cards, accounts, national ids.

Runs of digits are found in one pass; the shapes are only tried around each run. Where a shape has no checksum, or a
weak one, the words before the number must say what it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from tunesmith.data.personal import checksums
from tunesmith.data.personal.spans import Span

RUN: Final = re.compile(r"[0-9](?:[ .\-/()\u00a0\u2011\u2013]{0,2}[0-9]){4,60}+")
"""Five digits or more, with little between them."""
_AROUND: Final = 20
_WORDS_BEFORE: Final = 60
_NOT_DIGITS: Final = re.compile(r"[^0-9A-Za-z]")


@dataclass(frozen=True, slots=True)
class Shape:
    """``words``: what must stand within the 60 characters before. ``check`` takes the bare value, in capitals."""

    kind: str
    source: str
    pattern: re.Pattern[str]
    check: Callable[[str], bool]
    words: re.Pattern[str] | None = None
    confidence: float = 0.95


def numbers(text: str) -> Iterator[Span]:
    end = 0
    for run in RUN.finditer(text):
        start = max(end, run.start() - _AROUND)
        end = run.end() + _AROUND
        window = text[start:end]
        before = text[max(0, run.start() - _WORDS_BEFORE) : run.start()]
        for shape in _SHAPES:
            if shape.words and not shape.words.search(before):
                continue
            for found in shape.pattern.finditer(window):
                if shape.check(_NOT_DIGITS.sub("", found[0]).upper()):
                    yield Span(shape.kind, start + found.start(), start + found.end(), shape.source, shape.confidence)
        end = run.end()


_IBAN: Final = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}(?:[ -]?[A-Z0-9]){11,30}")


_CODICE: Final = re.compile(r"[A-Z]{6}[0-9]{2}[A-EHLMPRST][0-9]{2}[A-Z][0-9]{3}[A-Z](?![0-9A-Za-z])")


def codici_fiscali(text: str) -> Iterator[Span]:
    """Italian tax codes: their digits stand apart."""
    for found in _CODICE.finditer(text):
        if not text[found.start() - 1 : found.start()].isalnum() and checksums.italian_cf(found[0]):
            yield Span("national_id", found.start(), found.end(), "IT codice fiscale", 0.97)


def ibans(text: str) -> Iterator[Span]:
    """An IBAN's country says how long it is; what stands behind it may look like more of it."""
    for found in _IBAN.finditer(text):
        length, signs = checksums.IBAN_LENGTHS.get(found[0][:2], 0), 0
        for offset, sign in enumerate(found[0]):
            signs += sign.isalnum()
            if length and signs == length:
                if checksums.iban(_NOT_DIGITS.sub("", found[0][: offset + 1])):
                    yield Span("iban", found.start(), found.start() + offset + 1, "checksum", 0.99)
                break


ISSUERS: Final = (
    # name, first digits, lengths
    ("visa", re.compile(r"4"), (13, 16, 19)),
    ("mastercard", re.compile(r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720"), (16,)),
    ("amex", re.compile(r"3[47]"), (15,)),
    ("discover", re.compile(r"6011|64[4-9]|65"), (16, 17, 18, 19)),
    ("diners", re.compile(r"30[0-5]|3095|36|38|39"), (14, 15, 16, 17, 18, 19)),
    ("jcb", re.compile(r"35(?:2[89]|[3-8])|2131|1800"), (15, 16, 17, 18, 19)),
    ("unionpay", re.compile(r"62|81"), (16, 17, 18, 19)),
)


def issuer(digits: str) -> str | None:
    for name, first, lengths in ISSUERS:
        if len(digits) in lengths and first.match(digits):
            return name
    return None


def _is_card(digits: str) -> bool:
    return len(digits) >= 14 and issuer(digits) is not None and checksums.luhn(digits) and len(set(digits)) > 2


def _is_announced_card(digits: str) -> bool:
    """Where it is called a card, Maestro's 12 digits and whatever an issuer starts with will do."""
    return digits[0] in "234568" and checksums.luhn(digits) and len(set(digits)) > 1


_CARD: Final = re.compile(
    r"(?<![0-9A-Za-z.])(?<![0-9][-])(?:[0-9]{12,19}|[0-9]{4}([ -])[0-9]{4}\1[0-9]{4}\1[0-9]{4}(?:\1[0-9]{1,3})?|[0-9]{4}[ -][0-9]{6}[ -][0-9]{4,5})"
    r"(?![0-9A-Za-z]|[-.][0-9])"
)
_CARD_WORDS: Final = re.compile(r"card|visa|maestro|credit|debit|\bcc\b|卡", re.IGNORECASE)
_CN_ID_WORDS: Final = re.compile(r"身份证|证件|居民|\bid\b|identity", re.IGNORECASE)


def _shape(
    kind: str,
    source: str,
    pattern: str,
    check: Callable[[str], bool],
    words: str | None = None,
    confidence: float = 0.95,
) -> Shape:
    bounded = re.compile(rf"(?<![0-9A-Za-z])(?<![0-9][-.])(?:{pattern})(?![0-9A-Za-z]|[-.][0-9])")
    return Shape(kind, source, bounded, check, re.compile(words, re.IGNORECASE) if words else None, confidence)


def _always(value: str) -> bool:
    return bool(value)


def _korean(value: str) -> bool:
    return checksums.is_date(2000, int(value[2:4]), int(value[4:6]))


_SHAPES: Final = (
    Shape("card", "checksum", _CARD, _is_card, None, 0.95),
    Shape("card", "checksum", _CARD, _is_announced_card, _CARD_WORDS, 0.96),
    _shape("cn_id", "checksum", r"[1-8][0-9]{16}[0-9Xx]", checksums.cn_id, None, 0.99),
    Shape("cn_id", "checksum", re.compile(r"(?<![0-9A-Za-z])[1-8][0-9]{14}(?![0-9A-Za-z])"), checksums.cn_id, _CN_ID_WORDS, 0.97),
    _shape("us_ssn", "pattern", r"[0-9]{3}-[0-9]{2}-[0-9]{4}", checksums.us_ssn, None, 0.94),
    _shape("us_ssn", "words before", r"[0-9]{3}[ -]?[0-9]{2}[ -]?[0-9]{4}", checksums.us_ssn, r"ssn|social.?security", 0.97),
    _shape("company_id", "checksum", r"[159ANY][0-9A-HJ-NP-RTUWXY][0-9]{6}[0-9A-HJ-NP-RTUWXY]{10}", checksums.credit_code, None, 0.98),
    _shape("national_id", "US ITIN", r"9[0-9]{2}-[5-9][0-9]-[0-9]{4}", _always, None, 0.9),
    _shape("national_id", "GB NINO", r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]", _always, None, 0.9),
    _shape("national_id", "ES DNI", r"(?:[0-9]{8}|[XYZ]-?[0-9]{7})-?[A-Z]", checksums.spanish_dni),
    _shape("national_id", "FR NIR",
           r"[12] ?[0-9]{2} ?(?:0[1-9]|1[0-2]) ?(?:[0-9]{2}|2[AB]) ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}", checksums.french_nir),
    _shape("national_id", "BR CPF", r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}", checksums.brazilian_cpf),
    _shape("national_id", "BR CPF", r"[0-9]{11}", checksums.brazilian_cpf, r"\bcpf\b"),
    _shape("national_id", "IN Aadhaar", r"[0-9]{4} ?[0-9]{4} ?[0-9]{4}", checksums.aadhaar, r"aadhaar|aadhar|uidai", 0.97),
    _shape("national_id", "NL BSN", r"[0-9]{9}", checksums.dutch_bsn, r"\bbsn\b|burgerservice|sofi", 0.97),
    _shape("national_id", "SG NRIC", r"[STFG][0-9]{7}[A-Z]", checksums.singapore_nric),
    _shape("national_id", "TW ID", r"[A-Z][1289][0-9]{8}", checksums.taiwan_id),
    Shape("national_id", "HK ID", re.compile(r"(?<![0-9A-Za-z])[A-Z][0-9]{6}\([0-9A]\)"), checksums.hong_kong_id),
    _shape("national_id", "SE personnummer", r"[0-9]{6}[-+][0-9]{4}", checksums.swedish_personnummer),
    _shape("national_id", "KR RRN", r"[0-9]{6}-[1-8][0-9]{6}", _korean),
    _shape("national_id", "CA SIN", r"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{3}", checksums.luhn, r"\bsin\b|social.?insurance", 0.97),
)  # fmt: skip
