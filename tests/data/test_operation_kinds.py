"""Each kind of operation as its process runs it: settings as JSON and files in; files, counts and lists out."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tunesmith.core.errors import Problems
from tunesmith.data.operation_kinds import RUNS
from tunesmith.data.operations import Done, Input, Workbench
from tunesmith.data.validate import validate_file
from tunesmith.specs.data_operations import KINDS, parse_settings

TABLE = b"ticket,ask,reply\n1,How do I log in?,Press the blue button.\n2,Where is it?,\n3,Who are you?,I am the help desk.\n"
MAPPING = {"user": "ask", "assistant": "reply", "thread": "ticket"}


class Bench:
    """A folder as an operation's process has one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shares: list[float] = []

    def run(self, kind: str, *contents: bytes, names: tuple[str, ...] = (), **settings: Any) -> Done:
        inputs = []
        for index, content in enumerate(contents):
            name = names[index] if names else f"data{index}.jsonl"
            path = self.folder / f"{index}{Path(name).suffix}"
            path.write_bytes(content)
            inputs.append(Input(path, name, sha256(content).hexdigest()))
        out = self.folder / f"out{len(list(self.folder.glob('out*')))}"
        out.mkdir()
        return RUNS[kind](parse_settings(kind, settings), inputs, Workbench(out, self.shares.append, b"key"))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def items(done: Done) -> list[dict[str, Any]]:
    return [] if done.items is None else [json.loads(line) for line in done.items.read_bytes().splitlines()]


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_every_kind_that_may_be_asked_for_can_be_run() -> None:
    assert RUNS.keys() == KINDS.keys()


def test_preview_of_a_table_shows_columns_and_why_a_row_is_left_out(bench: Bench) -> None:
    done = bench.run("preview_import", TABLE, names=("desk.csv",), mapping=MAPPING)
    assert done.result is not None
    assert (done.result["format"], done.result["columns"]) == ("table", ["ticket", "ask", "reply"])
    assert done.result["mapping"] == {**MAPPING, "output": "chat"}
    shown = items(done)
    assert [each["row"] is not None for each in shown] == [True, False, True]
    assert shown[0]["row"]["messages"][1]["content"] == "Press the blue button."
    assert shown[1]["place"].startswith("desk.csv, line 3")
    assert done.outputs == ()


def test_preview_of_columns_that_say_nothing_asks_for_a_mapping(bench: Bench) -> None:
    table = b"a,b\n" + b"".join(b"%d,%d\n" % (n, n) for n in range(30))
    done = bench.run("preview_import", table, names=("numbers.csv",))
    assert done.result is not None
    assert (done.result["is_sure"], done.result["columns"]) == (False, ["a", "b"])
    assert {"a": "0", "b": "0"} in [each["record"] for each in items(done)]


def test_converted_rows_validate_and_what_gave_none_is_counted(bench: Bench) -> None:
    done = bench.run("convert", TABLE, names=("desk.csv",), mapping=MAPPING, licence="CC0-1.0")
    (output,) = done.outputs
    assert (output.name, done.counts["rows_written"], done.counts["left_out"]) == ("desk.jsonl", 2, 1)
    assert validate_file(output.path).errors == ()
    assert [(each.file, each.line) for each in done.problems] == [("desk.csv", 3)]
    assert [parent.name for parent in output.version.parents] == ["desk.csv"]
    assert (output.version.licence, output.version.num_rows) == ("CC0-1.0", 2)


def test_several_files_become_one_in_their_order(bench: Bench) -> None:
    chat = b'{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}\n'
    shared = b'{"conversations": [{"from": "human", "value": "c"}, {"from": "gpt", "value": "d"}]}\n'
    done = bench.run("convert", chat, shared, names=("one.jsonl", "two.jsonl"), filename="both.jsonl")
    (output,) = done.outputs
    assert [row["messages"][0]["content"] for row in rows(output.path)] == ["a", "c"]
    assert output.name == "both.jsonl"
    assert done.result is not None
    assert [each["name"] for each in done.result["sources"]] == ["one.jsonl", "two.jsonl"]


def test_nothing_made_tells_every_reason(bench: Bench) -> None:
    with pytest.raises(Problems) as refused:
        bench.run("convert", b"\x00\x01\x02" * 99, names=("what.bin",))
    assert [problem.file for problem in refused.value.problems] == ["what.bin"]


@pytest.mark.parametrize(
    "settings", [{"format": "word"}, {"filename": "../x.jsonl"}, {"filename": "x.csv"}, {"mee": []}]
)
def test_settings_that_do_not_fit_are_refused_with_their_place(settings: dict[str, Any]) -> None:
    with pytest.raises(Problems) as refused:
        parse_settings("convert", settings)
    assert refused.value.problems[0].path == f"settings.{next(iter(settings))}"
