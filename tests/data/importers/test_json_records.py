"""JSON lines, arrays and values give the same rows, each with its place, however they are cut into pieces."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunesmith.data.importers import lines
from tunesmith.data.importers.elements import Element, ElementSplitter
from tunesmith.data.importers.json_records import json_records, layout_of
from tunesmith.data.importers.opened import Opened
from tunesmith.data.importers.opening import sources
from tunesmith.data.importers.rows import Left, Record

ROWS: list[dict[str, Any]] = [{"text": 'a "quoted" ] } \\ 水', "n": [1, {"deep": []}]}, {"text": "🙂"}, {}]


def records_in(tmp_path: Path, content: bytes, encoding: str | None = None) -> list[Record | Left]:
    path = tmp_path / "rows.json"
    path.write_bytes(content)
    [opened] = sources(path)
    assert isinstance(opened, Opened)
    text = opened.head.decode(encoding or "utf-8-sig", errors="ignore").removeprefix("\ufeff").encode()
    layout = layout_of(text)
    assert layout is not None
    return list(json_records(opened, layout, encoding))


def values_in(tmp_path: Path, content: bytes, encoding: str | None = None) -> list[Any]:
    return [one.value if isinstance(one, Record) else one.rule for one in records_in(tmp_path, content, encoding)]


def split(content: bytes, size: int, is_array: bool = True, most: int = 1 << 20) -> list[Element]:
    splitter = ElementSplitter(is_array, most)
    found: list[Element] = []
    for at in range(0, len(content), size):
        found += splitter.feed(content[at : at + size])
    return [*found, *splitter.finish()]


@pytest.mark.parametrize("indent", [None, 0, 2])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32-be", "gb18030"])
def test_array_gives_its_elements(indent: int | None, encoding: str, tmp_path: Path) -> None:
    content = json.dumps(ROWS, indent=indent, ensure_ascii=False).encode(encoding)
    given = None if encoding.startswith("utf-8") else encoding
    assert values_in(tmp_path, content, given) == ROWS


def test_lines_and_values_give_the_same_rows(tmp_path: Path) -> None:
    assert values_in(tmp_path, "".join(json.dumps(row) + "\r\n\n" for row in ROWS).encode()) == ROWS
    assert values_in(tmp_path, "\n".join(json.dumps(row, indent=1) for row in ROWS).encode()) == ROWS


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "gb18030"])
@pytest.mark.parametrize("ends", ["\r", "\r\n", "\n", "mixed"])
def test_lines_end_with_any_of_the_line_ends(ends: str, encoding: str, tmp_path: Path) -> None:
    rows = [{"text": f"水{number}"} for number in range(30)]
    said = ["\n", "\r\n", "\r"] if ends == "mixed" else [ends]
    text = "".join(json.dumps(row, ensure_ascii=False) + said[number % len(said)] for number, row in enumerate(rows))
    found = records_in(tmp_path, text.encode(encoding), None if encoding == "utf-8" else encoding)
    assert [(one.value, one.place.line) for one in found if isinstance(one, Record)] == [
        (row, number) for number, row in enumerate(rows, 1)
    ]


def test_lines_that_carriage_returns_end_are_read_beyond_what_is_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "MOST_ROW_BYTES", 50)
    content = "\r".join(json.dumps({"n": number}) for number in range(100))
    assert values_in(tmp_path, content.encode()) == [{"n": number} for number in range(100)]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text('ab"\\[]{},:\n 水🙂'),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('a"\\]', max_size=3), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.dictionaries(st.text("ab", max_size=2), json_values, max_size=3), max_size=4), st.integers(1, 40))
def test_elements_are_the_same_however_the_bytes_come(rows: list[dict[str, Any]], size: int) -> None:
    for text in (json.dumps(rows), json.dumps(rows, indent=1, ensure_ascii=False)):
        assert [json.loads(element.content) for element in split(text.encode(), size)] == rows


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.integers(1, 7))
def test_splitter_takes_any_bytes_and_loses_none(content: bytes, size: int) -> None:
    whole, pieces = split(content, len(content) + 1), split(content, size)
    assert [(one.line, one.content) for one in whole] == [(one.line, one.content) for one in pieces]


def test_element_that_is_too_long_is_told_and_the_next_is_read() -> None:
    long, short = split(json.dumps([{"text": "x" * 500}, {"text": "y"}]).encode(), 64, most=100)
    assert (long.content, long.num_bytes > 500, short.content) == (b"", True, b'{"text": "y"}')


def test_line_that_is_too_long_is_told_and_the_next_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MOST_ROW_BYTES", 1000)
    content = json.dumps({"text": "x" * 5000}).encode() + b'\n{"text": "y"}\n'
    assert values_in(tmp_path, content) == ["row_too_long", {"text": "y"}]


def test_broken_element_is_told_with_its_line(tmp_path: Path) -> None:
    [first, broken, last] = records_in(tmp_path, b'[\n{"a": 1},\n{"a":\n 01},\n{"a": 3}\n]')
    assert isinstance(broken, Left)
    assert (broken.rule, broken.place.line, broken.place.path) == ("invalid_json", 4, "[1]")
    assert isinstance(first, Record)
    assert isinstance(last, Record)
    assert last.place.line == 5


def test_array_that_is_cut_gives_what_is_whole(tmp_path: Path) -> None:
    [row, cut, bracket] = records_in(tmp_path, b'[{"a": 1}, {"a": "hal')
    assert isinstance(row, Record)
    assert isinstance(cut, Left)
    assert "cut" in cut.message
    assert isinstance(bracket, Left)


def test_texts_among_rows_are_told_one_by_one(tmp_path: Path) -> None:
    assert values_in(tmp_path, b'[{"a": 1}, "b", 3, {"a": 2}]') == [
        {"a": 1},
        "not_an_object",
        "not_an_object",
        {"a": 2},
    ]


def test_row_with_a_key_twice_is_told(tmp_path: Path) -> None:
    assert values_in(tmp_path, b'{"a": 1, "a": 2}\n{"a": 3}\n') == ["duplicate_key", {"a": 3}]


def test_bytes_of_another_encoding_are_told_and_never_replaced(tmp_path: Path) -> None:
    content = b'{"a": "fine"}\n' + '{"a": "Größe"}\n'.encode("latin-1")
    good, bad = records_in(tmp_path, content)
    assert isinstance(bad, Left)
    assert isinstance(good, Record)
    assert (bad.rule, bad.place.line) == ("not_utf8", 2)
    assert "--encoding" in bad.hint


def test_object_with_lists_of_rows_gives_the_rows(tmp_path: Path) -> None:
    content = json.dumps({"train": [["hi", "greet"]], "test": [["bye", "leave"]]}).encode()
    assert values_in(tmp_path, content) == [
        {"text": "hi", "label": "greet", "source": "train"},
        {"text": "bye", "label": "leave", "source": "test"},
    ]


def test_list_of_messages_is_no_list_of_rows(tmp_path: Path) -> None:
    row = {"data": [{"role": "user", "content": "hi"}]}
    assert values_in(tmp_path, json.dumps(row).encode()) == [row]


def test_deep_brackets_are_told(tmp_path: Path) -> None:
    assert values_in(tmp_path, b'{"a": ' + b"[" * 5000 + b"]" * 5000 + b"}\n") == ["nesting_too_deep"]


@pytest.mark.parametrize("encoding", [None, "utf-16"])
def test_elements_that_are_no_objects_are_named_by_their_own_line_and_number(
    encoding: str | None, tmp_path: Path
) -> None:
    content = '[\n{"a": 1},\n"s",\n5, "t",\n5,\n{"a": 2},\nnull\n]\n'
    found = records_in(tmp_path, content.encode(encoding or "utf-8"), encoding)
    assert [(one.place.line, one.place.path) for one in found if isinstance(one, Left)] == [
        (3, "[1]"), (4, "[2]"), (4, "[3]"), (5, "[4]"), (7, "[6]"),
    ]  # fmt: skip
