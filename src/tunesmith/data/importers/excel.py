"""Excel workbooks → records, each cell as people see it: dates as dates, 25 % as 25%, a merged cell in every row it spans.

Takes a path, gives one ``Record`` per row of every visible sheet, named ``sheet Q&A, row 7``. Of a formula the result
that was saved is taken; a formula that was never calculated has none, and its row is left out. What a hostile workbook
can claim is bounded before it is opened: its unpacked size, and the cells it has.
"""

from __future__ import annotations

import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tunesmith.core.errors import UserError
from tunesmith.data.findings import quoted, shorten
from tunesmith.data.importers.cell_text import cell_text
from tunesmith.data.importers.nested_cells import nested_columns, open_cells
from tunesmith.data.importers.rows import Left, Place, Record
from tunesmith.data.importers.sheet_marks import MergedCells, column_letters, read_marks
from tunesmith.data.importers.table_header import column_names, is_header, is_known_name, numbered_names

_MOST_STRING_BYTES: Final = 128 << 20
_MOST_BYTES: Final = 4 << 30
_MOST_TIMES: Final = 500
_MOST_CELLS: Final = 100_000_000
_MOST_EMPTY_ROWS: Final = 100_000
_ROWS_TO_GUESS_BY: Final = 20
_OLD_OFFICE: Final = b"\xd0\xcf\x11\xe0"


def read_excel(path: Path, name: str, sheet: str | None = None) -> Iterator[Record | Left]:
    """All visible sheets, or the one named ``sheet``; raises ``UserError`` where there is no such sheet, for a workbook of
    the old format (.xls), and where openpyxl is not installed."""
    openpyxl = _openpyxl_or_explain()
    _refuse_old(path, name)
    if (refusal := _bomb(path, name)) is not None:
        yield refusal
        return
    with ExitStack() as stack:
        try:
            book = stack.enter_context(_opened_book(openpyxl, path, are_results=True))
        except _STUMBLES as error:
            yield _unreadable(error, name)
            return
        yield from _sheets(openpyxl, book, path, name, sheet)


@contextmanager
def _opened_book(openpyxl: Any, path: Path, *, are_results: bool) -> Iterator[Any]:
    """The workbook with its formulas' results, or with the formulas. The library is given the stream: of a path it
    judges the name, and a workbook may have any."""
    with path.open("rb") as file:
        book = openpyxl.load_workbook(file, read_only=True, data_only=are_results, keep_links=False)
        try:
            yield book
        finally:
            book.close()


_STUMBLES: Final = (
    *(
        ArithmeticError,
        AttributeError,
        EOFError,
        LookupError,
        OSError,
        RuntimeError,
        SyntaxError,
        TypeError,
        ValueError,
    ),
    *(zipfile.BadZipFile, zlib.error),
)
"""What the library raises over broken files: whatever its next statement meets."""


def _sheets(openpyxl: Any, book: Any, path: Path, name: str, only: str | None) -> Iterator[Record | Left]:
    if only is not None and only not in book.sheetnames:
        raise UserError(f"{name} has no sheet {shorten(only)}", f"it has {quoted(book.sheetnames)}")
    for title in book.sheetnames:
        sheet = book[title]
        if (only is not None and title != only) or not hasattr(sheet, "iter_rows"):
            continue
        if only is None and sheet.sheet_state != "visible":
            hint = f'show it in the workbook, or ask for it: sheet "{title}"'
            yield Left("hidden_sheet", f"the sheet {title} is hidden: it was not read", hint, Place(name, path=title))
            continue
        try:
            yield from _rows(_sheet_rows(openpyxl, sheet, path, name), title, name)
        except _STUMBLES as error:
            yield _unreadable(error, name, f"sheet {title}")


def _sheet_rows(openpyxl: Any, sheet: Any, path: Path, name: str) -> Iterator[_Row | Left]:
    """A workbook is read for its results or for its formulas: for the second, where there are any, it is opened again."""
    marks = read_marks(path, sheet._worksheet_path.lstrip("/"))
    if not marks.has_formulas:
        yield from _read_sheet(sheet, None, marks.merged, name)
        return
    with _opened_book(openpyxl, path, are_results=False) as book:
        formulas = book[sheet.title]
        formulas.reset_dimensions()
        yield from _read_sheet(sheet, formulas.iter_rows(values_only=True), marks.merged, name)


@dataclass(frozen=True, slots=True)
class _Row:
    """``cells`` are texts; ``fault`` is a cell that cannot be read, and why."""

    number: int
    cells: list[str]
    fault: Left | None


def _rows(rows: Iterator[_Row | Left], title: str, name: str) -> Iterator[Record | Left]:
    found = _without_titles(rows, title, name)
    head: list[_Row] = []
    for item in found:
        if isinstance(item, Left):
            yield item
            continue
        head.append(item)
        if len(head) == _ROWS_TO_GUESS_BY:
            break
    if not head:
        return
    header = _trimmed(head[0].cells)
    has_header, _ = is_header(header, [row.cells for row in head[1:]])
    columns = column_names(header)[0] if has_header else numbered_names(max(len(_trimmed(row.cells)) for row in head))
    yield from (_outcome(row, columns, title, name) for row in head[1 if has_header else 0 :])
    for item in found:
        yield item if isinstance(item, Left) else _outcome(item, columns, title, name)


def _without_titles(rows: Iterator[_Row | Left], title: str, name: str) -> Iterator[_Row | Left]:
    """A line above the table, such as its name over all columns, is no header: it has one text, the next row several."""
    above = next(rows, None)
    below = next(rows, None)
    if isinstance(above, _Row) and isinstance(below, _Row):
        texts, names = set(filter(None, above.cells)), set(filter(None, below.cells))
        if len(texts) == 1 < len(names) and not is_known_name(text := texts.pop()):
            message = f"the first row is a title ({shorten(text, 40)}), not the columns' names"
            yield Left("title_row", message, "fine if it is one", _place(above.number, title, name))
            above = None
    yield from (row for row in (above, below) if row is not None)
    yield from rows


def _outcome(row: _Row, columns: tuple[str, ...], title: str, name: str) -> Record | Left:
    place = _place(row.number, title, name)
    if row.fault is not None:
        return Left(row.fault.rule, row.fault.message, row.fault.hint, place, "error")
    cells = _trimmed(row.cells)
    if len(cells) > len(columns):
        message = f"the row has {len(cells)} cells, the header {len(columns)} ({quoted(columns, 4)})"
        return Left("changing_columns", message, "give each column a name in the first row", place, "error")
    cells += [""] * (len(columns) - len(cells))
    return Record(open_cells(dict(zip(columns, cells, strict=True)), nested_columns(columns)), place)


def _trimmed(cells: Sequence[str]) -> list[str]:
    """Without the empty cells at the end."""
    count = len(cells)
    while count and not cells[count - 1]:
        count -= 1
    return list(cells[:count])


def _read_sheet(
    sheet: Any, written: Iterator[Any] | None, ranges: Sequence[tuple[int, int, int, int]], name: str
) -> Iterator[_Row | Left]:
    """Rows that hold anything, with merged cells filled in. ``written`` has what was typed into each row's cells."""
    sheet.reset_dimensions()
    merged = MergedCells(ranges)
    num_cells = num_empty = 0
    for number, row in enumerate(sheet.iter_rows(), 1):
        num_cells += len(row)
        asked: Sequence[Any] = next(written, ()) if written is not None else ()
        texts, fault = _texts(number, row, asked)
        merged.fill(number, texts)
        num_empty = 0 if any(texts) else num_empty + 1
        if num_cells > _MOST_CELLS or num_empty > _MOST_EMPTY_ROWS:
            message = f"the sheet is not read beyond row {number:,}: it has too many empty rows or cells"
            hint = "delete the rows below the table, and save it"
            yield Left("sheet_too_large", message, hint, _place(number, sheet.title, name), "error")
            return
        if any(texts) or fault is not None:
            yield _Row(number, texts, fault)


def _texts(number: int, row: Sequence[Any], asked: Sequence[Any]) -> tuple[list[str], Left | None]:
    texts: list[str] = []
    fault: Left | None = None
    for index, cell in enumerate(row):
        value = cell.value
        if value is None:
            texts.append("")
            if fault is None and index < len(asked) and _is_formula(asked[index]):
                fault = _uncalculated(f"{column_letters(index)}{number}", asked[index])
            continue
        texts.append(cell_text(value, cell.number_format) if not isinstance(value, str) else value)
        if fault is None and cell.data_type == "e":
            fault = _failed(f"{column_letters(index)}{number}", value)
    for index in range(len(row), len(asked)):
        if fault is None and _is_formula(asked[index]):
            fault = _uncalculated(f"{column_letters(index)}{number}", asked[index])
    return texts, fault


def _is_formula(value: Any) -> bool:
    """Text that begins with an equals sign, or the library's objects for array formulas and data tables."""
    return (isinstance(value, str) and value.startswith("=")) or type(value).__name__.endswith("Formula")


def _uncalculated(cell: str, formula: Any) -> Left:
    shown = shorten(formula, 40) if isinstance(formula, str) else "of an array"
    message = f"the cell {cell} is a formula ({shown}) without a saved result"
    hint = "open the workbook in Excel or LibreOffice and save it, or paste the values over the formulas"
    return Left("formula_without_value", message, hint, Place(""), "error")


def _failed(cell: str, value: Any) -> Left:
    message = f"the cell {cell} shows the error {value}"
    return Left("error_cell", message, "mend the formula, or write the value", Place(""), "error")


def _place(number: int, title: str, name: str) -> Place:
    return Place(name, path=f"sheet {title}, row {number}")


def _bomb(path: Path, name: str) -> Left | None:
    """What the workbook claims to unpack to; more than it claims is never unpacked."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except _STUMBLES as error:
        return _unreadable(error, name)
    size = sum(member.file_size for member in members)
    strings = sum(member.file_size for member in members if not member.filename.startswith("xl/worksheets/"))
    times = max((m.file_size / max(m.compress_size, 1) for m in members if m.file_size > 16 << 20), default=0)
    if size <= _MOST_BYTES and strings <= _MOST_STRING_BYTES and times <= _MOST_TIMES:
        return None
    message = f"the workbook would unpack to {size:,} bytes, of which {strings:,} must be held in memory"
    return Left("bomb", message, "save its sheets as CSV, if it is what it claims to be", Place(name), "error")


def _refuse_old(path: Path, name: str) -> None:
    with path.open("rb") as file:
        if file.read(4) == _OLD_OFFICE:
            message = f"{name} is a workbook of the old format (.xls), or one protected by a password"
            raise UserError(message, "open it in Excel or LibreOffice and save it as .xlsx, without a password")


def _unreadable(error: Exception, name: str, part: str | None = None) -> Left:
    reason = str(error).split("\n", 1)[0][:200] or type(error).__name__
    message = f"the workbook cannot be read{' on' if part else ''}: {reason}"
    return Left(
        "broken_table", message, "open it in Excel or LibreOffice and save it anew", Place(name, path=part), "error"
    )


def _openpyxl_or_explain() -> Any:
    try:
        import defusedxml
        import openpyxl
    except ImportError as error:
        hint = "pip install 'tunesmith[tables]'"
        raise UserError("reading Excel needs openpyxl and defusedxml, which are not installed", hint) from error
    if not openpyxl.DEFUSEDXML:
        raise UserError("openpyxl does not use defusedxml, so that a hostile workbook could exhaust the memory",
                        f"unset OPENPYXL_DEFUSEDXML (defusedxml {defusedxml.__version__} is installed)")  # fmt: skip
    warnings.filterwarnings("ignore", module="openpyxl")  # it warns of styles and lists that it does not keep
    return openpyxl
