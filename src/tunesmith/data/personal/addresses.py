"""Postal addresses by their shape: a number with a street's word, a box, an apartment, a town with its code; in Chinese
a road or lane with its number, and the places named before it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tunesmith.data.personal.spans import Span

_NAME: Final = r"[^\W\d_](?:[\w'’\-]{0,2}\.|[\w'’.\-]{0,24}(?<!\.))"
"""A full stop behind a longer word ends a sentence: what follows is none of the address."""
_NAME_OF_UNITS: Final = r"[^\W\d_][\w'’.\-]{0,24}"
_TOWN: Final = r"(?:(?:[NSEW]|St|Ste|Mt|Ft|Pt)\. ?|[A-ZÀ-Þ][\w'’.\-]{1,24}(?<!\.) ?)"
_STREET: Final = r"(?:Street|St|Avenue|Ave|Av|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Square|Sq|Place|Pl|Terrace|Ter|Parkway|Pkwy|Highway|Hwy|Crescent|Cres|Close|Way|Circle|Cir|Trail|Row|Grove|Gardens|Mews|Quay|Alley)\b\.?"
_FOREIGN: Final = r"(?:[Rr]ue|[Vv]ia|[Vv]iale|[Pp]iazza|[Cc]alle|[Cc]/|[Aa]venida|[Aa]venue|[Pp]laza|[Rr]ua|[Uu]l\.|[Uu]lica|[Aa]l\.|[Cc]hemin|[Rr]oute)"
_ENDING: Final = r"[^\W\d_]{2,24}(?:straße|strasse|str\.|gasse|weg|platz|allee|gatan|vägen|vej|gade|gata|veien|straat|laan|katu|tie|gränd|utca|braut|stíg|stígur)"
_UNIT: Final = r"(?:,? ?\n? ?(?:Apt|Apartment|Suite|Ste|Unit|Floor|Fl|Room|Rm|No|#)\.? ?#?[0-9][0-9A-Za-z-]{0,6})"
_UNITS: Final = ("apt", "suite", "unit ", "room ", "floor ", "flat ")
_STATE: Final = "A[LKSZRAEP]|C[AOT]|D[EC]|F[LM]|G[AU]|HI|I[ADLN]|K[SY]|LA|M[ADEHINOPST]|N[CDEHJMVY]|O[HKR]|P[ARW]|RI|S[CD]|T[NX]|UT|V[AIT]|W[AIVY]"
_TAIL: Final = (
    rf"(?:{_UNIT}){{0,2}}"
    rf"(?:[,\n]{{1,2}} {{0,4}}{_TOWN}{{1,4}})?"
    r"(?:[, \n]{1,3}[A-Za-z]{2,3}[ \n]{1,2}[0-9]{4,5}(?:-[0-9]{4})?(?![0-9])|[, \n]{1,3}[A-Z]{1,2}[0-9][0-9A-Z]? [0-9][A-Z]{2}\b)?"
)
_FOREIGN_SIGNS: Final = ("rue ", "via ", "viale ", "piazza ", "calle ", "c/", "avenida ", "avenue ", "plaza ", "rua ", "ul. ", "ulica ", "chemin ", "route ")  # fmt: skip
_ENDINGS: Final = (
    "straße", "strasse", "str.", "gasse", "weg", "platz", "allee", "gatan", "vägen", "vej", "gade", "gata", "veien", "straat", "laan", "katu",
    "tie", "gränd", "utca", "braut", "stígur",
)  # fmt: skip
_FOREIGN_STREET: Final = re.compile(rf"{_FOREIGN} (?:{_NAME} ){{1,4}}[0-9]{{1,5}}[a-z]?\b{_TAIL}")
_ENDING_STREET: Final = re.compile(rf"{_ENDING} [0-9]{{1,5}}[a-z]?\b{_TAIL}")
_SHAPES: Final = tuple(
    (signs, tuple(re.compile(pattern) for pattern in patterns))
    for signs, patterns in (
        (
            (),
            (
                rf"[0-9]{{1,6}}[A-Za-z]?(?:[ -][0-9]{{1,5}})?,? (?=[^\Wa-z])(?:{_NAME} ){{1,4}}?{_STREET}(?! [0-9]{{1,2}}[:.]){_TAIL}",
                rf"[A-W][A-Z] [0-9]{{5}}(?:-[0-9]{{4}})?(?![0-9])(?<=(?:{_STATE}) [0-9]{{5}})",
            ),
        ),
        ((), (rf"[0-9]{{1,6}}[A-Za-z]?(?: [0-9]{{1,5}})?,? {_FOREIGN} (?:{_NAME} ?){{1,5}}{_TAIL}",)),
        (
            _UNITS,
            (
                rf"[0-9]{{2,6}} (?:{_NAME_OF_UNITS} ){{1,4}}[0-9]{{1,5}}\.?{_UNIT}{_TAIL}",
                rf"[0-9]{{2,6}} (?:[0-9]{{1,5}} )?(?:{_NAME_OF_UNITS},? ){{1,6}}(?:Apt|Suite|Unit)\.? [0-9]{{1,5}}{_TAIL}",
                r"(?:Apt|Suite|Unit)\.? [0-9]{1,5}\b",
            ),
        ),
        (("box ",), (r"(?:P\.? ?O\.? ?Box|[Pp]ostbox|PSC [0-9]{1,5}, Box|Unit [0-9]{1,5} Box) [0-9]{1,6}(?:\n?[AFD]PO A[AEP] [0-9]{5})?",)),
        (("postfach ", "po a"), (r"Postfach [0-9]{2,8}", r"[AFD]PO A[AEP] [0-9]{5}")),
        (("corner of",), (rf"corner of (?:{_NAME} ){{1,5}}(?:[0-9]{{1,5}} )?and (?:{_NAME} ){{0,3}}{_NAME}",)),
    )
)  # fmt: skip
"""Signs of which one must be there, in small letters, and what is then looked for."""
_NUMBER_AND_WORD: Final = re.compile(r"[0-9]{2,6},? (?=[^\W\d_])")
_ANNOUNCING: Final = re.compile(
    r"(?i:\b(?:address|lives? at|located at|delivered to|deliver to|sent to|ship(?:ped)? to|return to|arrived at|meet you at|residing at|home is)(?: is)?:?)\s{0,3}\Z"
)
_PLACE: Final = re.compile(
    rf"[0-9]{{2,6}},? (?:(?:[\w'’\-]{{1,3}}\.|[\w'’.\-]{{1,24}}(?<!\.)),? ){{1,8}}[\w'’.\-]{{2,24}}{_TAIL}"
)
_LONGEST_ANNOUNCING: Final = 24
_ZIP: Final = re.compile(
    r"(?i)\b(?:zip|postal|post) ?(?:code)?(?: is)?:? (?P<zip>[0-9]{3,5}(?:[- ]?(?:[0-9]{2,4}|[A-Z]{2}))?\b|[A-Z]{1,2}[0-9][0-9A-Z]? [0-9][A-Z]{2}\b)"
)
_HAS_DIGIT: Final = re.compile(r"[0-9]")


def addresses(text: str) -> Iterator[Span]:
    if not _HAS_DIGIT.search(text):
        return
    lower = text.lower()
    for signs, shapes in _SHAPES:
        if not signs or _has(lower, signs):
            for shape in shapes:
                for found in shape.finditer(text):
                    if not text[found.start() - 1 : found.start()].isalnum():
                        yield _span(text, found.start(), found.end(), "shape", 0.7)
    if len(lower) == len(text):
        yield from _by_their_word(text, lower)
    for number in _NUMBER_AND_WORD.finditer(text):
        is_announced = _ANNOUNCING.search(text, max(0, number.start() - _LONGEST_ANNOUNCING), number.start())
        if is_announced and (place := _PLACE.match(text, number.start())):
            yield _span(text, place.start(), place.end(), "words before", 0.66)
    if "zip" in lower or "postal" in lower or "post code" in lower or "postcode" in lower:
        for found in _ZIP.finditer(text):
            yield Span("address", found.start("zip"), found.end("zip"), "words before", 0.7)


def _has(lower: str, signs: tuple[str, ...]) -> bool:
    for sign in signs:  # noqa: SIM110 (any() takes three times as long, and every text comes here)
        if sign in lower:
            return True
    return False


def _by_their_word(text: str, lower: str) -> Iterator[Span]:
    """Streets whose word stands before the name (rue, via) or is its end (-straße, -gatan): looked at from their number."""
    for number in _STREET_NUMBER.finditer(text):
        end = number.start() - 1
        if end < 2 or text[end] != " " or not (text[end - 1].isalpha() or text[end - 1] == "."):
            continue
        begin = max(text.rfind(" ", 0, end), text.rfind("\n", 0, end)) + 1
        if lower.endswith(_ENDINGS, begin, end):
            if found := _ENDING_STREET.match(text, begin):
                before = _NUMBER_BEFORE.search(text, max(0, begin - 8), begin)
                yield _span(text, before.start() if before else begin, found.end(), "shape", 0.7)
        elif text[begin].isupper():
            behind = max(0, begin - _LONGEST_STREET)
            for sign in _FOREIGN_SIGNS:
                place = lower.rfind(sign, behind, end)
                found = _FOREIGN_STREET.match(text, place) if place >= 0 else None
                if found and not text[place - 1 : place].isalnum():
                    yield _span(text, place, found.end(), "shape", 0.7)


_STREET_NUMBER: Final = re.compile(r"[0-9]{1,5}[a-z]?\b")
_NUMBER_BEFORE: Final = re.compile(r"\b[0-9]{2,6} \Z")
_LONGEST_STREET: Final = 60


def _span(text: str, start: int, end: int, source: str, confidence: float) -> Span:
    return Span("address", start, start + len(text[start:end].rstrip(" ,.\n")), source, confidence)


_PLACES: Final = (
    "北京市 上海市 天津市 重庆市 北京 上海 天津 重庆 河北 山西 辽宁 吉林 黑龙江 江苏 浙江 安徽 福建 江西 山东 河南 湖北 湖南 广东 海南 四川 贵州 云南 陕西 甘肃 青海 台湾 内蒙古 广西 西藏 宁夏 新疆 香港 澳门 "
    "广州 深圳 杭州 南京 苏州 成都 武汉 西安 郑州 长沙 青岛 济南 沈阳 大连 哈尔滨 长春 福州 厦门 泉州 宁波 温州 无锡 常州 南通 徐州 合肥 南昌 昆明 贵阳 南宁 海口 太原 石家庄 唐山 兰州 西宁 银川 乌鲁木齐 呼和浩特 "
    "佛山 东莞 珠海 中山 惠州 汕头 烟台 潍坊 洛阳 绍兴 嘉兴 台州 金华 扬州 镇江 桂林 三亚"
).split()
_NUMBER: Final = re.compile(
    r"(?:路|街|道|巷|弄|胡同|村|里|大街|大道|条)(?:[东南西北中]?段?)\s?[0-9一二三四五六七八九十百]{1,6}\s?(?:弄\s?[0-9]{1,5}\s?)?号"
    r"(?:院|楼)?(?:[\u4e00-\u9fff]{2,10}(?:小区|花园|大厦|公寓|广场|中心))?(?:\s?[A-Za-z0-9]{1,4}\s?(?:栋|幢|座|号楼|楼))?(?:\s?[0-9]{1,3}\s?单元)?(?:\s?[0-9]{1,3}\s?(?:层|楼))?(?:\s?[0-9A-Za-z]{1,6}\s?(?:室|房|号|户))?"
)
_ROAD_BEFORE: Final = re.compile(r"(?:[\u4e00-\u9fff]{2,6}?(?:新区|[区县旗市]|镇|乡|街道)){0,3}[\u4e00-\u9fff]{1,6}\Z")
_CITY_BEFORE: Final = re.compile(
    "(?:"
    + "|".join(sorted(map(re.escape, _PLACES), key=len, reverse=True))
    + r")(?:省|市|自治区|壮族自治区|维吾尔自治区|回族自治区)?"
)
_LOOK_BACK: Final = 40


def chinese_addresses(text: str) -> Iterator[Span]:
    if "号" not in text:
        return
    for found in _NUMBER.finditer(text):
        behind = max(0, found.start() - _LOOK_BACK)
        yield Span("address", behind + _start(text[behind : found.start()]), found.end(), "shape", 0.85)


def _start(before: str) -> int:
    """Of the first place named without a break before the road; else of the road's own name."""
    unbroken = re.search(r"[\u4e00-\u9fff0-9A-Za-z ]*\Z", before)
    begin = unbroken.start() if unbroken else len(before)
    if city := _CITY_BEFORE.search(before, begin):
        return city.start()
    road = _ROAD_BEFORE.search(before, max(begin, len(before) - 14))
    return road.start() if road else len(before)
