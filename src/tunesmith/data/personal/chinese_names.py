"""Names of people in Chinese characters: a family name and one or two characters, where the words around say so.

Without such words only three characters that stand alone, the last two common in given names, are taken for a name:
in running text nearly every family name is a word as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tunesmith.data.personal.name_lists import CHINESE_DOUBLE_FAMILY, CHINESE_FAMILY, CHINESE_GIVEN
from tunesmith.data.personal.spans import Span

_BEFORE: Final = re.compile(
    r"我叫|名叫|叫做|我是|姓名|联系人|紧急联系人|收件人|寄件人|收货人|收款人|付款人|开户名|户名|持卡人|客户|用户|患者|病人|申请人|委托人|负责人|经办人|法定代表人|法人|代表|"
    r"经理|老师|同事|同学|朋友|医生|律师|会计|请帮|帮忙|帮|请找|找|转告|通知|抄送|此致|尊敬的|亲爱的|署名|签名|作者|编辑|记者|主任|女儿|儿子|妻子|丈夫|父亲|母亲|哥哥|姐姐|弟弟|妹妹"
)
_BETWEEN: Final = re.compile(r"[：:是为 　]{0,3}")
_CJK: Final = re.compile(r"[\u4e00-\u9fff]")
_AFTER: Final = re.compile(
    r"先生|女士|小姐|太太|同学|老师|教授|医生|大夫|律师|经理|主任|总监|局长|处长|校长|院长|会计|师傅|阿姨|叔叔|您好|你好|同志"
)
_NO_GIVEN: Final = frozenset(
    "的了是在有不我你他她它们这那个和与及或就也都还把被给对向从到要会能可以请办说道问答来去做为因所而但则吗呢吧啊呀哦家公司国省市区县镇村路街先女小老总部经理师生士"
)
_ALONE: Final = re.compile(r"(?:^|(?<=[\s，。、：:；;（(\"“]))[\u4e00-\u9fff]{3}(?=$|[\s，。、；;）)\"”<])")


def chinese_names(text: str) -> Iterator[Span]:
    if text.isascii() or not _CJK.search(text):
        return
    for word in _BEFORE.finditer(text):
        start = _BETWEEN.match(text, word.end()).end()  # type: ignore[union-attr]
        if span := _name_at(text, start, 0.85):
            yield span
    for word in _AFTER.finditer(text):
        if span := _name_before(text, word.start()):
            yield span
    for found in _ALONE.finditer(text):
        if found[0][0] in CHINESE_FAMILY and all(
            sign in CHINESE_GIVEN and sign not in _NO_GIVEN for sign in found[0][1:]
        ):
            yield Span("name", found.start(), found.end(), "characters", 0.55)


def family_length(text: str, start: int) -> int:
    if text[start : start + 2] in CHINESE_DOUBLE_FAMILY:
        return 2
    return 1 if text[start : start + 1] in CHINESE_FAMILY else 0


def _name_at(text: str, start: int, confidence: float) -> Span | None:
    """The second character of the given name only belongs to it if it is common there or the text ends with it."""
    family = family_length(text, start)
    given = text[start + family : start + family + 3] if family else ""
    if _AFTER.match(given):
        return Span("name", start, start + family, "words around", confidence)
    if not given or not _CJK.match(given) or given[0] in _NO_GIVEN or _AFTER.match(text, start + family):
        return None
    if not (given[0] in CHINESE_GIVEN or not _CJK.match(given[1:]) or given[1:2] in CHINESE_GIVEN):
        return None
    length = 1
    if _CJK.match(given[1:]) and given[1] not in _NO_GIVEN and not _AFTER.match(text, start + family + 1):
        is_last = not _CJK.match(given[2:]) if len(given) > 2 else True
        length += given[1] in CHINESE_GIVEN or (is_last and given[0] in CHINESE_GIVEN)
    return Span("name", start, start + family + length, "words around", confidence)


def _name_before(text: str, end: int) -> Span | None:
    """尊敬的王先生, 王小明先生: the longest that begins with a family name."""
    for length in (4, 3, 2, 1):
        start = end - length
        if start < 0:
            continue
        family, given = family_length(text, start), text[start:end]
        if (
            family
            and family <= length <= family + 2
            and all(sign in CHINESE_GIVEN and sign not in _NO_GIVEN for sign in given[family:])
        ):
            is_alone = (
                length > family
                or start == 0
                or text[start - 1] in '，。！？、：:；; \n\t“"的和与（(请给向叫找'
                or not _CJK.match(text[start - 1])
            )
            if is_alone:
                return Span("name", start, end, "words around", 0.8)
    return None
