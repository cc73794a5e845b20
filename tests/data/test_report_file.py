"""A report in a folder: everything that was found, read in pages, by rule, by severity and by line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tunesmith.data import report_file
from tunesmith.data.render import Renderer, render_all
from tunesmith.data.report_file import Report, Summary, write_report
from tunesmith.data.row_measures import ModelRead
from tunesmith.data.statistics import compute_statistics
from tunesmith.data.validate import validate_file
from tunesmith.nn.catalog import STARTER_FOLDER

GOOD = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]}
EMPTY = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": ""}]}
MUTE = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant"}]}
RENDERER = Renderer.load(STARTER_FOLDER)


def report_of(content: bytes | Sequence[Any], folder: Path, model: ModelRead | None = None) -> Report:
    path = folder / "a.jsonl"
    if not isinstance(content, bytes):
        content = "".join(json.dumps(row) + "\n" for row in content).encode()
    path.write_bytes(content)
    into = folder / "report"
    into.mkdir()
    write_report(path, into, model)
    return Report(into)


def rules(report: Report) -> dict[str, tuple[int, int]]:
    return {each.rule: (each.count, each.num_kept) for each in report.summary.rules}


def test_findings_equal_those_of_the_validator(tmp_path: Path) -> None:
    rows = b"".join(
        [b"{}\n", json.dumps(GOOD).encode() + b"\n", b'{"messages": 1, "messages": 2}\n', b"\xff\n", b"no\n"] * 9
    )
    report = report_of(rows, tmp_path)
    validated = validate_file(tmp_path / "a.jsonl").problems
    wanted = [{**each.as_json()} for each in validated]
    for each in wanted:
        del each["file"]
    assert report.page(limit=1000)[0] == wanted
    assert report.summary.num_errors == sum(each.severity == "error" for each in validated)


def test_figures_equal_those_of_the_statistics(tmp_path: Path) -> None:
    rows = [GOOD, {"messages": [{"role": "system", "content": "x"}, *GOOD["messages"] * 3]}, GOOD] * 5
    report = report_of(rows, tmp_path, ModelRead(RENDERER, 2048, 20))
    dataset = validate_file(tmp_path / "a.jsonl", control_tokens=RENDERER.tokenizer.control_tokens).dataset
    assert dataset is not None
    tokenized = render_all(dataset.examples, RENDERER, "a.jsonl")
    keeps_first = tokenized[0].token_ids[0] == RENDERER.tokenizer.bos_id
    assert report.summary.figures == compute_statistics(dataset, tokenized, 20, keep_first_token=keeps_first)
    assert report.summary.sha256 == dataset.sha256
    assert rules(report)["over_length"][0] == report.summary.figures.tokens.num_over_length  # type: ignore[union-attr]


def test_pages_are_cut_by_rule_and_severity(tmp_path: Path) -> None:
    report = report_of([GOOD, MUTE, EMPTY, {**GOOD, "odd": 1}] * 50, tmp_path)
    assert report.page(severity="error", limit=1)[1] == 100 == report.summary.num_errors
    data, total = report.page("message_missing_key", offset=48, limit=10)
    assert ([each["line"] for each in data], total) == ([194, 198], 50)
    assert report.page("message_missing_key", "warning") == ([], 0)
    assert report.page("no such rule") == ([], 0)
    assert report.page(offset=10_000) == ([], report.page()[1])
    lines = [each["line"] for each in report.page(limit=1000)[0]]
    assert lines == sorted(lines)


BROKEN = {"messages": [{"role": "user"}, {"role": "assistant"}, {"role": "nobody"}]}


def test_rows_with_errors_are_counted_once_each(tmp_path: Path) -> None:
    rows = [json.dumps(row).encode() for row in [GOOD, MUTE, BROKEN, GOOD, 7] * 40] + [b"", b"no", b"\xff", b""]
    report = report_of(b"\n".join(rows), tmp_path)
    assert report.summary.num_rows_with_errors == 3 * 40 + 2 == len(list(report.lines_with_errors()))
    assert report.summary.num_errors > report.summary.num_rows_with_errors


@pytest.mark.parametrize("indent", [None, 1])
def test_rows_with_errors_of_an_array_are_no_lines(tmp_path: Path, indent: int | None) -> None:
    report = report_of(json.dumps([GOOD, BROKEN, BROKEN, GOOD, MUTE] * 4, indent=indent).encode(), tmp_path)
    assert (report.summary.num_rows, report.summary.num_rows_with_errors) == (20, 12)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b'{\n  "messages": []\n}\n'])
def test_a_file_that_holds_no_rows_has_none_with_errors(tmp_path: Path, content: bytes) -> None:
    report = report_of(content, tmp_path)
    assert report.summary.num_errors > 0
    assert report.summary.num_rows_with_errors <= report.summary.num_rows


def test_rows_that_the_model_refuses_have_errors_too(tmp_path: Path) -> None:
    silent = {"messages": [GOOD["messages"][0], {**GOOD["messages"][1], "weight": 0}]}
    report = report_of([GOOD] * 9 + [silent] * 3, tmp_path, ModelRead(RENDERER, 2048))
    lines = list(report.lines_with_errors(of_model=True))
    assert report.summary.num_rows_with_errors == len(lines) == len(set(lines)) == report.summary.num_errors


def test_the_findings_of_a_line_are_found(tmp_path: Path) -> None:
    report = report_of([{"n": n} if n % 7 else {**GOOD, "n": n} for n in range(500)], tmp_path)
    for line in (1, 2, 250, 500):
        assert report.of_line(line) == [each for each in report.page(limit=1000)[0] if each["line"] == line]
    assert report.of_line(501) == []


def test_what_there_is_no_room_for_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_file, "MOST_KEPT", 20)
    monkeypatch.setattr(report_file, "KEPT_OF_EACH_RULE", 5)
    report = report_of([MUTE] * 60 + [[1]] * 30, tmp_path)
    assert rules(report) == {"message_missing_key": (60, 20), "not_an_object": (30, 5)}
    assert list(report.lines_with_errors()) == list(range(1, 91))


def test_rows_that_the_model_cannot_be_trained_on_are_named(tmp_path: Path) -> None:
    end = RENDERER.tokenizer.eos_token
    tool = {"type": "function", "function": {"name": "f", "description": f"{end}", "parameters": {"type": "object"}}}
    refused = {**GOOD, "tools": [tool]}
    report = report_of([GOOD, refused, GOOD, refused], tmp_path, ModelRead(RENDERER, 2048))
    assert rules(report)["not_renderable"] == (2, 2)
    assert str(STARTER_FOLDER) not in json.dumps(report.page()[0])
    assert report.summary.figures is not None
    assert report.summary.figures.tokens is None
    assert (list(report.lines_with_errors()), list(report.lines_with_errors(of_model=True))) == ([], [2, 4])


@pytest.mark.parametrize(
    ("content", "layout", "num_rows"),
    [
        (b"", "lines", 0),
        (b"\x1f\x8b\x08" + b"\0" * 50, "foreign", 0),
        (json.dumps([GOOD, MUTE], indent=1).encode(), "array", 2),
        (json.dumps(GOOD, indent=1).encode(), "lines", 1),
        (b"\n\n  \n", "lines", 0),
        (b"\xef\xbb\xbf" + json.dumps(GOOD).encode(), "lines", 1),
    ],
)
def test_every_kind_of_file_has_a_report(content: bytes, layout: str, num_rows: int, tmp_path: Path) -> None:
    summary = report_of(content, tmp_path, ModelRead(RENDERER, 2048)).summary
    assert (summary.layout, summary.num_rows) == (layout, num_rows)
    assert summary.num_errors + summary.num_warnings > 0


def test_hostile_rows_make_a_report_like_others(tmp_path: Path) -> None:
    deep = b'{"messages": ' + b'[{"a":' * 60 + b"1" + b"}]" * 60 + b"}"
    keys = b'{"' + b'", "'.join(b'k%d": 1, "x' % n for n in range(50)) + b'": 1}'
    rows = [
        b'{"messages": [{"role": "user", "content": "\\ud800"}, {"role": "assistant", "content": "\\udfff"}]}',
        b'{"\\ud800": 1, "\\ud800": 2}', b'{"messages": [' + b"[" * 5000, deep, keys, b'{"a": 1e999999}', b'{"a": ' + b"9" * 5000 + b"}",
        b"\x00\x01\x02", b"NaN", b"[" * 200, '{"prompt": "\u202e<script>alert(1)</script>", "completion": "x"}'.encode(), b"\xff\xfe",
    ]  # fmt: skip
    shares: list[float] = []
    path, into = tmp_path / "a.jsonl", tmp_path / "r"
    path.write_bytes(b"\n".join([json.dumps(GOOD).encode(), *rows]))
    into.mkdir()
    summary: Summary = write_report(path, into, ModelRead(RENDERER, 2048), shares.append)
    report = Report(into)
    assert summary == report.summary
    assert len({each["line"] for each in report.page(limit=1000)[0]}) >= len(rows)
    json.dumps(report.page(limit=1000)).encode()
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_long_paths_and_messages_are_cut(tmp_path: Path) -> None:
    row = b'{"messages": ' + b"".join(b'{"%s": ' % (b"k" * 90) for _ in range(40)) + b'{"a": 1, "a": 2}' + b"}" * 41
    report = report_of(row + b"\n", tmp_path)
    assert max(len(each["path"] or "") for each in report.page()[0]) <= 300
