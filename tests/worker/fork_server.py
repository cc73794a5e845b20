"""Forks workers and their children from a process that has torch already: a trial costs a tenth of a second.

As a script: ``python fork_server.py SOCKET``. Loaded as a module: ``ForkLauncher``, which starts children there as
``tunesmith.worker.process.launch`` starts them cold, and ``start_worker``. The cold tests keep it honest.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

WORKER = "worker"


class Forked:
    """A forked process, as ``subprocess.Popen`` shows one."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._file = connection.makefile("rb")
        self.pid = int(self._file.readline())
        self._code: int | None = None

    def poll(self) -> int | None:
        if self._code is None:
            self._connection.setblocking(False)
            try:
                self._code = self._read()
            finally:
                self._connection.setblocking(True)
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        import subprocess

        if self._code is None:
            self._connection.settimeout(timeout)
            try:
                self._code = self._read()
            except TimeoutError:
                raise subprocess.TimeoutExpired("forked", timeout or 0) from None
            finally:
                with contextlib.suppress(OSError):
                    self._connection.settimeout(None)
        if self._code is None:
            raise subprocess.TimeoutExpired("forked", timeout or 0)
        return self._code

    def kill(self) -> None:
        self.send_signal(9)

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def _read(self) -> int | None:
        try:
            line = self._connection.recv(64)
        except BlockingIOError:
            return None
        self._connection.close()
        return int(line) if line else -9


class ForkLauncher:
    def __init__(self, path: str) -> None:
        self.path = path
        self.started: list[Forked] = []

    def __call__(
        self, module: str, folder: Path, environment: Mapping[str, str], stdin: int, reports: int, stderr: int
    ) -> Forked:
        header = {"module": module, "folder": str(folder), "environment": dict(environment)}
        process = fork(self.path, header, [stdin, reports, stderr])
        self.started.append(process)
        return process


def fork(path: str, header: dict[str, Any], descriptors: list[int]) -> Forked:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.connect(path)
    content = json.dumps(header).encode() + b"\n"
    socket.send_fds(connection, [len(content).to_bytes(4, "big")], descriptors)
    connection.sendall(content)
    return Forked(connection)


def start_worker(path: str, given: dict[str, Any], log: Path) -> Forked:
    """A worker process of its own; ``given`` as ``live_as_worker`` takes it."""
    with log.open("ab") as file, open(os.devnull, "rb") as nothing:
        header = {"module": WORKER, "folder": str(log.parent), "environment": {}, "given": given}
        return fork(path, header, [nothing.fileno(), file.fileno(), file.fileno()])


# --- in the server ----------------------------------------------------------------------------------


def serve(path: str) -> None:
    import torch
    import torch._dynamo

    import tunesmith.worker.check_files
    import tunesmith.worker.child
    import tunesmith.worker.data_child
    import tunesmith.worker.run  # noqa: F401

    torch.set_num_threads(1)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen(64)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        connection, _ = listener.accept()
        while True:  # those that ended
            with contextlib.suppress(ChildProcessError):
                if os.waitpid(-1, os.WNOHANG)[0]:
                    continue
            break
        if os.fork() == 0:
            listener.close()
            attend(connection)
        connection.close()


def attend(connection: socket.socket) -> None:
    """Fork the process, tell its id, wait for it, tell how it ended."""
    size, descriptors, _, _ = socket.recv_fds(connection, 4, 3)
    with connection.makefile("rb") as file:
        header = json.loads(file.read(int.from_bytes(size, "big")))
    if sys.stdin is not None:
        os.close(0)
    pid = os.fork()
    if pid == 0:
        connection.close()
        live(header, *descriptors)
    for descriptor in descriptors:
        os.close(descriptor)
    connection.sendall(f"{pid}\n".encode())
    _, status = os.waitpid(pid, 0)
    with contextlib.suppress(OSError):
        connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def live(header: dict[str, Any], stdin: int, reports: int, stderr: int) -> None:
    code = 1
    try:
        os.dup2(stdin, 0)
        os.dup2(stderr, 2)
        os.environ.update(header["environment"])
        os.chdir(header["folder"])
        if header["module"] == WORKER:
            live_as_worker(header["given"])
        else:
            module = sys.modules[header["module"]]
            module.settle_in = lambda parent_pid: None  # its parent is this server; and no test yields
            behave(header["environment"].get("TUNESMITH_TEST_FAULT", ""))
            module.main(0, reports)
        code = 0
    except SystemExit as ended:
        code = int(ended.code or 0)
    except BaseException:  # noqa: BLE001 - the process's end
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


# What ``World.faults`` may name.
FAULTS = {
    "step_seconds",
    "waits_at_step",
    "kill_at_step",
    "signal",
    "disk_full_at_step",
    "memory_error",
    "data_waits",
    "data_dies",
}


def behave(fault: str) -> None:
    """Faults that a test asks for (FAULTS), through a file that says which, as children are many."""
    faults = Path("../../../../faults").resolve()
    given = json.loads(faults.read_text()) if faults.is_file() else {}
    from tunesmith.train import checkpoint, fine_tune
    from tunesmith.train.run_folder import RunFolder
    from tunesmith.worker.lifeline import Lifeline
    from tunesmith.worker.protocol import Word

    if "waits_at_step" in given:
        unasked, lifelines, read_order = RunFolder.add_metrics, list[Lifeline](), Lifeline.read_order

        def read_and_remember(self: Lifeline, kind: Any) -> Any:
            lifelines.append(self)
            return read_order(self, kind)

        def wait(self: RunFolder, row: Any) -> None:
            while row.step >= given["waits_at_step"] and not lifelines[0].was_asked(Word.PAUSE, Word.SAVE):
                time.sleep(0.01)
            unasked(self, row)

        Lifeline.read_order, RunFolder.add_metrics = read_and_remember, wait  # type: ignore[method-assign]
    if "step_seconds" in given:
        unhurried = RunFolder.add_metrics

        def slowly(self: RunFolder, row: Any) -> None:
            time.sleep(given["step_seconds"])
            unhurried(self, row)

        RunFolder.add_metrics = slowly  # type: ignore[method-assign]
    if "kill_at_step" in given:
        real = RunFolder.add_metrics

        def add(self: RunFolder, row: Any) -> None:
            if row.step == given["kill_at_step"]:
                os.kill(os.getpid(), given.get("signal", 9))
            real(self, row)

        RunFolder.add_metrics = add  # type: ignore[method-assign]
    if "disk_full_at_step" in given:
        real_save = checkpoint.save

        def save(folder: Path, state: Any, keep: int) -> Path:
            if state.step == given["disk_full_at_step"]:
                from tunesmith.core import durable

                with durable.disk_errors(folder):
                    raise OSError(28, "No space left on device")
            return real_save(folder, state, keep)

        fine_tune.checkpoint.save = save
    if "data_waits" in given or "data_dies" in given:
        from tunesmith.worker import data_child

        def hold(order: Any, lifeline: Lifeline) -> Any:
            lifeline.tell("progress", share=0.25)
            if "data_dies" in given:
                os.kill(os.getpid(), 9)
            while True:
                time.sleep(0.01)

        data_child.run = hold  # type: ignore[assignment]
    if given.get("memory_error"):

        def no_memory(*_: Any, **__: Any) -> None:
            raise MemoryError

        fine_tune.run_loop = no_memory  # type: ignore[assignment]


def live_as_worker(given: dict[str, Any]) -> None:
    from tunesmith.core.settings import Settings
    from tunesmith.nn.known_models import KnownModels
    from tunesmith.store.blobs import open_blobs
    from tunesmith.store.db import Database
    from tunesmith.worker import run
    from tunesmith.worker.askable_models import AskableModels
    from tunesmith.worker.attempt import Stop, Workplace

    os.environ.pop("TUNESMITH_TEST_FAULT", None)
    home, database = Path(given["home"]), Database(given["database_url"])
    place = Workplace(
        worker_id=given["worker_id"], database=database, blobs=open_blobs(Settings(home=home, blob_url=""), database),
        known_models=KnownModels.of(base_models=given["base_models"]), folder=home / "jobs",
        lease_seconds=given["lease_seconds"], max_attempts=given["max_attempts"], num_threads=1, offline=True,
        launcher=ForkLauncher(given["socket"]), askable_models=AskableModels(KnownModels.of(), home / "serve.sock"),
    )  # fmt: skip
    run.POLL_SECONDS = 0.05
    stop = Stop()
    with run.stop_on_signals(stop):
        run.Worker(place, home / "run", num_slots=given.get("num_slots", 1)).run(stop)


if __name__ == "__main__":
    serve(sys.argv[1])
