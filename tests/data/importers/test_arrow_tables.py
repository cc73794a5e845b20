"""Parquet and Arrow: nested values as JSON has them, and broken files told."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

from tunesmith.data.importers.arrow_tables import read_arrow, read_parquet
from tunesmith.data.importers.rows import Left, Record

pa = pytest.importorskip("pyarrow")
MESSAGES = [{"role": "user", "content": "你好"}, {"role": "assistant", "content": "hi", "weight": 0}]


def parquet(path: Path, table: Any) -> list[Record | Left]:
    from pyarrow import parquet as library

    library.write_table(table, path)
    return list(read_parquet(path, path.name))


def test_column_of_structs_becomes_messages_without_padding(tmp_path: Path) -> None:
    found = parquet(tmp_path / "a.parquet", pa.table({"messages": [MESSAGES, MESSAGES]}))
    assert [(one.place.path, one.value) for one in found if isinstance(one, Record)] == [
        ("row 1", {"messages": MESSAGES}),
        ("row 2", {"messages": MESSAGES}),
    ]


def test_dates_and_what_is_no_number_become_json_values(tmp_path: Path) -> None:
    table = pa.table(
        {
            "at": [datetime.datetime.fromisoformat("2026-01-01 05:00")],
            "on": [datetime.date(2026, 1, 1)],
            "x": [float("nan")],
        }
    )
    (found,) = parquet(tmp_path / "a.parquet", table)
    assert isinstance(found, Record)
    assert found.value == {"at": "2026-01-01 05:00:00", "on": "2026-01-01", "x": None}


def test_bytes_that_are_no_text_are_told_once_for_their_column(tmp_path: Path) -> None:
    found = parquet(tmp_path / "a.parquet", pa.table({"image": [b"\xff\xd8", b"\xff"], "text": ["a", "b"]}))
    assert [one.rule for one in found if isinstance(one, Left)] == ["binary_column"]
    assert [one.value for one in found if isinstance(one, Record)] == [
        {"image": None, "text": "a"},
        {"image": None, "text": "b"},
    ]


@pytest.mark.parametrize("kind", ["file", "stream"])
def test_arrow_files_and_streams_are_read(tmp_path: Path, kind: str) -> None:
    table = pa.table({"question": ["a", "b"], "answer": ["c", "d"]})
    opened = pa.ipc.new_file if kind == "file" else pa.ipc.new_stream
    with pa.OSFile(str(tmp_path / "a.arrow"), "wb") as file, opened(file, table.schema) as writer:
        writer.write_table(table)
    found = [one.value for one in read_arrow(tmp_path / "a.arrow", "a") if isinstance(one, Record)]
    assert found == [{"question": "a", "answer": "c"}, {"question": "b", "answer": "d"}]


def test_file_that_was_cut_is_told(tmp_path: Path) -> None:
    parquet(tmp_path / "a.parquet", pa.table({"question": ["a"]}))
    (tmp_path / "b.parquet").write_bytes((tmp_path / "a.parquet").read_bytes()[:-9])
    found = list(read_parquet(tmp_path / "b.parquet", "b"))
    assert [one.rule for one in found if isinstance(one, Left)] == ["broken_table"]


def test_arrow_file_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.arrow").write_bytes(b"no arrow at all, but text")
    found = list(read_arrow(tmp_path / "a.arrow", "a"))
    assert [one.rule for one in found if isinstance(one, Left)] == ["broken_table"]


def test_feather_of_version_1_is_told_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "a.feather").write_bytes(b"FEA1" + bytes(40))
    (found,) = read_arrow(tmp_path / "a.feather", "a")
    assert isinstance(found, Left)
    assert (found.rule, "write_feather" in found.hint) == ("old_feather", True)


def test_type_nested_too_deep_is_refused(tmp_path: Path) -> None:
    kind = pa.string()
    for _ in range(40):
        kind = pa.list_(kind)
    found = parquet(tmp_path / "a.parquet", pa.table({"x": pa.array([None], kind)}))
    assert [one.rule for one in found if isinstance(one, Left)] == ["nested_too_deep"]


def test_text_that_is_none_costs_its_row_alone(tmp_path: Path) -> None:
    bad = pa.array([b"a", b"\xff", b"c"]).view(pa.string())
    found = parquet(tmp_path / "a.parquet", pa.table({"question": bad}))
    assert [one.rule if isinstance(one, Left) else one.value["question"] for one in found] == ["a", "bad_value", "c"]


def test_batch_that_claims_more_than_it_has_is_told(tmp_path: Path) -> None:
    table = pa.table({"question": ["abc", "defg", "hij"]})
    with pa.OSFile(str(tmp_path / "a.arrow"), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table)
    content = (tmp_path / "a.arrow").read_bytes()
    offsets = bytes.fromhex("03000000 07000000")
    assert content.count(offsets) == 1
    (tmp_path / "a.arrow").write_bytes(content.replace(offsets, bytes.fromhex("03000000 ffffff7f")))
    found = list(read_arrow(tmp_path / "a.arrow", "a"))
    assert [one.rule for one in found if isinstance(one, Left)] == ["broken_table"]
