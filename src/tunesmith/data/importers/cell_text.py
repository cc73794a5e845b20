"""A spreadsheet's value and its number format → the text that people see in the cell, for the formats that they use.

Percent, fixed decimals, thousands, a currency before or after, dates and times. Other formats show the number itself.
"""

from __future__ import annotations

import datetime
import re
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any, Final

from tunesmith.data.importers.date_text import date_text

_LITERAL: Final = re.compile(r'"([^"]*)"|\\(.)|\[\$([^\]\-]*)[^\]]*\]|\[[^\]]*\]|_.|\*.')
_LONGEST_FORMAT: Final = 255
_TOO_LARGE: Final = 1e15
_PRECISE: Final = Context(prec=400)
_DIGITS: Final = re.compile(r"([#0?,]*[#0?])(?:\.([0#?]+))?")


def cell_text(value: Any, number_format: str | None) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return _number_text(value, number_format or "General")
    if isinstance(value, datetime.date | datetime.time | datetime.timedelta):
        return date_text(value, number_format)
    return str(value)


def _number_text(value: int | float, number_format: str) -> str:
    if len(number_format) > _LONGEST_FORMAT or abs(value) >= _TOO_LARGE:
        return _plain(value)
    section = _section(value, number_format)
    bare = _LITERAL.sub("", section)
    digits = _DIGITS.search(bare)
    if digits is None:
        is_fixed_text = ";" in number_format and section.strip() and not bare.strip(" -")
        return _with_literals(section, "") if is_fixed_text else _plain(value)
    if re.search("[EeGg@/]", bare) or bare[digits.end() :].startswith(","):
        return _plain(value)
    is_negative = value < 0 and section is number_format.split(";")[0]
    return _with_literals(section, "-" * is_negative + _digits_text(value * 100 if "%" in bare else value, digits))


def _digits_text(value: int | float, digits: re.Match[str]) -> str:
    """By a format such as ``#,##0.00``: 0 is a digit that is always shown, # and ? are where there is one."""
    whole_format, decimal_format = digits[1], digits[2] or ""
    grouped = "," if "," in whole_format else ""
    shown = Decimal(f"{abs(value):.15g}").quantize(Decimal(1).scaleb(-len(decimal_format)), ROUND_HALF_UP, _PRECISE)
    whole, _, decimals = f"{shown:{grouped}f}".partition(".")
    least = decimal_format.rindex("0") + 1 if "0" in decimal_format else 0
    while len(decimals) > least and decimals.endswith("0"):
        decimals = decimals[:-1]
    if not grouped:
        whole = whole.zfill(whole_format.count("0"))
    if whole == "0" and "0" not in whole_format:
        whole = ""
    return f"{whole}.{decimals}" if decimals else whole


def _section(value: int | float, number_format: str) -> str:
    """Positive, negative and zero numbers may each have a format: ``0;(0);-``."""
    sections = number_format.split(";")
    if value < 0 and len(sections) > 1:
        return sections[1]
    return sections[2] if value == 0 and len(sections) > 2 else sections[0]


def _with_literals(section: str, number: str) -> str:
    shown = _LITERAL.sub(lambda match: f"\0{match[1] or match[2] or match[3] or ''}\0", section)
    parts = shown.split("\0")
    text, placed = "", False
    for index, part in enumerate(parts):
        if index % 2:
            text += part
        elif not placed and (match := _DIGITS.search(part)):
            text += part[: match.start()] + number + part[match.end() :]
            placed = True
        else:
            text += "" if placed and _DIGITS.fullmatch(part) else part
    return text.strip()


def _plain(value: int | float) -> str:
    """As Excel shows a number without a format: 15 digits, so that 0.1 + 0.2 is 0.3."""
    return str(value) if isinstance(value, int) else f"{value:.15g}"
