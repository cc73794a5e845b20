"""Tables that fit the terminal. Ids stay whole, so that they can be copied; columns that matter less make room.

Takes columns and rows of text. Where a program reads instead of a terminal, every row is one whole line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

_GAP: Final = 2
_NARROWEST: Final = 12


@dataclass(frozen=True, slots=True)
class Column:
    """``folds``: its cells may take several lines. ``rank`` 0 is always shown; of the others, lower ones first while
    there is room."""

    head: str
    rank: int = 0
    folds: bool = False


def print_table(
    columns: Sequence[Column], rows: Sequence[Sequence[str | Text]], console: Console | None = None
) -> None:
    console = console or Console(highlight=False, emoji=False)
    cells = [[_text(cell) for cell in row] for row in rows]
    widths = [max(map(cell_len, (column.head, *(row[at].plain for row in cells)))) for at, column in enumerate(columns)]
    if not console.is_terminal:
        least, shown = widths, list(range(len(columns)))
    else:
        least = [
            min(width, _NARROWEST) if column.folds else width for width, column in zip(widths, columns, strict=True)
        ]
        shown = _fitting(columns, least, console.width)
    needed = _sum(least, shown)
    width = needed if needed > console.width else None
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="dim", width=width)
    for at in shown:
        table.add_column(columns[at].head, min_width=least[at], no_wrap=least[at] == widths[at], overflow="fold")
    for row in cells:
        table.add_row(*(row[at] for at in shown))
    console.print(table, crop=False)
    if len(shown) < len(columns):
        left_out = ", ".join(column.head for at, column in enumerate(columns) if at not in shown)
        console.print(Text(f"Left out for want of room: {left_out}. --json has everything.", "dim"))


def _fitting(columns: Sequence[Column], least: Sequence[int], room: int) -> list[int]:
    """The columns' places, in order."""
    shown = [at for at, column in enumerate(columns) if column.rank == 0]
    for at in sorted((at for at, column in enumerate(columns) if column.rank), key=lambda at: columns[at].rank):
        if _sum(least, [*shown, at]) <= room:
            shown.append(at)
    return sorted(shown)


def _sum(widths: Sequence[int], places: Sequence[int]) -> int:
    return sum(widths[at] + _GAP for at in places) - _GAP


def _text(cell: str | Text) -> Text:
    """What somebody called a file cannot speak to the terminal."""
    if isinstance(cell, Text):
        return cell
    return Text("".join(letter if letter.isprintable() else "�" for letter in cell))
