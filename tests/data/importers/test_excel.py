"""Workbooks: cells as people see them, and what cannot be seen told."""

from __future__ import annotations

import datetime
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tunesmith.core.errors import UserError
from tunesmith.data.importers.cell_text import cell_text
from tunesmith.data.importers.convert import ConvertOptions, convert
from tunesmith.data.importers.excel import read_excel
from tunesmith.data.importers.rows import Left, Record

openpyxl = pytest.importorskip("openpyxl")
Fill = Callable[[Any, Any], None]
MOMENT = datetime.datetime.fromisoformat("2024-03-05 14:07:09")


def book(path: Path, fill: Fill) -> list[Record | Left]:
    workbook = openpyxl.Workbook()
    fill(workbook, workbook.active)
    workbook.save(path)
    return list(read_excel(path, path.name))


def rows(*cells: tuple[Any, ...]) -> Fill:
    def fill(_: Any, sheet: Any) -> None:
        for row in cells:
            sheet.append(row)

    return fill


def test_row_is_named_by_sheet_and_row(tmp_path: Path) -> None:
    def fill(_: Any, sheet: Any) -> None:
        sheet.title = "Q&A"
        sheet.append(("question", "answer"))
        sheet.append(("卡在哪里？", "在路上。"))

    found = book(tmp_path / "a.xlsx", fill)
    assert [(one.place.path, one.value) for one in found if isinstance(one, Record)] == [
        ("sheet Q&A, row 2", {"question": "卡在哪里？", "answer": "在路上。"})
    ]


def test_formula_without_a_saved_result_is_told_with_its_cell(tmp_path: Path) -> None:
    found = book(tmp_path / "a.xlsx", rows(("question", "answer"), ("q", "=1+1"), ("r", "b")))
    assert isinstance(found[0], Left)
    assert (found[0].rule, "B2" in found[0].message) == ("formula_without_value", True)
    assert isinstance(found[1], Record)


def test_formula_with_a_saved_result_gives_it(tmp_path: Path) -> None:
    book(tmp_path / "a.xlsx", rows(("question", "answer"), ("q", "=1+1")))
    with zipfile.ZipFile(tmp_path / "a.xlsx") as old, zipfile.ZipFile(tmp_path / "b.xlsx", "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"<f>1+1</f><v></v>", b"<f>1+1</f><v>2</v>").replace(
                b"<f>1+1</f><v />", b"<f>1+1</f><v>2</v>"))  # fmt: skip
    found = list(read_excel(tmp_path / "b.xlsx", "b.xlsx"))
    assert [one.value for one in found if isinstance(one, Record)] == [{"question": "q", "answer": "2"}]


def test_merged_cell_is_read_in_every_row_that_it_spans(tmp_path: Path) -> None:
    def fill(_: Any, sheet: Any) -> None:
        rows(("category", "question"), ("cards", "a"), (None, "b"), ("loans", "c"))(_, sheet)
        sheet.merge_cells("A2:A3")

    found = book(tmp_path / "a.xlsx", fill)
    assert [one.value["category"] for one in found if isinstance(one, Record)] == ["cards", "cards", "loans"]


def test_title_above_the_table_is_no_header(tmp_path: Path) -> None:
    found = book(tmp_path / "a.xlsx", rows(("Support FAQ",), ("question", "answer"), ("a", "b")))
    assert [one.rule if isinstance(one, Left) else one.value for one in found] == [
        "title_row",
        {"question": "a", "answer": "b"},
    ]


def test_hidden_sheet_and_cells_beyond_the_header_are_told(tmp_path: Path) -> None:
    def fill(workbook: Any, sheet: Any) -> None:
        rows(("question", "answer"), ("a", "b", None, "c"))(workbook, sheet)
        workbook.create_sheet("secret").sheet_state = "hidden"

    assert [one.rule for one in book(tmp_path / "a.xlsx", fill) if isinstance(one, Left)] == [
        "changing_columns",
        "hidden_sheet",
    ]


def test_error_cell_is_told(tmp_path: Path) -> None:
    found = book(tmp_path / "a.xlsx", rows(("question", "answer"), ("a", "#REF!")))
    assert [one.rule for one in found if isinstance(one, Left)] == ["error_cell"]


@pytest.mark.parametrize(
    ("value", "number_format", "text"),
    [
        (0.25, "0%", "25%"),
        (1234.5, "#,##0.00", "1,234.50"),
        (-5, '"$"#,##0.00;[Red]("$"#,##0.00)', "($5.00)"),
        (-5, "0.0", "-5.0"),
        (5, "[$€-407] #,##0", "€ 5"),
        (0.1 + 0.2, "General", "0.3"),
        (3.0, "General", "3"),
        (True, "General", "TRUE"),
        (datetime.datetime.fromisoformat("2026-03-01"), "d/m/y", "1/3/26"),
        (MOMENT, "DD.MM.YYYY", "05.03.2024"),
        (MOMENT, "mm/dd/yyyy", "03/05/2024"),
        (MOMENT, "mmm yyyy", "Mar 2024"),
        (MOMENT, "[$-409]dddd, mmmm d, yyyy;@", "Tuesday, March 5, 2024"),
        (MOMENT, "[$-407]d. mmmm yyyy", "2024-03-05 14:07:09"),
        (MOMENT, 'yyyy"年"m"月"d"日"', "2024年3月5日"),
        (MOMENT, "[$-804]yyyy年m月d日 上午/下午h:mm", "2024年3月5日 下午2:07"),
        (MOMENT, "h:mm AM/PM", "2:07 PM"),
        (MOMENT, "mm:ss.0", "07:09.0"),
        (MOMENT, "mm-dd-yy", "2024-03-05 14:07:09"),
        (MOMENT, "[$-F800]dddd", "2024-03-05 14:07:09"),
        (MOMENT, "yyyy q", "2024-03-05 14:07:09"),
        (datetime.time(14, 30), "hh:mm", "14:30"),
        (datetime.time(0, 30), "h:mm AM/PM", "12:30 AM"),
        (datetime.time(14, 30), "dd.mm.yyyy", "14:30:00"),
        (datetime.timedelta(hours=30), "[h]:mm", "30:00"),
        (datetime.timedelta(hours=30, seconds=61), "[mm]:ss", "1801:01"),
        (datetime.timedelta(hours=30), "General", "30:00:00"),
        (datetime.timedelta(hours=-1), "[h]:mm", "-1:00:00"),
        (datetime.datetime.fromisoformat("2026-03-01 14:30"), "General", "2026-03-01 14:30:00"),
        (datetime.time(9, 5), "General", "09:05:00"),
        (1.5, "0.##", "1.5"),
        (2.675, "0.00", "2.68"),
        (3, "0." + "0" * 5_000, "3"),
        (42, "00000", "00042"),
        (1234567, "0.0,", "1234567"),
        (-0.125, "0.0%", "-12.5%"),
        (0, "0;(0);-", "-"),
        (0, '_(* #,##0.00_);_(* \\(#,##0.00\\);_(* "-"??_);_(@_)', "-"),
        (-3, '_(* #,##0.00_);_(* \\(#,##0.00\\);_(* "-"??_);_(@_)', "(3.00)"),
        (5, "#,##0 [$元-804]", "5 元"),
        (1e20, "General", "1e+20"),
        (7, "@", "7"),
    ],
)
def test_value_is_read_as_people_see_it(value: Any, number_format: str, text: str) -> None:
    assert cell_text(value, number_format) == text


def test_old_workbook_is_refused_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "a.xls").write_bytes(b"\xd0\xcf\x11\xe0" + bytes(600))
    with pytest.raises(UserError, match="old format") as raised:
        list(read_excel(tmp_path / "a.xls", "a.xls"))
    assert "xlsx" in raised.value.hint


def test_workbook_that_unpacks_to_too_much_is_not_opened(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", bytes(40 << 20))
    assert [found.rule for found in read_excel(tmp_path / "a.xlsx", "a") if isinstance(found, Left)] == ["bomb"]


def test_file_that_is_no_workbook_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(b"PK\x03\x04 no")
    assert [found.rule for found in read_excel(tmp_path / "a.xlsx", "a") if isinstance(found, Left)] == ["broken_table"]


def test_entities_of_a_hostile_workbook_are_not_expanded(tmp_path: Path) -> None:
    book(tmp_path / "a.xlsx", rows(("question", "answer"), ("a", "b")))
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
    with zipfile.ZipFile(tmp_path / "a.xlsx") as old, zipfile.ZipFile(tmp_path / "b.xlsx", "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, bomb + content if name.startswith("xl/worksheets/") else content)
    found = list(read_excel(tmp_path / "b.xlsx", "b"))
    assert [one.rule for one in found if isinstance(one, Left)] == ["broken_table"]


def test_sheet_that_is_asked_for_must_be_there(tmp_path: Path) -> None:
    book(tmp_path / "a.xlsx", rows(("question", "answer")))
    with pytest.raises(UserError, match="no sheet"):
        list(read_excel(tmp_path / "a.xlsx", "a", sheet="FAQ"))


@pytest.mark.parametrize("name", ["faq.csv", "faq.xls", "faq", "faq.xlsx.bak", "faq.zip", "faq.txt", "faq.json"])
def test_a_workbook_is_read_whatever_its_name_says(tmp_path: Path, name: str) -> None:
    book(tmp_path / "a.xlsx", rows(("question", "answer"), ("营业时间？", "九点"), ("=1+1", "b")))
    renamed = (tmp_path / "a.xlsx").rename(tmp_path / name)
    done = convert([renamed], tmp_path / "out.jsonl", ConvertOptions())
    assert (done.num_rows, [left.rule for left in done.left]) == (1, ["formula_without_value"])


def test_a_workbook_whose_sheets_stand_behind_a_picture_is_one(tmp_path: Path) -> None:
    book(tmp_path / "a.xlsx", rows(("question", "answer"), ("q", "b")))
    with zipfile.ZipFile(tmp_path / "a.xlsx") as old, zipfile.ZipFile(tmp_path / "b.csv", "w") as new:
        new.writestr("docProps/thumbnail.jpeg", bytes(200_000))
        for name in old.namelist():
            new.writestr(name, old.read(name))
    assert convert([tmp_path / "b.csv"], tmp_path / "out.jsonl", ConvertOptions()).num_rows == 1


@pytest.mark.parametrize("name", ["old.xls", "old.csv", "old", "old.xlsx"])
def test_a_workbook_of_the_old_format_is_refused_whatever_its_name_says(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2_000))
    with pytest.raises(UserError, match="old format"):
        convert([tmp_path / name], tmp_path / "out.jsonl", ConvertOptions())
