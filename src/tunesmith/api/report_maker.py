"""Reports of files: found in a folder of this machine, or made by a process of their own, a few at a time.

All API processes of a home share the folder and agree by locks in it: two who ask at once get one report. A report
belongs to a project; a name holds the file's hash and what it was judged by, never what a user typed. What was not
asked for lately is removed.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import uuid4

from tunesmith import __version__
from tunesmith.api.report_process import FAILED, PROGRESS, REPORT, ROWS
from tunesmith.core.errors import MachineError
from tunesmith.core.log import redacted
from tunesmith.core.offline import library_variables
from tunesmith.data.report_file import Report
from tunesmith.store.blobs import Blobs, DamagedBlob

MODULE: Final = "tunesmith.api.report_process"
# Raised when reports are written in another way.
FORMAT: Final = 2
MOST_REPORTS: Final = 200
MOST_BYTES: Final = 2 << 30
MOST_AGE_SECONDS: Final = 7 * 86400
MOST_MEMORY_BYTES: Final = 4 << 30
MOST_WANTED: Final = 100
"""Reports that wait in a lane; more are taken up when there is room and they are asked for again."""
WANTED_SECONDS: Final = 60.0
"""A report that nobody asked for so long is not begun, and makes way for one that somebody waits for."""
RETRY_SECONDS: Final = 15.0
"""How long a failure is believed; whoever asks later has it tried again."""
PATIENCE_SECONDS, BYTES_PER_SECOND = 300.0, 100_000
"""A report is given up after this long, and a second more for each so many bytes of its file: a tenth of what one core
reads, for a report yields to whoever trains beside it."""
_LANES: Final = {"small": 8 << 20, "large": None}
"""A report is made alone in its lane: a small file does not wait for a large one."""
_POLL_SECONDS: Final = 0.05
_GONE: Final = "gone."
# What the process may need of this one's environment; everything else stays here.
_KEPT: Final = frozenset(
    "PATH HOME LANG LANGUAGE TZ TMPDIR LD_LIBRARY_PATH PYTHONPATH VIRTUAL_ENV HF_HOME HF_HUB_CACHE XDG_CACHE_HOME".split()
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which report. ``model`` and ``location`` are None where tokens are not counted; ``version`` is that of its files."""

    project_id: str
    sha256: str
    num_bytes: int
    model: str | None = None
    location: str | None = None
    version: str = ""
    max_seq_len: int | None = None

    @property
    def key(self) -> str:
        return f"{self.model_key}-{self.max_seq_len or 0}"

    @property
    def model_key(self) -> str:
        judged_by = repr((FORMAT, __version__, self.model, self.version))
        return f"{file_key(self.project_id, self.sha256)}-{hashlib.sha256(judged_by.encode()).hexdigest()[:16]}"

    @property
    def lane(self) -> str:
        return next(name for name, most in _LANES.items() if most is None or self.num_bytes <= most)


def file_key(project_id: str, sha256: str) -> str:
    """What the names of all reports of the file begin with."""
    return f"{sha256}-{hashlib.sha256(project_id.encode()).hexdigest()[:16]}"


@dataclass(frozen=True, slots=True)
class Making:
    progress: float


@dataclass(frozen=True, slots=True)
class Failed:
    message: str


class ReportMaker:
    """``folder/<key>`` is a report, ``folder/<key>.failed`` why there is none."""

    def __init__(
        self, folder: Path, blobs: Blobs, command: Sequence[str] = (sys.executable, "-P", "-m", MODULE)
    ) -> None:  # fmt: skip
        self.folder = folder
        self._blobs = blobs
        self._command = tuple(command)
        self._turn = threading.Lock()
        self._is_closed = threading.Event()
        self._lanes: dict[str, _Lane] = {name: _Lane() for name in _LANES}
        self.sweep()

    def find(self, asked: Asked) -> Report | Making | Failed:
        """The report, or how far its making is: whoever asks first has it made."""
        report = self._open(self.folder / asked.key)
        if report is not None:
            return report
        failure = self._failure(asked.key)
        if failure is not None:
            return failure
        with self._turn:
            if not self._is_closed.is_set():
                self._lanes[asked.lane].want(asked, self._work)
        return Making(self._progress(asked))

    def any_of(self, project_id: str, sha256: str) -> Report | None:
        """The report of the file that was used last, whatever it was judged by."""
        return self._latest(file_key(project_id, sha256))

    def of_model(self, asked: Asked) -> Report | None:
        """The report by this model that was used last, whatever its ``max_seq_len``."""
        return self._latest(asked.model_key)

    def _latest(self, key: str) -> Report | None:
        folders = [path for path in self.folder.glob(f"{key}-*") if not path.suffix]
        for folder in sorted(folders, key=_used_at, reverse=True):
            report = self._open(folder)
            if report is not None:
                return report
        return None

    def forget(self, project_id: str, sha256: str) -> None:
        """The file was deleted: what its reports say of it goes too."""
        for path in self.folder.glob(f"{file_key(project_id, sha256)}-*"):
            _remove(path)

    def sweep(self) -> None:
        """Remove what was not used for long, and what was used longest ago beyond the bounds."""
        if not self.folder.is_dir():
            return
        for litter in self.folder.glob(f"{_GONE}*/"):
            shutil.rmtree(litter, ignore_errors=True)
        room, now = MOST_BYTES, time.time()
        kept = [path for path in self.folder.iterdir() if "-" in path.name]
        for place, path in enumerate(sorted(kept, key=_used_at, reverse=True)):
            room -= _num_bytes(path)
            is_beyond = place >= MOST_REPORTS or (place > 0 and room < 0)
            if is_beyond or now - _used_at(path) > MOST_AGE_SECONDS:
                _remove(path)

    def close(self) -> None:
        """End the processes; what they were at is begun anew when somebody asks."""
        self._is_closed.set()
        with self._turn:
            lanes = [lane.thread for lane in self._lanes.values() if lane.thread is not None]
        for thread in lanes:
            thread.join(5)

    def _open(self, folder: Path) -> Report | None:
        try:
            report = Report(folder)
            os.utime(folder)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:  # of another version, or damaged
            log.warning("A report could not be read and is made again: %s", error)
            _remove(folder)
            return None
        return report

    def _failure(self, key: str) -> Failed | None:
        path = self.folder / f"{key}.failed"
        try:
            age = time.time() - path.stat().st_mtime
            message = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        return Failed(message) if 0 <= age < RETRY_SECONDS else None

    def _note_failure(self, key: str, message: str) -> None:
        fresh = self.folder / f"{_GONE}{uuid4().hex}"
        fresh.write_text(message, encoding="utf-8")
        os.replace(fresh, self.folder / f"{key}.failed")

    def _progress(self, asked: Asked) -> float:
        """As the process that makes it has written, maybe for another API process."""
        work = self._work_folder(asked)
        try:
            return min(0.99, max(0.0, float((work / PROGRESS).read_text(encoding="ascii"))))
        except (OSError, ValueError):
            return 0.0

    def _work_folder(self, asked: Asked) -> Path:
        return self.folder / f"work.{asked.lane}" / asked.key

    def _work(self, asked: Asked) -> None:
        """On the lane's thread: make it, unless somebody else has."""
        with self._alone(asked.lane) as is_alone:
            if not is_alone or (self.folder / asked.key).exists():
                return
            shutil.rmtree(self.folder / f"work.{asked.lane}", ignore_errors=True)  # a dead process's
            work = self._work_folder(asked)
            try:
                work.mkdir(parents=True, mode=0o700)
                message = self._make(asked, work)
                if message is None:
                    os.replace(work / REPORT, self.folder / asked.key)
                    (self.folder / f"{asked.key}.failed").unlink(missing_ok=True)
                else:
                    self._note_failure(asked.key, message)
            except _GivenUp:
                return
            except OSError as error:
                log.error("A report could not be kept: %s", error)
                with suppress(OSError):
                    self._note_failure(asked.key, _UNKNOWN)
            finally:
                shutil.rmtree(work, ignore_errors=True)
            self.sweep()

    def _make(self, asked: Asked, work: Path) -> str | None:
        """Why there is no report; None: it lies in the work folder."""
        try:
            self._blobs.lend(asked.sha256, work / ROWS)
        except DamagedBlob:
            return "The stored bytes of the file are damaged or lost. Upload the file again, or restore a backup."
        except MachineError as error:
            log.error("A file could not be fetched for its report: %s", error)
            return "The file could not be read from where it is stored; the server's log says why."
        code = self._run(asked, work)
        if code == 0 and (work / REPORT).is_dir():
            return None
        said = _tail(work / "stderr")
        if said:
            log.warning("The report of a file ended with code %s: %s", code, redacted(said))
        if code is None:
            return "The report took too long and was given up: split the file into smaller ones."
        with suppress(OSError):
            return (work / FAILED).read_text(encoding="utf-8")
        if code < 0:
            return "The process that makes the report was killed, perhaps for lack of memory. Ask again to try again."
        return _UNKNOWN

    def _run(self, asked: Asked, work: Path) -> int | None:
        """The process's exit code; None where it was killed for being too slow. Raises _GivenUp."""
        order = {
            "sha256": asked.sha256, "model": asked.model, "location": asked.location, "max_seq_len": asked.max_seq_len,
            "most_memory_bytes": MOST_MEMORY_BYTES,
        }  # fmt: skip
        with (work / "stderr").open("wb") as stderr:
            process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=stderr, cwd=work,
                env=_environment(), start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + PATIENCE_SECONDS + asked.num_bytes / BYTES_PER_SECOND
        try:
            if process.stdin is not None:
                with suppress(OSError):
                    process.stdin.write(json.dumps(order).encode() + b"\n")
                    process.stdin.flush()
            while process.poll() is None:
                if self._is_closed.wait(_POLL_SECONDS) or self._lanes[asked.lane].is_better_employed(asked):
                    raise _GivenUp
                if time.monotonic() > deadline:
                    return None
            return process.returncode
        finally:
            process.kill()
            process.wait()
            if process.stdin is not None:
                with suppress(OSError):
                    process.stdin.close()

    @contextmanager
    def _alone(self, lane: str) -> Iterator[bool]:
        """The lane's lock; False where the process ends meanwhile."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.folder / f"{lane}.lock").open("wb") as lock:
            while not self._is_closed.is_set():
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    self._is_closed.wait(4 * _POLL_SECONDS)
                    continue
                yield True
                return
        yield False


class _GivenUp(Exception):
    """Nobody's fault: the process ends, or nobody waits for this report while somebody waits for another one."""


@dataclass(slots=True)
class _Lane:
    """Which reports are wanted, in order, with the instants when they were last asked for; the first is being made."""

    wanted: dict[str, tuple[Asked, float]] = field(default_factory=dict)
    thread: threading.Thread | None = None
    turn: threading.Lock = field(default_factory=threading.Lock)

    def want(self, asked: Asked, work: Callable[[Asked], None]) -> None:
        with self.turn:
            if asked.key in self.wanted or len(self.wanted) < MOST_WANTED:
                self.wanted[asked.key] = (asked, time.monotonic())
            if self.thread is None:
                self.thread = threading.Thread(target=self._go_on, args=(work,), name="reports", daemon=True)
                self.thread.start()

    def is_better_employed(self, asked: Asked) -> bool:
        """Whether others wait, and nobody for this one."""
        long_ago = time.monotonic() - WANTED_SECONDS
        with self.turn:
            is_unwanted = self.wanted[asked.key][1] < long_ago
            return is_unwanted and any(at >= long_ago for _, at in self.wanted.values())

    def _go_on(self, work: Callable[[Asked], None]) -> None:
        while True:
            with self.turn:
                long_ago = time.monotonic() - WANTED_SECONDS
                self.wanted = {key: (asked, at) for key, (asked, at) in self.wanted.items() if at >= long_ago}
                asked = next((asked for asked, _ in self.wanted.values()), None)
                if asked is None:
                    self.thread = None
                    return
            try:
                work(asked)
            except Exception:
                log.exception("A report could not be made")
            with self.turn:
                del self.wanted[asked.key]


_UNKNOWN: Final = "The report could not be made; the server's log says why. Ask again to try again."


def _environment() -> Mapping[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith("LC_")}
    if "PYTHONPATH" in kept:  # it works in a folder of its own
        kept["PYTHONPATH"] = os.pathsep.join(map(os.path.abspath, kept["PYTHONPATH"].split(os.pathsep)))
    return kept | {"TOKENIZERS_PARALLELISM": "false", "OMP_NUM_THREADS": "1"} | library_variables(True)


def _used_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _num_bytes(path: Path) -> int:
    try:
        return sum(file.stat().st_size for file in path.iterdir()) if path.is_dir() else path.stat().st_size
    except OSError:
        return 0


def _remove(path: Path) -> None:
    """At once for whoever looks, file by file behind their backs."""
    gone = path.with_name(f"{_GONE}{uuid4().hex}")
    try:
        os.replace(path, gone)
    except FileNotFoundError:
        return
    if gone.is_dir():
        shutil.rmtree(gone, ignore_errors=True)
    else:
        gone.unlink(missing_ok=True)


def _tail(path: Path) -> str:
    try:
        return path.read_bytes()[-2000:].decode(errors="replace").strip()
    except OSError:
        return ""
