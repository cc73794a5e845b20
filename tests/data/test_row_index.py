"""Rows read from any line, with and without an index, equal those of a plain split."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tunesmith.data import row_index
from tunesmith.data.row_index import MOST_ROW_BYTES, RawRow, RowIndex, RowIndexWriter, rows_from

BLANK = b"  \n"


def written(content: bytes, path: Path) -> RowIndex:
    with path.open("wb") as file:
        index = RowIndexWriter(file)
        for line in content.splitlines(keepends=True):
            index.update(line)
    assert index.num_bytes == len(content)
    return RowIndex(path)


class Source:
    """Counts the bytes that were asked for."""

    def __init__(self, content: bytes) -> None:
        self.content, self.num_read = content, 0

    def __call__(self, start: int, end: int) -> Iterator[bytes]:
        self.num_read += end - start
        yield self.content[start:end]


def rows(content: bytes, line: int, index: RowIndex, most_bytes: int | None = None) -> list[RawRow]:
    return list(rows_from(line, Source(content), len(content), index, most_bytes))


def plain(content: bytes, line: int) -> list[tuple[int, bytes]]:
    lines = enumerate(content.split(b"\n"), start=1)
    return [(number, text) for number, text in lines if number >= line and text.strip()]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(st.sampled_from([b"a", b"", b"  ", b"{}\r", b"x" * 30, b"\xff\x00"]), max_size=40),
    line=st.integers(1, 45),
    ends=st.booleans(),
)
def test_rows_equal_those_of_a_plain_split(
    lines: list[bytes], line: int, ends: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"_EVERY_LINES": 3, "_EVERY_BYTES": 20, "_FIRST_WINDOW_BYTES": 7, "MOST_ROW_BYTES": 50}.items():
        monkeypatch.setattr(row_index, name, value)
    content = b"\n".join(lines) + (b"\n" if ends else b"")
    for index in (RowIndex(None), written(content, tmp_path / "rows.index")):
        assert [(row.line, row.content) for row in rows(content, line, index)] == plain(content, line)


def test_a_row_far_inside_is_read_without_what_stands_before(tmp_path: Path) -> None:
    content = b"".join(b'{"n": %d, "pad": "%s"}\n' % (n, b"x" * 500) for n in range(20_000))
    index = written(content, tmp_path / "rows.index")
    source = Source(content)
    row = next(rows_from(19_000, source, len(content), index))
    assert row.text.startswith('{"n": 18999')
    assert source.num_read < 1 << 20


def test_a_long_row_is_cut_and_the_next_one_is_found(tmp_path: Path) -> None:
    content = b"a\n" + b"x" * (5 * MOST_ROW_BYTES) + b"\nb\n"
    index = written(content, tmp_path / "rows.index")
    first, long, last = rows(content, 1, index)
    assert (first.text, long.is_cut, len(long.content)) == ("a", True, MOST_ROW_BYTES)
    assert (last.line, last.text, last.is_cut) == (3, "b", False)
    assert [row.line for row in rows(content, 1, RowIndex(None))] == [1, 2]  # nobody knows where the third begins


def test_without_an_index_only_the_beginning_is_searched() -> None:
    content = b"x" * 99 + b"\n"
    source = Source(content * 40_000)
    found = list(rows_from(1, source, len(content) * 40_000, RowIndex(None), 1 << 20))
    assert found[-1].content == b"x" * 99
    assert source.num_read <= 2 << 20


def test_a_byte_order_mark_is_no_part_of_the_first_row(tmp_path: Path) -> None:
    content = b'\xef\xbb\xbf{"a": 1}\r\n'
    (row,) = rows(content, 1, written(content, tmp_path / "rows.index"))
    assert (row.text, row.whole) == ('{"a": 1}', b'{"a": 1}\r\n')


def test_the_rest_of_a_file_is_indexed_in_pieces(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"x" * (3 * MOST_ROW_BYTES) + b"\n" + b"b\n" * 300)
    with (tmp_path / "rows.index").open("wb") as file:
        index = RowIndexWriter(file)
        index.read_rest(path)
    assert (index.num_lines, index.num_bytes) == (301, path.stat().st_size)
    assert RowIndex(tmp_path / "rows.index").before(2) == (2, 3 * MOST_ROW_BYTES + 1)
