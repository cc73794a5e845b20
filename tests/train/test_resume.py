"""Killed and resumed = uninterrupted, to the last bit: model, checkpoint and metrics.

Run as a script, this file is a server: it imports torch once, with one thread, and forks a process for
each trial, so that a trial costs a tenth of a second. The tests of the command line start cold.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import SafetensorError

from tunesmith.core.errors import Interrupted, MachineError, TunesmithError, UserError
from tunesmith.data.split import split
from tunesmith.data.validate import read_dataset
from tunesmith.nn import weights as weights_module
from tunesmith.nn.catalog import locate
from tunesmith.nn.transformer import Decoder
from tunesmith.nn.weights import read_tensors, write_tensors
from tunesmith.specs.fine_tune import FineTuneSpec
from tunesmith.specs.resolve import ResolvedSpec
from tunesmith.train import checkpoint
from tunesmith.train import fine_tune as story
from tunesmith.train.device import can_compile
from tunesmith.train.run_folder import locked, read_metrics

CONFIGS = [
    {"adapter": adapter, "precision": precision} for adapter in ("lora", "none") for precision in ("fp32", "bf16")
]
LONG = {"max_steps": 16, "batch_size": 4, "save_every_steps": 3, "eval_every_steps": 5, "validation_split": 0.2}
SHORT = {"max_steps": 4, "batch_size": 4, "save_every_steps": 2, "precision": "fp32"}


class Listener:
    """A reporter that remembers what was said and counts steps."""

    def __init__(self, on_step: Callable[[], None] = lambda: None) -> None:
        self.said: list[str] = []
        self.warned: list[str] = []
        self.first_step = -1
        self._on_step = on_step

    def say(self, text: str) -> None:
        self.said.append(text)

    def warn(self, text: str) -> None:
        self.said.append(text)
        self.warned.append(text)

    def begin(self, settings: ResolvedSpec, first_step: int) -> None:
        self.settings = settings
        self.first_step = first_step

    def step(self, metrics: object) -> None:
        self._on_step()


def train(
    folder: Path, given: dict[str, Any], *, resume: bool = False, listener: Listener | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Listener:  # fmt: skip
    listener = listener or Listener()
    spec = FineTuneSpec.model_validate(given)
    training, _ = read_dataset(Path(spec.training_file), None, ())
    validation = None
    if spec.validation_split is not None:
        training, validation = split(training, spec.validation_split, spec.seed)
    with locked(folder):
        job = story.Job(spec, locate(spec.base_model), training, validation, folder, resume)
        story.fine_tune(job, listener, stop)
    return listener


def go_on(folder: Path, given: dict[str, Any], listener: Listener | None = None) -> Listener:
    """Resume; where not even the settings were saved, the command says to start without, so start."""
    return train(folder, given, resume=(folder / "resolved.json").exists(), listener=listener)


def bits(folder: Path) -> dict[str, str]:
    """Hashes of the model, the last checkpoint and the metrics but for the clock's column."""
    last = checkpoint.checkpoints(folder / "checkpoints")[-1]
    files = [*(folder / "model").rglob("*"), *last.glob("*")]
    hashes = {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    rows = [line.split(",")[:-1] for line in (folder / "metrics.csv").read_text().splitlines()]
    return hashes | {"metrics.csv": repr(rows)}


def litter(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.tmp"))


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """In memory where the system has such a place: a busy disk's fsync would take most of the time."""
    if not os.access("/dev/shm", os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="tunesmith-") as folder:
        yield Path(folder)


@pytest.fixture
def given(tiny_base: Path, tiny_file: Path) -> dict[str, Any]:
    return {"base_model": str(tiny_base), "training_file": str(tiny_file)}


@pytest.fixture
def whole(given: dict[str, Any], tmp_path: Path) -> dict[str, str]:
    """The bits of a short uninterrupted run."""
    train(tmp_path / "whole", {**given, **SHORT})
    return bits(tmp_path / "whole")


# --- kill -9 ----------------------------------------------------------------------------------------


def test_two_uninterrupted_runs_are_equal(given: dict[str, Any], tmp_path: Path) -> None:
    for config in CONFIGS:
        train(tmp_path / "a", {**given, **LONG, **config})
        train(tmp_path / "b", {**given, **LONG, **config})
        assert bits(tmp_path / "a") == bits(tmp_path / "b")
        shutil.rmtree(tmp_path / "a")
        shutil.rmtree(tmp_path / "b")


class Server:
    """Forks one process for each trial and, if asked, kills it."""

    def __init__(self) -> None:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def run(self, folder: Path, given: dict[str, Any], **trial: Any) -> dict[str, Any]:
        """→ whether it was ``killed``, and its exit ``code``."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"folder": str(folder), "given": given, **trial}) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        assert answer["killed"] or answer["code"] == 0, f"the trial failed: {trial}"
        return answer

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(20)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


def kill_at_random(server: Server, given: dict[str, Any], folder: Path, num_trials: int, seed: int) -> list[int]:
    """Trials in turn over all configurations; → the last step on disk at each kill (−1: none).

    A kill falls within two steps' time after a random step was reported, so that it meets steps,
    checkpoints being written, and the model being saved. Every third trial is killed twice.
    """
    choose = random.Random(seed)
    references: list[dict[str, str]] = []
    for number, config in enumerate(CONFIGS):
        server.run(folder / f"whole-{number}", {**given, **LONG, **config})
        references.append(bits(folder / f"whole-{number}"))
    killed_at: list[int] = []
    for trial in range(num_trials):
        number = trial % len(CONFIGS)
        place, settings = folder / f"trial-{trial}", {**given, **LONG, **CONFIGS[number]}
        faults = []
        for _ in range(2 if trial % 3 == 0 else 1):
            fault = {"after_reports": choose.randrange(LONG["max_steps"] + 1), "delay_steps": choose.uniform(0, 2)}
            faults.append(fault)
            if server.run(place, settings, **fault)["killed"]:
                with suppress(FileNotFoundError):
                    rows = read_metrics(place / "metrics.csv")
                    killed_at.append(rows[-1].step if rows else -1)
        server.run(place, settings)
        assert bits(place) == references[number], f"seed {seed}, trial {trial}, {CONFIGS[number]}: {faults}"
        assert litter(place) == [], f"seed {seed}, trial {trial}: {faults}"
        shutil.rmtree(place)
    return killed_at


def test_a_run_killed_at_20_random_moments_and_resumed_equals_an_uninterrupted_one(
    server: Server, given: dict[str, Any], tmp_path: Path
) -> None:
    killed_at = kill_at_random(server, given, tmp_path, 20, seed=1)
    assert len(killed_at) >= 15
    assert len(set(killed_at)) >= 8


@pytest.mark.soak
def test_a_run_killed_at_200_random_moments_and_resumed_equals_an_uninterrupted_one(
    server: Server, given: dict[str, Any], tmp_path: Path
) -> None:
    killed_at = kill_at_random(server, given, tmp_path, 200, seed=int(time.time()))
    assert len(killed_at) >= 150
    assert set(killed_at) >= set(range(2, LONG["max_steps"]))


def kill_at_disk_operations(server: Server, given: dict[str, Any], folder: Path, every: int) -> int:
    """Kill just before the k-th fsync, rename, new folder, removal or tensors' file; → how many k were tried."""
    settings = {**given, **SHORT}
    server.run(folder / "whole", settings)
    reference, tried, at = bits(folder / "whole"), 0, 0
    while server.run(folder / f"trial-{at}", settings, kill_at_operation=at)["killed"]:
        server.run(folder / f"trial-{at}", settings)
        assert bits(folder / f"trial-{at}") == reference, f"killed at operation {at}"
        assert litter(folder / f"trial-{at}") == [], f"killed at operation {at}"
        at, tried = at + every, tried + 1
    return tried


def test_a_run_killed_at_every_seventh_disk_operation_equals_an_uninterrupted_one(
    server: Server, given: dict[str, Any], tmp_path: Path
) -> None:
    assert kill_at_disk_operations(server, given, tmp_path, every=7) >= 9


@pytest.mark.soak
def test_a_run_killed_at_every_disk_operation_equals_an_uninterrupted_one(
    server: Server, given: dict[str, Any], tmp_path: Path
) -> None:
    assert kill_at_disk_operations(server, given, tmp_path, every=1) >= 60


def test_a_resume_restores_the_thread_count_of_the_run(server: Server, given: dict[str, Any], tmp_path: Path) -> None:
    settings = {**given, **SHORT, "max_steps": 6}
    server.run(tmp_path / "whole", settings, num_threads=2)
    assert server.run(tmp_path / "run", settings, num_threads=2, after_reports=4, delay_steps=0.0)["killed"]
    server.run(tmp_path / "run", settings, num_threads=1)
    assert bits(tmp_path / "run") == bits(tmp_path / "whole")
    events = (tmp_path / "run" / "events.jsonl").read_text()
    assert "differs" not in events
    last = checkpoint.checkpoints(tmp_path / "run" / "checkpoints")[-1]
    assert json.loads((last / "manifest.json").read_bytes())["fingerprint"]["num_threads"] == 2


# --- asked to stop ----------------------------------------------------------------------------------


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: "-".join(config.values()))
def test_a_run_stopped_at_every_step_equals_an_uninterrupted_one(
    given: dict[str, Any], tmp_path: Path, config: dict[str, str]
) -> None:
    settings = {**given, **LONG, **config, "max_steps": 6}
    train(tmp_path / "whole", settings)
    answers = iter([False, True] * 20)
    for number in range(1, 6):
        with pytest.raises(Interrupted, match=f"Stopped after step {number} of 6"):
            train(tmp_path / "run", settings, resume=number > 1, stop=lambda: next(answers))
        kinds = [json.loads(line)["type"] for line in (tmp_path / "run" / "events.jsonl").read_text().splitlines()]
        assert kinds[-2:] == ["checkpoint", "interrupted"]
    train(tmp_path / "run", settings, resume=True)
    assert bits(tmp_path / "run") == bits(tmp_path / "whole")


@pytest.mark.skipif(not can_compile(), reason="there is no C++ compiler here")
def test_a_compiled_run_that_resumes_with_other_lengths_equals_an_uninterrupted_one(
    given: dict[str, Any], tmp_path: Path
) -> None:
    """The compiler sees the third step's lengths first, and none of its work from before."""
    given = {**given, "compile": True, "precision": "bf16"}
    torch._dynamo.reset()
    train(tmp_path / "whole", given)
    asked = iter((False, False, True))
    with pytest.raises(Interrupted):
        train(tmp_path / "run", given, stop=lambda: next(asked))
    torch._dynamo.reset()
    go_on(tmp_path / "run", given)
    assert bits(tmp_path / "run") == bits(tmp_path / "whole")


class TestCompileAsItBegan:
    """Long enough for ``auto`` to compile, with a compiler that only counts."""

    @pytest.fixture
    def machine(self, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
        machine: dict[str, Any] = {"has_compiler": True, "num_compiled": 0}

        def compile_layers(_: object) -> None:
            machine["num_compiled"] += 1

        monkeypatch.setattr("tunesmith.specs.resolve.COMPILE_FROM_MINUTES", 0)
        monkeypatch.setattr(Decoder, "compile_layers", compile_layers)
        monkeypatch.setattr(story.device, "can_compile", lambda: machine["has_compiler"])
        return machine

    def stopped(self, folder: Path, given: dict[str, Any]) -> None:
        asked = iter((False, False, True))
        with pytest.raises(Interrupted):
            train(folder, given, stop=lambda: next(asked))

    def test_without_a_compiler_it_goes_on_uncompiled_and_says_so(
        self, machine: dict[str, Any], given: dict[str, Any], tmp_path: Path
    ) -> None:
        given = {**given, **SHORT}
        train(tmp_path / "whole", given)
        self.stopped(tmp_path / "run", given)
        assert machine["num_compiled"] == 2
        machine["has_compiler"] = False
        listener = train(tmp_path / "run", given, resume=True)
        assert machine["num_compiled"] == 2
        (warning,) = listener.warned
        assert "no C++ compiler here: it goes on uncompiled" in warning
        events = [json.loads(line) for line in (tmp_path / "run" / "events.jsonl").read_text().splitlines()]
        assert [event["message"] for event in events if event["type"] == "warning"] == [warning]
        assert listener.settings.compile is False
        assert bits(tmp_path / "run") == bits(tmp_path / "whole")

    def test_back_where_there_is_one_it_compiles_again(
        self, machine: dict[str, Any], given: dict[str, Any], tmp_path: Path
    ) -> None:
        given = {**given, **SHORT}
        self.stopped(tmp_path / "run", given)
        machine["has_compiler"] = False
        asked = iter((True,))
        with pytest.raises(Interrupted):
            train(tmp_path / "run", given, resume=True, stop=lambda: next(asked, False))
        machine["has_compiler"] = True
        assert train(tmp_path / "run", given, resume=True).warned == []
        assert machine["num_compiled"] == 2

    def test_a_run_that_began_without_goes_on_without(
        self, machine: dict[str, Any], given: dict[str, Any], tmp_path: Path
    ) -> None:
        machine["has_compiler"] = False
        self.stopped(tmp_path / "run", {**given, **SHORT})
        machine["has_compiler"] = True
        assert train(tmp_path / "run", {**given, **SHORT}, resume=True).warned == []
        assert machine["num_compiled"] == 0

    def test_whoever_asked_for_it_is_told_that_it_cannot_be(
        self, machine: dict[str, Any], given: dict[str, Any], tmp_path: Path
    ) -> None:
        given = {**given, **SHORT, "compile": True}
        self.stopped(tmp_path / "run", given)
        machine["has_compiler"] = False
        with pytest.raises(UserError, match="compile: true cannot work"):
            train(tmp_path / "run", given, resume=True)


def test_a_finished_run_resumed_stays_as_it_is(given: dict[str, Any], tmp_path: Path, whole: dict[str, str]) -> None:
    assert train(tmp_path / "whole", {**given, **SHORT}, resume=True).first_step == 4
    assert bits(tmp_path / "whole") == whole


def test_a_resumed_run_says_from_where_it_goes_on(given: dict[str, Any], tmp_path: Path, whole: dict[str, str]) -> None:
    shutil.rmtree(tmp_path / "whole" / "checkpoints" / "step-000004")
    listener = train(tmp_path / "whole", {**given, **SHORT}, resume=True)
    assert "Going on after step 2." in listener.said
    assert listener.first_step == 2
    assert bits(tmp_path / "whole") == whole


def test_half_written_lines_are_mended_on_resume(given: dict[str, Any], tmp_path: Path, whole: dict[str, str]) -> None:
    run = tmp_path / "whole"
    shutil.rmtree(run / "checkpoints" / "step-000004")
    for name, half in (("metrics.csv", b"5,0.3"), ("events.jsonl", b'{"format": 1, "at"')):
        with (run / name).open("ab") as file:
            file.write(half)
    train(run, {**given, **SHORT}, resume=True)
    assert bits(run) == whole
    assert {json.loads(line)["format"] for line in (run / "events.jsonl").read_text().splitlines()} == {1}


# --- damaged checkpoints ----------------------------------------------------------------------------

FILES = ("weights.safetensors", "optimizer.safetensors", "random.safetensors", "manifest.json")


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


def swap(path: Path) -> None:
    other = path.with_name(FILES[(FILES.index(path.name) + 1) % len(FILES)])
    mine, others = path.read_bytes(), other.read_bytes()
    path.write_bytes(others)
    other.write_bytes(mine)


DAMAGES: dict[str, Callable[[Path], Any]] = {
    "flip": flip,
    "truncate": lambda path: os.truncate(path, path.stat().st_size // 2),
    "zero": lambda path: path.write_bytes(b"\0" * path.stat().st_size),
    "swap": swap,
    "stale": lambda path: shutil.copyfile(path.parent.parent / "step-000002" / path.name, path),
    "missing": Path.unlink,
}


@pytest.mark.parametrize(
    ("name", "damage"),
    # The generator's state does not change in these runs, so a stale one is no damage.
    [(n, d) for n in FILES for d in DAMAGES if (n, d) != ("random.safetensors", "stale")],
)
def test_after_a_damaged_checkpoint_the_one_before_leads_to_the_same_end(
    given: dict[str, Any], tmp_path: Path, whole: dict[str, str], name: str, damage: str
) -> None:
    run = tmp_path / "whole"
    DAMAGES[damage](run / "checkpoints" / "step-000004" / name)
    listener = train(run, {**given, **SHORT}, resume=True)
    assert listener.first_step == 2
    assert any("step-000004" in text and "quarantine" in text for text in listener.said)
    assert "A damaged checkpoint was set aside: step-000004" in (run / "events.jsonl").read_text()
    assert [path.name for path in (run / "checkpoints" / "quarantine").iterdir()] == ["step-000004"]
    assert bits(run) == whole


def test_when_all_checkpoints_are_damaged_the_run_starts_again_and_says_so(
    given: dict[str, Any], tmp_path: Path, whole: dict[str, str]
) -> None:
    run = tmp_path / "whole"
    for path in checkpoint.checkpoints(run / "checkpoints"):
        flip(path / "weights.safetensors")
    listener = train(run, {**given, **SHORT}, resume=True)
    assert listener.first_step == 0
    assert len([text for text in listener.said if "quarantine" in text]) == 2
    assert any("from the beginning" in text for text in listener.said)
    assert bits(run) == whole


# --- full and failing disks -------------------------------------------------------------------------


class Faulty:
    """Makes the ``at``-th disk operation (from 0) fail with ``code``, half done; counts all."""

    def __init__(self, patch: pytest.MonkeyPatch, at: int = -1, code: int = errno.ENOSPC, only: str = "") -> None:
        self.calls: list[str] = []
        self._at, self._code = at, code
        operations: list[tuple[Any, str]] = [(os, "fsync"), (os, "replace"), (os, "write"), (shutil, "copyfile")]
        operations += [(Path, "write_bytes"), (Path, "write_text"), (weights_module, "save_file")]
        for owner, name in operations:
            if only in ("", name):
                patch.setattr(owner, name, self._wrapped(name, getattr(owner, name)))

    def _wrapped(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            self.calls.append(name)
            if len(self.calls) - 1 != self._at:
                return real(*args, **kwargs)
            if name in ("write_bytes", "write_text"):
                real(args[0], args[1][: len(args[1]) // 2])
            if name in ("save_file", "copyfile"):
                Path(args[1]).write_bytes(b"half")
            if name == "save_file":
                raise SafetensorError(f"I/O error: {os.strerror(self._code)} (os error {self._code})")
            raise OSError(self._code, os.strerror(self._code))

        return call


def fail_at_every_operation(given: dict[str, Any], folder: Path, code: int, only: str = "") -> int:
    """Fail the k-th operation of a run, then go on with a sound disk; → how many operations there are."""
    settings = {**given, **SHORT}
    with pytest.MonkeyPatch.context() as patch:
        count = Faulty(patch, only=only)
        train(folder / "reference", settings)
    reference = bits(folder / "reference")
    for at in range(len(count.calls)):
        run, where = folder / f"fault-{at}", f"{count.calls[at]}, operation {at}"
        with pytest.MonkeyPatch.context() as patch:
            Faulty(patch, at, code, only)
            with pytest.raises((MachineError, OSError)) as raised:
                train(run, settings)
        assert isinstance(raised.value, MachineError), where
        assert ("The disk is full" in str(raised.value)) == (code == errno.ENOSPC), where
        assert raised.value.hint, where
        assert litter(run) == [], where
        for path in checkpoint.checkpoints(run / "checkpoints"):
            assert checkpoint._read(path).step in (2, 4), where
        go_on(run, settings)
        assert bits(run) == reference, where
        for line in (run / "events.jsonl").read_text().splitlines():
            assert json.loads(line)["format"] == 1, where
        shutil.rmtree(run)
    return len(count.calls)


def test_a_disk_that_is_full_at_any_operation_costs_nothing_but_time(given: dict[str, Any], tmp_path: Path) -> None:
    assert fail_at_every_operation(given, tmp_path, errno.ENOSPC) >= 70


def test_a_failing_fsync_is_never_taken_for_success(given: dict[str, Any], tmp_path: Path) -> None:
    assert fail_at_every_operation(given, tmp_path, errno.EIO, only="fsync") >= 25


# --- another job, another machine -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"learning_rate": 1e-4}, "learning_rate"),
        ({"max_steps": 8}, "total_steps: 4 → 8"),
        ({"seed": 43}, "seed: 42 → 43"),
        ({"batch_size": 5, "lora_rank": 8}, "lora_rank: 16 → 8"),
        ({"precision": "bf16"}, "precision: 'fp32' → 'bf16'"),
        ({"micro_batch_tokens": 64}, "micro_batch_tokens"),
        ({"adapter": "none"}, "adapter: 'lora' → 'none'"),
        ({"validation_split": 0.5, "eval_examples": 0, "eval_every_steps": 4}, "validation"),
    ],
)
def test_a_resume_with_other_settings_is_refused_naming_them(
    given: dict[str, Any], tmp_path: Path, whole: dict[str, str], changes: dict[str, Any], named: str
) -> None:
    with pytest.raises(UserError, match="was started with other settings or data") as raised:
        train(tmp_path / "whole", {**given, **SHORT, **changes}, resume=True)
    assert named in raised.value.message
    assert bits(tmp_path / "whole") == whole


def test_a_resume_with_another_initialization_is_refused(given: dict[str, Any], tmp_path: Path) -> None:
    settings = {**given, **SHORT, "adapter": "none", "learning_rate": 1e-3}
    train(tmp_path / "run", {**settings, "initialization": "random"})
    with pytest.raises(UserError, match="initialization"):
        train(tmp_path / "run", settings, resume=True)


def test_a_resume_with_another_share_held_out_is_refused(given: dict[str, Any], tmp_path: Path) -> None:
    settings = {
        **given,
        **SHORT,
        "eval_examples": 0,
        "eval_every_steps": 4,
        "num_epochs": 1,
        "max_steps": None,
        "batch_size": 40,
    }
    train(tmp_path / "run", {**settings, "validation_split": 0.2})
    with pytest.raises(UserError, match="validation_split"):
        train(tmp_path / "run", {**settings, "validation_split": 0.3}, resume=True)


def test_a_resume_with_changed_data_is_refused(
    given: dict[str, Any], tmp_path: Path, tiny_file: Path, whole: dict[str, str]
) -> None:
    rows = tiny_file.read_text(encoding="utf-8")
    tiny_file.write_text(rows.replace("7 times", "8 times"), encoding="utf-8")
    with pytest.raises(UserError, match="training_file"):
        train(tmp_path / "whole", {**given, **SHORT}, resume=True)
    tiny_file.write_text(rows, encoding="utf-8")
    train(tmp_path / "whole", {**given, **SHORT}, resume=True)


def change_weights(base: Path) -> None:
    weights = read_tensors(base / "model.safetensors")
    weights["model.norm.weight"][0] += 1
    write_tensors(base / "model.safetensors", weights)


def change_template(base: Path) -> None:
    template = (base / "chat_template.jinja").read_text()
    (base / "chat_template.jinja").write_text(template.replace("{{- bos_token -}}", "{{- bos_token + '\\n' -}}"))


def change_tokenizer(base: Path) -> None:
    tokenizer = json.loads((base / "tokenizer.json").read_bytes())
    tokenizer["model"]["merges"].pop()
    (base / "tokenizer.json").write_text(json.dumps(tokenizer))


@pytest.mark.parametrize("change", [change_weights, change_template, change_tokenizer])
def test_a_resume_on_a_changed_base_model_is_refused(
    given: dict[str, Any], tmp_path: Path, tiny_base: Path, change: Callable[[Path], None]
) -> None:
    settings = {**given, **SHORT, "base_model": str(tmp_path / "base")}
    shutil.copytree(tiny_base, tmp_path / "base")
    train(tmp_path / "run", settings)
    change(tmp_path / "base")
    with pytest.raises(UserError, match="was started with other settings or data"):
        train(tmp_path / "run", settings, resume=True)


def test_a_moved_base_model_and_file_are_the_same_job(
    given: dict[str, Any], tmp_path: Path, tiny_base: Path, tiny_file: Path, whole: dict[str, str]
) -> None:
    shutil.copytree(tiny_base, tmp_path / "moved")
    shutil.copyfile(tiny_file, tmp_path / "moved.jsonl")
    moved = {"base_model": str(tmp_path / "moved"), "training_file": str(tmp_path / "moved.jsonl")}
    assert train(tmp_path / "whole", {**given, **SHORT, **moved}, resume=True).first_step == 4


def test_without_a_run_there_is_nothing_to_resume(given: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no run to resume") as raised:
        train(tmp_path / "none", {**given, **SHORT}, resume=True)
    assert "without --resume" in raised.value.hint


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"settings": [], "sources": 3}', b'\xff{"settings"'])
def test_damaged_settings_are_refused_saying_so(
    given: dict[str, Any], tmp_path: Path, whole: dict[str, str], content: bytes
) -> None:
    (tmp_path / "whole" / "resolved.json").write_bytes(content)
    with pytest.raises(UserError, match=r"resolved\.json is damaged"):
        train(tmp_path / "whole", {**given, **SHORT}, resume=True)


def test_another_torch_is_said_aloud(
    given: dict[str, Any], tmp_path: Path, whole: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(tmp_path / "whole" / "checkpoints" / "step-000004")
    version = str(torch.__version__)
    monkeypatch.setattr(torch, "__version__", "9.9.9")
    listener = train(tmp_path / "whole", {**given, **SHORT}, resume=True)
    (said,) = [text for text in listener.said if "differs" in text]
    assert f"torch was {version}, is 9.9.9" in said
    assert "not promised to be equal to the last bit" in said
    events = [json.loads(line) for line in (tmp_path / "whole" / "events.jsonl").read_text().splitlines()]
    assert said in [event["message"] for event in events if event["type"] == "warning"]


def test_the_same_machine_is_not_spoken_of(given: dict[str, Any], tmp_path: Path, whole: dict[str, str]) -> None:
    listener = train(tmp_path / "whole", {**given, **SHORT}, resume=True)
    assert not [text for text in listener.said if "differs" in text]


# --- the command line, cold -------------------------------------------------------------------------


class CommandLine:
    """Starts ``python -m tunesmith train`` and waits for its steps on disk."""

    def __init__(self, config: Path) -> None:
        self.config = config

    def start(self, out: Path, *more: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tunesmith", "train", str(self.config), "--out", str(out), *more]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, out: Path, *more: str) -> str:
        process = self.start(out, *more)
        said, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        return said

    @staticmethod
    def wait_for_step(process: subprocess.Popen[str], out: Path, step: int) -> None:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and process.poll() is None:
            with suppress(FileNotFoundError):
                if (out / "metrics.csv").read_bytes().count(b"\n") > step:
                    return
            time.sleep(0.005)
        raise AssertionError(f"step {step} was not reached: {process.communicate()}")


@pytest.fixture
def command_line(given: dict[str, Any], tmp_path: Path) -> CommandLine:
    config = tmp_path / "job.yaml"
    lines = {**given, "max_steps": 120, "batch_size": 4, "save_every_steps": 7, "precision": "fp32"}
    config.write_text("".join(f"{name}: {value}\n" for name, value in lines.items()))
    return CommandLine(config)


def test_the_command_killed_or_interrupted_and_resumed_equals_an_uninterrupted_one(
    command_line: CommandLine, tmp_path: Path
) -> None:
    command_line.run(tmp_path / "whole")
    reference = bits(tmp_path / "whole")

    killed = command_line.start(tmp_path / "killed")
    command_line.wait_for_step(killed, tmp_path / "killed", 17)
    killed.kill()
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    assert not (tmp_path / "killed" / "model").exists()
    assert "Going on after step" in command_line.run(tmp_path / "killed", "--resume")
    assert bits(tmp_path / "killed") == reference

    interrupted = command_line.start(tmp_path / "interrupted")
    command_line.wait_for_step(interrupted, tmp_path / "interrupted", 17)
    interrupted.send_signal(signal.SIGINT)
    _, errors = interrupted.communicate(timeout=60)
    assert interrupted.returncode == 130
    assert "a checkpoint is saved" in errors
    assert f"go on with: tunesmith train {command_line.config} --out {tmp_path / 'interrupted'} --resume" in errors
    last = checkpoint.checkpoints(tmp_path / "interrupted" / "checkpoints")[-1]
    assert f"Stopped after step {int(last.name.removeprefix('step-'))} of 120" in errors
    assert read_metrics(tmp_path / "interrupted" / "metrics.csv")[-1].step == checkpoint._read(last).step
    command_line.run(tmp_path / "interrupted", "--resume")
    assert bits(tmp_path / "interrupted") == reference


def test_the_command_refuses_a_folder_in_which_another_process_works(command_line: CommandLine, tmp_path: Path) -> None:
    with locked(tmp_path / "run"):
        process = command_line.start(tmp_path / "run")
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "Another process is working in" in errors
    assert not (tmp_path / "run" / "spec.yaml").exists()


# --- the server -------------------------------------------------------------------------------------


def serve() -> None:
    import torch._dynamo  # what the first optimizer would import in every trial

    torch.set_num_threads(1)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(run_trial(json.loads(line))) + "\n")
        sys.stdout.flush()


def run_trial(trial: dict[str, Any]) -> dict[str, Any]:
    """Fork, let the child train, and kill it ``delay_steps`` steps' time after it has reported enough steps."""
    reports, child_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reports)
        live_trial(trial, child_end)
    os.close(child_end)
    if "after_reports" in trial:
        first, seen = time.monotonic(), 0
        while seen < trial["after_reports"] and os.read(reports, 1):
            first, seen = (first if seen else time.monotonic()), seen + 1
        step_seconds = (time.monotonic() - first) / (seen - 1) if seen > 1 else 0.02
        time.sleep(trial["delay_steps"] * step_seconds)
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    os.close(reports)
    return {
        "killed": os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL,
        "code": os.waitstatus_to_exitcode(status),
    }


def live_trial(trial: dict[str, Any], reports: int) -> None:
    code = 1
    try:
        torch.set_num_threads(trial.get("num_threads", 1))
        if "kill_at_operation" in trial:
            kill_at_operation(trial["kill_at_operation"])
        go_on(Path(trial["folder"]), trial["given"], Listener(lambda: os.write(reports, b".") and None))
        code = 0
    except (TunesmithError, OSError, ValueError, KeyError, RuntimeError):
        traceback.print_exc()
    finally:
        os._exit(code)


def kill_at_operation(at: int) -> None:
    """Let this process die by SIGKILL just before its ``at``-th disk operation."""
    calls = 0

    def wrapped(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal calls
            if calls == at:
                os.kill(os.getpid(), signal.SIGKILL)
            calls += 1
            return real(*args, **kwargs)

        return call

    for name in ("fsync", "replace", "mkdir", "unlink", "rmdir"):
        setattr(os, name, wrapped(getattr(os, name)))
    weights_module.save_file = wrapped(weights_module.save_file)  # type: ignore[assignment]


if __name__ == "__main__":
    serve()
