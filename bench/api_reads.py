#!/usr/bin/env python3
"""Reads of files and jobs through the API, beside a bare FastAPI route that answers the same bytes from memory.

    python bench/api_reads.py --rounds 5

Ours: key, role, headers, database (SQLite, 1,000 files and 1,000 jobs), the wire's JSON. Bare: `FastAPI()` with one
plain route that returns the same object as a dict; no key, no database. Each is one uvicorn process; one client
process keeps so many connections busy with one request after the other. Taken in turn, round by round; the ratio is
ours ÷ bare in requests a second, and beside it the same by processor time, which other users of the machine disturb
less. Both kinds of bare route are measured: `def` (in the thread pool, as ours) and
`async def` (on the event loop: what FastAPI can do at most).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import measure
import tables

HERE = Path(__file__).resolve().parent
NUM_ROWS = 1_000
COLUMNS = (
    "read", "server", "requests/s, median [min, max]", "ours ÷ it", "its processor µs", "its ÷ ours", "p50 ms", "p99 ms",
)  # fmt: skip
CONTENDERS = ("ours", "bare def", "bare async def")


def main() -> None:
    options = _options()
    runs: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        facts = _prepare(Path(folder))
        for number in range(options.rounds + 1):  # the first round warms up and is not counted
            for case, path in facts["paths"].items():
                for contender in CONTENDERS:
                    runs.append(_run(contender, case, path, facts, number, options))
                    print(_one_line(runs[-1]), flush=True)
    document = {**measure.document("api-reads", runs), "connections": options.connections}
    options.out.mkdir(parents=True, exist_ok=True)
    name = f"{document['date']}-{document['machine']}-api-reads"
    (options.out / f"{name}.json").write_text(json.dumps(document, indent=1) + "\n")
    (options.out / f"{name}.md").write_text(_table(document))
    print(_table(document))


def _run(
    contender: str, case: str, path: str, facts: Mapping[str, Any], number: int, options: argparse.Namespace
) -> dict[str, Any]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    request = {"serve": contender, "port": port, "path": path, **facts}
    server = subprocess.Popen([sys.executable, str(Path(__file__).resolve()), json.dumps(request)])
    try:
        _wait(port)
        # The client is a process of its own, so that its work is not on the server's clock.
        load = {"load": path, "port": port, "key": facts["key"], "connections": options.connections}
        load |= {"seconds": options.seconds if number else min(1.0, options.seconds)}
        cpu_before = _cpu_seconds(server.pid)
        done = subprocess.run(
            [sys.executable, str(Path(__file__).resolve()), json.dumps(load)],
            capture_output=True,
            text=True,
            check=True,
        )
        cpu_seconds = _cpu_seconds(server.pid) - cpu_before
    finally:
        server.terminate()
        server.wait()
    found = json.loads(done.stdout)
    cpu_us = 1e6 * cpu_seconds / found["requests"]
    return {"round": number, "contender": contender, "case": case, "cpu_us": cpu_us, **found}


def _cpu_seconds(pid: int) -> float:
    """What a process has computed so far: it tells about a machine that others use too (Linux)."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return 0.0
    user, system = stat.read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _prepare(folder: Path) -> dict[str, Any]:
    """A home with files and jobs, a key, and what each read answers."""
    from tunesmith.core.settings import Settings
    from tunesmith.store import files, jobs, keys
    from tunesmith.store.db import Database
    from tunesmith.store.migrate import upgrade
    from tunesmith.store.projects import find_project

    database, now = Database(Settings(home=folder).sqlalchemy_url), time.time()
    upgrade(database)
    with database.write() as connection:
        key = keys.ensure_first_admin(connection, None, now)
        project = find_project(connection, keys.FIRST_PROJECT)
        for number in range(NUM_ROWS):
            file = files.create(
                connection, project.id, filename=f"data-{number}.jsonl", purpose="fine-tune", num_bytes=1000 + number,
                sha256=f"{number:064x}", now=now,
            )  # fmt: skip
            job = jobs.create(
                connection, project.id, member_id=None, model="starter", requested_model="gpt-4o-mini",
                training_file_id=file.id, validation_file_id=None,
                spec={"base_model": "starter", "training_file": file.id},
                request={"method": {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 3}}}},
                suffix=None, seed=number, metadata={"number": str(number)}, now=now,
            )  # fmt: skip
    database.close()
    paths = {
        "one file": f"/v1/files/{file.id}",
        "20 files": "/v1/files?limit=20",
        "one job": f"/v1/fine_tuning/jobs/{job.id}",
        "20 jobs": "/v1/fine_tuning/jobs?limit=20",
    }
    return {"home": str(folder), "key": key, "paths": paths}


def _serve(request: Mapping[str, Any]) -> None:
    import uvicorn

    app = _ours(request) if request["serve"] == "ours" else _bare(request)
    uvicorn.run(app, host="127.0.0.1", port=request["port"], log_level="error", access_log=False)


def _ours(request: Mapping[str, Any]) -> Any:
    from tunesmith.api.app import make_app
    from tunesmith.api.services import Services
    from tunesmith.core.settings import Settings
    from tunesmith.store.db import Database

    settings = Settings(home=Path(request["home"]))
    return make_app(Services.of(settings, Database(settings.sqlalchemy_url)))


def _bare(request: Mapping[str, Any]) -> Any:
    """The same answer, asked of ours once, then from memory."""
    from fastapi import FastAPI
    from starlette.testclient import TestClient

    ours = TestClient(_ours(request))
    content = ours.get(request["path"], headers={"Authorization": f"Bearer {request['key']}"}).json()
    assert content["object"], content
    app = FastAPI()
    route = request["path"].partition("?")[0]

    if request["serve"] == "bare def":

        @app.get(route)
        def read(limit: int = 20):  # type: ignore[no-untyped-def]
            return content
    else:

        @app.get(route)
        async def read_at_once(limit: int = 20):  # type: ignore[no-untyped-def]
            return content

    return app


def _wait(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise SystemExit("the server did not start")


class _Connection(asyncio.Protocol):
    """Asks again as soon as an answer is whole; counts answers and their seconds."""

    def __init__(self, request: bytes, ends_at: float, durations: list[float], done: asyncio.Event) -> None:
        self.request, self.ends_at, self.durations, self.done = request, ends_at, durations, done
        self.buffer = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, separator, body = self.buffer.partition(b"\r\n\r\n")
        if not separator:
            return
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if len(body) < length:
            return
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(head.decode() + body.decode())
        self.durations.append(time.perf_counter() - self.asked_at)
        self.buffer = b""
        if time.perf_counter() < self.ends_at:
            self._ask()
        else:
            self.transport.close()
            self.done.set()

    def _ask(self) -> None:
        self.asked_at = time.perf_counter()
        self.transport.write(self.request)


async def _load(load: Mapping[str, Any]) -> dict[str, float]:
    head = f"GET {load['load']} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {load['key']}\r\n\r\n"
    durations: list[float] = []
    loop, started = asyncio.get_running_loop(), time.perf_counter()
    events = [asyncio.Event() for _ in range(load["connections"])]
    for event in events:
        await loop.create_connection(
            lambda event=event: _Connection(head.encode(), started + load["seconds"], durations, event),  # type: ignore[misc]
            "127.0.0.1",
            load["port"],
        )
    await asyncio.gather(*(event.wait() for event in events))
    seconds = time.perf_counter() - started
    ordered = sorted(durations)
    return {
        "requests": len(durations),
        "requests_per_second": len(durations) / seconds,
        "p50_ms": 1000 * ordered[len(ordered) // 2],
        "p99_ms": 1000 * ordered[int(len(ordered) * 0.99)],
    }


def _one_line(run: Mapping[str, Any]) -> str:
    return f"round {run['round']}, {run['case']}, {run['contender']}: {run['requests_per_second']:,.0f} requests/s"


def _table(document: Mapping[str, Any]) -> str:
    runs = [run for run in document["runs"] if run["round"] > 0]
    lines = [tables.head(document, "Reads through the API"), "", f"{document['connections']} connections.", ""]
    lines += ["| " + " | ".join(COLUMNS) + " |", "|" + " --- |" * len(COLUMNS)]
    for case in dict.fromkeys(run["case"] for run in runs):
        lines += [_row(case, contender, runs) for contender in CONTENDERS]
    return "\n".join(lines) + "\n"


def _row(case: str, contender: str, runs: Sequence[Mapping[str, Any]]) -> str:
    mine = [run for run in runs if (run["case"], run["contender"]) == (case, contender)]
    ours = [run for run in runs if (run["case"], run["contender"]) == (case, "ours")]
    speeds = [run["requests_per_second"] for run in mine]
    ratios = [a["requests_per_second"] / b["requests_per_second"] for a, b in zip(ours, mine, strict=True)]
    shown = "" if contender == "ours" else f"{median(ratios):.2f}×"
    cpu_ratios = [b["cpu_us"] / a["cpu_us"] for a, b in zip(ours, mine, strict=True) if a["cpu_us"]]
    shown_cpu = "" if contender == "ours" or not cpu_ratios else f"{median(cpu_ratios):.2f}×"
    cells = [
        case, contender, f"{median(speeds):,.0f} [{min(speeds):,.0f}, {max(speeds):,.0f}]", shown,
        f"{median(run['cpu_us'] for run in mine):.0f}", shown_cpu,
        f"{median(run['p50_ms'] for run in mine):.1f}", f"{median(run['p99_ms'] for run in mine):.1f}",
    ]  # fmt: skip
    return "| " + " | ".join(cells) + " |"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--out", type=Path, default=HERE.parent / "runs" / "bench" / "results")
    return parser.parse_args()


if __name__ == "__main__":
    if len(sys.argv) == 2 and sys.argv[1].startswith("{"):
        asked = json.loads(sys.argv[1])
        if "serve" in asked:
            os.environ.setdefault("PYTHONWARNINGS", "ignore")
            _serve(asked)
        else:
            print(json.dumps(asyncio.run(_load(asked))))
    else:
        main()
