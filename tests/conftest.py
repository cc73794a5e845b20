"""What every test shares: one thread for torch, and an honest count of what was left out."""

from __future__ import annotations

import itertools
import json
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tunesmith.store.db import Database
from tunesmith.store.migrate import upgrade

# Read by torch when a test first imports it: one thread, so that workers share cores and bits repeat.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def _has_cuda() -> bool:
    if find_spec("torch") is None or not Path("/proc/driver/nvidia/version").exists():
        return False
    import torch

    return torch.cuda.is_available()


# What ``@pytest.mark.needs(name)`` may name → whether this machine has it.
NEEDS: dict[str, Callable[[], bool]] = {
    "cuda": _has_cuda,
    "postgres": lambda: any(Path("/usr/lib/postgresql").glob("*/bin/postgres")) or shutil.which("postgres") is not None,
    "chromium": lambda: shutil.which("chromium") is not None,
    "s3": lambda: find_spec("swift") is not None,
    "peers": lambda: find_spec("trl") is not None,
}

_deselected = 0


def pytest_configure(config: pytest.Config) -> None:
    unknown = _required() - NEEDS.keys()
    if unknown:
        raise pytest.UsageError(f"TUNESMITH_REQUIRE names {sorted(unknown)}; known: {sorted(NEEDS)}")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose need is absent; fail it where TUNESMITH_REQUIRE says that the need must be there."""
    for name in {name for marker in item.iter_markers("needs") for name in marker.args}:
        if not NEEDS[name]():
            missing = f"needs {name}, which this machine lacks"
            if name in _required():
                pytest.fail(f"{missing}, though TUNESMITH_REQUIRE asks for it", pytrace=False)
            pytest.skip(missing)


def _required() -> set[str]:
    return {name for name in os.environ.get("TUNESMITH_REQUIRE", "").split(",") if name}


def pytest_deselected(items: list[pytest.Item]) -> None:
    global _deselected
    _deselected += len(items)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Under xdist: hand the worker's count to the process that prints the summary."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["deselected"] = _deselected


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Every xdist worker collects, and so deselects, the same tests: count them once."""
    global _deselected
    _deselected = max(_deselected, getattr(node, "workeroutput", {}).get("deselected", 0))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say what was left out and why, so that a green run never hides a skipped check."""
    reasons = Counter(_reason(report) for report in terminalreporter.stats.get("skipped", []))
    if _deselected:
        reasons[f"deselected (-m {terminalreporter.config.option.markexpr!r})"] = _deselected
    if not reasons:
        return
    terminalreporter.section(f"LEFT OUT: {reasons.total()} tests", yellow=True, bold=True)
    for reason, count in reasons.most_common():
        terminalreporter.line(f"{count:4d}  {reason}", yellow=True)


def _reason(report: Any) -> str:
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return str(text).removeprefix("Skipped: ")


class PostgresServer:
    """A PostgreSQL server of the test's own, behind a Unix socket in its own folder."""

    def __init__(self) -> None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
        self._bin = f"{found[-1]}/" if found else ""
        self.folder = Path(tempfile.mkdtemp(prefix="tunesmith-pg-"))
        self._as = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []  # it refuses to run as root
        if self._as:
            shutil.chown(self.folder, "postgres")
        self._run("initdb", "--no-sync", "-A", "trust", "-U", "postgres", "-D", f"{self.folder}/data")
        self.start()

    def start(self) -> None:
        options = f"-c listen_addresses= -c unix_socket_directories={self.folder} -c fsync=off -c max_connections=200"
        self._run("pg_ctl", "-w", "-D", f"{self.folder}/data", "-l", f"{self.folder}/log", "-o", options, "start")

    def stop(self, mode: str = "immediate") -> None:
        self._run("pg_ctl", "-w", "-D", f"{self.folder}/data", "-m", mode, "stop")

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://postgres@/{name}?host={self.folder}"

    def execute(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(f"host={self.folder} user=postgres dbname=postgres", autocommit=True) as connection:
            connection.execute(statement.encode())

    def _run(self, program: str, *arguments: str) -> None:
        # The server inherits what it is given: a pipe here would wait for its end.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run([*self._as, self._bin + program, *arguments], stdout=output, stderr=output, cwd="/")
            if done.returncode != 0:
                output.seek(0)
                raise RuntimeError(output.read().decode(errors="replace"))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    server = PostgresServer()
    server.execute("CREATE DATABASE blueprint")
    blueprint = Database(server.url("blueprint"))
    upgrade(blueprint)
    blueprint.close()
    yield server
    server.stop()
    shutil.rmtree(server.folder, ignore_errors=True)


_database_numbers = itertools.count()


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A migrated database of the test's own on PostgreSQL."""
    name = f"test_{next(_database_numbers)}"
    postgres_server.execute(f"CREATE DATABASE {name} TEMPLATE blueprint")
    yield postgres_server.url(name)
    postgres_server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def make_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], str]:
    """``make_sqlite(path)`` copies a migrated, empty database there; → its URL."""
    blueprint = tmp_path_factory.mktemp("blueprint") / "tunesmith.db"
    database = Database(f"sqlite:///{blueprint}")
    upgrade(database)
    database.close()

    def make(path: Path) -> str:
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(blueprint, path)
        return f"sqlite:///{path}"

    return make


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgres"))])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The test runs once on each kind of database, migrated and empty."""
    if request.param == "postgres":
        url: str = request.getfixturevalue("postgres_url")
        return url
    make: Callable[[Path], str] = request.getfixturevalue("make_sqlite")
    return make(tmp_path / "tunesmith.db")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Migrated and empty."""
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole base model of 30,000 weights: Llama, tied embeddings, byte-level BPE, chat template, context 256."""
    return make_tiny_base(tmp_path_factory.mktemp("tiny_base"))


@pytest.fixture(scope="session")
def tiny_rows() -> list[dict[str, Any]]:
    """Forty chat rows, some with a system message, some of several turns, one with a weight of 0."""
    return make_tiny_rows()


@pytest.fixture
def tiny_file(tmp_path: Path, tiny_rows: list[dict[str, Any]]) -> Path:
    path = tmp_path / "training.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in tiny_rows), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def make_base() -> Callable[..., Path]:
    """``make_base(folder, seed=7, tie=True)`` writes a base model such as ``tiny_base``."""
    return make_tiny_base


TINY_TEMPLATE = (
    "{{- bos_token -}}{%- for message in messages -%}"
    "{{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>' + '\n' -}}"
    "{%- endfor -%}{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\n' -}}{%- endif -%}"
)


def make_tiny_rows() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    words = ["red", "blue", "green", "old", "new", "warm", "cold", "近", "远", "🙂"]
    for i in range(40):
        first, second = words[i % 10], words[(i * 7 + 3) % 10]
        messages = [{"role": "user", "content": f"Say {first} and then {second}, {i} times."}]
        messages.append({"role": "assistant", "content": f"{first} {second} " * (1 + i % 4) + str(i)})
        if i % 3 == 0:
            messages.insert(0, {"role": "system", "content": "You repeat words."})
        if i % 5 == 0:
            messages += [{"role": "user", "content": "Again?"}, {"role": "assistant", "content": f"{second}!"}]
        if i == 10:
            messages[-3]["weight"] = 0
        rows.append({"messages": messages})
    return rows


def make_tiny_base(folder: Path, *, seed: int = 7, tie: bool = True) -> Path:
    import torch
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

    from tunesmith.nn.catalog import DecoderConfig, config_as_json
    from tunesmith.nn.weights import named_weights, random_decoder, write_tensors

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = [AddedToken(t, special=True, normalized=False) for t in ("<|bos|>", "<|im_start|>", "<|im_end|>")]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=384, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    texts = [message["content"] for row in make_tiny_rows() for message in row["messages"]]
    tokenizer.train_from_iterator(texts * 4, trainer)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = DecoderConfig(
        architecture="LlamaForCausalLM",
        vocab_size=384,
        hidden_size=32,
        intermediate_size=48,
        num_layers=2,
        num_heads=4,
        num_kv_heads=2,
        head_dim=8,
        max_position_embeddings=256,
        rms_norm_eps=1e-5,
        rope_theta=10000.0,
        tie_word_embeddings=tie,
    )
    settings = {"bos_token": "<|bos|>", "eos_token": "<|im_end|>", "tokenizer_class": "PreTrainedTokenizerFast"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    (folder / "config.json").write_text(json.dumps(config_as_json(config, "float32")))
    (folder / "chat_template.jinja").write_text(TINY_TEMPLATE)
    decoder = random_decoder(config, torch.float32, seed)
    weights = {
        name: weight.detach() * 0.45 if weight.dim() > 1 else weight.detach() for name, weight in named_weights(decoder)
    }
    write_tensors(folder / "model.safetensors", weights)
    return folder


# A real server that speaks S3 and checks signatures: OpenStack Swift, four daemons on one folder.
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
