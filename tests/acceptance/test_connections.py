"""What goes out, what listens, and what the logs hold, seen from outside: the system's own tables of sockets, and
the interpreter's audit events. docs/connections.md makes these promises.
"""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from openai import OpenAI, OpenAIError

from tunesmith.core.standard_webhooks import new_secret

ESTABLISHED, LISTEN = "01", "0A"
CANARIES = {
    "key": "sk-canaryKeyCanaryKeyCanaryKey0123456789",
    "password": "canary-p4ssword-canary",
    "secret": new_secret(),
    "bearer": "canaryBearerCanaryBearer",
}


@dataclass(frozen=True, slots=True)
class Platform:
    """``tunesmith up`` in a home of its own."""

    process: subprocess.Popen[str]
    home: Path
    url: str
    key: str

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def client(self, key: str | None = None) -> OpenAI:
        return OpenAI(base_url=f"{self.url}/v1", api_key=key or self.key, max_retries=0, timeout=120)

    def processes(self) -> set[int]:
        """It and all its descendants."""
        parents = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
        found = {self.process.pid}
        while more := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= more
        return found

    def sockets(self, state: str) -> set[tuple[str, int]]:
        """Its TCP sockets in ``state``: the other end's address and port, for listeners their own."""
        mine = set()
        for pid in self.processes():
            for descriptor in Path(f"/proc/{pid}/fd").glob("*"):
                try:
                    mine.add(os.readlink(descriptor))
                except OSError:
                    continue
        found = set()
        for table in ("tcp", "tcp6"):
            for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
                _, local, remote, its_state, *rest = line.split()
                if its_state == state and f"socket:[{rest[5]}]" in mine:
                    address, _, port = (local if state == LISTEN else remote).partition(":")
                    found.add((address, int(port, 16)))
        return found

    def logs(self) -> str:
        return "".join(path.read_text() for path in sorted((self.home / "logs").glob("*")))


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    if sys.platform != "linux":
        pytest.skip("needs the tables of sockets that Linux shows in /proc")
    with tempfile.TemporaryDirectory(prefix="tunesmith-", ignore_cleanup_errors=True) as folder:
        environment = {
            **os.environ, "TUNESMITH_HOME": folder, "TUNESMITH_OFFLINE": "", "TUNESMITH_LOG_LEVEL": "debug",
            "TUNESMITH_ALLOW_PRIVATE_ADDRESSES": "1",
            "TUNESMITH_SMTP_URL": f"smtp://me:{CANARIES['password']}@127.0.0.1:9", "OMP_NUM_THREADS": "1",
        }  # fmt: skip
        process = subprocess.Popen(
            [sys.executable, "-m", "tunesmith", "up", "--port", "0"], env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            url, key = _until_ready(process)
            yield Platform(process, Path(folder), url, key)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()


def _until_ready(process: subprocess.Popen[str]) -> tuple[str, str]:
    said = ""
    assert process.stdout is not None
    for line in process.stdout:
        said += line
        if line.startswith("Ready"):
            break
    else:
        pytest.fail(f"it never became ready:\n{said}")
    found = re.search(r"OPENAI_BASE_URL=(\S+)/v1 OPENAI_API_KEY=(\S+)", said)
    assert found is not None, said
    return found[1], found[2]


def _is_loopback(address: str) -> bool:
    """As /proc writes addresses: hexadecimal, in the machine's order of bytes."""
    return address in ("0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F")


def test_only_the_api_listens_and_only_on_the_own_machine(platform: Platform) -> None:
    assert platform.client().models.list().data
    listeners = platform.sockets(LISTEN)
    assert {port for _, port in listeners} == {platform.port}
    assert all(_is_loopback(address) for address, _ in listeners)


def test_a_platform_at_work_reaches_nothing_but_the_named_receiver(platform: Platform, receiver: Any) -> None:
    client, seen = platform.client(), set()
    made = client.webhooks.create(name="n", url=receiver.url, event_types=["fine_tuning.job.failed"])
    for _ in range(3):
        client.chat.completions.create(
            model="starter", messages=[{"role": "user", "content": "Hello"}], max_completion_tokens=4
        )
        seen |= platform.sockets(ESTABLISHED)
    file = client.files.create(file=("rows.jsonl", io.BytesIO(b"{}\n")), purpose="fine-tune")
    job = client.fine_tuning.jobs.create(model="starter", training_file=file.id)
    deadline = time.monotonic() + 120
    while client.fine_tuning.jobs.retrieve(job.id).status not in ("failed", "succeeded"):
        assert time.monotonic() < deadline
        seen |= platform.sockets(ESTABLISHED)
        time.sleep(0.1)
    assert client.fine_tuning.jobs.retrieve(job.id).status == "failed"
    while not receiver.received:
        assert time.monotonic() < deadline
        seen |= platform.sockets(ESTABLISHED)
        time.sleep(0.02)
    (request,) = receiver.received
    event = client.webhooks.unwrap(request.body, request.headers, secret=made.signing_secret)
    assert (event.type, event.data.id) == ("fine_tuning.job.failed", job.id)
    assert [address for address, _ in seen if not _is_loopback(address)] == []


def test_no_secret_is_in_any_log_or_error(platform: Platform) -> None:
    answers = list(_provoke(platform))
    assert len(answers) > 40
    everything = "\n".join(answers)
    for name, canary in {**CANARIES, "admin": platform.key}.items():
        assert canary not in everything, f"{name} is in an answer"
        assert canary not in platform.logs(), f"{name} is in a log"
    assert "did not arrive" in platform.logs()  # the log is there, and says what went wrong


def _provoke(platform: Platform) -> Iterator[str]:
    """Errors of every kind, with canaries wherever a caller may put one; → the answers."""
    canary = CANARIES["key"]
    paths = [
        "/v1/files",
        "/v1/fine_tuning/jobs",
        "/v1/chat/completions",
        "/v1/webhook_endpoints",
        "/v1/uploads",
        f"/v1/{canary}",
    ]
    paths += [
        f"/v1/files/{canary}",
        f"/v1/models/{canary}",
        f"/v1/fine_tuning/jobs/{canary}",
        f"/v1/files?after={canary}",
    ]
    bodies = [f'{{"model": "{canary}", ', json.dumps({"model": canary, canary: canary, "messages": canary}), canary]
    bodies.append(
        json.dumps({"name": canary, "url": f"https://me:{CANARIES['password']}@h.example/", "event_types": [canary]})
    )
    own = {"authorization": f"Bearer {platform.key}"}
    callers = [
        own,
        {"authorization": f"Bearer {canary}"},
        {"authorization": f"Bearer {CANARIES['bearer']}"},
        {"api-key": canary},
    ]
    with httpx2.Client(base_url=platform.url, trust_env=False, timeout=60) as http:
        for path in paths:
            yield http.get(path, headers=own).text
            for headers in callers:
                yield http.get(path, headers=headers).text
            for body in bodies:
                yield http.post(
                    path, headers={**own, "content-type": "application/json", "x-canary": canary}, content=body
                ).text
        yield http.post("/v1/files", headers=own, files={"file": (canary, b"x")}, data={"purpose": canary}).text
    client = platform.client()
    made = client.webhooks.create(
        name="n", url=f"https://h.invalid/?token={CANARIES['bearer']}", event_types=["batch.failed"]
    )
    yield from (_error(client, made.id), _error(platform.client(canary), made.id))


def _error(client: OpenAI, endpoint_id: str) -> str:
    try:
        client.webhooks.test(endpoint_id, event_type="batch.failed")
    except OpenAIError as error:
        return str(error)
    pytest.fail("nobody can have answered there")


# What a process does under the eye of the interpreter's audit events; prints where it connected and bound.
AUDITED = """
import json, os, sys
connected, bound, asked = [], [], []
def hear(event, arguments):
    if event == "socket.connect": connected.append(repr(arguments[1]))
    elif event == "socket.sendto": connected.append(repr(arguments[1]))
    elif event == "socket.bind": bound.append(repr(arguments[1]))
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"): asked.append(repr(arguments[0]))
sys.addaudithook(hear)
exec(compile(sys.stdin.read(), "body", "exec"))
print(json.dumps({"connected": connected, "bound": bound, "asked": asked}))
"""

EVERY_MODULE = """
import importlib, pkgutil, tunesmith
for module in pkgutil.walk_packages(tunesmith.__path__, "tunesmith."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
"""

CHAT = """
import typer.testing
from tunesmith.cli.main import app
found = typer.testing.CliRunner().invoke(app, ["chat", "starter", "-m", "Hello", "--max-tokens", "3"])
if found.exit_code != 0: raise SystemExit(found.output)
"""

HUB = """
from tunesmith.core.errors import UserError
from tunesmith.nn.catalog import locate
try:
    locate("nobody/nothing")
except UserError as error:
    if "offline" not in str(error): raise
else:
    raise SystemExit("it was found")
import huggingface_hub.constants
if not huggingface_hub.constants.HF_HUB_OFFLINE: raise SystemExit("the library was not told")
"""

DELIVERY = """
import tempfile, time
from pathlib import Path
from tunesmith.core.settings import read_settings
from tunesmith.store import deliveries, webhooks
from tunesmith.store.db import Database
from tunesmith.store.migrate import upgrade
from tunesmith.store.projects import create_project
from tunesmith.worker.notify import Courier
settings = read_settings(home=Path(tempfile.mkdtemp()))
database = Database(settings.sqlalchemy_url)
upgrade(database)
with database.write() as connection:
    project = create_project(connection, name="one", now=1)
    for url in ("https://hooks.example/", "https://93.184.216.34/"):
        webhooks.create(connection, project.id, name="n", url=url, event_types=["batch.failed"], now=1)
    deliveries.enqueue_event(connection, project.id, "batch.failed", "batch_1", 1)
if Courier.of(settings, database, time.time).deliver_due() != 2: raise SystemExit("nothing was due")
"""


@pytest.mark.parametrize("body", [EVERY_MODULE, CHAT, HUB, DELIVERY], ids=["imports", "chat", "hub", "delivery"])
def test_offline_no_process_connects_binds_or_asks_for_a_name(body: str) -> None:
    environment = {**os.environ, "TUNESMITH_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", AUDITED], input=body, env=environment, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert json.loads(done.stdout.splitlines()[-1]) == {"connected": [], "bound": [], "asked": []}


@pytest.mark.parametrize("body", [EVERY_MODULE, CHAT], ids=["imports", "chat"])
def test_nothing_phones_home_where_it_could(body: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_OFFLINE")}
    done = subprocess.run(
        [sys.executable, "-c", AUDITED], input=body, env={**environment, "OMP_NUM_THREADS": "1"}, capture_output=True,
        text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    assert json.loads(done.stdout.splitlines()[-1]) == {"connected": [], "bound": [], "asked": []}
