"""Roles and mark-up that stand in the text itself: a transcript inside one message, a template's headings, HTML.

Takes one text, gives what was found first, or None.
"""

from __future__ import annotations

import re
from typing import Final

from tunesmith.data.findings import shorten

_ASKS: Final = r"(?:Human|User|Customer|Q|HUMAN|USER|用户|人类|问)"
_ANSWERS: Final = r"(?:Assistant|AI|Bot|ChatGPT|Agent|A|ASSISTANT|助手|助理|答)"
_ASKING: Final = re.compile(rf"^[ \t*]{{0,4}}+{_ASKS}\*{{0,2}}+ ?[:：]", re.MULTILINE)
_ANSWERING: Final = re.compile(rf"^[ \t*]{{0,4}}+{_ANSWERS}\*{{0,2}}+ ?[:：]", re.MULTILINE)
_OPENING: Final = re.compile(r"\s*(?:Human|User|Assistant|HUMAN|USER|ASSISTANT|用户|人类|助手) ?[:：]")
_HEADING: Final = re.compile(
    r"^[ \t]{0,3}+#{3,4} ?(?:Instructions?|Input|Response|Human|Assistant|User|System|指令|输入|回答|响应) ?[:：]",
    re.MULTILINE,
)
_BROKEN_TOKEN: Final = re.compile(
    r"<\|?im_(?:start|end)\b(?!\|>)|(?<![<|])\|?im_(?:start|end)\|>|\[\|(?:Human|AI|Assistant|User)\|\]|<(?:human|bot)>:"
)


_ROLE_LITERALS: Final = (
    *("Human:", "HUMAN:", "User:", "USER:", "stant:", "STANT:", "Customer:", "Q:", "Human*", "User*", "bot>:", "man>:"),
    *("im_start", "im_end", "[|", "### ", "用户", "人类", "助手", "问：", "Human：", "User："),
    *("###I", "###R", "###H", "###A", "###U", "###S", "###指", "###输", "###回"),
)
_MARK_UP_LITERALS: Final = ("</", "<br", "<BR", "<Br", "<hr", "<HR", "<img", "<IMG")


def may_hold_roles(block: str) -> bool:
    """Whether any text of the block needs ``find_role_marker``; literals are looked for, which costs little."""
    return any(literal in block for literal in _ROLE_LITERALS)


def may_hold_mark_up(block: str) -> bool:
    """The same for ``find_mark_up``."""
    return any(literal in block for literal in _MARK_UP_LITERALS) or (
        "&" in block and _ENTITY.search(block) is not None
    )


def find_role_marker(text: str) -> str | None:
    """A role that was typed, as it stands."""
    if "#" in text and (heading := _HEADING.search(text)):
        return heading[0].strip()
    if ("im_" in text or "|]" in text or ">:" in text) and (token := _BROKEN_TOKEN.search(text)):
        return token[0]
    if ":" not in text and "：" not in text:
        return None
    if opening := _OPENING.match(text):
        return opening[0].strip()
    asking = _ASKING.search(text)
    if asking and (answering := _ANSWERING.search(text)):
        return f"{asking[0].strip()} … {answering[0].strip()}"
    return None


_ENTITY: Final = re.compile(
    r"&(?:amp|lt|gt|quot|apos|nbsp|copy|hellip|mdash|ndash|[lr][sd]quo|#[0-9]{2,6}|#x[0-9a-fA-F]{2,5});"
)
_TAG: Final = re.compile(
    r"</(?:p|div|span|a|b|i|u|font|strong|em|ul|ol|li|h[1-6]|table|tr|td|body|html|center)>"
    r"|<(?:br|hr) ?/?>|<(?:div|span|p|font|a|img|table|td)(?: [a-z-]{1,20}=[^<>]{0,300})>",
    re.IGNORECASE,
)


def find_mark_up(text: str) -> str | None:
    """An entity or a tag of HTML outside of code. A page or a program that the text is about is left alone."""
    entity = _ENTITY.search(text) if "&" in text else None
    tag = _TAG.search(text) if any(literal in text for literal in _MARK_UP_LITERALS) else None
    found = entity or tag
    if found is None or "`" in text or "<!DOCTYPE" in text or "<html" in text or "<script" in text or "<?xml" in text:
        return None
    return shorten(found[0])
