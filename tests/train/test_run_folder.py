"""What a run leaves: metrics in step with the checkpoints, events as JSON lines, one process at a time."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tunesmith.core.errors import MachineError, UserError
from tunesmith.train.run_folder import COLUMNS, RunFolder, StepMetrics, locked, read_metrics

ROWS = [
    StepMetrics(0, valid_loss=4.25, valid_mean_token_accuracy=0.1),
    StepMetrics(1, 1 / 3, 0.5, None, None, 1e-05, 2.0, 128, 1000.1),
    StepMetrics(2, 1e-300, 0.5, 0.1 + 0.2, 1.0, 1e-05, 2.0, 128, None),
    StepMetrics(3, 0.25, 0.5, None, None, 1e-05, 2.0, 64, 10.0),
]


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """In memory where the system has such a place: a busy disk's fsync would take most of the time."""
    if not os.access("/dev/shm", os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="tunesmith-") as folder:
        yield Path(folder)


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    folder = RunFolder(tmp_path, now=lambda: 1234.56789)
    for row in ROWS:
        folder.add_metrics(row)
    return folder


def events(run: RunFolder) -> list[dict[str, object]]:
    return [json.loads(line) for line in run.events.read_text(encoding="utf-8").splitlines()]


def test_columns_are_the_wires_and_more() -> None:
    assert ",".join(COLUMNS) == (
        "step,train_loss,train_mean_token_accuracy,valid_loss,valid_mean_token_accuracy,"
        "learning_rate,grad_norm,num_tokens,tokens_per_second"
    )


def test_metrics_come_back_to_the_last_bit(run: RunFolder) -> None:
    lines = run.metrics.read_text().splitlines()
    assert lines[:2] == [",".join(COLUMNS), "0,,,4.25,0.1,,,,"]
    assert read_metrics(run.metrics) == ROWS


@pytest.mark.parametrize(("step", "kept"), [(-1, 0), (0, 1), (2, 3), (3, 4), (99, 4)])
def test_metrics_are_cut_back_to_the_checkpoints_step(run: RunFolder, step: int, kept: int) -> None:
    whole = run.metrics.read_text().splitlines(keepends=True)
    run.cut_metrics(step)
    assert run.metrics.read_text() == "".join(whole[: kept + 1])


def test_a_half_written_last_line_is_cut_at_every_byte(run: RunFolder) -> None:
    content = run.metrics.read_bytes()
    for size in range(len(content) + 1):
        run.metrics.write_bytes(content[:size])
        run.cut_metrics(99)
        whole = content[:size].count(b"\n")
        assert read_metrics(run.metrics) == ROWS[: max(0, whole - 1)]
        run.add_metrics(ROWS[-1])
        assert read_metrics(run.metrics)[-1] == ROWS[-1]


def test_nothing_to_cut_is_no_fault(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path, now=lambda: 0.0)
    folder.cut_metrics(5)
    folder.sync_metrics()
    assert os.listdir(tmp_path) == []


def test_each_event_is_one_line_of_json_with_its_format(run: RunFolder) -> None:
    run.event("started", "Fine-tuning job started")
    run.event("warning", "two\nlines, é and 你", step=3)
    assert events(run) == [
        {"format": 1, "at": 1234.568, "type": "started", "message": "Fine-tuning job started"},
        {"format": 1, "at": 1234.568, "type": "warning", "message": "two\nlines, é and 你", "step": 3},
    ]


def test_a_half_written_event_spoils_no_later_one(run: RunFolder) -> None:
    run.event("started", "Fine-tuning job started")
    with run.events.open("ab") as file:
        file.write(b'{"format": 1, "at": 12')
    run.event("resumed", "Fine-tuning job resumed")
    assert [event["type"] for event in events(run)] == ["started", "resumed"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_disk_that_takes_half_a_line_is_an_error_and_leaves_no_half_line(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """A write may be cut short: the disk takes ten bytes, and the next write fails."""
    before, real, calls = run.metrics.read_bytes(), os.write, 0

    def short(descriptor: int, content: bytes) -> int:
        nonlocal calls
        calls += 1
        if calls > 1:
            raise OSError(code, os.strerror(code))
        return real(descriptor, bytes(content)[:10])

    monkeypatch.setattr(os, "write", short)
    with pytest.raises(MachineError):
        run.add_metrics(ROWS[-1])
    assert run.metrics.read_bytes() == before


def test_a_write_that_was_cut_short_is_continued(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, content: real(descriptor, bytes(content)[:7]))
    run.add_metrics(ROWS[-1])
    run.event("started", "Fine-tuning job started")
    assert read_metrics(run.metrics) == [*ROWS, ROWS[-1]]
    assert [event["type"] for event in events(run)] == ["started"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_metrics_that_cannot_be_synced_are_an_error_with_a_sentence(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(MachineError, match=r"metrics\.csv"):
        run.sync_metrics()


def test_one_process_at_a_time_works_in_a_folder(tmp_path: Path) -> None:
    """The other one is a real process; when it is killed, the folder is free again."""
    code = (
        "import sys, pathlib\n"
        "from tunesmith.train.run_folder import locked\n"
        "with locked(pathlib.Path(sys.argv[1])):\n"
        "    print('held', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    folder = tmp_path / "run"
    command = [sys.executable, "-c", code, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(UserError, match="Another process is working in"), locked(folder):
            pass
        other.kill()
        other.wait()
        with locked(folder):
            pass


def test_a_folder_is_free_again_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), locked(tmp_path):
        raise RuntimeError
    with locked(tmp_path), pytest.raises(UserError), locked(tmp_path):
        pass


def test_a_lock_that_another_process_removed_meanwhile_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between opening and locking, a refused start removes the file: what is locked then guards nothing."""
    take = fcntl.flock

    def removed_before(descriptor: int, operation: int) -> None:
        (tmp_path / "run" / ".lock").unlink()
        take(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", removed_before)
    with pytest.raises(UserError, match="Another process is working in"), locked(tmp_path / "run"):
        pass
