"""A JSON array is read element by element, with the places and the faults that reading it whole gives."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunesmith.data import array_elements as module
from tunesmith.data import file_rows
from tunesmith.data.array_elements import array_elements
from tunesmith.data.validate import validate_file

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(VALUES, max_size=5), st.sampled_from([None, 1]), st.booleans(), st.sampled_from([3, 64, 1 << 20]))
def test_elements_are_those_of_the_array(values: list[Any], indent: int | None, escapes: bool, piece: int) -> None:
    text = json.dumps(values, indent=indent, ensure_ascii=escapes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_READ_BYTES", piece)
        found = list(array_elements(BytesIO(text.encode())))
    assert [json.loads(element.content) for element in found] == values
    lines = text.split("\n")
    for element in found:
        line = lines[element.line - 1]
        assert line[element.column - 1 :].encode() == line.encode()[element.byte_column - 1 :]
        assert line[element.column - 1 :].encode()[:1] == element.content[:1]


GOOD = '{"messages": [{"role": "user", "content": "é"}, {"role": "assistant", "content": "b"}]}'


@pytest.mark.parametrize(
    "text",
    [
        f"[{GOOD},\n {GOOD}]", f"[{GOOD}\n {GOOD}]", f"[{GOOD},\n]", f"[{GOOD},,{GOOD}]", f"[{GOOD}", f"[{GOOD},",
        f"[{GOOD}]]", f"[{GOOD}] {GOOD}", f"[{GOOD}, 3, nope]", f"[{GOOD},\n{GOOD[:-3]}", f"[{GOOD}}}]", "[]", f"[ {GOOD} ]\n",
    ],
)  # fmt: skip
def test_large_array_has_the_findings_of_a_small_one(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.json"
    path.write_text(text, encoding="utf-8")
    whole = validate_file(path)
    monkeypatch.setattr(file_rows, "MOST_WHOLE_BYTES", 0)
    assert validate_file(path) == whole


def test_row_that_is_too_long_is_named_and_the_next_one_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_rows, "MOST_ROW_BYTES", 120)
    path = tmp_path / "a.jsonl"
    path.write_text(f'{{"prompt": "{"x" * 500}"}}\n{GOOD[:-2]}\n{GOOD}\n' * 9, encoding="utf-8")
    report = validate_file(path)
    assert [(each.line, each.rule) for each in report.errors[:3]] == [
        (1, "row_too_long"), (2, "invalid_json"), (4, "row_too_long"),
    ]  # fmt: skip
    assert report.num_rows == 27
