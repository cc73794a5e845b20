"""`tunesmith train`: what a run leaves and says, and how every mistake ends: one sentence, exit code, nothing half written."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from tunesmith.cli.main import run
from tunesmith.specs.yaml_file import load_spec

SETTINGS = {"num_epochs": 4, "batch_size": 8, "learning_rate": 0.01, "lora_rank": 4, "validation_split": 0.2}
CONTESTANTS = {"base", "few_shot", "tuned"}


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err


def tunesmith(*arguments: object) -> Said:
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setenv("COLUMNS", "250")
        patch.setenv("TUNESMITH_OFFLINE", "1")
        code = run([str(argument) for argument in arguments])
    return Said(code, out.getvalue(), err.getvalue())


def write_job(folder: Path, base: Path | str, rows: list[dict[str, Any]] | None = None, **settings: Any) -> Path:
    """``folder/job.yaml`` and, if rows are given, ``folder/data/training.jsonl``."""
    if rows is not None:
        (folder / "data").mkdir(exist_ok=True)
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / "data" / "training.jsonl").write_text(text, encoding="utf-8")
    spec = {"base_model": str(base), "training_file": "data/training.jsonl", **settings}
    job = folder / "job.yaml"
    job.write_text("".join(f"{key}: {json.dumps(value)}\n" for key, value in spec.items()))
    return job


@dataclass(frozen=True)
class Finished:
    job: Path
    folder: Path
    said: Said

    def json(self, name: str) -> Any:
        return json.loads((self.folder / name).read_text(encoding="utf-8"))

    def metrics(self) -> list[dict[str, str]]:
        return list(csv.DictReader((self.folder / "metrics.csv").open()))

    def valid_losses(self) -> list[float]:
        return [float(row["valid_loss"]) for row in self.metrics() if row["valid_loss"]]


def finished(
    folder: Path, base: Path | str, rows: list[dict[str, Any]] | None, *more: str, **settings: Any
) -> Finished:
    job = write_job(folder, base, rows, **(SETTINGS | settings))
    said = tunesmith("train", job, "--out", folder / "run", *more)
    assert said.code == 0, said.text
    return Finished(job, folder / "run", said)


@pytest.fixture(scope="session")
def lora(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path, tiny_rows: list[dict[str, Any]]) -> Finished:
    folder = tmp_path_factory.mktemp("lora")
    relative = os.path.relpath(tiny_base, folder)
    return finished(folder, relative, tiny_rows, eval_examples=4, save_every_steps=5, keep_checkpoints=2)


@pytest.fixture(scope="session")
def full(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path, tiny_rows: list[dict[str, Any]]) -> Finished:
    settings = {"adapter": "none", "eval_examples": 0, "learning_rate": "auto"}
    return finished(tmp_path_factory.mktemp("full"), tiny_base, tiny_rows, **settings)


@pytest.fixture(scope="session")
def raw(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Finished:
    """Prompt and completion, reported with ``--json``."""
    rows = [{"prompt": f"Say {i} ->", "completion": f" red {i}"} for i in range(30)]
    return finished(tmp_path_factory.mktemp("raw"), tiny_base, rows, "--json", eval_examples=3)


# ---- what a run leaves ---------------------------------------------------------------------------


def test_run_folder_holds_what_the_readme_lists(lora: Finished) -> None:
    names = {path.name for path in lora.folder.iterdir() if not path.name.startswith(".")}
    documented = {"spec.yaml", "resolved.json", "events.jsonl", "metrics.csv", "checkpoints", "model"}
    assert names == documented | {"report.html", "report.json"}


def test_paths_in_the_yaml_are_relative_to_it(lora: Finished, tiny_base: Path) -> None:
    """The run was started from another folder, and its spec still finds everything."""
    spec = load_spec(lora.folder / "spec.yaml")
    assert Path(spec.base_model) == tiny_base.resolve()
    assert Path(spec.training_file) == (lora.job.parent / "data" / "training.jsonl").resolve()
    given = load_spec(lora.job).model_dump(exclude={"base_model", "training_file"})
    assert spec.model_dump(exclude={"base_model", "training_file"}) == given


def test_resolved_json_says_every_value_with_its_reason(lora: Finished) -> None:
    resolved = lora.json("resolved.json")
    assert resolved["format"] == 1
    assert all(set(entry) == {"value", "reason"} and entry["reason"] for entry in resolved["settings"].values())
    assert resolved["settings"]["batch_size"] == {"value": 8, "reason": "as given"}
    assert resolved["settings"]["lora_alpha"]["value"] == 8.0
    data = (lora.job.parent / "data" / "training.jsonl").read_bytes()
    assert resolved["sources"]["training_file"] == hashlib.sha256(data).hexdigest()


def test_events_tell_the_run_in_order(lora: Finished) -> None:
    events = [json.loads(line) for line in (lora.folder / "events.jsonl").read_text().splitlines()]
    kinds = [event["type"] for event in events]
    assert kinds == ["started", *["checkpoint"] * (len(kinds) - 2), "succeeded"]
    assert len(kinds) > 3
    assert all(event["format"] == 1 and event["message"] and event["at"] > 1.7e9 for event in events)


def test_metrics_have_the_wire_columns_and_a_row_a_step(lora: Finished) -> None:
    rows = lora.metrics()
    wire = ["step", "train_loss", "train_mean_token_accuracy", "valid_loss", "valid_mean_token_accuracy"]
    assert list(rows[0])[:5] == wire
    steps = lora.json("resolved.json")["settings"]["total_steps"]["value"]
    assert [int(row["step"]) for row in rows] == list(range(steps + 1))
    assert (rows[0]["train_loss"], rows[1]["learning_rate"] != "") == ("", True)


@pytest.mark.parametrize("kind", ["lora", "full", "raw"])
def test_validation_loss_falls(kind: str, request: pytest.FixtureRequest) -> None:
    losses = request.getfixturevalue(kind).valid_losses()
    assert len(losses) >= 4
    assert losses[-1] < losses[0]


def test_newest_checkpoints_stay_and_match_their_manifests(lora: Finished) -> None:
    folders = sorted((lora.folder / "checkpoints").iterdir())
    steps = lora.json("resolved.json")["settings"]["total_steps"]["value"]
    assert [path.name for path in folders] == [
        f"step-{steps // 5 * 5 - (0 if steps % 5 else 5):06d}",
        f"step-{steps:06d}",
    ]
    for folder in folders:
        manifest = json.loads((folder / "manifest.json").read_text())
        hashes = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in manifest["sha256"]}
        assert (manifest["format"], manifest["sha256"]) == (1, hashes)


def test_lora_model_is_an_adapter_with_its_tokenizer(lora: Finished) -> None:
    names = {path.name for path in (lora.folder / "model").iterdir()}
    assert {"adapter_config.json", "adapter_model.safetensors", "tokenizer.json", "chat_template.jinja"} <= names
    assert "model.safetensors" not in names
    facts = lora.json("model/tunesmith.json")
    assert (facts["format"], facts["kind"], facts["prompt"]) == (1, "adapter", "chat")


def test_full_model_is_in_the_hugging_face_layout(full: Finished) -> None:
    names = {path.name for path in (full.folder / "model").iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json", "chat_template.jinja"} <= names
    assert "adapter_config.json" not in names
    assert full.json("model/tunesmith.json")["kind"] == "model"


def test_report_json_has_the_documented_shape(lora: Finished) -> None:
    report = lora.json("report.json")
    assert report["format"] == 1
    assert set(report["scores"]) == CONTESTANTS
    for scores in report["scores"].values():
        assert set(scores) == {"exact_match", "valid_loss"}
        assert all(score["low"] <= score["value"] <= score["high"] and score["n"] == 4 for score in scores.values())
    assert [part["split"] for part in report["data"]] == ["training", "validation"]
    assert {"data", "training", "evaluation"} <= set(report["seconds"])
    assert len(report["loss_curves"]["train_loss"]) == len(lora.metrics()) - 1
    assert all(row["reference"] and row["question"] for row in report["answers"])
    assert Path(report["model"]).is_dir()


def test_report_page_carries_the_verdict(lora: Finished) -> None:
    page = (lora.folder / "report.html").read_text(encoding="utf-8")
    shown = unescape(re.sub(r"<[^>]+>", "", page)).replace("\xa0", " ")
    assert lora.json("report.json")["verdict"].replace("\xa0", " ") in shown
    assert page.lower().startswith("<!doctype html>")


def test_every_setting_that_was_chosen_is_printed_with_its_reason(lora: Finished) -> None:
    printed = {line.split()[0]: line for line in lora.said.out.splitlines() if line.strip()}
    chosen = {k: v for k, v in lora.json("resolved.json")["settings"].items() if v["reason"] != "as given"}
    assert {"lora_alpha", "max_seq_len", "precision", "micro_batch_tokens"} <= set(chosen)
    assert [name for name, entry in chosen.items() if entry["reason"] not in printed.get(name, "")] == []


def test_switches_are_printed_as_the_yaml_has_them(lora: Finished) -> None:
    printed = {line.split()[0]: line.split()[1] for line in lora.said.out.splitlines() if len(line.split()) > 1}
    assert (printed["activation_checkpointing"], printed["compile"]) == ("false", "false")


def test_settings_are_printed_before_the_first_step(lora: Finished) -> None:
    assert 0 < lora.said.out.index("lora_alpha") < lora.said.out.index("step 0/")


def test_end_says_the_verdict_and_what_to_type_next(lora: Finished) -> None:
    report = lora.json("report.json")
    assert report["verdict"] in lora.said.out
    assert f"tunesmith chat {lora.folder}" in lora.said.out
    assert all(f"  {command['line']}\n" in lora.said.out for command in report["next_commands"])


def test_json_prints_only_the_report_on_stdout(raw: Finished) -> None:
    assert json.loads(raw.said.out) == raw.json("report.json")
    assert "lora_alpha" in raw.said.err


def test_completions_are_trained_as_raw_text(raw: Finished) -> None:
    assert "raw text: no template" in raw.said.err
    assert raw.json("model/tunesmith.json")["prompt"] == "raw"


def test_report_without_a_contest_says_so(full: Finished) -> None:
    report = full.json("report.json")
    assert (report["scores"], report["answers"]) == ({}, [])
    assert "was not tested on held-out examples" in report["verdict"]
    assert "was not tested on held-out examples" in full.said.out


def test_alpaca_array_is_trained_as_chat(tmp_path: Path, tiny_base: Path) -> None:
    rows = [{"instruction": "Say it.", "input": f"red {i}", "output": f"red {i}!"} for i in range(20)]
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "training.jsonl").write_text(json.dumps(rows, indent=1))
    run = finished(tmp_path, tiny_base, None, max_steps=4, num_epochs=None, eval_examples=2)
    assert "alpaca, 16 examples, 4 held out" in run.said.out
    assert run.json("model/tunesmith.json")["prompt"] == "chat"
    assert set(run.json("report.json")["scores"]) == CONTESTANTS


def test_runs_are_named_after_the_yaml_and_counted(
    tmp_path: Path, tiny_base: Path, tiny_rows: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = write_job(tmp_path, tiny_base, tiny_rows[:12], max_steps=1)
    monkeypatch.chdir(tmp_path)
    assert [tunesmith("train", job).code for _ in range(2)] == [0, 0]
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["job", "job-2"]
    assert (tmp_path / "runs" / "job-2" / "report.json").is_file()


def test_paths_with_blanks_and_quotes_can_be_typed_as_printed(
    tmp_path: Path, tiny_base: Path, tiny_rows: list[dict[str, Any]]
) -> None:
    folder = tmp_path / "it's my job"
    folder.mkdir()
    run = finished(folder, tiny_base, tiny_rows[:12], max_steps=1, num_epochs=None, validation_split=None)
    line = run.json("report.json")["next_commands"][0]["line"]
    words = subprocess.run(["sh", "-c", f"printf '%s\\n' {line}"], capture_output=True, text=True, timeout=10)
    assert words.stdout.splitlines() == ["tunesmith", "chat", str(run.folder)]


# ---- going on ------------------------------------------------------------------------------------


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.name != ".lock"}


def test_finished_run_is_not_overwritten(lora: Finished) -> None:
    before = contents(lora.folder)
    said = tunesmith("train", lora.job, "--out", lora.folder)
    assert said.code == 2
    assert "already holds a run" in said.err
    assert contents(lora.folder) == before


def test_interrupted_run_saves_a_checkpoint_and_says_how_to_go_on(
    tmp_path: Path, tiny_base: Path, tiny_rows: list[dict[str, Any]]
) -> None:
    job = write_job(tmp_path, tiny_base, tiny_rows, max_steps=200_000)
    command = [sys.executable, "-m", "tunesmith", "train", str(job), "--out", str(tmp_path / "run")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as training:
        wait_for(tmp_path / "run" / "metrics.csv")
        training.send_signal(signal.SIGINT)
        out, err = training.communicate(timeout=60)
    assert training.returncode == 130, out + err
    assert f"go on with: tunesmith train {job} --out {tmp_path / 'run'} --resume" in err
    assert len(list((tmp_path / "run" / "checkpoints").glob("step-*"))) >= 1
    assert "Traceback" not in out + err


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_resume_with_other_settings_is_refused(lora: Finished, tmp_path: Path) -> None:
    shutil.copytree(lora.folder, tmp_path / "run")
    spec = (lora.folder / "spec.yaml").read_text().replace("learning_rate: 0.01", "learning_rate: 0.02")
    (tmp_path / "job.yaml").write_text(spec)
    before = contents(tmp_path / "run")
    said = tunesmith("train", tmp_path / "job.yaml", "--out", tmp_path / "run", "--resume")
    assert said.code == 2
    assert "learning_rate: 0.01 → 0.02" in said.err
    assert contents(tmp_path / "run") == before


def test_resume_goes_on_in_the_folder_that_is_named_after_the_yaml(
    tmp_path: Path, tiny_base: Path, tiny_rows: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = write_job(tmp_path, tiny_base, tiny_rows[:12], max_steps=1, eval_examples=0)
    monkeypatch.chdir(tmp_path)
    assert tunesmith("train", job).code == 0
    said = tunesmith("train", job, "--resume")
    assert said.code == 0, said.text
    assert "Going on after step 1." in said.out
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["job"]


def test_resume_names_the_folder_that_is_not_there(
    lora: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = tunesmith("train", lora.job, "--resume")
    assert said.code == 2
    assert "runs/job" in said.err
    assert "--out" in said.err
    assert list(tmp_path.iterdir()) == []


def test_resume_asks_which_of_several_runs_is_meant(
    lora: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("job", "job-2", "job-other"):
        (tmp_path / "runs" / name).mkdir(parents=True)
    said = tunesmith("train", lora.job, "--resume")
    assert said.code == 2
    assert "runs/job, runs/job-2;" in said.err
    assert "--out" in said.err


def test_nothing_to_resume(lora: Finished, tmp_path: Path) -> None:
    said = tunesmith("train", lora.job, "--out", tmp_path / "run", "--resume")
    assert_refused(said, tmp_path / "run", "holds no run to resume")


# ---- the machine's faults: 1 ---------------------------------------------------------------------


@pytest.fixture
def small_job(tmp_path: Path, tiny_base: Path, tiny_rows: list[dict[str, Any]]) -> Path:
    return write_job(tmp_path, tiny_base, tiny_rows[:12], max_steps=2)


@pytest.mark.parametrize("out", ["taken", "taken/below/run"])
def test_file_where_the_folder_should_be_leaves_with_1(out: str, small_job: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    said = tunesmith("train", small_job, "--out", tmp_path / out)
    assert said.code == 1
    assert str(tmp_path / "taken") in said.err
    assert "Traceback" not in said.text
    assert (tmp_path / "taken").read_text() == "mine"


def test_full_disk_leaves_with_1(small_job: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "events.jsonl").symlink_to("/dev/full")
    said = tunesmith("train", small_job, "--out", tmp_path / "run")
    assert said.code == 1
    assert "The disk is full" in said.err
    assert "Traceback" not in said.text


@pytest.mark.parametrize("limit_bytes", [100, 20_000])
def test_file_that_may_not_grow_leaves_with_1(limit_bytes: int, small_job: Path, tmp_path: Path) -> None:
    """A limit on file sizes stops the small files at 100 bytes, the first checkpoint at 20,000."""
    code = (
        f"import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit_bytes}, {limit_bytes}));"
        "from tunesmith.cli.main import main; main()"
    )
    command = [sys.executable, "-c", code, "train", str(small_job), "--out", str(tmp_path / "run")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert str(tmp_path / "run") in done.stderr
    assert list((tmp_path / "run").rglob("*.safetensors")) == []


def test_folder_in_use_is_refused(small_job: Path, tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from tunesmith.train.run_folder import locked\n"
    code += "with locked(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, str(tmp_path / "run")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        said = tunesmith("train", small_job, "--out", tmp_path / "run")
        other.communicate(timeout=60)
    assert said.code == 2
    assert "Another process is working" in said.err


# ---- the user's mistakes: 2, one sentence, nothing half written ----------------------------------


def assert_refused(said: Said, out: Path, *fragments: str) -> None:
    assert said.code == 2, said.text
    assert "Traceback" not in said.text
    assert [fragment for fragment in fragments if fragment not in said.err] == []
    assert [str(path) for path in out.rglob("*")] == []


def good_lines() -> list[str]:
    turn = [{"role": "user", "content": "Say 红."}, {"role": "assistant", "content": "红"}]
    return [json.dumps({"messages": [*turn, {"role": "user", "content": f"{i}?"}, {"role": "assistant", "content": f"{i}"}]},
                       ensure_ascii=False) for i in range(12)]  # fmt: skip


def with_line(line: str) -> bytes:
    """A good file but for its line 3."""
    return "\n".join([*good_lines()[:2], line, *good_lines()[3:]]).encode() + b"\n"


def chat_line(answer: str = '"content": "b"', role: str = "assistant") -> str:
    return f'{{"messages": [{{"role": "user", "content": "a"}}, {{"role": "{role}", {answer}}}]}}'


GOOD = "\n".join(good_lines()) + "\n"
BAD_FILES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "the file is empty"),
    "blank lines only": (b"\n\n  \n", "training.jsonl"),
    "UTF-16": (GOOD.encode("utf-16"), "UTF-16"),
    "GB18030": (GOOD.encode("gb18030"), "UTF-8"),
    "half-written last line": (GOOD.encode()[:-40], "training.jsonl:12"),
    "typographic quotes": (with_line(chat_line().replace('"', "”")), "training.jsonl:3"),
    "unknown role": (with_line(chat_line(role="narrator")), "training.jsonl:3"),
    "no assistant message": (with_line('{"messages": [{"role": "user", "content": "a"}]}'), "training.jsonl:3"),
    "zero trained tokens": (with_line(chat_line('"content": "b", "weight": 0')), "training.jsonl:3"),
    "NaN": (with_line(chat_line('"content": "b", "weight": NaN')), "training.jsonl:3"),
    "infinite weight": (with_line(chat_line('"content": "b", "weight": 1e999')), "training.jsonl:3"),
    "huge whole number": (with_line(chat_line(f'"content": "b", "weight": {"9" * 6000}')), "training.jsonl:3"),
    "duplicate keys": (with_line(chat_line('"content": "b", "content": "c"')), "training.jsonl:3"),
    "lone surrogate": (with_line(chat_line(r'"content": "\ud800"')), "training.jsonl:3"),
    "deep nesting": (with_line('{"messages": ' + "[" * 100_000 + "]" * 100_000 + "}"), "training.jsonl:3"),
    "a list in a line": (with_line("[1, 2]"), "training.jsonl:3"),
    "a zip archive": (b"PK\x03\x04" + bytes(100), "zip"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_training_file_is_refused(name: str, tmp_path: Path, tiny_base: Path) -> None:
    content, fragment = BAD_FILES[name]
    job = write_job(tmp_path, tiny_base, [])
    (tmp_path / "data" / "training.jsonl").write_bytes(content)
    assert_refused(tunesmith("train", job, "--out", tmp_path / "run"), tmp_path / "run", fragment, "→")


def test_all_bad_lines_are_named_at_once(tmp_path: Path, tiny_base: Path) -> None:
    job = write_job(tmp_path, tiny_base, [])
    lines = good_lines()
    lines[1], lines[6] = "{", chat_line(role="narrator")
    (tmp_path / "data" / "training.jsonl").write_text("\n".join(lines))
    said = tunesmith("train", job, "--out", tmp_path / "run")
    assert_refused(said, tmp_path / "run", "training.jsonl:2", "training.jsonl:7", "tunesmith data check")


def test_missing_training_file_is_refused(tmp_path: Path, tiny_base: Path) -> None:
    said = tunesmith("train", write_job(tmp_path, tiny_base), "--out", tmp_path / "run")
    assert_refused(said, tmp_path / "run", str(tmp_path / "data" / "training.jsonl"), "No such file")


def test_files_of_two_formats_are_refused(tmp_path: Path, tiny_base: Path, tiny_rows: list[dict[str, Any]]) -> None:
    job = write_job(tmp_path, tiny_base, tiny_rows, validation_file="data/valid.jsonl")
    (tmp_path / "data" / "valid.jsonl").write_text('{"prompt": "a", "completion": "b"}\n' * 10)
    assert_refused(tunesmith("train", job, "--out", tmp_path / "run"), tmp_path / "run", "one format")


def test_json_error_leaves_stdout_empty(tmp_path: Path, tiny_base: Path) -> None:
    said = tunesmith("train", write_job(tmp_path, tiny_base), "--json", "--out", tmp_path / "run")
    assert (said.code, said.out) == (2, "")


def edit_config(base: Path, **changes: object) -> None:
    config = json.loads((base / "config.json").read_text())
    (base / "config.json").write_text(json.dumps(config | changes))


def cut_weights(base: Path) -> None:
    weights = base / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])


def forget_shard(base: Path) -> None:
    (base / "model.safetensors").rename(base / "model-1.safetensors")
    shards = {"model.norm.weight": "model-1.safetensors", "lm_head.weight": "model-2.safetensors"}
    (base / "model.safetensors.index.json").write_text(json.dumps({"weight_map": shards}))


BREAK: dict[str, tuple[Callable[[Path], object], str]] = {
    "no tokenizer.json": (lambda base: (base / "tokenizer.json").unlink(), "tokenizer.json is missing"),
    "broken tokenizer.json": (lambda base: (base / "tokenizer.json").write_text("{}"), "tokenizer"),
    "no config.json": (lambda base: (base / "config.json").unlink(), "config.json is missing"),
    "no weights": (lambda base: (base / "model.safetensors").unlink(), "has no model.safetensors"),
    "pickled weights": (lambda base: (base / "model.safetensors").rename(base / "pytorch_model.bin"), "pickled"),
    "cut weights": (cut_weights, "not a readable safetensors file"),
    "text for weights": (lambda base: (base / "model.safetensors").write_text("<html>"), "not a readable safetensors"),
    "other shapes": (lambda base: edit_config(base, intermediate_size=64), "do not fit the config"),
    "unknown architecture": (lambda base: edit_config(base, architectures=["MambaForCausalLM"]), "MambaForCausalLM"),
    "code to run": (lambda base: edit_config(base, auto_map={"AutoModel": "evil.Model"}), "auto_map"),
    "quantized": (lambda base: edit_config(base, quantization_config={"bits": 4}), "quantization_config"),
    "broken config.json": (lambda base: (base / "config.json").write_text("{"), "not valid JSON"),
    "broken template": (lambda base: (base / "chat_template.jinja").write_text("{% if"), "does not parse"),
    "template of other bytes": (lambda base: (base / "chat_template.jinja").write_bytes(b"\xff\xfe"), "is not UTF-8"),
    "template that loops": (
        lambda base: (base / "chat_template.jinja").write_text(
            "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"
        ),
        "worked for more than 1 s",
    ),
    "tokenizer beyond the embedding": (lambda base: edit_config(base, vocab_size=300), "the model's embedding has 300"),
    "no head": (lambda base: edit_config(base, tie_word_embeddings=False), "hold no lm_head.weight"),
    "gguf weights": (lambda base: (base / "model.safetensors").rename(base / "model.gguf"), "holds GGUF weights only"),
    "missing shard": (forget_shard, "index.json names files that are not there: 'model-2.safetensors'"),
    "template without an end": (
        lambda base: (base / "chat_template.jinja").write_text("{{ messages[0].content }}"),
        "template",
    ),
}


@pytest.fixture
def own_base(tmp_path: Path, tiny_base: Path) -> Path:
    return Path(shutil.copytree(tiny_base, tmp_path / "base"))


@pytest.mark.parametrize("name", BREAK)
def test_bad_base_model_is_refused(name: str, tmp_path: Path, own_base: Path, tiny_rows: list[dict[str, Any]]) -> None:
    damage, fragment = BREAK[name]
    damage(own_base)
    said = tunesmith("train", write_job(tmp_path, "base", tiny_rows), "--out", tmp_path / "run")
    assert_refused(said, tmp_path / "run", fragment, "→")


@pytest.mark.parametrize(
    "name",
    [
        "./nowhere",
        "/nowhere/at/all",
        "nobody/nothing-such",
        "data/training.jsonl",
        "~nobody-of-this-name/x",
        "x" * 5000,
    ],
)
def test_missing_base_model_is_refused(name: str, tmp_path: Path, tiny_rows: list[dict[str, Any]]) -> None:
    said = tunesmith("train", write_job(tmp_path, name, tiny_rows), "--out", tmp_path / "run")
    assert_refused(said, tmp_path / "run", name, "→")


BAD_SETTINGS: dict[str, tuple[str, tuple[str, ...]]] = {
    "unknown key": ("learning_rat: 0.1\n", ("job.yaml:3", "did you mean learning_rate?")),
    "key of another trainer": ("n_epochs: 3\n", ("did you mean num_epochs?",)),
    "all at once": ("lora_r: 8\nseed: -1\n", ("job.yaml:3", "job.yaml:4", "did you mean lora_rank?")),
    "bad YAML": ("seed: [1, 2\nadapter: lora\n", ("job.yaml:4", "not valid YAML")),
    "tab": ("\tseed: 1\n", ("job.yaml:3", "not valid YAML")),
    "key twice": ("seed: 1\nseed: 2\n", ("job.yaml:4", "not valid YAML")),
    "NaN": ("learning_rate: .nan\n", ("job.yaml:3", "learning_rate")),
    "infinite": ("learning_rate: .inf\n", ("job.yaml:3", "learning_rate")),
    "huge": (f"seed: {'9' * 400}\n", ("job.yaml:3", "seed")),
    "word for a number": ("batch_size: many\n", ("job.yaml:3", "batch_size")),
    "python object": ("seed: !!python/object/apply:os.getcwd []\n", ("job.yaml:3", "seed")),
    "both validations": ("validation_file: v.jsonl\nvalidation_split: 0.1\n", ("not both",)),
    "method to come": ("method: dpo\n", ("does not exist yet",)),
    "context": ("max_seq_len: 257\n", ("max_seq_len 257", "context of 256 tokens")),
    "over-length rows": ("max_seq_len: 40\n", ("training.jsonl:2", "longer than max_seq_len, 40 tokens")),
    "nothing fits": ("max_seq_len: 8\nover_length: drop\n", ("no example fits into 8 tokens",)),
    "unknown lora target": ("lora_target_modules: [q_proj, c_attn]\n", ("c_attn", "q_proj")),
    "no lora target": ("lora_target_modules: []\n", ("lora_target_modules",)),
}


@pytest.mark.parametrize("name", BAD_SETTINGS)
def test_bad_setting_is_refused(name: str, tmp_path: Path, tiny_base: Path, tiny_rows: list[dict[str, Any]]) -> None:
    lines, fragments = BAD_SETTINGS[name]
    job = write_job(tmp_path, tiny_base, tiny_rows)
    job.write_text(job.read_text() + lines)
    assert_refused(tunesmith("train", job, "--out", tmp_path / "run"), tmp_path / "run", *fragments)


def test_over_length_rows_are_all_named(tmp_path: Path, tiny_base: Path, tiny_rows: list[dict[str, Any]]) -> None:
    job = write_job(tmp_path, tiny_base, tiny_rows, max_seq_len=40)
    said = tunesmith("train", job, "--out", tmp_path / "run")
    announced = int(re.search(r"(\d+) rows are longer", said.err)[1])  # type: ignore[index]
    assert len(set(re.findall(r"training\.jsonl:(\d+): \d+ tokens", said.err))) == announced > 1


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just words\n", "base_model: starter\n", "a: " + "[" * 1000])
def test_yaml_that_is_no_job_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "job.yaml").write_text(text)
    said = tunesmith("train", tmp_path / "job.yaml", "--out", tmp_path / "run")
    assert_refused(said, tmp_path / "run", str(tmp_path / "job.yaml"))


def test_yaml_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "job.yaml").write_bytes("base_model: 模型".encode("gb18030"))
    assert_refused(tunesmith("train", tmp_path / "job.yaml", "--out", tmp_path / "run"), tmp_path / "run", "not UTF-8")


@pytest.mark.parametrize("name", ["gone.yaml", "."])
def test_missing_yaml_is_refused(name: str, tmp_path: Path) -> None:
    assert_refused(tunesmith("train", tmp_path / name, "--out", tmp_path / "run"), tmp_path / "run", "YAML file")


def test_mended_job_may_use_the_folder_of_a_refused_one(
    tmp_path: Path, tiny_base: Path, tiny_rows: list[dict[str, Any]]
) -> None:
    job = write_job(tmp_path, tiny_base, tiny_rows[:12], max_steps=1, lora_target_modules=["c_attn"])
    assert tunesmith("train", job, "--out", tmp_path / "run").code == 2
    write_job(tmp_path, tiny_base, max_steps=1, lora_target_modules=["q_proj"])
    said = tunesmith("train", job, "--out", tmp_path / "run")
    assert said.code == 0, said.text


# ---- over-length rows by choice ------------------------------------------------------------------


@pytest.fixture(params=["drop", "truncate_left", "truncate_right"])
def policy(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_over_length_policy_is_counted_and_the_run_is_reported(
    policy: str, tmp_path: Path, tiny_base: Path, tiny_rows: list[dict[str, Any]]
) -> None:
    """Also where a validation example was cut: its whole question does not fit the context, so it is not asked."""
    long = {"messages": [{"role": "user", "content": "近🙂 " * 400}, {"role": "assistant", "content": "red"}]}
    rows = [*tiny_rows[:12], long]
    job = write_job(
        tmp_path, tiny_base, rows, max_steps=1, over_length=policy, validation_file="data/valid.jsonl", eval_examples=20
    )
    other = {"messages": [{"role": "user", "content": "远🙂 " * 400}, {"role": "assistant", "content": "blue"}]}
    (tmp_path / "data" / "valid.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in [*tiny_rows[12:20], other])
    )
    said = tunesmith("train", job, "--out", tmp_path / "run")
    assert said.code == 0, said.text
    assert f"1 of 13 examples are longer than 256 tokens; {policy}: " in said.out
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    assert report["scores"]["tuned"]["exact_match"]["n"] == 8


def test_command_to_type_next_is_one_that_the_shell_finds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from tunesmith.cli.command_name import command_name

    monkeypatch.setattr(sys, "argv", [str(tmp_path / "bin" / "tunesmith")])
    monkeypatch.setenv("PATH", "")
    monkeypatch.chdir(tmp_path)
    assert command_name() == "bin/tunesmith"
    (tmp_path / "tunesmith").write_text("#!/bin/sh\n")
    (tmp_path / "tunesmith").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert command_name() == "tunesmith"
