"""``tunesmith up``: the API, a worker and the serving process, kept running until Ctrl-C.

The three meet in the database; chat goes from the API to the serving process over a Unix socket. The port is
bound here and handed to the API, so that connections wait while the API is started again.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx2
from rich.console import Console

from tunesmith.cli.browser import has_person, open_page
from tunesmith.cli.supervisor import Program, Supervisor
from tunesmith.core.errors import UserError
from tunesmith.core.settings import Settings
from tunesmith.store.db import Database
from tunesmith.store.keys import ensure_first_admin
from tunesmith.store.migrate import upgrade

HEALTH_SECONDS: Final = 0.25
IMPATIENT_SECONDS: Final = 60.0
# Some programs send a signal to a process and then to its group: that is one wish.
SAME_WISH_SECONDS: Final = 0.5
LONGEST_SOCKET_NAME: Final = 104
BACKLOG: Final = 2048
API_DRAIN_SECONDS: Final = 20.0
_STOPPING_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_up(settings: Settings, *, opens_browser: bool = True) -> None:
    """Everything, until it is asked to stop. Raises UserError where it cannot begin.

    ``opens_browser``: the Studio, once everything is ready, where a person sits before a screen.
    """
    console = Console(highlight=False, soft_wrap=True, emoji=False)
    prepare_home(settings.folder)
    with only_one(settings.folder), listening(settings.host, settings.port) as listener:
        secret = _prepare_database(settings)
        url = url_of(listener)
        console.print(f"Tunesmith is starting on {url}  (home: {settings.folder})", markup=False)
        if secret is not None:
            console.print(first_words(url, secret, is_terminal=sys.stdout.isatty()), markup=False)
        opens = opens_browser and has_person()
        code = asyncio.run(_Platform(settings, listener, url, console, opens).run())
    if code:
        sys.exit(code)


def first_words(url: str, secret: str, *, is_terminal: bool) -> str:
    """The first key, and what to do with it. A link that signs in is for eyes only: logs are copied about."""
    signs_in = f"The Studio, signed in with it:\n\n  {url}/studio/#key={secret}\n\n" if is_terminal else ""
    return (
        f"\nThe administrator's key, shown this once:\n\n  {secret}\n\n{signs_in}"
        f"export OPENAI_BASE_URL={url}/v1 OPENAI_API_KEY={secret}\n"
    )


def prepare_home(folder: Path) -> None:
    """A folder that only its owner may read, with a name that the sockets in it can bear."""
    os.umask(0o077)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / "run").mkdir(exist_ok=True)
        if folder.stat().st_mode & 0o077:
            folder.chmod(0o700)
    except OSError as error:
        raise UserError(
            f"{folder} cannot be the home folder: {error.strerror}.", "choose another one with --home"
        ) from error
    if len(os.fsencode(folder / "run" / "serve.sock")) > LONGEST_SOCKET_NAME:
        raise UserError(f"The name of {folder} is too long for the sockets in it.", "choose a shorter one with --home")


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """The lock of one ``up`` a home; the kernel lets go of it however this process ends."""
    with (folder / "run" / "up.lock").open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise UserError(
                f"Tunesmith runs on {folder} already (process {lock.read().strip() or 'unknown'}).",
                "stop that one first, or choose another home with --home",
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that listens there; port 0 takes a free one."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise UserError(f"{host} is no address to listen on: {error.strerror}.", "choose another --host") from error
    with listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
            listener.listen(BACKLOG)
        except OSError as error:
            raise UserError(
                f"Port {port} of {host} cannot be used: {error.strerror}.",
                "choose another --port (0 takes a free one), or stop what uses it",
            ) from error
        yield listener


def url_of(listener: socket.socket) -> str:
    """How this machine reaches it."""
    host, port = listener.getsockname()[:2]
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"


def environment_of(settings: Settings) -> dict[str, str]:
    """What the processes inherit: the options as variables, and no first key, which none of them needs."""
    environment = {name: value for name, value in os.environ.items() if name != "TUNESMITH_ADMIN_KEY"}
    return environment | {
        "TUNESMITH_HOME": str(settings.folder.absolute()),
        "TUNESMITH_HOST": settings.host,
        "TUNESMITH_PORT": str(settings.port),
        "PYTHONUNBUFFERED": "1",
    }


def programs(environment: Mapping[str, str], listener: int) -> tuple[Program, Program, Program]:
    """API, worker, serving process: as argument lists, without a secret in them."""

    def part(name: str, *more: str, drain_seconds: float = 60.0, inherited: tuple[int, ...] = ()) -> Program:
        arguments = (sys.executable, "-m", "tunesmith", name, *more)
        return Program(name, arguments, environment, inherited, drain_seconds)

    api = part("api", "--descriptor", str(listener), inherited=(listener,), drain_seconds=API_DRAIN_SECONDS)
    return api, part("worker"), part("serve")


def _prepare_database(settings: Settings) -> str | None:
    """Bring it to this version's schema; → the administrator's key at the first start, unless it was preset."""
    database = Database(settings.sqlalchemy_url)
    try:
        upgrade(database)
        preset = settings.admin_key.get_secret_value() if settings.admin_key else None
        with database.write() as connection:
            secret = ensure_first_admin(connection, preset, int(time.time()))
        return None if preset else secret
    finally:
        database.close()


@dataclass(slots=True)
class _Platform:
    """The three processes, from their start to their end."""

    settings: Settings
    listener: socket.socket
    url: str
    console: Console
    opens_browser: bool
    _asked: asyncio.Event = field(default_factory=asyncio.Event)
    _unsettled: asyncio.Event = field(default_factory=asyncio.Event)
    _killed: bool = False

    async def run(self) -> int:
        """→ the exit code."""
        supervisor = Supervisor(self.settings.folder / "logs", self._say, lambda _: self._unsettled.set())
        self._listen_to_signals(supervisor)
        api, worker, serve = programs(environment_of(self.settings), self.listener.fileno())
        for program in (api, worker, serve):
            supervisor.start(program)
        watching = asyncio.create_task(self._watch())
        await self._asked.wait()
        watching.cancel()
        self._say("Stopping: answers and steps under way are finished first. Ctrl-C again stops at once.")
        await supervisor.stop([worker.name, serve.name])
        await supervisor.stop([api.name])
        self._say("Stopped at once." if self._killed else "Stopped.")
        _ignore_signals()
        return 130 if self._killed else 0

    def _listen_to_signals(self, supervisor: Supervisor) -> None:
        asked_at: list[float] = []
        loop = asyncio.get_running_loop()

        def stop() -> None:
            if asked_at and loop.time() - asked_at[0] > SAME_WISH_SECONDS:
                self._killed = True
                supervisor.kill()
            asked_at.append(loop.time())
            self._asked.set()

        for number in _STOPPING_SIGNALS:
            loop.add_signal_handler(number, stop)

    async def _watch(self) -> None:
        """One line whenever everything is ready: at the start, and after something was started again."""
        loop = asyncio.get_running_loop()
        async with httpx2.AsyncClient(base_url=self.url, trust_env=False, timeout=5) as client:
            ready = "Ready"
            while True:
                await self._unsettled.wait()
                self._unsettled.clear()
                patient_until = loop.time() + IMPATIENT_SECONDS
                while (lacking := await _lacking(client)) is not None:
                    if loop.time() > patient_until:
                        self._say(f"Not ready yet: {lacking}. The logs are in {self.settings.folder / 'logs'}.")
                        patient_until = loop.time() + 10 * IMPATIENT_SECONDS
                    await asyncio.sleep(HEALTH_SECONDS)
                self._say(
                    f"{ready}: API, worker and serving process run on {self.url}  (Ctrl-C stops them)\n"
                    f"Studio: {self.url}/studio/"
                )
                ready = "Ready again"
                if self.opens_browser:
                    self.opens_browser = False
                    await asyncio.to_thread(open_page, f"{self.url}/studio/")

    def _say(self, text: str) -> None:
        with suppress(OSError):  # the terminal may be gone
            self.console.print(text, markup=False)


def _ignore_signals() -> None:
    """Everything has ended: a Ctrl-C that comes now must not make a failure of it."""
    for number in _STOPPING_SIGNALS:
        asyncio.get_running_loop().remove_signal_handler(number)
        signal.signal(number, signal.SIG_IGN)


async def _lacking(client: httpx2.AsyncClient) -> str | None:
    """What is missing, in words; None: everything is ready."""
    try:
        answer = await client.get("/healthz")
    except httpx2.HTTPError:
        return "the API does not answer"
    if answer.status_code == 200:
        return None
    try:
        parts = answer.json()["parts"].items()
        return "; ".join(f"{name}: {found}" for name, found in parts if found != "ready")
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"the API answers HTTP {answer.status_code}"
