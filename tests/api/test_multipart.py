"""Hostile forms: refused in words or taken as data, and nothing is ever left behind."""

from __future__ import annotations

import itertools
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from tunesmith.api import multipart
from tunesmith.core import durable
from tunesmith.core.settings import Settings
from tunesmith.store.blobs import open_blobs
from tunesmith.store.db import Database
from tunesmith.store.keys import ensure_first_admin


@pytest.fixture
def server(shared_server: Any) -> Any:
    return shared_server


def part(name: str, content: bytes = b"x", filename: str | None = None, headers: bytes = b"") -> bytes:
    shown = "" if filename is None else f'; filename="{filename}"'
    head = f'--b\r\nContent-Disposition: form-data; name="{name}"{shown}\r\n'.encode()
    return head + headers + b"\r\n" + content + b"\r\n"


END = b"--b--\r\n"
PURPOSE = part("purpose", b"user_data")
FILE = part("file", b"content", "a.txt")
GOOD = PURPOSE + FILE + END


def send(server: Any, body: bytes, content_type: str = "multipart/form-data; boundary=b") -> httpx2.Response:
    headers = {"authorization": f"Bearer {server.key}", "content-type": content_type}
    return httpx2.post(f"{server.base_url}/v1/files", content=body, headers=headers, timeout=60)


def litter(server: Any) -> list[Path]:
    return list((server.services.settings.folder / "blobs" / "tmp").glob("*/*"))


ATTACKS: dict[str, bytes] = {
    "10,000 fields": b"".join(part(f"f{number}") for number in range(10_000)) + GOOD,
    "10,000 empty parts": b"--b\r\n\r\n\r\n" * 10_000 + GOOD,
    "10,000 files": FILE * 10_000 + END,
    "a file twice": PURPOSE + FILE + FILE + END,
    "a field twice": PURPOSE + PURPOSE + FILE + END,
    "a long field": part("purpose", b"x" * (1 << 20)) + FILE + END,
    "a long header": part("file", b"x", "a", b"X: " + b"y" * (1 << 20) + b"\r\n") + END,
    "many headers": part("file", b"x", "a", b"X: y\r\n" * 1000) + END,
    "a long name": part("n" * 100_000) + GOOD,
    "a header without a colon": part("file", b"x", "a", b"nonsense\r\n") + END,
    "a header name with blanks": part("file", b"x", "a", b"a b c: d\r\n") + END,
    "no name": b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n" + GOOD,
    "no headers": b"--b\r\n\r\nx\r\n" + GOOD,
    "a null character in a name": part("fi\0le") + GOOD,
    "a null character in a file's name": PURPOSE + part("file", b"x", "a\0b") + END,
    "a null character in a field": part("purpose", b"user\0data") + FILE + END,
    "a file's name that is not UTF-8": PURPOSE + part("file", b"x", "NAME").replace(b"NAME", b"\xff\xfe") + END,
    "a field that is not UTF-8": part("purpose", b"\xff") + FILE + END,
    "no end": PURPOSE + FILE,
    "cut within a header": PURPOSE + FILE[:30],
    "cut within the border": GOOD[:-4],
    "only the end": END,
    "nothing": b"",
    "another border": GOOD.replace(b"--b", b"--c"),
    "lines that end with LF alone": GOOD.replace(b"\r\n", b"\n"),
    "data before the first border": b"x" * 100_000 + b"\r\n" + GOOD,
    "random bytes": random.Random(1).randbytes(100_000),
    "only hyphens": b"-" * 1_000_000,
    "only CR": b"\r" * 1_000_000,
    "borders that nearly end": PURPOSE + part("file", b"\r\n--" * 200_000, "a")[:-2],
    "an unknown field": part("colour", b"red") + GOOD,
    "a nested form": PURPOSE + part("file", b"x", None, b"Content-Type: multipart/mixed; boundary=c\r\n") + part("file") + END,
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_refused_in_the_envelope_and_leaves_nothing(server: Any, attack: str) -> None:
    answer = send(server, ATTACKS[attack])
    assert answer.status_code == 400, answer.text
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}
    assert len(answer.json()["error"]["message"]) < 1000
    assert litter(server) == []


@pytest.mark.parametrize(
    "content_type",
    ["multipart/form-data", "multipart/form-data; boundary=", f"multipart/form-data; boundary={'b' * 300}",
     "multipart/mixed; boundary=b", "application/x-www-form-urlencoded", 'multipart/form-data; boundary="a\\'],
)  # fmt: skip
def test_a_border_that_cannot_be_used_is_refused(server: Any, content_type: str) -> None:
    assert send(server, GOOD, content_type).status_code == 400


HARMLESS: dict[str, bytes] = {
    "the file first": FILE + PURPOSE + END,
    "a name in another syntax beside it": PURPOSE + FILE.replace(b'"a.txt"', b"\"a.txt\"; filename*=utf-8''..%2Fx") + END,
    "an epilogue": GOOD + b"\r\n" + b"z" * 3_000_000,
    "a transfer encoding": PURPOSE + part("file", b"content", "a.txt", b"Content-Transfer-Encoding: base64\r\n") + END,
    "header names in capitals": GOOD.replace(b"Content-Disposition", b"CONTENT-DISPOSITION"),
}  # fmt: skip


@pytest.mark.parametrize("form", HARMLESS)
def test_an_odd_form_is_taken_as_it_is(server: Any, form: str) -> None:
    answer = send(server, HARMLESS[form])
    assert (answer.status_code, answer.json().get("filename"), answer.json().get("bytes")) == (200, "a.txt", 7)


@pytest.mark.parametrize("size", [*range(1, 9), 300, 4096])
def test_bytes_that_look_like_the_border_come_back(server: Any, size: int) -> None:
    """However the body is cut into pieces on its way."""
    content = b"\r\n--b\r\n--".replace(b"--b\r\n", b"--a\r\n--bb\r\n-\r\n--\r\r\n") * 40
    body = PURPOSE + part("file", content, "a.bin") + END

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(body), size):
            yield body[start : start + size]

    headers = {"authorization": f"Bearer {server.key}", "content-type": "multipart/form-data; boundary=b"}
    if b"\r\n--b" in content:
        content = content.replace(b"\r\n--b", b"\r\n--c")
        body = PURPOSE + part("file", content, "a.bin") + END
    made = httpx2.post(f"{server.base_url}/v1/files", content=pieces(), headers=headers).json()
    assert httpx2.get(f"{server.base_url}/v1/files/{made['id']}/content", headers=headers).content == content


def hostile_names(count: int) -> Iterator[str]:
    """Ways out of a folder, in many spellings."""
    rng = random.Random(5)
    ups = [
        "..",
        ".",
        "...",
        "%2e%2e",
        "..%00",
        "..;",
        "‥",
        "．．",
        "~",
        "~root",
        "C:",
        "\\\\host\\share",
        "",
        "CON",
        "$HOME",
        "`id`",
    ]
    slashes = ["/", "\\", "//", "\\\\", "%2f", "%5c", "∕", "／", "/./", "\u202e/"]
    ends = ["etc/passwd", "tunesmith.db", "x.jsonl", "blobs/tmp", ".ssh/authorized_keys", "a\nb", "a\tb", "'; DROP TABLE files;--",
            "<script>alert(1)</script>", "a" * 4000, "é😀", "a b", "-rf", "|ls", "%s%n", "{{7*7}}"]  # fmt: skip
    for _ in range(count):
        depth = rng.randint(1, 12)
        lead = rng.choice(["", "/", "\\", "file://", "/proc/self/"])
        yield lead + "".join(rng.choice(ups) + rng.choice(slashes) for _ in range(depth)) + rng.choice(ends)


def check_names(server: Any, count: int) -> None:
    folder = server.services.settings.folder
    before = outside(folder)
    headers = {"authorization": f"Bearer {server.key}", "content-type": "multipart/form-data; boundary=b"}
    with httpx2.Client(base_url=server.base_url, headers=headers) as client:
        for name in hostile_names(count):
            written = name.replace("\\", "\\\\").replace('"', "%22").replace("\n", " ")
            answer = client.post("/v1/files", content=PURPOSE + part("file", b"content", written) + END)
            assert answer.status_code == 200, (name, answer.text)
            kept = name.replace("\n", " ")
            assert answer.json()["filename"] in (kept, kept.rsplit("\\", 1)[-1])
            got = client.get(f"/v1/files/{answer.json()['id']}/content")
            assert got.content == b"content"
            assert "\n" not in got.headers["content-disposition"]
    assert outside(folder) == before
    assert litter(server) == []


def outside(folder: Path) -> set[str]:
    """Everything in and around the home folder but its blobs and the database's own files."""
    found = itertools.chain(folder.parent.glob("*"), folder.rglob("*"))
    return {str(path) for path in found if "blobs" not in path.parts and not path.name.startswith("tunesmith.db")}


def test_two_hundred_hostile_names_are_data_and_never_paths(server: Any) -> None:
    check_names(server, 200)


@pytest.mark.soak
def test_two_thousand_hostile_names_are_data_and_never_paths(server: Any) -> None:
    check_names(server, 2000)


def begin(server: Any, body: bytes, length: int) -> socket.socket:
    """A client that has sent so much of a longer body."""
    address = urlsplit(server.base_url)
    client = socket.create_connection((address.hostname, address.port), timeout=30)
    head = (
        f"POST /v1/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.key}\r\nContent-Length: {length}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
    )
    client.sendall(head.encode() + body)
    return client


HALF = PURPOSE + part("file", b"y" * 6_000_000, "a.txt")


def test_a_client_that_hangs_up_leaves_nothing(server: Any) -> None:
    with begin(server, HALF, 9_000_000):
        server.eventually(lambda: len(litter(server)) == 1)
    server.eventually(lambda: litter(server) == [])


def test_a_client_that_falls_silent_is_cut_and_leaves_nothing(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multipart, "PATIENCE_SECONDS", 0.3)
    monkeypatch.setattr(multipart, "SLOWEST_BYTES_PER_SECOND", 1 << 30)
    with begin(server, HALF, 9_000_000) as client:
        answer = client.recv(10_000)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"too slowly" in answer
    assert litter(server) == []


def test_a_client_that_drips_is_cut(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes in time, the whole never would."""
    monkeypatch.setattr(multipart, "PATIENCE_SECONDS", 0.5)
    monkeypatch.setattr(multipart, "SLOWEST_BYTES_PER_SECOND", 1000)
    with begin(server, HALF[:200], 9_000_000) as client:
        client.settimeout(0.05)
        answer, deadline = b"", time.monotonic() + 30
        while not answer and time.monotonic() < deadline:
            try:
                client.sendall(b"z")
                answer = client.recv(10_000)
            except TimeoutError:
                continue
        assert answer.startswith(b"HTTP/1.1 408 ")
    assert litter(server) == []


@pytest.mark.parametrize("number", [28, 122, 5])  # no space, over quota, input/output error
@pytest.mark.parametrize("step", ["begin_writing_out", "fsync_file", "fsync_folder"])
def test_a_disk_that_fails_keeps_nothing_and_says_so(
    server: Any, monkeypatch: pytest.MonkeyPatch, number: int, step: str
) -> None:
    def fail(*_: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(durable, step, fail)
    content = random.Random(number).randbytes(9_000_000)
    answer = send(server, PURPOSE + part("file", content, "a") + END)
    assert (answer.status_code, answer.json()["error"]["type"]) == (503, "server_error")
    assert ("disk is full" in answer.json()["error"]["message"]) == (number != 5)
    assert litter(server) == []
    monkeypatch.undo()
    assert send(server, PURPOSE + part("file", content, "a") + END).status_code == 200


@pytest.fixture
def api_process(tmp_path: Path, make_sqlite: Callable[[Path], str]) -> Iterator[Callable[..., Any]]:
    """``start(*words before the command)`` → the API as a process of its own."""
    settings = Settings(home=tmp_path / "home", database_url=make_sqlite(tmp_path / "home" / "tunesmith.db"))
    database = Database(settings.sqlalchemy_url)
    with database.write() as connection:
        key = ensure_first_admin(connection, None, time.time())
    started: list[subprocess.Popen[bytes]] = []

    def start(*before: str) -> ApiProcess:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        environment = {**os.environ, "TUNESMITH_HOME": str(settings.folder), "TUNESMITH_PORT": str(port)}
        environment["TUNESMITH_DATABASE_URL"] = settings.database_url
        with (tmp_path / "log").open("ab") as log:
            started.append(
                subprocess.Popen(
                    [*before, sys.executable, "-m", "tunesmith", "api"], env=environment, stdout=log, stderr=log
                )
            )
        api = ApiProcess(f"http://127.0.0.1:{port}", str(key), started[-1], settings, database)
        api.eventually(api.answers)
        return api

    yield start
    for process in started:
        process.kill()
        process.wait()
    database.close()


class ApiProcess:
    def __init__(
        self, base_url: str, key: str, process: subprocess.Popen[bytes], settings: Settings, database: Database
    ) -> None:
        self.base_url, self.key, self.process, self.settings, self.database = base_url, key, process, settings, database

    def answers(self) -> bool:
        try:
            return httpx2.get(f"{self.base_url}/v1/files", headers={"authorization": f"Bearer {self.key}"}).is_success
        except httpx2.TransportError:
            return False

    def litter(self) -> list[Path]:
        return list((self.settings.folder / "blobs" / "tmp").glob("*/*"))

    def eventually(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 60
        while not holds():
            assert time.monotonic() < deadline
            assert self.process.poll() is None
            time.sleep(0.02)


def test_a_server_killed_in_the_middle_leaves_nothing_once_it_starts_again(api_process: Callable[..., Any]) -> None:
    first = api_process()
    with begin(first, HALF, 9_000_000):
        first.eventually(lambda: len(first.litter()) == 1)
        first.process.send_signal(signal.SIGKILL)
        first.process.wait()
    assert len(first.litter()) == 1
    second = api_process()
    assert second.litter() == []
    assert list(open_blobs(second.settings).names()) == []
    headers = {"authorization": f"Bearer {second.key}"}
    assert httpx2.get(f"{second.base_url}/v1/files", headers=headers).json()["data"] == []


@pytest.mark.needs("tmpfs")
def test_a_really_full_disk_refuses_what_does_not_fit_and_goes_on(api_process: Callable[..., Any]) -> None:
    settings_home = "$TUNESMITH_HOME/blobs"
    mount = f'mkdir -p {settings_home} && mount -t tmpfs -o size=12m tmpfs {settings_home} && exec "$@"'
    api = api_process("unshare", "-Urm", "sh", "-c", mount, "sh")
    small, large = random.Random(1).randbytes(1_000_000), random.Random(2).randbytes(20_000_000)
    for _ in range(3):
        refused = send(api, PURPOSE + part("file", large, "a") + END)
        assert refused.status_code == 503
        assert "disk is full" in refused.json()["error"]["message"]
        made = send(api, PURPOSE + part("file", small, "a") + END).json()
        headers = {"authorization": f"Bearer {api.key}"}
        assert httpx2.get(f"{api.base_url}/v1/files/{made['id']}/content", headers=headers).content == small
