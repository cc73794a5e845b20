"""Tables: ids are whole at any width, and columns that matter less make room."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from tunesmith.cli.tables import Column, print_table

ID = "ftjob-" + "x" * 24
MODEL = "ft:starter:default:playwright:FgCxcfCwnuj2"
COLUMNS = (
    Column("id"), Column("name", folds=True), Column("size", 2), Column("tuned model", 1),
)  # fmt: skip


def printed(width: int, *, is_terminal: bool = True) -> list[str]:
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=is_terminal, color_system=None, highlight=False)
    print_table(COLUMNS, [(ID, "a name that is long", "1.5 MiB", MODEL)], console)
    return [line.rstrip() for line in out.getvalue().splitlines()]


@pytest.mark.parametrize("width", [20, 44, 60, 80, 100, 200])
def test_id_is_whole_at_any_width(width: int) -> None:
    assert sum(ID in line for line in printed(width)) == 1


def test_columns_leave_where_there_is_no_room_and_that_is_said() -> None:
    *table, said = printed(80)
    assert all(len(line) <= 80 for line in table)
    assert table[0].split() == ["id", "name", "size"]
    assert said == "Left out for want of room: tuned model. --json has everything."


def test_what_matters_more_is_shown_first() -> None:
    lines = printed(88 + 2)
    assert lines[0].split() == ["id", "name", "tuned", "model"]
    assert MODEL in lines[1]


def test_name_cannot_speak_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(COLUMNS, [(ID, "a\x1b[31m\nb", "", "")])
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert len(out.splitlines()) == 2


def test_everything_fits_a_wide_terminal() -> None:
    assert len(printed(120)) == 2


def test_row_is_one_line_for_a_program() -> None:
    _, row = printed(20, is_terminal=False)
    assert row.split() == [ID, *"a name that is long".split(), "1.5", "MiB", MODEL]
