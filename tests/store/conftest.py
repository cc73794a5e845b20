"""A real server that speaks S3 and checks signatures: OpenStack Swift, four daemons on one folder."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

_SERVERS = ("object", "container", "account", "proxy")
_PIPELINE = "catch_errors gatekeeper healthcheck listing_formats s3api tempauth slo dlo proxy-server"


@dataclass(frozen=True, slots=True)
class S3Server:
    endpoint: str
    access_key: str
    secret_key: str
    bucket: str


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    folder = Path(tempfile.mkdtemp(prefix="tunesmith-swift-"))
    ports = {name: _free_port() for name in _SERVERS}
    _configure(folder, ports)
    processes = [_start(folder, name) for name in _SERVERS]
    try:
        for name, process in zip(_SERVERS, processes, strict=True):
            _wait_for(ports[name], process, folder / f"{name}.log")
        server = S3Server(f"http://127.0.0.1:{ports['proxy']}", "test:tester", "testing", "tunesmith")
        _make_bucket(server)
        yield server
    finally:
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def aws(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """The server, with the environment that leads to it."""
    for name, value in _environment(s3_server).items():
        monkeypatch.setenv(name, value)
    return s3_server


def _environment(server: S3Server) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": server.endpoint, "AWS_ACCESS_KEY_ID": server.access_key,
        "AWS_SECRET_ACCESS_KEY": server.secret_key, "AWS_REGION": "us-east-1", "AWS_ALLOW_HTTP": "true",
    }  # fmt: skip


def _configure(folder: Path, ports: dict[str, int]) -> None:
    from swift.common.ring import RingBuilder

    user = pwd.getpwuid(os.getuid()).pw_name
    (folder / "srv" / "sda1").mkdir(parents=True)
    (folder / "swift.conf").write_text("[swift-hash]\nswift_hash_path_suffix = tests\n")
    for name in ("object", "container", "account"):
        builder = RingBuilder(4, 1, 1)
        builder.add_dev(
            {"id": 0, "region": 1, "zone": 1, "ip": "127.0.0.1", "port": ports[name], "device": "sda1", "weight": 1.0}
        )
        builder.rebalance()
        builder.get_ring().save(str(folder / f"{name}.ring.gz"))
        (folder / f"{name}.conf").write_text(
            f"{_defaults(folder, user, ports[name])}devices = {folder}/srv\nmount_check = false\n"
            f"[pipeline:main]\npipeline = {name}-server\n"
            f"[app:{name}-server]\nuse = egg:swift#{name}\n"
        )
    filters = {
        "s3api": "use = egg:swift#s3api\ns3_acl = false\nlocation = us-east-1\nmin_segment_size = 65536\n",
        "tempauth": "use = egg:swift#tempauth\nuser_test_tester = testing .admin .reseller_admin\n",
    }
    parts = [
        f"[filter:{name}]\n{filters.get(name, f'use = egg:swift#{name}' + chr(10))}" for name in _PIPELINE.split()[:-1]
    ]
    (folder / "proxy.conf").write_text(
        f"{_defaults(folder, user, ports['proxy'])}[pipeline:main]\npipeline = {_PIPELINE}\n"
        "[app:proxy-server]\nuse = egg:swift#proxy\nallow_account_management = true\naccount_autocreate = true\n"
        + "".join(parts)
    )


def _defaults(folder: Path, user: str, port: int) -> str:
    return (
        f"[DEFAULT]\nbind_ip = 127.0.0.1\nbind_port = {port}\nuser = {user}\nswift_dir = {folder}\nworkers = 0\n"
        "log_level = ERROR\nlog_address = /dev/null\ndisable_fallocate = true\nfallocate_reserve = 0\n"
    )


def _start(folder: Path, name: str) -> subprocess.Popen[bytes]:
    program = Path(sys.executable).with_name(f"swift-{name}-server")
    with (folder / f"{name}.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, program, folder / f"{name}.conf", "-v"], stdout=log, stderr=log, cwd=folder
        )


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{log.name}: {log.read_text()}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError(f"{log.name} does not listen: {log.read_text()}")


def _make_bucket(server: S3Server) -> None:
    """As a client would: by a signed PUT of the bucket."""
    from datetime import timedelta

    import httpx2
    from obstore import sign
    from obstore.store import S3Store

    store = S3Store(
        server.bucket, endpoint=server.endpoint, access_key_id=server.access_key, secret_access_key=server.secret_key,
        region="us-east-1", client_options={"allow_http": True},
    )  # fmt: skip
    answer = httpx2.put(sign(store, "PUT", "", timedelta(minutes=1)))
    if answer.status_code != 200:
        raise RuntimeError(f"The bucket could not be made: {answer.status_code} {answer.text}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
