"""Every bad row of a file is named with its place; good rows, however odd, are not refused."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tunesmith.core.errors import Problem, Problems
from tunesmith.data.examples import ChatExample
from tunesmith.data.validate import MOST_PROBLEMS_PER_RULE, DataReport, read_dataset, validate_file

Write = Callable[..., Path]


def good(number: int = 0) -> dict[str, Any]:
    return {
        "messages": [
            {"role": "user", "content": f"What is {number}+1?"},
            {"role": "assistant", "content": str(number + 1)},
        ]
    }


def good_lines(count: int = 12) -> list[str]:
    return [json.dumps(good(number)) for number in range(count)]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(content: str | bytes | list[str], name: str = "train.jsonl") -> Path:
        path = tmp_path / name
        text = "\n".join(content) + "\n" if isinstance(content, list) else content
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write


def only(report: DataReport) -> Problem:
    (problem,) = report.errors
    assert report.dataset is None
    return problem


def with_fault(line: str, at: int = 5) -> list[str]:
    lines = good_lines()
    lines[at - 1] = line
    return lines


def test_good_file_becomes_a_dataset(write: Write) -> None:
    report = validate_file(write(good_lines()))
    assert report.problems == ()
    assert report.dataset is not None
    assert (report.format, report.num_rows, len(report.dataset.examples)) == ("chat", 12, 12)
    assert [example.line for example in report.dataset.examples] == list(range(1, 13))


def test_dataset_knows_the_hash_of_the_files_bytes(write: Write) -> None:
    lines = write(good_lines())
    array = write(json.dumps([good(number) for number in range(12)]), "train.json")
    for path in (lines, array):
        assert read_dataset(path)[0].sha256 == sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("line", "rule", "column", "word"),
    [
        ('{"messages": [}', "invalid_json", 15, "expected a value"),
        ("{'messages': []}", "invalid_json", 2, "single quote"),
        ("{“messages”: []}", "invalid_json", 2, "typographic quote"),
        ('{"messages": [],}', "invalid_json", 16, "comma"),
        ('{"messages": [1,]}', "invalid_json", 16, "comma"),
        ('{"messages" []}', "invalid_json", 13, "colon"),
        ('{"messages": [] "tools": []}', "invalid_json", 17, "comma"),
        ('{"messages": []', "invalid_json", 16, "ends where"),
        ('{"messages": ["a]}', "invalid_json", 15, "closing quote"),
        (r'{"messages": "a\x"}', "invalid_json", 16, "no escape"),
        ('{"messages": "a\tb"}', "invalid_json", 16, "control character"),
        ('{"messages": "a\0b"}', "invalid_json", 16, "NUL"),
        ("\0" * 40, "invalid_json", 1, "NUL"),
        ('{"messages": NaN}', "invalid_json", 14, "NaN"),
        ('{"messages": -Infinity}', "invalid_json", 14, "-Infinity"),
        ('{"messages": 1e999}', "invalid_json", 14, "too large"),
        ('{"messages": ' + "9" * 5000 + "}", "invalid_json", 14, "5,000 digits"),
        ('{"messages": True}', "invalid_json", 14, "True"),
        ('{"messages": []} // good', "invalid_json", 18, "comment"),
        ('{"messages": []}{"messages": []}', "invalid_json", 17, "second value"),
        ('{"messages": []},', "invalid_json", 17, "comma follows"),
        ("\ufeff{}", "invalid_json", 1, "expected a value"),
        ('{"messages": [], "messages": []}', "duplicate_key", 18, "twice"),
        (r'{"messages": "\ud83d"}', "invalid_unicode", 15, r"\ud83d"),
        (r'{"messages": "ab\ude00"}', "invalid_unicode", 17, r"\ude00"),
        ('{"messages": ' + "[" * 200 + "]" * 200 + "}", "nesting_too_deep", 113, "too deep"),
        ("[" * 100_000, "nesting_too_deep", 101, "too deep"),
        ('{"a":' * 5_000, "nesting_too_deep", 501, "too deep"),
        ("3", "not_an_object", 1, "not an object"),
        ("[]", "not_an_object", 1, "not an object"),
        ('{"messages": [{"role": "usr", "content": "ü"}, 1]}', "unrecognized_role", 24, "usr"),
        ('{"messages": [{"role": "user", "content": "üü", "foo": 1}]}', "message_unrecognized_key", 49, "foo"),
        (
            '{"messages": [{"role": "user", "content": "a"}, {"role": "assistant"}]}',
            "message_missing_key",
            49,
            "content",
        ),
    ],
)
def test_fault_is_named_with_line_and_column(write: Write, line: str, rule: str, column: int, word: str) -> None:
    errors = validate_file(write(with_fault(line))).errors
    first = next(problem for problem in errors if problem.rule == rule)
    assert (first.line, first.column) == (5, column)
    assert word in first.message
    assert first.hint
    assert {problem.line for problem in errors} == {5}


def test_every_unusable_row_is_named_with_its_line_and_why(write: Write) -> None:
    lines = good_lines(30)
    lines[3], lines[11], lines[29] = "{", '{"messages": []}', '{"messages": [{"role": "user", "content": "x"}]}'
    path = write(lines)
    with pytest.raises(Problems) as raised:
        read_dataset(path)
    found = [(problem.line, problem.rule) for problem in raised.value.problems]
    assert found == [(4, "invalid_json"), (12, "missing_messages_list"), (30, "example_missing_assistant_message")]
    assert "3 errors in 30 rows" in raised.value.message


def test_sharegpt_file_is_not_read_as_alpaca(write: Write) -> None:
    row = {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}]}
    problem = only(validate_file(write([json.dumps(row)] * 12)))
    assert problem.rule == "unknown_format"
    assert '"conversations"' in problem.message
    assert "ShareGPT" in problem.message
    assert problem.hint == "convert it: tunesmith data convert FILE --out NEW.jsonl"


def test_sharegpt_file_named_alpaca_by_the_user_is_refused_row_by_row(write: Write) -> None:
    row = json.dumps({"conversations": [{"from": "human", "value": "Hi"}]})
    report = validate_file(write([row] * 12), format="alpaca")
    assert {problem.line for problem in report.errors} == set(range(1, 13))


def test_table_is_told_to_be_one(write: Write) -> None:
    problem = only(validate_file(write("instruction,output\nadd,3\n")))
    assert (problem.rule, problem.line) == ("unknown_format", 1)
    assert "CSV" in problem.message


def test_row_of_another_format_is_named(write: Write) -> None:
    row = json.dumps({"prompt": "a", "completion": "b"})
    problem = only(validate_file(write(with_fault(row))))
    assert (problem.line, problem.rule) == (5, "missing_messages_list")
    assert "prompt_completion" in problem.message
    other = write([row] * 11 + [json.dumps(good())], "other.jsonl")
    assert (only(validate_file(other)).line, only(validate_file(other)).rule) == (12, "mixed_formats")


def test_unknown_row_keys_are_warned_of_once_with_their_count(write: Write) -> None:
    report = validate_file(write([json.dumps({**good(number), "source": "x"}) for number in range(12)]))
    (warning,) = report.warnings
    assert (warning.rule, warning.line, warning.path) == ("unrecognized_key", 1, "source")
    assert "12 rows" in warning.message
    assert report.dataset is not None


# ---- files that are no JSON lines ----


def test_empty_file_is_named(write: Write) -> None:
    assert only(validate_file(write(""))).rule == "empty_file"
    assert only(validate_file(write("\n \r\n"))).rule == "empty_file"
    assert only(validate_file(write("\ufeff"))).rule == "empty_file"
    assert only(validate_file(write("[]", "a.json"))).rule == "empty_file"


def test_missing_file_and_folder_are_named(tmp_path: Path) -> None:
    assert "No such file" in only(validate_file(tmp_path / "gone.jsonl")).message
    assert "is a folder" in only(validate_file(tmp_path)).message


@pytest.mark.parametrize(
    ("head", "name", "word"),
    [
        (b"\x1f\x8b\x08\0", "a.jsonl.gz", "gzip"),
        (b"PK\x03\x04\x14", "a.zip", "zip archive"),
        (b"PK\x03\x04\x14", "a.xlsx", "Excel"),
        (b"PAR1\x15\x04", "a.parquet", "Parquet"),
        (b"\x28\xb5\x2f\xfd", "a.zst", "Zstandard"),
        (b"%PDF-1.7", "a.pdf", "PDF"),
    ],
)
def test_foreign_file_is_told_by_its_first_bytes(write: Write, head: bytes, name: str, word: str) -> None:
    problem = only(validate_file(write(head + b"\0" * 100, name)))
    assert problem.rule == "unknown_format"
    assert word in problem.message


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_wide_encoding_is_named(write: Write, codec: str) -> None:
    problem = only(validate_file(write("\n".join(good_lines()).encode(codec))))
    assert problem.rule == "not_utf8"
    assert codec.upper().replace("-LE", "LE").replace("-BE", "BE") in problem.message
    assert "iconv -f UTF-" in problem.hint


@pytest.mark.parametrize(
    ("codec", "name", "text"),
    [
        ("gb18030", "GB18030", "今天天气很好，我们去公园散步吧。"),
        ("big5", "BIG5", "今天天氣很好，我們去公園散步吧。"),
        ("shift_jis", "SHIFT_JIS", "今日はとてもいい天気ですね。"),
        ("euc_jp", "EUC-JP", "今日はとてもいい天気ですね。"),
        ("euc_kr", "EUC-KR", "오늘은 날씨가 아주 좋습니다."),
        ("cp1251", "WINDOWS-1251", "Сегодня очень хорошая погода."),
        ("cp1252", "WINDOWS-1252", "Das Café schließt früh, schöne Grüße"),
    ],
)
def test_likely_encoding_is_named(write: Write, codec: str, name: str, text: str) -> None:
    row = '{"messages": [{"role": "user", "content": "' + text + '"}, {"role": "assistant", "content": "ok"}]}\n'
    problem = validate_file(write((row * 3).encode(codec))).errors[0]
    assert (problem.rule, problem.line) == ("not_utf8", 1)
    assert name in problem.message
    assert f"iconv -f {name} -t utf-8" in problem.hint


def test_first_bad_byte_is_named(write: Write) -> None:
    lines = [line.encode() for line in good_lines()]
    lines[4] = '{"messages": "日本'.encode() + b'\xff"}'
    problem = only(validate_file(write(b"\n".join(lines))))
    assert (problem.rule, problem.line, problem.column) == ("not_utf8", 5, 17)
    assert "byte 21 of the line is 0xFF" in problem.message


def test_half_written_last_line_is_named(write: Write) -> None:
    whole = "\n".join(good_lines()).encode()
    for cut in (1, 2, 5, 20, 60):
        problem = only(validate_file(write(whole[:-cut])))
        assert (problem.rule, problem.line) == ("invalid_json", 12)
        assert problem.message == "the last line ends in the middle: was the file cut?"


def test_file_cut_inside_a_character_is_named(write: Write) -> None:
    cut = "\n".join([*good_lines(), '{"messages": "日']).encode()[:-1]
    assert only(validate_file(write(cut))).message == "the last line ends in the middle: was the file cut?"


def test_example_spread_over_lines_is_one_problem(write: Write) -> None:
    problem = only(validate_file(write("\n".join(json.dumps(good(n), indent=2) for n in range(12)))))
    assert "spread over several lines" in problem.message


# ---- JSON arrays ----


def test_pretty_array_is_read_with_its_lines(write: Write) -> None:
    rows = [good(number) for number in range(12)]
    rows[2]["messages"][1]["role"] = "asistant"
    text = json.dumps(rows, indent=2, ensure_ascii=False)
    problem = only(validate_file(write(text, "train.json")))
    line = next(number for number, content in enumerate(text.split("\n"), 1) if "asistant" in content)
    assert (problem.line, problem.column) == (line, text.split("\n")[line - 1].index('"asistant"') + 1)


def test_compact_array_names_the_column(write: Write) -> None:
    text = json.dumps([good(0), 3, good(1)])
    problem = only(validate_file(write(text, "train.json")))
    assert (problem.rule, problem.line, problem.column) == ("not_an_object", 1, text.index(" 3,") + 2)


def test_break_in_an_array_is_named_after_the_rows_before_it(write: Write) -> None:
    bad = good(0)
    bad["messages"][0]["role"] = "usr"
    text = f"[\n{json.dumps(bad)},\n{json.dumps(good(1))}\n{json.dumps(good(2))}]"
    report = validate_file(write(text, "train.json"))
    assert [(problem.line, problem.column, problem.rule) for problem in report.errors] == [
        (2, 24, "unrecognized_role"),
        (4, 1, "invalid_json"),
    ]


def test_surrogate_in_an_array_does_not_hide_other_rows(write: Write) -> None:
    text = '[{"messages": "\\ud800"},\n{"messages": []}]'
    found = {(problem.line, problem.rule) for problem in validate_file(write(text, "a.json")).errors}
    assert {(1, "invalid_unicode"), (2, "missing_messages_list")} <= found


# ---- warnings, floods, reports ----


def test_duplicates_name_their_first_line(write: Write) -> None:
    report = validate_file(write([*good_lines(), json.dumps(good(3))]))
    (warning,) = report.warnings
    assert (warning.rule, warning.line) == ("duplicate_example", 13)
    assert "line 4" in warning.message


def test_few_examples_are_warned_of(write: Write) -> None:
    assert [problem.rule for problem in validate_file(write(good_lines(9))).warnings] == ["too_few_examples"]
    assert validate_file(write(good_lines(10))).warnings == ()


def test_control_token_typed_in_content_is_only_a_warning(write: Write) -> None:
    row = '{"messages": [{"role": "user", "content": "<|im_end|>"}, {"role": "assistant", "content": "</s> <turn|>"}]}'
    report = validate_file(write(with_fault(row)), control_tokens=["<turn|>"])
    assert [(problem.line, problem.rule) for problem in report.problems] == [(5, "special_token_warning")] * 2
    assert "plain text" in report.problems[0].message
    assert report.dataset is not None


def test_flood_of_one_rule_is_counted_not_listed(write: Write) -> None:
    report = validate_file(write(["{'a': 1}"] * (MOST_PROBLEMS_PER_RULE + 234) + good_lines()))
    assert len(report.problems) == MOST_PROBLEMS_PER_RULE + 1
    assert "234 more" in report.problems[-1].message


def test_report_as_json_is_complete(write: Write) -> None:
    report = validate_file(write(with_fault("{")))
    said = json.loads(json.dumps(report.as_json()))
    assert (said["format"], said["file_format"], said["num_rows"], said["num_errors"]) == (1, "chat", 12, 1)
    assert said["problems"][0]["line"] == 5


def test_nothing_recursive_escapes_from_a_deep_caller(write: Write) -> None:
    path = write(with_fault('{"messages": ' + "[" * 90 + "]" * 90 + "}"))

    def deeper(levels: int) -> DataReport:
        return validate_file(path) if levels == 0 else deeper(levels - 1)

    assert deeper(sys.getrecursionlimit() // 4).errors


# ---- valid data is never refused ----

ODD_TEXT = st.text(
    st.one_of(
        st.characters(codec="utf-8"),
        st.sampled_from("\u2028\u2029\x85\x0c\x1c\u200f\u202e\ufeff👩‍👩‍👧‍👦é́\\\"':,{}[]\r\n\t\0"),
    ),
    min_size=1,
    max_size=60,
)


@st.composite
def odd_files(draw: st.DrawFn) -> bytes:
    texts = draw(st.lists(ODD_TEXT, min_size=1, max_size=8))
    separators = draw(st.sampled_from([(",", ":"), (", ", ": "), (" , ", " : ")]))
    lines = [
        json.dumps(
            {"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": text}]},
            ensure_ascii=draw(st.booleans()),
            separators=separators,
        )
        for text in texts
    ]
    end = draw(st.sampled_from(["\n", "\r\n", "\n\n", "\n \t\n"]))
    return (draw(st.sampled_from(["", "\ufeff"])) + end.join(lines) + draw(st.sampled_from(["", end]))).encode()


@given(content=odd_files())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_valid_odd_rows_are_never_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.jsonl"
    path.write_bytes(content)
    report = validate_file(path)
    assert report.errors == ()
    assert report.dataset is not None
    rows = [json.loads(line) for line in content.decode("utf-8-sig").split("\n") if line.strip()]
    for example, row in zip(report.dataset.examples, rows, strict=True):
        assert isinstance(example, ChatExample)
        assert [message.content for message in example.messages] == [message["content"] for message in row["messages"]]


# ---- generated faults are found where they are ----


def _broken(line: str, draw: random.Random) -> tuple[str, int | None]:
    """A line with one fault in it, and the fault's column (None where it depends on what is missing)."""
    kind = draw.choice(
        ["cut", "nan", "quotes", "trailing_comma", "surrogate", "garbage", "role", "content", "no_colon"]
    )
    if kind == "cut":
        return line[: draw.randrange(1, len(line))], None
    at, new = {
        "nan": (line.index(': "') + 2, "NaN"),
        "quotes": (line.index('"messages"'), "'messages'"),
        "trailing_comma": (len(line) - 1, ",}"),
        "surrogate": (line.index("What"), r"\udc00"),
        "garbage": (len(line), "@"),
        "role": (line.index('"assistant"'), '"bot"'),
        "content": (line.rindex('"', 0, -3), '"'),
        "no_colon": (line.index(': "'), " "),
    }[kind]
    if kind == "content":
        at = line.rindex('"content": ') + len('"content": ')
        return line[:at] + "17}]}", at + 1
    skipped = {"nan": 6, "quotes": 10, "trailing_comma": 1, "role": 11, "surrogate": 0, "garbage": 0, "no_colon": 1}[
        kind
    ]
    column = at + 1 + (1 if kind == "no_colon" else 0)
    return line[:at] + new + line[at + skipped :], column + (1 if kind == "no_colon" else 0)


def test_500_generated_faults_are_each_reported_at_their_place(write: Write) -> None:
    draw = random.Random(18)
    lines = good_lines(1_500)
    faults: dict[int, int | None] = {}
    for at in draw.sample(range(len(lines)), 500):
        lines[at], faults[at + 1] = _broken(lines[at], draw)
    found = {problem.line: problem.column for problem in validate_file(write(lines)).errors}
    assert found.keys() == faults.keys()
    assert {line: found[line] for line, column in faults.items() if column} == {
        line: column for line, column in faults.items() if column
    }
