"""A spreadsheet's value and its number format → the text that people see in the cell, for the formats that they use.

Percent, fixed decimals, thousands, a currency before or after, dates and times. Other formats show the number itself.
"""

from __future__ import annotations

import datetime
import re
from typing import Any, Final

_LITERAL: Final = re.compile(r'"([^"]*)"|\\(.)|\[\$([^\]\-]*)[^\]]*\]|\[[^\]]*\]|_.|\*.')
_DIGITS: Final = re.compile(r"[#0?,]*[#0?](?:\.([0#?]+))?")


def cell_text(value: Any, number_format: str | None) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return _number_text(value, number_format or "General")
    if isinstance(value, datetime.datetime):
        midnight = value.time() == datetime.time(0)
        return value.date().isoformat() if midnight else value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, datetime.time):
        return value.isoformat(timespec="seconds")
    return str(value)


def _number_text(value: int | float, number_format: str) -> str:
    section = _section(value, number_format)
    bare = _LITERAL.sub("", section)
    digits = _DIGITS.search(bare)
    if digits is None or re.search("[EeGg@/]", bare):
        return _plain(value)
    decimals = len(digits[1] or "")
    shown = value * 100 if "%" in bare else value
    text = f"{abs(shown):{',' if ',' in digits[0].rstrip(',') else ''}.{decimals}f}"
    if digits[1] and "#" in digits[1]:
        text = text.rstrip("0").rstrip(".")
    number = ("-" if value < 0 and section is number_format.split(";")[0] else "") + text
    return _with_literals(section, number)


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
    return text.strip() if placed else number


def _plain(value: int | float) -> str:
    """As Excel shows a number without a format: 15 digits, so that 0.1 + 0.2 is 0.3."""
    return str(value) if isinstance(value, int) else f"{value:.15g}"
