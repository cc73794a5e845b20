"""What has no shape of its own, so that the words before it must say what it is: dates of birth, documents, accounts;
and licence plates, whose shape says it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tunesmith.data.personal.spans import Span

_MONTH: Final = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
_DATE: Final = (
    rf"(?:(?:19|20)[0-9]{{2}}[-/.年] ?[0-9]{{1,2}}[-/.月] ?[0-9]{{1,2}}日?|[0-9]{{1,2}}[-/.][0-9]{{1,2}}[-/.](?:19|20)?[0-9]{{2}}"
    rf"|[0-9]{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH},? (?:19|20)[0-9]{{2}}|{_MONTH} [0-9]{{1,2}}(?:st|nd|rd|th)?,? (?:19|20)[0-9]{{2}})(?![0-9])"
)
_BIRTH_WORDS: Final = ("birth", "born", "dob", "d.o.b", "出生", "生日", "生于")
_BIRTH: Final = re.compile(
    rf"(?i)(?:birth(?:day|date)?|\bborn|\bd\.?o\.?b\.?|出生(?:日期|年月日?)?|生日|生于)[^0-9\n]{{0,30}}?(?P<date>{_DATE})"
    rf"|(?P<chinese>(?:19|20)[0-9]{{2}}年[0-9]{{1,2}}月(?:[0-9]{{1,2}}日)?)(?=出?生)"
)


def birth_dates(text: str) -> Iterator[Span]:
    lower = text.lower()
    if any(word in lower for word in _BIRTH_WORDS) or "生" in text:
        for found in _BIRTH.finditer(text):
            group = found.lastgroup or 0
            yield Span("birth_date", found.start(group), found.end(group), "words before", 0.9)


_DOCUMENTS: Final = (
    (
        ("passport", "护照"),
        re.compile(
            r"(?i)(?:passport|护照)(?: (?:number|no\.?|nr\.?|#|id))?(?:号码?|编号)?(?: is)?[ :：#是为]{0,3}(?P<value>[A-Z]{0,2}[0-9]{6,9}[A-Z]?)(?![0-9A-Za-z])"
        ),
        "passport",
    ),
    (
        ("licen", "driver", "驾照", "驾驶证"),
        re.compile(
            r"(?i)(?:driv(?:er|ing)(?:'?s|’s)? ?licen[cs]e|\bDL\b|驾照|驾驶证)(?: (?:number|no\.?|nr\.?|#|id))?(?:号码?|编号)?(?: is)?[ :：#是为]{0,3}"
            r"(?P<value>(?=[A-Z-]{0,6}[0-9])[A-Z0-9](?:[A-Z0-9]|[- ](?=[0-9])){4,19})(?![0-9A-Za-z])"
        ),
        "driver_licence",
    ),
    (
        ("微信", "wechat", "weixin", "qq", "whatsapp", "telegram", "skype", "line id", "抖音", "支付宝", "alipay"),
        re.compile(
            r"(?i)(?:微信号?|wechat|weixin|QQ号?|telegram|skype|line id|抖音号?|支付宝(?:账号)?|alipay)"
            r"(?: ?(?:id|account|name|号码?|账号))?(?: is)?[ :：是为@]{1,3}(?P<value>(?=[A-Za-z_.-]{0,30}[0-9_])[A-Za-z0-9][A-Za-z0-9_.-]{3,30})"
        ),
        "account",
    ),
)  # fmt: skip


def documents_and_accounts(text: str) -> Iterator[Span]:
    lower = text.lower()
    for words, pattern, kind in _DOCUMENTS:
        for word in words:
            if word in lower:
                for found in pattern.finditer(text):
                    yield Span(kind, found.start("value"), found.end("value"), "words before", 0.9)
                break


_PLATE: Final = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Z][·• ]?(?P<rest>[A-HJ-NP-Z0-9]{5,6})(?![A-Za-z0-9])"
)


def plates(text: str) -> Iterator[Span]:
    for found in _PLATE.finditer(text):
        is_announced = "车" in text[max(0, found.start() - 8) : found.start()]
        if is_announced or sum(map(str.isdigit, found["rest"])) >= 2:
            yield Span("plate", found.start(), found.end(), "pattern", 0.9)
