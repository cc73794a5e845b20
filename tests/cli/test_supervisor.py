"""The supervisor keeps real programs running, ends them in order, and leaves nobody behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tunesmith.cli.supervisor import LogFile, Patience, Program, Supervisor, how_it_ended

SLEEP = "import time; print('up', flush=True); time.sleep(600)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
)
QUICK = Patience(first_pause_seconds=0.01, longest_pause_seconds=0.02, settled_seconds=600, quick_deaths=5)


@dataclass
class World:
    folder: Path
    said: list[str] = field(default_factory=list)
    starts: list[str] = field(default_factory=list)

    def supervisor(self, patience: Patience = QUICK) -> Supervisor:
        return Supervisor(self.folder, self.said.append, self.starts.append, patience)

    def log(self, name: str) -> str:
        path = self.folder / f"{name}.log"
        return path.read_text() if path.exists() else ""


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "logs")


def program(name: str, code: str, drain_seconds: float = 20) -> Program:
    return Program(name, (sys.executable, "-c", code), dict(os.environ), drain_seconds=drain_seconds)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)


def played(story: Callable[[], Awaitable[None]]) -> None:
    async def whole() -> None:
        await story()

    asyncio.run(whole())


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"


def test_killed_program_is_started_again(world: World) -> None:
    async def story() -> None:
        supervisor = world.supervisor()
        supervisor.start(program("one", SLEEP))
        await until(lambda: "up" in world.log("one"))
        first = supervisor.processes()["one"]
        os.kill(first, signal.SIGKILL)
        await until(lambda: world.log("one").count("up") == 2)
        assert supervisor.processes()["one"] != first
        await supervisor.stop(["one"])

    played(story)
    assert world.starts == ["one", "one"]
    assert "one ended (killed by SIGKILL); it is started again" in world.said[0]


def test_program_that_ends_well_is_started_again_too(world: World) -> None:
    async def story() -> None:
        supervisor = world.supervisor()
        supervisor.start(program("one", "print('up')"))
        await until(lambda: len(world.starts) == 3)
        await supervisor.stop(["one"])

    played(story)
    assert "ended (exit code 0)" in world.said[0]


def test_fifth_quick_death_shows_the_end_of_the_log(world: World) -> None:
    async def story() -> None:
        supervisor = world.supervisor()
        supervisor.start(program("one", "raise SystemExit('the cause of it')"))
        await until(lambda: len(world.starts) == 6)
        await supervisor.stop(["one"])

    played(story)
    told = [text for text in world.said if "5 times soon after its start" in text]
    assert len(told) == 1
    assert "\n  the cause of it" in told[0]


def test_pauses_double_up_to_the_longest() -> None:
    patience = Patience(first_pause_seconds=0.5, longest_pause_seconds=5)
    assert [patience.pause_seconds(deaths) for deaths in (1, 2, 3, 4, 5, 500)] == [0.5, 1, 2, 4, 5, 5]


def test_one_that_lived_a_while_begins_with_the_first_pause(world: World) -> None:
    async def story() -> None:
        supervisor = world.supervisor(Patience(0.01, 0.02, settled_seconds=0.0))
        supervisor.start(program("one", "pass"))
        await until(lambda: len(world.starts) == 7)
        await supervisor.stop(["one"])

    played(story)
    assert set(world.said) == {"one ended (exit code 0); it is started again in 0.01 s."}


def test_stopped_program_ends_and_is_not_started_again(world: World) -> None:
    async def story() -> None:
        supervisor = world.supervisor()
        supervisor.start(program("one", SLEEP))
        await until(lambda: "up" in world.log("one"))
        await supervisor.stop(["one"])
        assert supervisor.processes() == {}

    played(story)
    assert world.starts == ["one"]
    assert world.said == []


def test_program_that_does_not_drain_is_killed(world: World) -> None:
    async def story() -> None:
        supervisor = world.supervisor()
        supervisor.start(program("one", STUBBORN, drain_seconds=0.2))
        await until(lambda: "up" in world.log("one"))
        await supervisor.stop(["one"])

    played(story)
    assert world.said == ["one did not end within 0.2 s and is killed."]


def test_stop_during_a_pause_does_not_wait_for_it(world: World) -> None:
    async def story() -> None:
        supervisor = world.supervisor(Patience(first_pause_seconds=600, longest_pause_seconds=600))
        supervisor.start(program("one", "pass"))
        await until(lambda: world.said)
        await supervisor.stop(["one"])

    played(story)
    assert world.starts == ["one"]


def test_warnings_reach_the_terminal_and_the_rest_only_the_log(world: World) -> None:
    async def story() -> None:
        supervisor = world.supervisor()
        supervisor.start(
            program("one", f"print('1 INFO a no WARNING here'); print('1 WARNING the disk is full'); {SLEEP}")
        )
        await until(lambda: "up" in world.log("one"))
        await supervisor.stop(["one"])

    played(story)
    assert world.said == ["one: 1 WARNING the disk is full"]
    assert "no WARNING here\n" in world.log("one")


def test_what_a_dead_program_leaves_behind_dies(world: World) -> None:
    leaving = (
        "import os, signal, subprocess, sys; "
        "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']).pid, flush=True); "
        "os.kill(os.getpid(), signal.SIGKILL)"
    )

    async def story() -> None:
        supervisor = world.supervisor(Patience(first_pause_seconds=600, longest_pause_seconds=600))
        supervisor.start(program("one", leaving))
        await until(lambda: world.said)
        left = int(world.log("one").split()[0])
        await until(lambda: not is_alive(left))
        await supervisor.stop(["one"])

    played(story)


@pytest.fixture
def killed_supervisor(tmp_path: Path) -> Iterator[int]:
    """A supervisor of one program that was itself killed; → the program's process id."""
    code = (
        "import asyncio, os, sys\nfrom pathlib import Path\nfrom tunesmith.cli.supervisor import *\n"
        "async def main():\n"
        f" s = Supervisor(Path({str(tmp_path)!r}), print)\n"
        f" s.start(Program('one', (sys.executable, '-c', {SLEEP!r}), dict(os.environ)))\n"
        " await asyncio.sleep(0.01)\n"
        " print(s.processes()['one'], flush=True)\n"
        " await asyncio.sleep(600)\n"
        "asyncio.run(main())"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    pid = int((process.stdout or sys.stdin).readline())
    assert is_alive(pid)
    process.kill()
    process.communicate()
    yield pid
    if is_alive(pid):
        os.kill(pid, signal.SIGKILL)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills the children of the dead")
def test_programs_die_with_a_killed_supervisor(killed_supervisor: int) -> None:
    deadline = time.monotonic() + 30
    while is_alive(killed_supervisor) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_alive(killed_supervisor)


def test_log_is_bounded(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "logs" / "one.log", max_bytes=100, num_old=2)
    for number in range(95):
        log.write(f"line {number:04}")
    files = sorted((tmp_path / "logs").iterdir())
    assert [file.name for file in files] == ["one.log", "one.log.1", "one.log.2"]
    assert all(file.stat().st_size <= 110 for file in files)
    assert "line 0094" in "".join(file.read_text() for file in files)
    assert log.last_lines[-1] == "line 0094"


def test_log_on_a_full_disk_stops_nothing() -> None:
    log = LogFile(Path("/dev/full"))
    log.write("lost")
    assert list(log.last_lines) == ["lost"]


@pytest.mark.parametrize(
    ("code", "words"), [(3, "exit code 3"), (-9, "killed by SIGKILL"), (-99, "killed by signal 99")]
)
def test_end_is_told_in_words(code: int, words: str) -> None:
    assert how_it_ended(code) == words
