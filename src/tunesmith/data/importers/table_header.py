"""The first row of a table: whether it names the columns, and the names made usable.

A header that is taken for data teaches nonsense once; data that is taken for a header loses a row without a word. So a
first row is a header unless it reads like data, and the reason is said either way.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from tunesmith.data.importers.part_names import NAMES, plain_name

_LONGEST_NAME: Final = 60
_ENDS_A_SENTENCE: Final = re.compile(r"[.?!。？！…]\s*\Z")
_NUMBER: Final = re.compile(r"\s*[-+]?[\d.,:/ -]*\d[\d.,:/ -]*%?\s*\Z")

_KNOWN_NAMES: Final = frozenset(
    (
        *("question", "query", "prompt", "user", "input", "instruction", "request", "problem", "text", "message", "q"),
        *("answer", "response", "output", "completion", "assistant", "reply", "target", "solution", "a"),
        *("system", "context", "background", "passage", "chosen", "rejected", "label", "category", "class", "intent"),
        *("messages", "conversations", "id", "title", "description", "date", "name", "source", "tools", "history"),
        *(
            "问题",
            "提问",
            "用户",
            "输入",
            "指令",
            "题目",
            "回答",
            "答案",
            "回复",
            "答复",
            "输出",
            "系统",
            "上下文",
            "背景",
        ),
        *(
            "标签",
            "类别",
            "分类",
            "意图",
            "文本",
            "内容",
            "标题",
            "描述",
            "正文",
            "编号",
            "日期",
            "姓名",
            "来源",
            "序号",
        ),
    )
)


def is_known_name(cell: str) -> bool:
    plain = plain_name(cell)
    return plain in _KNOWN_NAMES or plain in NAMES["user"] or plain in NAMES["assistant"]


def is_header(first: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[bool, str]:
    """Whether ``first`` names the columns of ``rows``, and why."""
    filled = [cell for cell in first if cell.strip()]
    if not filled:
        return False, "the first row is empty: columns are numbered"
    known = [cell.strip() for cell in filled if is_known_name(cell)]
    if len(known) * 2 <= len(filled):
        for cell in filled:
            if _NUMBER.match(cell) or len(cell) > _LONGEST_NAME or _ENDS_A_SENTENCE.search(cell) or "\n" in cell:
                shown = cell.strip()[:30]
                return False, f"the first row reads like data ({shown!r} is no column's name): columns are numbered"
    if known:
        return True, f"the first row names the columns: it has {known[0]!r}"
    if any(_recurs(cell, index, rows) for index, cell in enumerate(first) if cell.strip()):
        return False, "a cell of the first row stands again below it: columns are numbered"
    return True, "the first row is taken for the columns' names: it has short cells only"


def column_names(cells: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """Names to speak of the columns by, each once, and what was changed: an empty name becomes ``column 3``, the second
    ``answer`` becomes ``answer (2)``."""
    names: list[str] = []
    notes: list[str] = []
    seen: Counter[str] = Counter()
    taken = {cell.strip() for cell in cells}
    for number, cell in enumerate(cells, 1):
        name = cell.strip()
        if not name:
            name = _free(f"column {number}", taken)
            notes.append(f"column {number} has no name: it is called {name!r}")
        elif seen[name]:
            name = _free(f"{name} ({seen[name] + 1})", taken)
            notes.append(f"column {number} is the second {cell.strip()!r}: it is called {name!r}")
        seen[cell.strip()] += 1
        taken.add(name)
        names.append(name)
    return tuple(names), notes


def numbered_names(count: int) -> tuple[str, ...]:
    return tuple(f"column {number}" for number in range(1, count + 1))


def _recurs(cell: str, index: int, rows: Sequence[Sequence[str]]) -> bool:
    return any(index < len(row) and row[index] == cell for row in rows)


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "'"
    return name
