"""``tunesmith data fix`` and what ``data check`` says of content and cost: what is printed, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tunesmith.cli.data import data_app
from tunesmith.cli.training_estimate import _speed_of_runs
from tunesmith.core.errors import UserError
from tunesmith.train.run_folder import RunFolder, StepMetrics

GOOD = '{"messages": [{"role": "user", "content": "a%d"}, {"role": "assistant", "content": "b%d"}]}\n'


def run(*arguments: object) -> Result:
    return CliRunner().invoke(data_app, [str(argument) for argument in arguments])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "in.jsonl"
    path.write_text("".join(GOOD % (n, n) for n in range(12)) + (GOOD % (99, 99)).replace("user", "human"))
    return path


def test_fix_writes_the_mended_file_and_says_what_it_did(file: Path, tmp_path: Path) -> None:
    result = run("fix", file, "--out", tmp_path / "out.jsonl")
    assert result.exit_code == 0
    assert "roles called by the names that the API knows" in result.output
    assert "13 (messages[0].role)" in result.output
    assert "human" not in (tmp_path / "out.jsonl").read_text()


def test_fix_leaves_with_2_while_errors_remain(file: Path, tmp_path: Path) -> None:
    file.write_text(file.read_text() + "{broken\n")
    assert run("fix", file, "--out", tmp_path / "out.jsonl").exit_code == 2
    assert run("fix", file, "--out", tmp_path / "out2.jsonl", "--drop-bad").exit_code == 0


def test_fix_never_writes_over_its_input_nor_unasked_over_a_file(file: Path, tmp_path: Path) -> None:
    there = tmp_path / "there.jsonl"
    there.write_text("mine")
    for out, option in ((file, ["--overwrite"]), (there, [])):
        result = run("fix", file, "--out", out, *option)
        assert isinstance(result.exception, UserError)
    assert there.read_text() == "mine"
    assert run("fix", file, "--out", there, "--overwrite").exit_code == 0


def test_fix_prints_one_json_object(file: Path, tmp_path: Path) -> None:
    said = json.loads(run("fix", file, "--out", tmp_path / "out.jsonl", "--json").stdout)
    assert said["fixes"][0]["name"] == "role_names"
    assert said["num_remaining"] == 0


def test_check_tells_what_is_said_and_takes_a_list_of_ones_own(tmp_path: Path) -> None:
    path, terms = tmp_path / "in.jsonl", tmp_path / "terms.txt"
    path.write_text("".join(GOOD % (n, n) for n in range(12)) + (GOOD % (99, 99)).replace("a99", "you frobnicator"))
    terms.write_text("[hate low]\nfrobnicator\n")
    said = json.loads(run("check", path, "--harm-list", terms, "--json").stdout)
    assert [(problem["rule"], problem["line"]) for problem in said["problems"]] == [("harmful_content", 13)]


def run_of_before(runs: Path, speeds: list[float], spec: str = "") -> Path:
    folder = runs / "before"
    folder.mkdir(parents=True)
    (folder / "spec.yaml").write_text(f"base_model: starter\ntraining_file: x.jsonl\n{spec}")
    run = RunFolder(folder, lambda: 0.0)
    for step, speed in enumerate(speeds, start=1):
        run.add_metrics(StepMetrics(step, tokens_per_second=speed))
    return folder


def test_check_tells_passes_memory_and_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text("".join(GOOD % (n, n) for n in range(12)))
    run_of_before(tmp_path / "runs", [10.0, 20.0, 100.0, 110.0, 120.0, 130.0])
    monkeypatch.chdir(tmp_path)
    training = json.loads(run("check", path, "--base-model", "starter", "--json").stdout)["training"]
    assert (training["num_epochs"], training["cookbook_epochs"]) == (3, 8)
    assert training["tokens_per_second"] == [110, 130]
    assert "runs/before" in training["how"]
    assert training["memory_bytes"] > 1 << 28


def test_speed_of_a_run_by_another_method_says_nothing(tmp_path: Path) -> None:
    folder = run_of_before(tmp_path / "runs", [10.0] * 6, "adapter: none\n")
    assert _speed_of_runs("starter", "lora", tmp_path / "runs") is None
    assert _speed_of_runs("starter", "full", tmp_path / "runs") == (folder, 10, 10)
