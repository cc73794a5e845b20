"""A spreadsheet's date, time or span and its number format → the text that people see in the cell.

``DD.MM.YYYY``, ``mmm yyyy``, ``h:mm AM/PM``, ``[h]:mm`` and their like. What a format leaves to the language of who looks
(the short date of the system, names of months in other languages than English) is given as ISO 8601 writes it.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Final

Moment = datetime | date | time | timedelta
_OF_THE_SYSTEM: Final = frozenset({"mm-dd-yy", "m/d/yy h:mm", "general", "@"})
_ENGLISH: Final = re.compile(r"\[\$[^\]]*-(?:[0-9A-F]*09)\]\Z", re.I)
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_LONGEST_FORMAT: Final = 255
_TOKEN: Final = re.compile(
    r'"(?P<text>[^"]*)"|\\(?P<sign>.)|(?P<locale>\[\$[^\]]*\])|\[(?P<span>h+|m+|s+)\]|\[[^\]]*\]|_.|\*.'
    r"|(?P<noon>AM/PM|A/P|上午/下午)|(?P<code>y+|m+|d+|h+|s+)|\.(?P<decimals>0+)|(?P<letter>[a-z])|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)


def date_text(value: Moment, number_format: str | None) -> str:
    return _by_format(value, number_format or "") or _as_iso(value)


def _as_iso(value: Moment) -> str:
    if isinstance(value, timedelta):
        minutes, seconds = divmod(abs(round(value.total_seconds())), 60)
        return f"{'-' * (value < timedelta())}{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    if isinstance(value, datetime):
        is_day = value.time() == time(0)
        return value.date().isoformat() if is_day else value.isoformat(sep=" ", timespec="seconds")
    return value.isoformat(timespec="seconds") if isinstance(value, time) else value.isoformat()


def _by_format(value: Moment, number_format: str) -> str | None:
    """None where the format has what is not known here, or asks for what the value has not."""
    section = number_format.split(";")[0]
    if len(section) > _LONGEST_FORMAT or section.lower() in _OF_THE_SYSTEM or _is_below_zero(value):
        return None
    tokens = [match for match in _TOKEN.finditer(section) if match[0]]
    is_english = all(_ENGLISH.search(match[0]) for match in tokens if match["locale"] and "-" in match[0])
    is_half_day = any(match["noon"] for match in tokens)
    codes = [((match["code"] or match["span"] or "")[:1].lower(), match) for match in tokens]
    shown = ""
    for at, (code, match) in enumerate(codes):
        if match["letter"]:
            return None
        if code == "m" and (match["span"] or _is_minutes(codes, at)):
            code = "n"
        if code or match["noon"] or match["decimals"]:
            part = _part(value, code, match, is_half_day=is_half_day, is_english=is_english)
            if part is None:
                return None
            shown += part
        else:
            shown += match["text"] or match["sign"] or match["other"] or ""
    return shown.strip() if any(code for code, _ in codes) else None


def _is_below_zero(value: Moment) -> bool:
    return isinstance(value, timedelta) and value < timedelta()


def _is_minutes(codes: list[tuple[str, re.Match[str]]], at: int) -> bool:
    """After hours, or before seconds."""
    before = next((code for code, _ in reversed(codes[:at]) if code), "")
    after = next((code for code, _ in codes[at + 1 :] if code), "")
    return len(codes[at][1][0]) <= 2 and (before == "h" or after == "s")


def _part(value: Moment, code: str, match: re.Match[str], *, is_half_day: bool, is_english: bool) -> str | None:
    width = len(match["code"] or match["span"] or "")
    if code in ("y", "d") or code == "m":
        return _of_day(value, code, width, is_english=is_english) if isinstance(value, date) else None
    seconds = _seconds(value)
    if seconds is None:
        return None
    if match["noon"]:
        before, after = match["noon"].split("/")
        return before if seconds % 86_400 < 43_200 else after
    if match["decimals"]:
        digits = len(match["decimals"])
        return "." + f"{int(seconds % 1 * 1_000_000 + 0.5):06}"[:digits].ljust(digits, "0")
    whole = int(seconds)
    if match["span"]:
        return f"{whole // {'h': 3600, 'n': 60, 's': 1}[code]:0{width}}"
    hours = whole // 3600 % 24
    shown = {"h": (hours - 1) % 12 + 1 if is_half_day else hours, "n": whole // 60 % 60, "s": whole % 60}[code]
    return f"{shown:0{min(width, 2)}}"


def _seconds(value: Moment) -> float | None:
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, datetime | time):
        return value.hour * 3600 + value.minute * 60 + value.second + value.microsecond / 1_000_000
    return None


def _of_day(value: date, code: str, width: int, *, is_english: bool) -> str | None:
    if code == "y":
        return f"{value.year % 100:02}" if width <= 2 else f"{value.year:04}"
    number = value.month if code == "m" else value.day
    if width <= 2:
        return f"{number:0{width}}"
    if not is_english:
        return None
    name = _MONTHS[value.month - 1] if code == "m" else _DAYS[value.weekday()]
    return name if width == 4 else name[: 3 if width == 3 else 1]
