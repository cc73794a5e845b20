"""The worker's side of a child: what goes wrong with its pipes harms nobody."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tunesmith.worker import process
from tunesmith.worker.process import Child, until_told
from tunesmith.worker.protocol import Order, Word

ORDER = Order({}, "tiny", "tiny", "file.jsonl", None, 15.0, 0, 1, True)


class ShellLauncher:
    def __init__(self, script: str) -> None:
        self.script = script

    def __call__(
        self, module: str, folder: Path, environment: Mapping[str, str], stdin: int, reports: int, stderr: int
    ) -> subprocess.Popen[bytes]:
        command = ["/bin/sh", "-c", self.script.format(reports=reports)]
        return subprocess.Popen(
            command, stdin=stdin, stderr=subprocess.DEVNULL, cwd=folder, pass_fds=[reports], start_new_session=True
        )


@pytest.fixture
def held_pipe(tmp_path: Path) -> Iterator[Path]:
    """Whoever reads it waits until the test ends."""
    path = tmp_path / "held"
    os.mkfifo(path)
    yield path
    os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK))


def test_a_child_that_ended_is_heard_to_the_end_though_its_own_child_holds_the_pipe(
    tmp_path: Path, held_pipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_SILENCE_SECONDS", 0.2)
    script = f'cat {held_pipe} >/dev/null & echo \'{{{{"type": "last"}}}}\' > /dev/fd/{{reports}}'
    child = Child("module", tmp_path, ORDER, ShellLauncher(script))
    with open(held_pipe, "wb"):  # ends the grandchild when the test does
        told = [message for message in until_told(child, 0.05) if message]
        assert told == [{"type": "last"}]
        child.close()


def test_what_a_child_has_started_ends_with_it(tmp_path: Path) -> None:
    """Such as a compiler, whose memory the next job would miss."""
    child = Child("module", tmp_path, ORDER, ShellLauncher("sleep 600 & echo $! > started; wait"))
    started = tmp_path / "started"
    while not (started.is_file() and started.read_text().strip()):
        assert child.process.poll() is None
    child.close()
    stat = Path(f"/proc/{started.read_text().strip()}/stat")
    for _ in range(1000):
        if not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.005)
    pytest.fail("it is still there")


def test_a_heartbeat_after_the_end_writes_to_no_other_file(tmp_path: Path) -> None:
    child = Child("module", tmp_path, ORDER, ShellLauncher("cat >/dev/null"))
    number = child._stdin
    child.kill()
    child.close()
    file = os.open(tmp_path / "precious", os.O_RDWR | os.O_CREAT)
    os.dup2(file, number)
    try:
        child.say(Word.HEARTBEAT)
        assert (tmp_path / "precious").read_bytes() == b""
    finally:
        os.close(number)
        if file != number:
            os.close(file)
