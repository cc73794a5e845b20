#!/usr/bin/env python3
"""A large file up to the API and down again, beside `cp` and `sha256sum` of the same file.

    python bench/upload.py --rounds 3

Ours is a running API process (uvicorn, SQLite, the blobs in a folder) and a plain client that sends the file as a
browser would: it arrives parsed, hashed, written, fsynced, named and noted in the database before the answer. The
reference copies the file on the same disk and hashes the copy, one program after the other, and does not even wait
for the disk; beside it the same with `sync` of the copy, which is what an answered upload promises. In turn, round
by round; a first round warms up and is not counted. Before each, the disk has written everything and freed memory
has gone back to the host: a virtual machine pays for the memory that it fills first, and all shall pay alike. The
server's memory is the peak of its process above what it held before that upload or download.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import measure
import tables
from train import write

MIB = 1 << 20
BLOCK_BYTES = MIB
BOUNDARY = "a-border-that-no-file-holds"
REFERENCE = "cp, sha256sum"
NAMES = ("upload", "download", REFERENCE, f"{REFERENCE}, sync")
COLUMNS = (
    "what", "seconds, median [min, max]", f"÷ {REFERENCE}", "MiB/s", "processor s", "server's memory grew by, MiB",
    "others' cores",
)  # fmt: skip


def main() -> None:
    options = _options()
    work = options.work.resolve() / "upload"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        runs = _measure(work, options)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    document = {**measure.document("upload", runs), "mebibytes": options.mebibytes}
    text = table(document)
    print("\n" + text)
    write(document, text, options.out, "upload")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured (default: 3)")
    parser.add_argument("--mebibytes", type=int, default=1024, help="the file's size (default: 1024)")
    parser.add_argument("--settle-seconds", type=float, default=4.0, help="rest before each (default: 4)")
    parser.add_argument("--work", type=Path, default=Path("runs/bench"), help="where it works (default: runs/bench)")
    parser.add_argument("--out", type=Path, default=Path("runs/bench/results"),
                        help="where the table and the raw numbers go (default: runs/bench/results)")  # fmt: skip
    return parser.parse_args()


def _measure(work: Path, options: argparse.Namespace) -> list[dict[str, Any]]:
    source = work / "source.jsonl"
    sha256 = write_source(source, options.mebibytes)
    runs = []
    with serving(work / "home", options.mebibytes * MIB) as server:
        uploaded: list[str] = []
        works: Mapping[str, Callable[[], None]] = {
            "upload": lambda: uploaded.append(server.upload(source)),
            "download": lambda: check(server.download(uploaded[-1]), sha256),
            REFERENCE: lambda: copied_and_hashed(source, work / "copy", sync=False),
            f"{REFERENCE}, sync": lambda: copied_and_hashed(source, work / "copy", sync=True),
        }
        for number in range(options.rounds + 1):
            turn = number % 2
            for name in [*NAMES[2 * turn :], *NAMES[: 2 * turn]]:
                os.sync()
                time.sleep(options.settle_seconds)
                run = {"what": name, "round": number, **timed(works[name], server)}
                runs.append(run)
                grown = run["grown_bytes"] / MIB
                print(f"round {number}, {name}: {run['wall_seconds']:.2f} s, {grown:.1f} MiB", flush=True)
            server.delete(uploaded[-1])
    return runs


def check(found: str, expected: str) -> None:
    if found != expected:
        raise SystemExit("What came back is not what was sent.")


def timed(work: Callable[[], None], server: Server) -> dict[str, float]:
    """Wall seconds, processor seconds of all who took part, what others took, and how the server's memory grew."""
    memory, start, helpers = server.memory(), measure.moment(), _children_seconds() + server.cpu_seconds()
    work()
    run = measure.disturbance(start, measure.moment())
    helped = _children_seconds() + server.cpu_seconds() - helpers
    run["cpu_seconds"] += helped
    run["others_cores"] = max(0.0, run["others_cores"] - helped / run["wall_seconds"])
    return {**run, "grown_bytes": server.peak() - memory}


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def write_source(path: Path, mebibytes: int) -> str:
    """Lines of JSON that differ; → its SHA-256."""
    digest, number = hashlib.sha256(), 0
    with path.open("wb") as file:
        for _ in range(mebibytes):
            block = b""
            while len(block) < MIB:
                number += 1
                text = hashlib.sha256(b"%d" % number).hexdigest() * 40
                block += b'{"prompt": "%d", "completion": "%s"}\n' % (number, text.encode())
            block = block[: MIB - 1] + b"\n"
            digest.update(block)
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def copied_and_hashed(source: Path, copy: Path, *, sync: bool) -> None:
    subprocess.run(["cp", source, copy], check=True)
    subprocess.run(["sha256sum", copy], check=True, stdout=subprocess.DEVNULL)
    if sync:
        subprocess.run(["sync", "-d", copy], check=True)
    copy.unlink()


class Server:
    """An API process, and the plain client."""

    def __init__(self, port: int, key: str, pid: int) -> None:
        self._port, self._headers, self._pid = port, {"Authorization": f"Bearer {key}"}, pid

    def upload(self, source: Path) -> str:
        head = (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nuser_data\r\n'
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{source.name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode()
        tail = f"\r\n--{BOUNDARY}--\r\n".encode()
        connection = self._connection()
        connection.putrequest("POST", "/v1/files")
        for name, value in self._headers.items():
            connection.putheader(name, value)
        connection.putheader("Content-Type", f"multipart/form-data; boundary={BOUNDARY}")
        connection.putheader("Content-Length", str(len(head) + source.stat().st_size + len(tail)))
        connection.endheaders(head)
        with source.open("rb", buffering=0) as file:
            while block := file.read(BLOCK_BYTES):
                connection.send(block)
        connection.send(tail)
        return str(_json(connection)["id"])

    def download(self, file_id: str) -> str:
        """→ the SHA-256 of what came. The client hashes too: that is not on the reference's bill."""
        connection = self._connection()
        connection.request("GET", f"/v1/files/{file_id}/content", headers=self._headers)
        answer, digest = connection.getresponse(), hashlib.sha256()
        while block := answer.read(BLOCK_BYTES):
            digest.update(block)
        connection.close()
        return digest.hexdigest()

    def delete(self, file_id: str) -> None:
        connection = self._connection()
        connection.request("DELETE", f"/v1/files/{file_id}", headers=self._headers)
        _json(connection)

    def is_up(self) -> bool:
        connection = self._connection()
        try:
            connection.request("GET", "/v1/files?limit=1", headers=self._headers)
            _json(connection)
        except OSError:
            return False
        return True

    def memory(self) -> int:
        """What the process holds now; its peak counts from here on."""
        Path(f"/proc/{self._pid}/clear_refs").write_text("5")
        return self._status("VmRSS")

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak(self) -> int:
        return self._status("VmHWM")

    def _status(self, name: str) -> int:
        lines = Path(f"/proc/{self._pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith(f"{name}:")).split()[1]) * 1024

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self._port, timeout=600)


def _json(connection: http.client.HTTPConnection) -> Any:
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if answer.status != 200:
        raise SystemExit(f"HTTP {answer.status}: {body.decode()}")
    return json.loads(body)


@contextmanager
def serving(home: Path, num_bytes: int) -> Iterator[Server]:
    """The API as `tunesmith api` starts it."""
    from tunesmith.core.settings import Settings
    from tunesmith.store.db import Database
    from tunesmith.store.keys import ensure_first_admin
    from tunesmith.store.migrate import upgrade

    database = Database(Settings(home=home).sqlalchemy_url)
    upgrade(database)
    with database.write() as connection:
        key = ensure_first_admin(connection, None, time.time())
    database.close()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {"TUNESMITH_HOME": str(home), "TUNESMITH_PORT": str(port), "TUNESMITH_MAX_FILE_BYTES": str(num_bytes)}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tunesmith", "api"], env={**os.environ, **settings}, stdout=log, stderr=log
        )
        try:
            server, deadline = Server(port, str(key), process.pid), time.monotonic() + 60
            while not server.is_up():
                if process.poll() is not None or time.monotonic() > deadline:
                    log.seek(0)
                    raise SystemExit(f"The API did not start:\n{log.read().decode()}")
                time.sleep(0.05)
            yield server
        finally:
            process.terminate()
            process.wait()


def table(document: Mapping[str, Any]) -> str:
    runs = [run for run in document["runs"] if run["round"] > 0]
    lines = [
        tables.head(document, f"Upload of {document['mebibytes']} MiB"), "",
        "| " + " | ".join(COLUMNS) + " |", "|" + " --- |" * len(COLUMNS),
    ]  # fmt: skip
    lines += ["| " + " | ".join(_row(name, runs, document["mebibytes"])) + " |" for name in NAMES]
    return "\n".join(lines) + "\n"


def _row(name: str, runs: Sequence[Mapping[str, Any]], mebibytes: int) -> list[str]:
    chosen = [run for run in runs if run["what"] == name]
    reference = {run["round"]: run["wall_seconds"] for run in runs if run["what"] == REFERENCE}
    seconds = [run["wall_seconds"] for run in chosen]
    ratio = median(run["wall_seconds"] / reference[run["round"]] for run in chosen)
    grown = max(run["grown_bytes"] for run in chosen)
    return [
        name,
        f"{median(seconds):.2f} [{min(seconds):.2f}, {max(seconds):.2f}]",
        f"{ratio:.2f}",
        f"{mebibytes / median(seconds):.0f}",
        f"{median(run['cpu_seconds'] for run in chosen):.2f}",
        f"{grown / MIB:.1f}" if name in ("upload", "download") else "–",
        f"{median(run['others_cores'] for run in chosen):.2f}",
    ]


if __name__ == "__main__":
    main()
