"""Temporaries: a dead process's files are swept away, a living one's are not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tunesmith.core.settings import Settings
from tunesmith.store.blobs import open_blobs
from tunesmith.store.temporaries import Temporaries

WRITER = """
import sys, time
from pathlib import Path
from tunesmith.store.temporaries import Temporaries
temporaries = Temporaries(Path(sys.argv[1]))
path = temporaries.new()
path.write_bytes(b"half")
print(path, flush=True)
time.sleep(600)
"""


def start_writer(folder: Path) -> tuple[subprocess.Popen[str], Path]:
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_nothing_is_made_before_a_file_is_asked_for(tmp_path: Path) -> None:
    Temporaries(tmp_path / "tmp").sweep()
    assert not (tmp_path / "tmp").exists()


def test_names_are_new_each_time(tmp_path: Path) -> None:
    temporaries = Temporaries(tmp_path)
    paths = {temporaries.new() for _ in range(100)}
    assert len(paths) == 100
    assert len({path.parent for path in paths}) == 1


def test_files_of_a_killed_process_are_swept_and_those_of_a_living_one_are_not(tmp_path: Path) -> None:
    mine = Temporaries(tmp_path)
    kept = mine.new()
    kept.write_bytes(b"mine")
    (dead, litter), (living, half) = start_writer(tmp_path), start_writer(tmp_path)
    try:
        dead.send_signal(signal.SIGKILL)
        dead.wait()
        Temporaries(tmp_path).sweep()
        assert (litter.parent.exists(), half.read_bytes(), kept.read_bytes()) == (False, b"half", b"mine")
    finally:
        living.kill()
        living.wait()
    mine.sweep()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([kept.parent.name, f"{kept.parent.name}.lock"])


@pytest.mark.parametrize("name", ["stranger", "stranger.txt"])
def test_what_is_not_ours_is_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"")
    Temporaries(tmp_path).sweep()
    assert (tmp_path / name).exists()


def test_opening_the_blobs_sweeps(tmp_path: Path) -> None:
    process, litter = start_writer(tmp_path / "blobs" / "tmp")
    process.kill()
    process.wait()
    open_blobs(Settings(home=tmp_path))
    assert not litter.exists()
    assert os.listdir(tmp_path / "blobs" / "tmp") == []
