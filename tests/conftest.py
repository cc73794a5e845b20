"""What every test shares: one thread for torch, and an honest count of what was left out."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tunesmith.store.db import Database
from tunesmith.store.migrate import upgrade

# Read by torch when a test first imports it: one thread, so that workers share cores and bits repeat.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A shell that starts the tests in the background has Ctrl-C ignored, and so would every process that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# What builds the Studio, as `make studio` brings it along.
STUDIO = Path(__file__).parent.parent / "studio"
BIN = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])


def _has_cuda() -> bool:
    if find_spec("torch") is None or not Path("/proc/driver/nvidia/version").exists():
        return False
    import torch

    return torch.cuda.is_available()


# What ``@pytest.mark.needs(name)`` may name → whether this machine has it.
NEEDS: dict[str, Callable[[], bool]] = {
    "cuda": _has_cuda,
    "postgres": lambda: any(Path("/usr/lib/postgresql").glob("*/bin/postgres")) or shutil.which("postgres") is not None,
    "chromium": lambda: shutil.which("chromium") is not None and find_spec("playwright") is not None,
    "studio": lambda: (STUDIO / "node_modules" / "vite").is_dir() and shutil.which("node", path=BIN) is not None,
    "openssl": lambda: shutil.which("openssl") is not None,
    "s3": lambda: find_spec("swift") is not None,
    "tmpfs": lambda: (
        shutil.which("unshare") is not None and subprocess.run(["unshare", "-Urm", "true"]).returncode == 0
    ),
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


class Connections:
    """Every socket address that this process connects to, and every name that it asks for, while ``with`` lasts."""

    def __init__(self) -> None:
        self.addresses: list[Any] = []
        self.names: list[str] = []
        self._is_on = False
        sys.addaudithook(self._hear)

    def __enter__(self) -> Connections:
        self.addresses, self.names, self._is_on = [], [], True
        return self

    def __exit__(self, *_: object) -> None:
        self._is_on = False

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._is_on:
            return
        if event == "socket.connect":
            self.addresses.append(arguments[1])
        elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
            self.names.append(str(arguments[0]))


@pytest.fixture(scope="session")
def connections() -> Connections:
    """One for the whole run: an audit hook cannot be taken back."""
    return Connections()


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came over the wire."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Receiver:
    """An HTTP server on this machine that keeps what it is sent. ``answer`` says what to answer."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answer: Callable[[Received], tuple[int, dict[str, str]]] = lambda _: (200, {})
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                request = Received(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                receiver.received.append(request)
                status, headers = receiver.answer(request)
                self.send_response(status)
                for name, value in {"content-length": "0", **headers}.items():
                    self.send_header(name, value)
                self.end_headers()

            do_POST = do_GET = do_PUT = do_CONNECT = handle_any

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}/hook"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def make_receiver() -> Iterator[Callable[[], Receiver]]:
    made: list[Receiver] = []

    def make() -> Receiver:
        made.append(Receiver())
        return made[-1]

    yield make
    for receiver in made:
        receiver.close()


@pytest.fixture
def receiver(make_receiver: Callable[[], Receiver]) -> Receiver:
    return make_receiver()


class MailServer:
    """A real SMTP server on this machine. ``refuse`` is what it answers to each recipient; None: it takes the mail."""

    def __init__(self, *, wants_login: bool = False, **options: Any) -> None:
        from aiosmtpd.controller import Controller

        if wants_login:
            options |= {"auth_required": True, "auth_require_tls": False, "authenticator": self.authenticate}
        self.mails: list[Any] = []
        self.logins: list[tuple[bytes, bytes]] = []
        self.refuse: str | None = None
        self._controller = Controller(self, hostname="127.0.0.1", port=_free_port(), **options)
        self._controller.start()
        self.port = self._controller.port

    def close(self) -> None:
        if self._controller.server is not None:
            self._controller.stop()

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        if self.refuse is not None:
            return self.refuse
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        import email
        import email.policy

        self.mails.append(
            email.message_from_bytes(envelope.content.replace(b"\r\n", b"\n"), policy=email.policy.default)
        )
        return "250 OK"

    def authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, found: Any) -> Any:
        from aiosmtpd.smtp import AuthResult

        self.logins.append((found.login, found.password))
        return AuthResult(success=found.password == b"p@ss word", handled=False)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture
def make_mail_server() -> Iterator[Callable[..., MailServer]]:
    """``make_mail_server(wants_login=False, **options)``: options as aiosmtpd's controller takes them."""
    made: list[MailServer] = []

    def make(**options: Any) -> MailServer:
        made.append(MailServer(**options))
        return made[-1]

    yield make
    for server in made:
        server.close()


@pytest.fixture
def mail_server(make_mail_server: Callable[..., MailServer]) -> MailServer:
    return make_mail_server()


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


@pytest.fixture(scope="session")
def train_tiny(
    tiny_base: Path, tiny_rows: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Path]:
    """``train_tiny(**spec)`` trains a few steps on ``tiny_base``; → the model's folder, check file and all."""
    from tunesmith.data.validate import read_dataset
    from tunesmith.nn.catalog import locate
    from tunesmith.specs.fine_tune import FineTuneSpec
    from tunesmith.train.fine_tune import Job, fine_tune

    class Silent:
        def say(self, text: str) -> None: ...
        def warn(self, text: str) -> None: ...
        def begin(self, settings: Any, first_step: int) -> None: ...
        def step(self, metrics: Any) -> None: ...

    def train(**changes: Any) -> Path:
        folder = tmp_path_factory.mktemp("trained")
        file = folder / "rows.jsonl"
        file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in tiny_rows), encoding="utf-8")
        given = {"max_steps": 8, "batch_size": 8, "precision": "fp32", "learning_rate": 3e-2, "save_every_steps": 8}
        spec = FineTuneSpec.model_validate(
            {"base_model": str(tiny_base), "training_file": str(file), **given, **changes}
        )
        training, _ = read_dataset(file, None, ())
        fine_tune(Job(spec, locate(spec.base_model), training, None, folder / "run"), Silent(), lambda: False)
        return folder / "run" / "model"

    return train


@pytest.fixture(scope="session")
def tiny_adapter(train_tiny: Callable[..., Path]) -> Path:
    """An adapter trained on ``tiny_base``, far enough for other answers than the base's."""
    return train_tiny(seed=1)


@pytest.fixture(scope="session")
def other_adapter(train_tiny: Callable[..., Path]) -> Path:
    return train_tiny(seed=2, lora_rank=4)


@pytest.fixture(scope="session")
def tiny_full(train_tiny: Callable[..., Path]) -> Path:
    """``tiny_base`` with all its weights trained."""
    return train_tiny(seed=3, adapter="none", learning_rate=3e-3)


@pytest.fixture(scope="session")
def keep_model() -> Callable[..., str]:
    """``keep_model(database, blobs, project_id, folder, base_model)``: registers a folder as a tuned model, as a worker
    does at a job's end; → its name. ``as_checkpoint=True``: as a checkpoint of a job instead."""
    return _keep_model


def _keep_model(
    database: Database, blobs: Any, project_id: str, folder: Path, base_model: str, *, as_checkpoint: bool = False
) -> str:
    import hashlib
    import time

    from tunesmith.store import blob_references, checkpoints, jobs, models
    from tunesmith.store.blob_references import BlobRef

    refs = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        sha256, temporary = hashlib.sha256(content).hexdigest(), blobs.new_temporary()
        temporary.write_bytes(content)
        blobs.put_file(temporary, sha256)
        refs.append(BlobRef(path.relative_to(folder).as_posix(), sha256, len(content)))
    with database.write() as connection:
        job = jobs.create(
            connection, project_id, member_id=None, model=base_model, requested_model=base_model,
            training_file_id="file-x", validation_file_id=None, spec={"base_model": base_model}, request={},
            suffix=None, seed=1, metadata=None, now=time.time(),
        )  # fmt: skip
        if as_checkpoint:
            checkpoint = checkpoints.add(connection, job, step_number=3, metrics={}, now=time.time())
            blob_references.refer(connection, "checkpoint", checkpoint.id, refs, time.time())
            return checkpoint.name
        model = models.register(connection, job, time.time(), base_model)
        blob_references.refer(connection, "model", model.id, refs, time.time())
        return model.name


class ServingThread:
    """The serving process's server in a thread of the test, with an event loop of its own."""

    def __init__(self, settings: Any, **limits: Any) -> None:
        from dataclasses import replace

        from tunesmith.serve.run import Server, limits_of

        self.database = Database(settings.sqlalchemy_url)
        self.server = Server(settings, self.database, replace(limits_of(settings), **limits))
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> ServingThread:
        self._thread.start()
        self.do(self.server.start())
        return self

    def __exit__(self, *_: object) -> None:
        self.do(self.server.stop(drain_seconds=10))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(20)
        self._loop.close()
        self.database.close()

    def do(self, work: Any) -> Any:
        """Run a coroutine in the server's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)


@pytest.fixture(scope="session")
def serving_on() -> Callable[..., ServingThread]:
    """``with serving_on(settings, most_bytes=…) as serving``: a server on the settings' socket."""
    return ServingThread


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
