"""Safe fixes: each does what it says and says what it did; what is not safe stays; twice is as good as once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunesmith.core.errors import UserError
from tunesmith.data.fixes import FIXES, FixReport, fix_file
from tunesmith.data.loose_json import read_loosely
from tunesmith.data.row_fixes import fix_row
from tunesmith.data.strict_json import UNREAD
from tunesmith.data.validate import validate_file
from tunesmith.data.versions import read_version

GOOD = '{"messages": [{"role": "user", "content": "a%d"}, {"role": "assistant",  "content": "b"}]}'


def fixed(folder: Path, content: bytes | str, **options: Any) -> tuple[FixReport, bytes]:
    source, out = folder / "in.jsonl", folder / "out.jsonl"
    source.write_bytes(content.encode() if isinstance(content, str) else content)
    report = fix_file(source, out, **options)
    return report, out.read_bytes()


def counts(report: FixReport) -> dict[str, int]:
    return {fix.name: fix.count for fix in report.fixes}


def message(role: str = "assistant", **more: Any) -> dict[str, Any]:
    return {"role": role, **more}


def call(arguments: Any) -> dict[str, Any]:
    return {"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}}


def test_good_file_is_written_byte_for_byte(tmp_path: Path) -> None:
    content = "".join(GOOD % n + "\n" for n in range(10))
    report, written = fixed(tmp_path, content)
    assert (written, report.fixes, report.num_remaining) == (content.encode(), (), 0)


def test_marks_line_ends_and_blank_lines_are_mended(tmp_path: Path) -> None:
    content = "\ufeff" + GOOD % 1 + "\r\n\r\n   \n\ufeff" + GOOD % 2
    report, written = fixed(tmp_path, content)
    assert written.decode() == GOOD % 1 + "\n" + GOOD % 2 + "\n"
    assert counts(report) == {"byte_order_mark": 2, "line_ends": 2, "blank_lines": 2}


def test_row_in_python_with_comments_is_read(tmp_path: Path) -> None:
    line = "{'messages': [{'role': 'user', 'content': \"it's\",}, {'role': 'assistant', 'content': 'ok', 'weight': 1}], 'x': [True, None],}, // end\n"
    report, written = fixed(tmp_path, line)
    row = json.loads(written)
    assert row["x"] == [True, None]
    assert row["messages"][0]["content"] == "it's"
    assert counts(report) == {"nearly_json": 1}
    assert report.fixes[0].places == ((1, None),)


@pytest.mark.parametrize(
    "text",
    [
        "{'a': 'it's'}",
        "{a: 1}",
        "{'a': 1, 'a': 2}",
        "{'a': NaN}",
        "{'a': 1} {'b': 2}",
        "{'a': '\\q'}",
        "{'a': 01}",
        "{'a' 1}",
        "",
        "{'a': '\\ud800'}",
    ],
)
def test_what_can_be_read_in_several_ways_is_not_read(text: str) -> None:
    assert read_loosely(text) is UNREAD


@settings(max_examples=150)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=8,
    )
)  # fmt: skip
def test_json_and_python_are_read_as_they_were_meant(value: Any) -> None:
    assert read_loosely(json.dumps(value)) == value
    if all(character.isprintable() for character in repr(value)):
        assert read_loosely(repr(value)) == value


def test_nothing_deep_or_endless_breaks_the_reader() -> None:
    for text in ("[" * 100_000, "{'a':" * 100_000, "'" + "\\'" * 100_000, "/*" * 100_000, "# " * 100_000):
        assert read_loosely(text) is UNREAD


def test_roles_by_other_names_are_renamed_and_unknown_ones_stay() -> None:
    roles = ["Human", " gpt ", "SYSTEM", "observation", 7, "user"]
    row, done = fix_row({"messages": [message(role, content="x") for role in roles]})  # type: ignore[arg-type]
    assert [each["role"] for each in row["messages"]] == ["user", "assistant", "system", "observation", 7, "user"]
    assert [path for _, path in done] == [("messages", n, "role") for n in range(3)]


def test_preference_rows_are_mended_in_all_their_lists() -> None:
    messages = [message("human", content="x")]
    row, _ = fix_row(
        {
            "input": {"messages": messages},
            "preferred_output": [message("gpt", content="a")],
            "non_preferred_output": [message("bot", content="b")],
        }
    )
    said = (*row["input"]["messages"], *row["preferred_output"], *row["non_preferred_output"])
    assert [each["role"] for each in said] == ["user", "assistant", "assistant"]
    assert messages[0]["role"] == "human"


def test_function_call_becomes_a_tool_call_that_is_answered(tmp_path: Path) -> None:
    old = {
        "messages": [
            message("user", content="weather?"),
            message(content=None, function_call={"name": "f", "arguments": "{}"}),
            message("function", name="f", content="sun"),
            message(content="It is sunny.", function_call=None),
        ],
        "functions": [{"name": "f", "parameters": {}}],
    }
    report, written = fixed(tmp_path, json.dumps(old) + "\n")
    row = json.loads(written)
    assert row["messages"][1]["tool_calls"][0]["id"] == row["messages"][2]["tool_call_id"] == "call_1"
    assert row["tools"][0]["function"]["name"] == "f"
    assert report.num_remaining == 0


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        ({"a": 1}, '{"a": 1}'),
        ('"{\\"a\\": 1}"', '{"a": 1}'),
        ("{'a': True}", '{"a": true}'),
        ("{broken", "{broken"),
        ("[1]", "[1]"),
        (5, 5),
    ],
)
def test_arguments_become_json_text_of_one_object(arguments: Any, meant: Any) -> None:
    row, _ = fix_row({"messages": [message(content=None, tool_calls=[call(arguments)])]})
    assert row["messages"][0]["tool_calls"][0]["function"]["arguments"] == meant


def test_content_that_is_a_number_is_left_alone(tmp_path: Path) -> None:
    report, _ = fixed(
        tmp_path, '{"messages": [{"role": "user", "content": 3}, {"role": "assistant", "content": "x"}]}\n'
    )
    assert report.fixes == ()
    assert [problem.rule for problem in report.remaining] == ["missing_content"]


def test_bad_rows_are_left_out_only_when_asked_and_each_is_told(tmp_path: Path) -> None:
    content = GOOD % 1 + "\n{broken\n" + GOOD % 2 + "\n" + '{"messages": []}\n'
    report, written = fixed(tmp_path, content)
    assert written.decode() == content
    assert report.num_remaining == 2
    report, written = fixed(tmp_path, content, drops_bad=True)
    assert written.decode() == GOOD % 1 + "\n" + GOOD % 2 + "\n"
    assert [problem.line for problem in report.left_out] == [2, 4]
    assert (report.num_rows_read, report.num_rows, report.num_remaining) == (4, 2, 0)


def test_rows_that_are_left_out_are_named_by_their_lines_in_the_file_that_was_read(tmp_path: Path) -> None:
    rows = [GOOD % 1, "", '{"messages": []}', GOOD % 1, GOOD % 1, "{broken", GOOD % 2]
    report, written = fixed(tmp_path, "\n".join(rows) + "\n", drops_bad=True, drops_duplicates=True)
    assert [(problem.line, Path(problem.file or "").name) for problem in report.left_out] == [
        (3, "in.jsonl"),
        (6, "in.jsonl"),
    ]
    assert (report.num_left_out, len(written.splitlines())) == (2, 2)


@pytest.mark.parametrize("end", ["\r", "\r\n", "\n", "\r\r\n"])
def test_lines_may_end_as_they_like(tmp_path: Path, end: str) -> None:
    report, written = fixed(tmp_path, end.join(GOOD % number for number in range(5)) + "\n" + GOOD % 5)
    assert written.decode() == "".join(GOOD % number + "\n" for number in range(6))
    assert (report.num_rows_read, report.num_remaining) == (6, 0)


def test_carriage_return_within_a_row_does_not_cut_it(tmp_path: Path) -> None:
    lines = [(GOOD % 1).replace(", ", ",\r"), (GOOD % 2).replace("a2", "a\r}")]
    report, written = fixed(tmp_path, "\n".join(lines) + "\n")
    assert (written.count(b"\n"), report.num_rows_read, report.num_remaining) == (2, 2, 1)


def test_equal_rows_are_left_out_only_when_asked(tmp_path: Path) -> None:
    again = GOOD.replace(": ", ":").replace("]}", '], "metadata": {"author": "x"}}')
    content = GOOD % 1 + "\n" + again % 1 + "\n" + GOOD % 2 + "\n"
    assert fixed(tmp_path, content)[0].num_rows == 3
    report, written = fixed(tmp_path, content, drops_duplicates=True)
    assert written.decode() == GOOD % 1 + "\n" + GOOD % 2 + "\n"
    assert counts(report) == {"duplicate_rows": 1}


def test_array_becomes_lines_even_with_trailing_commas(tmp_path: Path) -> None:
    report, written = fixed(tmp_path, "[\n" + GOOD % 1 + ",\n" + GOOD % 2 + ",\n]")
    assert [json.loads(line)["messages"][0]["content"] for line in written.splitlines()] == ["a1", "a2"]
    assert counts(report) == {"array_to_lines": 2, "nearly_json": 1}


def test_numbers_that_no_fast_writer_takes_survive(tmp_path: Path) -> None:
    big = "9" * 40
    _, written = fixed(tmp_path, GOOD.replace("]}", f'], "n": {big}}}').replace("user", "Human") % 1 + "\n")
    assert json.loads(written)["n"] == int(big)


def test_version_names_the_file_and_what_was_done(tmp_path: Path) -> None:
    fixed(tmp_path, GOOD.replace("user", "human") % 1 + "\r\n")
    version = read_version(tmp_path / "out.jsonl")
    assert version is not None
    assert version.parents[0].name == "in.jsonl"
    assert version.operations[0].counts == {"read": 1, "written": 1, "line_ends": 1, "role_names": 1}


@pytest.mark.parametrize(
    "content",
    ["x".encode("utf-16"), b"PK\x03\x04", b'[{"a": 1}', b"[1, \xff]", b'{\n "messages": [\n{"role": "user"},\n]\n}\n'],
)
def test_what_cannot_be_read_at_all_is_refused_and_nothing_written(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(UserError):
        fixed(tmp_path, content)
    assert not (tmp_path / "out.jsonl").exists()


PIECES = st.sampled_from(
    [
        "user",
        "Human",
        "gpt",
        "\u200b",
        "\ufeff",
        "a",
        "中",
        "'",
        '"',
        "{'a': 1}",
        '"{}"',
        "\\",
        "\u202e",
        "\u200d",
        "\U0001f468",
        " ",
    ]
)
TEXTS = st.lists(PIECES, max_size=4).map("".join)
MESSAGES = st.fixed_dictionaries(
    {"role": TEXTS, "content": TEXTS | st.none()},
    optional={
        "function_call": st.none() | st.fixed_dictionaries({"name": TEXTS, "arguments": TEXTS}),
        "tool_calls": st.lists(TEXTS.map(call) | st.just(call({"a": "\u200b"})), max_size=2),
    },
)
ROWS = st.fixed_dictionaries(
    {"messages": st.lists(MESSAGES, max_size=3)}, optional={"functions": st.just([{"name": "f"}]), "note": TEXTS}
)


@settings(max_examples=250)
@given(ROWS)
def test_mending_a_row_twice_does_nothing_more(row: dict[str, Any]) -> None:
    before = json.dumps(row)
    mended, done = fix_row(row)
    assert json.dumps(row) == before
    assert fix_row(mended) == (mended, [])
    assert {name for name, _ in done} <= FIXES.keys()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(ROWS.map(json.dumps) | ROWS.map(repr) | TEXTS.filter(lambda text: "\n" not in text), max_size=6),
    st.sampled_from(["\n", "\r\n"]),
)
def test_mending_a_file_twice_does_nothing_more(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], end: str
) -> None:
    folder = tmp_path_factory.mktemp("twice")
    try:
        _, once = fixed(folder, end.join(lines) + end)
    except UserError:
        return
    report, twice = fixed(folder, once)
    assert twice == once
    assert report.fixes == ()


@settings(max_examples=40, deadline=None)
@given(st.lists(ROWS.map(json.dumps), min_size=1, max_size=6))
def test_what_is_left_after_dropping_the_bad_is_clean(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("clean")
    good = [GOOD % number for number in range(len(lines) + 1)]  # more than there are of any other method
    report, written = fixed(folder, "\n".join([*lines, *good]) + "\n", drops_bad=True)
    assert report.num_remaining == 0
    assert written
    assert not validate_file(folder / "out.jsonl").errors
