"""DataFrames: rows there and back, tables by a mapping, what is missing missing."""

from __future__ import annotations

import math
import runpy
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunesmith.core.errors import UserError
from tunesmith.data.importers.frames import Library, from_frame, to_frame, write_rows
from tunesmith.data.importers.rows import Left, Made
from tunesmith.data.versions import read_version

pd = pytest.importorskip("pandas")
pa = pytest.importorskip("pyarrow")
pl = pytest.importorskip("polars")
ROOT = Path(__file__).parents[3]
LIBRARIES: tuple[Library, ...] = ("pandas", "polars", "pyarrow")


def rows_of(frame: Any, **options: Any) -> list[dict[str, Any]]:
    return [found.row for found in from_frame(frame, **options) if isinstance(found, Made)]


def test_table_becomes_rows_by_its_names() -> None:
    frame = pd.DataFrame({"question": ["a", "b"], "answer": ["c", None]})
    found = list(from_frame(frame))
    assert [type(one) for one in found] == [Made, Left]
    assert found[1].place.path == "row 2"


@pytest.mark.parametrize("missing", [None, math.nan, pd.NA, pd.NaT])
def test_what_is_missing_is_never_the_word_nan(missing: Any) -> None:
    frame = pd.DataFrame({"question": ["a"], "answer": ["b"], "context": pd.Series([missing], dtype=object)})
    assert rows_of(frame) == [{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}]


def test_numbers_of_numpy_become_text_as_people_write_it() -> None:
    frame = pd.DataFrame({"question": ["a", "b"], "answer": [4.0, math.nan]})
    assert [row["messages"][1]["content"] for row in rows_of(frame)] == ["4"]


def test_table_that_is_not_clear_is_asked_about() -> None:
    with pytest.raises(UserError, match="not clear") as raised:
        from_frame(pd.DataFrame({"x": ["a"], "y": ["b"]}))
    assert "mapping=" in raised.value.hint
    assert '"x": "a"' in raised.value.message


def test_mapping_may_be_an_object() -> None:
    frame = pa.table({"x": ["a"], "y": ["b"]})
    assert rows_of(frame, mapping={"user": "x", "assistant": "y"})[0]["messages"][1]["content"] == "b"


def test_whatever_speaks_the_arrow_stream_is_read() -> None:
    class Speaker:
        def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
            columns = {"question": pa.array(["a"], pa.string_view()), "answer": pa.array(["b"], pa.large_string())}
            return pa.table(columns).__arrow_c_stream__(requested_schema)

    assert [message["content"] for message in rows_of(Speaker())[0]["messages"]] == ["a", "b"]


@pytest.mark.parametrize("frame", [3, "text", {"a": 1}])
def test_what_is_no_frame_is_refused(frame: Any) -> None:
    with pytest.raises(UserError, match="no frame"):
        from_frame(frame)


@pytest.mark.parametrize(
    "frame",
    [pd.DataFrame([["a", "b"]], columns=["x", "x"]), pa.Table.from_arrays([pa.array(["a"])] * 2, names=["x", "x"])],
)
def test_columns_of_one_name_are_refused(frame: Any) -> None:
    with pytest.raises(UserError, match="several columns"):
        from_frame(frame)


def answers_of(values: Any) -> list[str | None]:
    """What becomes of the cells of a polars column; None for a row that is left out."""
    frame = pl.DataFrame({"question": ["a"] * len(values), "answer": values})
    found = [one for one in from_frame(frame, {"user": "question", "assistant": "answer"}) if _is_of_a_row(one)]
    return [one.row["messages"][1]["content"] if isinstance(one, Made) else None for one in found]


def _is_of_a_row(outcome: Any) -> bool:
    return not (isinstance(outcome, Left) and outcome.rule == "binary_column")


@pytest.mark.parametrize(
    "values, answers",
    [
        (pl.Series(["猫", None], dtype=pl.Categorical), ["猫", None]),
        (pl.Series(["no", "yes"], dtype=pl.Enum(["yes", "no"])), ["no", "yes"]),
        (pl.Series([["x"], ["y", None]], dtype=pl.List(pl.Categorical)), ['["x"]', '["y",null]']),
        (pl.Series([Decimal("1.50"), None]), ["1.50", None]),
        (pl.Series([math.nan, math.inf, 4.0]), [None, None, "4"]),
        (pl.Series([date(2026, 1, 2), None]), ["2026-01-02", None]),
        (pl.Series([datetime.fromisoformat("2026-01-02 03:04:05.000006")]), ["2026-01-02 03:04:05.000006"]),
        (pl.Series([datetime(2026, 1, 2, 3, tzinfo=UTC)]), ["2026-01-02 03:00:00+00:00"]),
        (pl.Series([1500], dtype=pl.Datetime("ns")), ["1970-01-01 00:00:00.000001500"]),
        (pl.Series([[1, 2]], dtype=pl.Array(pl.Int8, 2)), ["[1,2]"]),
        (pl.Series([{"a": 1, "b": None}, None]), ['{"a":1}', None]),
        (pl.Series([2**64 - 1], dtype=pl.UInt64), ["18446744073709551615"]),
        (pl.Series([True, None]), ["true", None]),
        (pl.Series([None, None]), [None, None]),
        (pl.Series([b"\xff", "é".encode()]), [None, "é"]),
    ],
)
def test_cells_of_polars_become_text_as_people_write_it(values: Any, answers: list[str | None]) -> None:
    assert answers_of(values) == answers


def test_columns_with_chinese_names_need_no_mapping() -> None:
    frame = pl.DataFrame({"问题": ["在吗？", ""], "回答": ["在。", "好"]})
    assert [row["messages"][1]["content"] for row in rows_of(frame)] == ["在。"]


def test_lazy_frame_is_collected(tmp_path: Path) -> None:
    frame = pl.LazyFrame({"question": ["a", "b"], "answer": ["c", "d"]}).filter(pl.col("question") == "b")
    assert write_rows(frame, tmp_path / "a.jsonl").num_rows == 1
    with pytest.raises(UserError, match=r"cannot be collected.*nope"):
        from_frame(frame.select("nope"))


@pytest.mark.parametrize("frame", [pl.Series(["a"]), pl.DataFrame({"a": pl.Series([1], dtype=pl.Int128)})])
def test_what_arrow_cannot_take_is_refused_with_what_to_do(frame: Any) -> None:
    with pytest.raises(UserError, match="cannot be read from this") as raised:
        from_frame(frame)
    assert "cast its columns" in raised.value.hint


@pytest.mark.parametrize("columns", [{"a\0b": ["x"]}, {"a": [{"\0": 1}]}])
def test_name_that_would_end_the_process_in_polars_is_refused(columns: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="holds NUL"):
        from_frame(pl.DataFrame(columns))


def test_key_that_no_name_of_polars_can_be_is_refused() -> None:
    with pytest.raises(UserError, match="holds NUL"):
        to_frame([{"messages": [], "a\0": 1}], "polars")


@pytest.mark.parametrize("library", LIBRARIES)
def test_file_survives_the_way_through_a_frame(tmp_path: Path, library: Library) -> None:
    table = pl.DataFrame({"question": ["为什么？", "Why?"], "answer": ["因为。", "So."], "thread": ["1", None]})
    written = write_rows(table, tmp_path / "a.jsonl", {"user": "question", "assistant": "answer", "thread": "thread"})
    again = write_rows(to_frame(tmp_path / "a.jsonl", library), tmp_path / "b.jsonl")
    assert (again.sha256, again.num_rows) == (written.sha256, 2)


def test_frame_is_written_with_its_version(tmp_path: Path) -> None:
    written = write_rows(pd.DataFrame({"question": ["a", ""], "answer": ["b", "c"]}), tmp_path / "a.jsonl")
    version = read_version(tmp_path / "a.jsonl")
    assert version is not None
    assert version.operations[0].parameters["mapping"]["user"] == "question"
    assert (written.num_rows, [left.rule for left in written.left], version.sha256) == (
        1,
        ["empty_question"],
        written.sha256,
    )


def test_file_that_exists_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("mine")
    with pytest.raises(UserError, match="exists"):
        write_rows(pd.DataFrame({"question": ["a"], "answer": ["b"]}), tmp_path / "a.jsonl")


def test_half_a_character_is_left_out_and_told(tmp_path: Path) -> None:
    frame = [{"question": "a\ud800", "answer": "b"}, {"question": "c", "answer": "d"}]
    written = write_rows(frame, tmp_path / "a.jsonl")
    assert (written.num_rows, [left.rule for left in written.left]) == (1, ["lone_surrogate"])


def test_file_becomes_a_frame(tmp_path: Path) -> None:
    write_rows([{"question": "a", "answer": "b"}], tmp_path / "a.jsonl")
    frame = to_frame(tmp_path / "a.jsonl")
    assert list(frame.columns) == ["messages"]
    assert frame["messages"][0][1]["content"] == "b"


def test_lists_that_parquet_gave_pandas_are_lists_again(tmp_path: Path) -> None:
    rows = [{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", "weight": 0}]}]
    to_frame(rows).to_parquet(tmp_path / "a.parquet")
    assert rows_of(pd.read_parquet(tmp_path / "a.parquet")) == rows


def test_tools_of_many_shapes_survive_arrow() -> None:
    tool = {"type": "function", "function": {"name": "f", "parameters": {"properties": {"x": {"type": "string"}}}}}
    other = {"type": "function", "function": {"name": "g", "parameters": {"properties": {"x": {"enum": [1, "a"]}}}}}
    message = {"role": "user", "content": "a"}
    rows = [
        {"messages": [message], "tools": [tool]},
        {"messages": [message], "tools": [other]},
        {"messages": [message]},
    ]
    assert rows_of(to_frame(rows, "pyarrow")) == rows


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
messages = st.lists(
    st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant"]), "content": texts},
                          optional={"weight": st.sampled_from([0, 1]), "name": texts}),
    min_size=1, max_size=3,
)  # fmt: skip
metadata = {"metadata": st.dictionaries(st.sampled_from(["thread", "label"]), texts, min_size=1)}
schemas = st.recursive(st.integers() | texts | st.booleans(), lambda part: st.dictionaries(texts, part, max_size=2))
chat_rows = st.fixed_dictionaries({"messages": messages}, optional=metadata | {"tools": st.lists(schemas, max_size=2)})
completion_rows = st.fixed_dictionaries({"prompt": texts, "completion": texts}, optional=metadata)
preference_rows = st.fixed_dictionaries(
    {
        "input": st.fixed_dictionaries({"messages": messages}),
        "preferred_output": messages,
        "non_preferred_output": messages,
    }
)


@pytest.mark.parametrize("library", LIBRARIES)
@settings(max_examples=60, deadline=None)
@given(
    rows=st.one_of(*(st.lists(kind, min_size=1, max_size=4) for kind in (chat_rows, completion_rows, preference_rows)))
)
def test_rows_survive_the_way_there_and_back(library: Library, rows: list[dict[str, Any]]) -> None:
    assert rows_of(to_frame(rows, library)) == rows


def test_example_runs_offline(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(ROOT / "examples" / "data_frames.py"), run_name="__main__")
    assert "train.jsonl" in capsys.readouterr().out
    assert (tmp_path / "train.jsonl").exists()
