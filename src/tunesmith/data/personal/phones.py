"""Which digits are a phone number: by their shape alone where it is a phone's, else by the words before them.

``phonenumbers`` knows every country's plan and is slow, so that it only judges what begins with ``+``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tunesmith.data.personal.spans import Span

_RUN: Final = re.compile(r"[0-9](?:[ .\-/()\u00a0\u2011\u2013]{0,3}[0-9]){5,17}+")
_EXTENSION: Final = re.compile(r" ?(?:x|ext\.? ?|转)[0-9]{1,6}(?![0-9])", re.IGNORECASE)
_SHAPES: Final = (
    (0.9, re.compile(r"(?:0?86[ -]?)?1[3-9][0-9](?:[0-9]{8}|[ -][0-9]{4}[ -][0-9]{4})")),  # Chinese mobile
    (0.88, re.compile(r"(?:0[0-9]{2,3}|\(0[0-9]{2,3}\))[- ][2-8][0-9]{6,7}(?:-[0-9]{1,5})?")),  # Chinese landline
    (0.85, re.compile(r"[48]00[- ][0-9]{3}[- ][0-9]{4}|[48]00[- ][0-9]{4}[- ][0-9]{3}")),
    (0.88, re.compile(r"(?:1[ .-])?(?:\([0-9]{3}\) ?|[0-9]{3}[ .-])[0-9]{3}[ .-][0-9]{4}")),  # North America
    (0.85, re.compile(r"00?1[ .-][0-9]{3}[ .-][0-9]{3}[ .-][0-9]{4}")),
    (0.85, re.compile(r"0[0-9](?:[ .-][0-9]{2}){4}")),  # France
    (0.6, re.compile(r"\(?0[0-9]{1,4}\)?[ ./-][0-9]{2,4}(?:[ .-][0-9]{2,4}){1,4}|0[0-9]{3,4} [0-9]{6,7}")),  # a trunk zero
    (0.6, re.compile(r"\(0?[0-9]{2,4}\) ?[0-9]{3,4}[ -][0-9]{3,4}")),
    (0.55, re.compile(r"00[1-9][0-9]{0,2}(?:[ .-][0-9]{2,4}){3,5}")),
)  # fmt: skip
_WORDS: Final = re.compile(
    r"phone|\btel\b|\btel[.:]|telephone|mobile|\bcell|\bcall\b|calling|\bfax|\bdesk\b|\bdial|whatsapp|hotline|\btext (?:me|us)|\breach|\bsms\b"
    r"|registered|contact|\bring\b|\bmob[.:]|\bph[.:]|number(?: is|:)|电话|手机|座机|联系方式|致电|拨打|传真|热线|来电|号码|联系我",
    re.IGNORECASE,
)
_OTHER_NUMBER: Final = re.compile(
    r"order|invoice|ticket|tracking|serial|account|card|isbn|issn|zip|postal|version|\bid\b|订单|单号|编号|运单|快递|发票|构建|版本|流水|卡号|校验|[$€£¥#]\s?$",
    re.IGNORECASE,
)
_DATE: Final = re.compile(
    r"(?:19|20)[0-9]{2}[-/.][0-9]{1,2}[-/.][0-9]{1,2}(?: [0-9]{1,2})?|[0-9]{1,2}[-/.][0-9]{1,2}[-/.](?:19|20)?[0-9]{2}"
)
_YEARS: Final = re.compile(r"(?:19|20)[0-9]{2} ?[-–/] ?(?:19|20)[0-9]{2}")


def phones(text: str) -> Iterator[Span]:
    for run in _RUN.finditer(text):
        start, end = _widened(text, run.start(), run.end())
        confidence = _confidence(text, start, end)
        if confidence:
            extension = _EXTENSION.match(text, end)
            yield Span("phone", start, extension.end() if extension else end, "shape", confidence)


def _widened(text: str, start: int, end: int) -> tuple[int, int]:
    """With the bracket and the plus that stand before the first digit, and without a bracket that nobody opened."""
    if text[start - 1 : start] == "(" and ")" in text[start:end]:
        start -= 1
    if text[start - 1 : start] in ("+", "＋"):
        start -= 1
    return start, end


def _confidence(text: str, start: int, end: int) -> float:
    number = text[start:end]
    digits = "".join(filter(str.isdigit, number))
    before, after = text[start - 1 : start], text[end : end + 1]
    if (before.isascii() and (before.isalnum() or before in tuple("_.-/=")) and before) or (
        after.isalnum() and after.isascii() and after not in "xXe"
    ):
        return 0.0
    if len(digits) > 15 or _DATE.fullmatch(number) or _YEARS.match(number) or after in ("%", "°"):
        return 0.0
    if number[0] in "+＋":
        return _international(digits)
    line_before = text[max(0, start - 48) : start]
    other, announced = _last(_OTHER_NUMBER, line_before), _last(_WORDS, line_before)
    if other > announced:
        return 0.0
    for confidence, shape in _SHAPES:
        if shape.fullmatch(number):
            return confidence
    if announced >= 0 and len(digits) >= 6 and not _is_amount(number):
        return 0.8
    return 0.0


def _last(pattern: re.Pattern[str], text: str) -> int:
    end = -1
    for found in pattern.finditer(text):
        end = found.end()
    return end


def _is_amount(number: str) -> bool:
    return re.fullmatch(r"[0-9]+\.[0-9]+", number) is not None


def _international(digits: str) -> float:
    from phonenumbers import NumberParseException, is_valid_number, parse

    try:
        parsed = parse("+" + digits)
    except NumberParseException:
        return 0.0
    return 0.97 if is_valid_number(parsed) else 0.75 if len(digits) >= 8 else 0.0
