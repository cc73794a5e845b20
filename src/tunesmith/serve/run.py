"""The serving process: a Unix socket, one chat a connection, answers from models that are in memory or come there.

``tunesmith serve`` runs it beside the API. Models are found in the store when they are first asked for. SIGTERM
lets the answers under way finish, for a bounded time.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import torch

from tunesmith.core.errors import MachineError, TunesmithError, UserError
from tunesmith.core.settings import Settings
from tunesmith.infer.protocol import (
    MOST_LINE_BYTES,
    Chat,
    Done,
    HealthReport,
    Refused,
    Reply,
    Served,
    line_of,
    read_request,
)
from tunesmith.serve.answering import Answering, Refusal, distribute, prompt_of
from tunesmith.serve.artifacts import FileReference
from tunesmith.serve.certify import Certificate, NotCertified, as_job_certificates
from tunesmith.serve.engine import Engine
from tunesmith.serve.residents import Limits, NoRoom, Residents
from tunesmith.store import blob_references, job_certificates
from tunesmith.store.blobs import open_blobs
from tunesmith.store.db import Database, DatabaseUnavailable
from tunesmith.train.device import choose_device, has_fast_bf16, keep_freed_memory

DRAIN_SECONDS = 30.0
DELETED_ARE_DROPPED_EVERY_SECONDS = 10.0
_RENDERING_THREADS = 2
# Freed memory that is not given back: a step's buffers, not a model's weights.
_KEPT_BYTES = 128 << 20

log = logging.getLogger(__name__)


def run(settings: Settings) -> None:
    """Until SIGTERM or SIGINT. Raises UserError where another serving process runs on this home."""
    with _only_one(settings.serving_socket):
        asyncio.run(_run(settings))


async def _run(settings: Settings) -> None:
    keep_freed_memory(_KEPT_BYTES)
    database = Database(settings.sqlalchemy_url)
    server = Server(settings, database)
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    try:
        await server.start()
        try:
            await stopped.wait()
        finally:
            await server.stop()
    finally:
        database.close()


class Server:
    """The socket and what is behind it. ``start`` and ``stop`` in the event loop that it lives in."""

    def __init__(self, settings: Settings, database: Database, limits: Limits | None = None) -> None:
        self._settings, self._database = settings, database
        self._limits = limits or limits_of(settings)
        self._engine = Engine(self._hand_to_loop, lambda: torch.set_num_threads(self._limits.num_threads))
        self.residents = Residents(
            self._limits, self._engine, self._files_of, open_blobs(settings), settings.folder / "models",
            self._note_certificate,
        )  # fmt: skip
        self._renderers = ThreadPoolExecutor(_RENDERING_THREADS, "rendering")
        self._tasks: set[asyncio.Task[None]] = set()
        self._num_open = 0
        self._is_draining = False

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._engine.start()
        path = self._settings.serving_socket
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _private_files():
            self._listener = await asyncio.start_unix_server(
                self._connected, path=str(path), limit=MOST_LINE_BYTES, backlog=1024
            )
        self._sweeper = asyncio.create_task(self._drop_deleted())
        log.info("listening on %s", path)

    async def stop(self, drain_seconds: float = DRAIN_SECONDS) -> None:
        """Take nothing new; let what runs finish for so long; then cancel the rest."""
        self._is_draining = True
        self._listener.close()
        self._settings.serving_socket.unlink(missing_ok=True)
        self._sweeper.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=drain_seconds)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._loop.run_in_executor(None, self._close)

    def _close(self) -> None:
        self.residents.close()
        self._engine.stop()
        self._renderers.shutdown(wait=True, cancel_futures=True)

    # --- one connection ------------------------------------------------------------------------------------------

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        try:
            await self._converse(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = read_request(await reader.readline())
        except (ValueError, msgspec.DecodeError) as error:
            writer.write(line_of(Refused(400, f"The request could not be read: {error}.")))
            return
        if not isinstance(request, Chat):
            writer.write(line_of(self._health()))
            await writer.drain()
            return
        await self._chat_until_left(request, reader, writer)

    async def _chat_until_left(self, chat: Chat, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer; stop at once when the caller closes its side."""
        turn = _Turn(self, chat, writer)
        answering = asyncio.ensure_future(turn.run())
        leaving = asyncio.ensure_future(reader.read())
        try:
            await asyncio.wait((answering, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            if not answering.done():
                answering.cancel()
            with suppress(ConnectionError, asyncio.CancelledError):
                await answering

    def _health(self) -> HealthReport:
        num_streams, num_waiting = self.residents.load_figures()
        return HealthReport(
            "draining" if self._is_draining else "ready",
            self.residents.reports(),
            num_streams,
            num_waiting,
            self.residents.used_bytes,
            self._limits.most_bytes,
        )

    # --- what a turn asks of the process -------------------------------------------------------------------------

    @property
    def engine(self) -> Engine:
        return self._engine

    def occupy(self, num_places: int) -> None:
        """Raises Refusal where too many wait already. Each stream's end gives one place back (``free``)."""
        most = self._settings.max_streams + self._settings.max_waiting
        if self._num_open + num_places > most:
            message = f"Too many answers are being written or wait for a place ({self._num_open:,}). Please try again."
            raise Refusal(Refused(429, message, code="rate_limit_exceeded", retry_after_seconds=1.0))
        self._num_open += num_places

    def free(self, num_places: int = 1) -> None:
        self._num_open -= num_places

    async def render(self, work: Callable[[], list[int]]) -> list[int]:
        """In a thread: a template may work for a while, and others' tokens shall flow meanwhile."""
        return await self._loop.run_in_executor(self._renderers, work)

    # --- around --------------------------------------------------------------------------------------------------

    def _hand_to_loop(self, events: list[Any]) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(distribute, events)

    def _files_of(self, owner_type: str, owner_id: str) -> Sequence[FileReference]:
        with self._database.read() as connection:
            return blob_references.of(connection, owner_type, owner_id)  # type: ignore[arg-type]

    def _note_certificate(self, served: Served, found: Certificate | NotCertified) -> None:
        """With the job that made the model, so that people see it there too; a database that is away loses a note."""
        certificates = as_job_certificates(found)
        if served.owner_type != "model" or not certificates:
            return
        try:
            with self._database.write() as connection:
                job_certificates.put_for_model(connection, served.owner_id, certificates, time.time())
        except DatabaseUnavailable as error:
            log.warning("the certificate of %s was not noted: %s", served.name, error.message)

    async def _drop_deleted(self) -> None:
        while True:
            await asyncio.sleep(DELETED_ARE_DROPPED_EVERY_SECONDS)
            try:
                await self.residents.drop_deleted()
            except TunesmithError as error:
                log.warning("deleted models were not looked for: %s", error.message)


class _Turn:
    """One chat: its place, its model, its answer; whatever goes wrong becomes a word to the caller."""

    def __init__(self, server: Server, chat: Chat, writer: asyncio.StreamWriter) -> None:
        self._server, self._chat, self._writer = server, chat, writer
        self._answering: Answering | None = None

    async def run(self) -> None:
        try:
            async with self._server.residents.borrow(self._chat.model) as resident:
                prompt_ids = await self._server.render(lambda: prompt_of(self._chat, resident))
                self._server.occupy(self._chat.n)
                self._answering = Answering(self._chat, resident, self._server.engine, self._server.free)
                try:
                    await self._answering.run(prompt_ids, self._send)
                finally:
                    self._answering.cancel()
                    self._server.free(self._chat.n - self._answering.num_submitted)
        except asyncio.CancelledError:
            used = self._answering.usage() if self._answering is not None else Done(0, 0)
            self._writer.write(line_of(used))
            raise
        except Refusal as refusal:
            await self._send([refusal.refused])
        except TunesmithError as error:
            await self._send([_refused(error, self._chat.model.name)])
        except Exception as error:  # the border: the caller hears something, whatever happened
            log.error("a chat failed", exc_info=error)
            await self._send([Refused(500, "The serving process failed to answer.", retry_after_seconds=1.0)])

    async def _send(self, replies: Sequence[Reply]) -> None:
        self._writer.write(b"".join(map(line_of, replies)))
        await self._writer.drain()


def _refused(error: TunesmithError, name: str) -> Refused:
    """What the caller hears of a model that does not come up. Without a time to wait, clients do not ask again."""
    text = f"{error.message} ({error.hint})" if error.hint else error.message
    if isinstance(error, NotCertified):
        return Refused(
            503, f"The model `{name}` does not answer, because it failed its check: {text}", "model_not_certified"
        )
    if isinstance(error, DatabaseUnavailable):  # its own message names hosts and paths
        return Refused(503, "The database does not answer; try again soon.", retry_after_seconds=1.0)
    if isinstance(error, NoRoom):
        wait = 5.0 if error.is_passing else None
        return Refused(503, text, "model_not_loaded", retry_after_seconds=wait)
    if isinstance(error, UserError):
        return Refused(503, f"The model `{name}` cannot be loaded: {text}", "model_not_loaded")
    if isinstance(error, MachineError):
        return Refused(503, text, "model_not_loaded", retry_after_seconds=5.0)
    return Refused(500, text)


def limits_of(settings: Settings) -> Limits:
    device = choose_device()
    return Limits(
        most_bytes=settings.serving_memory_bytes,
        max_streams=settings.max_streams,
        dtype="bf16" if has_fast_bf16(device) else "fp32",
        device=device,
        num_threads=settings.serving_threads or torch.get_num_threads(),
        offline=settings.offline,
    )


@contextmanager
def _only_one(socket: Path) -> Iterator[None]:
    """The kernel lets go of the lock however the process ends."""
    socket.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with socket.with_suffix(".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(
                f"A serving process listens on {socket} already.", "stop that one first, or choose another home"
            ) from None
        yield


@contextmanager
def _private_files() -> Iterator[None]:
    """What is made here is its owner's alone, from its first moment on."""
    before = os.umask(0o177)
    try:
        yield
    finally:
        os.umask(before)
