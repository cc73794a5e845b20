"""What the author of a message wrote, apart from what is quoted or forwarded in it.

Takes a text as a plain mailer has it. Answers may stand above the quote, below it or between its lines: what is not quoted
is the author's, in its order. Where a line says that all that follows is an older message (Outlook's block of headers,
"-----Original Message-----", "On … wrote:" with nothing marked below), it ends there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from tunesmith.data.importers.mail import quote_rules as rules

_LONGEST_INTRODUCTION: Final = 400
_INTRODUCTION_LINES: Final = 4
_QUOTED: Final = re.compile(r" {0,3}>")
_MARK: Final = re.compile(r" {0,3}(?:> ?|\| )")
_BLANK_RUN: Final = re.compile(r"\n{3,}")


@dataclass(frozen=True, slots=True)
class Written:
    """``own``: the author's words. ``quoted``: those of the message that is answered, older ones left out; ``introduction``
    is the line that says whose they are. ``forwarded``: a message that is passed on."""

    own: str
    quoted: str = ""
    introduction: str = ""
    forwarded: str = ""


def written(text: str, is_forward: bool = False) -> Written:
    """``is_forward``: the subject says so; a block of headers then stands above a message that is passed on."""
    found = _read(text, is_forward)
    if not found.quoted:
        return found
    head, quoted = _headed(found.quoted)
    return replace(found, quoted=_read(quoted, False).own, introduction=found.introduction or head)


def _headed(quoted: str) -> tuple[str, str]:
    """What stands at the top of a quote to say whose it is, where the quote's marks stand before that too; and the rest."""
    lines = quoted.split("\n")
    start = _next_text(lines, 0)
    if num_lines := _header_block(lines, start):
        return _sender_line(lines[start : start + num_lines]), "\n".join(lines[start + num_lines :])
    num_lines = _introduction(lines, start)
    return " ".join(lines[start : start + num_lines]), "\n".join(lines[start + num_lines :] if num_lines else lines)


def _sender_line(block: list[str]) -> str:
    return next((line for line in block if rules.header_kind(line) == "sender"), "")


def _read(text: str, is_forward: bool) -> Written:
    """As ``written``, with what the quoted message quotes itself still in it."""
    lines = [line.rstrip() for line in text.split("\n")]
    own: list[str] = []
    quoted: list[str] = []
    introduction = ""
    index = 0
    while index < len(lines):
        line = lines[index]
        if not line:
            own.append("")
            index += 1
        elif _QUOTED.match(line):
            if own and own[-1]:
                own.append("")
            quoted.append(_MARK.sub("", line, count=1))
            index += 1
        elif border := _border(lines, index):
            return _ended(own, lines, border, quoted, introduction, is_forward)
        elif num_lines := _introduction(lines, index):
            introduction = introduction or " ".join(lines[index : index + num_lines])
            index += num_lines
            if not _next_is_quoted(lines, index):
                return Written(_joined(own), _joined(quoted or lines[index:]), introduction)
        elif _is_torn(lines, index):
            quoted[-1] += " " + line
            index += 1
        else:
            own.append(line)
            index += 1
    return Written(_joined(own), _joined(quoted), introduction)


@dataclass(frozen=True, slots=True)
class _Border:
    """``header`` … ``body`` are the lines of the block that says from whom the message below is."""

    header: int
    body: int
    is_forward: bool


def _ended(
    own: list[str], lines: list[str], border: _Border, quoted: list[str], introduction: str, is_forward: bool
) -> Written:
    head = _sender_line(lines[border.header : border.body])
    below = _joined(lines[border.body :])
    if border.is_forward or (is_forward and not quoted):
        return Written(_joined(own), "", head, _unquoted(below))
    if quoted:
        return Written(_joined(own), _joined(quoted), introduction or head)
    return Written(_joined(own), _unquoted(below), head)


def _unquoted(text: str) -> str:
    """One level of marks taken away where every line has one."""
    lines = text.split("\n")
    if all(_QUOTED.match(line) for line in lines if line.strip()):
        return "\n".join(_MARK.sub("", line, count=1) for line in lines)
    return text


def _border(lines: list[str], index: int) -> _Border | None:
    """Whether an older message begins here that reaches to the end: by a line of dashes and words, or by its headers."""
    line = lines[index]
    if len(line) <= 200:
        is_dashed = bool(rules.DASHES.match(line))
        if rules.FORWARDED.match(line) and (is_dashed or line.endswith((":", "："))):
            return _behind(lines, index + 1, True)
        if is_dashed and rules.SEPARATORS.match(line):
            return _behind(lines, index + 1, False)
        if (
            set(line.strip()) <= set("_-=")
            and len(line.strip()) >= 3
            and _header_block(lines, _next_text(lines, index + 1))
        ):
            return _behind(lines, index + 1, False)
    if _header_block(lines, index):
        return _behind(lines, index, False)
    return None


def _behind(lines: list[str], index: int, is_forward: bool) -> _Border:
    header = _next_text(lines, index)
    num_lines = _header_block(lines, header)
    if not num_lines:
        return _Border(index, index, is_forward)
    return _Border(header, header + num_lines, is_forward)


def _next_text(lines: list[str], index: int, most: int = 4) -> int:
    for offset in range(index, min(index + most, len(lines))):
        if lines[offset].strip():
            return offset
    return index


def _header_block(lines: list[str], index: int) -> int:
    """The number of its lines: who, and two of when, to whom and about what; 0 where no such block begins.

    Lists of addresses go over several lines.
    """
    kinds: set[str] = set()
    last = index - 1
    for offset in range(index, min(index + 14, len(lines))):
        line = lines[offset]
        if kind := rules.header_kind(line):
            kinds.add(kind)
            last = offset
        elif offset == index or _ends_block(line, offset - last, {"subject", "sender"} <= kinds):
            break
    is_block = {"sender", "subject"} <= kinds or ("sender" in kinds and len(kinds) >= 3)
    return last - index + 1 if is_block else 0


def _ends_block(line: str, since_header: int, is_complete: bool) -> bool:
    """A blank line ends a block that has all, two blank lines any; text over more than three lines is no list of addresses."""
    return is_complete or since_header > (3 if line.strip() else 1)


def _introduction(lines: list[str], index: int) -> int:
    """The number of lines, up to four, that say whose words follow: "On Monday, Ann <a@b.c>" / "wrote:"; 0 for others."""
    joined = ""
    for number in range(1, _INTRODUCTION_LINES + 1):
        if index + number > len(lines) or not lines[index + number - 1].strip():
            return 0
        joined = f"{joined} {lines[index + number - 1].strip()}" if joined else lines[index].strip()
        if len(joined) > _LONGEST_INTRODUCTION:
            return 0
        if joined.endswith((":", "：", "写道", "寫道", "작성")):
            return number if _introduces(joined, _next_is_quoted(lines, index + number)) else 0
        if number == 1 and not _may_introduce(joined):
            return 0
    return 0


def _may_introduce(line: str) -> bool:
    """Over several lines it begins with a date, an address or the words that go before one."""
    return bool(rules.BEFORE_DATE.match(line) or rules.HAS_DATE.search(line) or rules.HAS_ADDRESS.search(line))


def _introduces(line: str, quote_follows: bool) -> bool:
    has_date, has_address = rules.HAS_DATE.search(line), rules.HAS_ADDRESS.search(line)
    says_wrote = rules.WROTE.search(line) or rules.WROTE_INSIDE.search(line)
    if quote_follows:
        return bool(says_wrote or (has_date and has_address))
    return bool((says_wrote and has_date) or (has_date and rules.DATED_ADDRESS.match(line)))


def _next_is_quoted(lines: list[str], index: int) -> bool:
    following = _next_text(lines, index)
    return following < len(lines) and bool(_QUOTED.match(lines[following]))


def _is_torn(lines: list[str], index: int) -> bool:
    """A few words between two quoted lines: the end of the line above, which some mailer broke."""
    if not 0 < index < len(lines) - 1 or len(lines[index]) > 24:
        return False
    above, below = lines[index - 1], lines[index + 1]
    return len(above) >= 70 and bool(_QUOTED.match(above)) and bool(_QUOTED.match(below))


def _joined(lines: list[str]) -> str:
    return _BLANK_RUN.sub("\n\n", "\n".join(lines)).strip()
