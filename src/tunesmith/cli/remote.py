"""A server that speaks the fine-tuning API, as the command line sees it: requests, pages, uploads, sentences.

Takes a URL and a key; keeps one connection pool. What the server refuses becomes a UserError or MachineError with
its own words; a server that does not answer, ``Unreachable``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, TypeVar
from urllib.parse import quote

import httpx2
import msgspec

from tunesmith import __version__
from tunesmith.cli.server_options import DEFAULT_SERVER, KEY_VARIABLES
from tunesmith.core.errors import MachineError, UserError

PAGE: Final = 100
# No proxy stands between it and itself.
_THIS_MACHINE: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_TIMEOUT: Final = httpx2.Timeout(60, connect=5)
_LONG: Final = httpx2.Timeout(600, connect=5)

Shape = TypeVar("Shape")
Params = Mapping[str, str | int]


class Unreachable(MachineError):
    """The server does not answer, or says that it cannot at the moment; asking again later may help."""


class NotThere(UserError):
    """The server knows nothing under that address."""


class RemoteFile(msgspec.Struct, frozen=True):
    id: str
    filename: str
    bytes: int
    purpose: str
    status: str
    created_at: int
    expires_at: int | None = None
    status_details: str | None = None


class RemoteError(msgspec.Struct, frozen=True):
    code: str | None = None
    message: str | None = None
    param: str | None = None


class RemoteSetting(msgspec.Struct, frozen=True):
    value: Any
    reason: str | None = None


class RemoteJob(msgspec.Struct, frozen=True):
    id: str
    model: str
    status: str
    created_at: int
    training_file: str
    validation_file: str | None = None
    finished_at: int | None = None
    estimated_finish: int | None = None
    fine_tuned_model: str | None = None
    trained_tokens: int | None = None
    result_files: list[str] = []
    error: RemoteError | None = None
    waiting_reason: str | None = None
    step: int | None = None
    total_steps: int | None = None
    resolved: dict[str, RemoteSetting] = {}

    @property
    def has_ended(self) -> bool:
        return self.status in ("succeeded", "failed", "cancelled")


class RemoteEvent(msgspec.Struct, frozen=True):
    id: str
    created_at: int
    level: str
    message: str
    type: str | None = None
    data: Any = None


class RemoteCheckpoint(msgspec.Struct, frozen=True):
    id: str
    step_number: int
    created_at: int
    fine_tuned_model_checkpoint: str
    metrics: dict[str, float | None] = {}


class RemoteProblem(msgspec.Struct, frozen=True):
    rule: str
    severity: str
    message: str
    path: str | None = None


class RemotePreview(msgspec.Struct, frozen=True):
    problems: list[RemoteProblem] = []
    model: str | None = None


class RemoteModel(msgspec.Struct, frozen=True):
    id: str
    created: int
    owned_by: str
    alias_of: str | None = None
    base_model: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said: ``raw`` as it came, ``read`` as a type."""

    raw: Any

    def read(self, shape: type[Shape]) -> Shape:
        try:
            return msgspec.convert(self.raw, shape)
        except msgspec.ValidationError as error:
            raise MachineError(
                f"The server's answer is not understood: {error}.", "is it the URL of a Tunesmith server?"
            ) from None


@dataclass(slots=True)
class RemoteServer:
    """A context manager around the connections to one server. ``url`` is without the ``/v1``."""

    url: str
    key: str | None
    _client: httpx2.Client = field(init=False)

    def __post_init__(self) -> None:
        headers = {"User-Agent": f"tunesmith/{__version__}"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        try:
            self._client = httpx2.Client(
                base_url=f"{self.url}/v1/", headers=headers, timeout=_TIMEOUT,
                trust_env=httpx2.URL(self.url).host not in _THIS_MACHINE,
            )  # fmt: skip
        except (httpx2.InvalidURL, ValueError) as error:
            raise UserError(f"{self.url} is no URL: {error}.", f"give --server {DEFAULT_SERVER}, say") from None

    def __enter__(self) -> RemoteServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def get(self, path: str, params: Params | None = None) -> Answer:
        return self._ask("GET", path, params=dict(params or {}))

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """Waits long: what was asked for must not be asked for twice."""
        return self._ask("POST", path, json=None if body is None else dict(body), timeout=_LONG)

    def delete(self, path: str) -> Answer:
        return self._ask("DELETE", path)

    def items(self, path: str, params: Params | None = None, most: int | None = None) -> Iterator[Any]:
        """A list's items as they came, page after page, ``most`` of them at most."""
        given = 0
        asked = dict(params or {})
        while most is None or given < most:
            size = PAGE if most is None else min(PAGE, most - given)
            page = self.get(path, asked | {"limit": size}).raw
            items = page.get("data", []) if isinstance(page, dict) else []
            yield from items
            given += len(items)
            if not items or not page.get("has_more"):
                return
            asked["after"] = items[-1]["id"]

    def upload(self, path: Path, name: str, purpose: str, on_bytes: Callable[[int], None]) -> Answer:
        """Send a file piece by piece; ``on_bytes`` is told how much went out."""
        with open_for_upload(path) as file:
            parts = {"file": (name, _Counted(file, on_bytes), "application/octet-stream")}
            return self._ask("POST", "files", data={"purpose": purpose}, files=parts, timeout=_LONG)

    def download(self, path: str, to: Callable[[bytes], object]) -> None:
        """Stream a body, as it is, to ``to``."""
        with self._stream("GET", path) as answer:
            for piece in answer.iter_bytes():
                to(piece)

    def events(
        self, path: str, body: Mapping[str, Any], on_headers: Callable[[Mapping[str, str]], None]
    ) -> Iterator[Any]:
        """The JSON values of a server-sent stream, up to its ``[DONE]``; ``on_headers`` is told of the answer's first."""
        with self._stream("POST", path, json=dict(body)) as answer:
            on_headers(answer.headers)
            for line in answer.iter_lines():
                if line.startswith("data:"):
                    text = line.removeprefix("data:").strip()
                    if text == "[DONE]":
                        return
                    value = json.loads(text)
                    if isinstance(value, dict) and value.get("error"):
                        raise _refusal(200, value, self)
                    yield value
        raise Unreachable("The answer broke off.", "ask again")

    def _ask(self, method: str, path: str, **more: Any) -> Answer:
        with self._words():
            response = self._client.request(method, path, **more)
        return Answer(_read(response, self))

    @contextmanager
    def _stream(self, method: str, path: str, **more: Any) -> Iterator[httpx2.Response]:
        with self._words(), self._client.stream(method, path, timeout=_LONG, **more) as answer:
            if answer.status_code >= 400:
                answer.read()
                _read(answer, self)
            yield answer

    @contextmanager
    def _words(self) -> Iterator[None]:
        try:
            yield
        except httpx2.TimeoutException as error:
            raise Unreachable(f"{self.url} did not answer in time.", "is it busy? ask again later") from error
        except httpx2.TransportError as error:
            raise Unreachable(
                f"{self.url} cannot be reached: {str(error) or type(error).__name__}.",
                "start it with: tunesmith up, or name another one with --server",
            ) from error
        except httpx2.InvalidURL as error:
            raise UserError(f"{self.url} is no URL: {error}.", f"give --server {DEFAULT_SERVER}, say") from error


def open_server(url: str) -> RemoteServer:
    """The server at ``url`` (with or without ``/v1``), with the key of the environment."""
    key = next((value for name in KEY_VARIABLES if (value := os.environ.get(name))), None)
    return RemoteServer(url.rstrip("/").removesuffix("/v1"), key)


def segment(name: str) -> str:
    """``name`` as one segment of a path."""
    return quote(name, safe=":@,")


@contextmanager
def open_for_upload(path: Path) -> Iterator[IO[bytes]]:
    try:
        file = path.open("rb")
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.", "check its name and its permissions") from None
    with file:
        yield file


class _Counted:
    """A file that tells how much of it was read."""

    def __init__(self, file: IO[bytes], on_bytes: Callable[[int], None]) -> None:
        self._file, self._on_bytes = file, on_bytes

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self._on_bytes(len(piece))
        return piece

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def fileno(self) -> int:
        return self._file.fileno()

    def __iter__(self) -> Iterator[bytes]:
        while piece := self.read(1 << 16):
            yield piece


def _read(response: httpx2.Response, server: RemoteServer) -> Any:
    """The JSON of an answer; raises what it says went wrong."""
    try:
        value = response.json()
    except ValueError:
        value = None
    if response.status_code >= 400:
        raise _refusal(response.status_code, value, server)
    if value is None:
        raise MachineError(f"{server.url} answered something that is no JSON.", "is it the URL of a Tunesmith server?")
    return value


def _refusal(status: int, value: Any, server: RemoteServer) -> MachineError | UserError:
    error = value.get("error") if isinstance(value, dict) else None
    said = error if isinstance(error, dict) else {}
    message = str(said.get("message") or f"{server.url} answered HTTP {status}.")
    if status == 401:
        have = f"it takes the key of {' or '.join(KEY_VARIABLES)}"
        return UserError(message, f"set {KEY_VARIABLES[0]} to a key of this server ({have})")
    if status == 403:
        return UserError(message, "use a key with a higher role, or ask an owner of the project")
    if status == 404:
        return NotThere(message, "look it up: tunesmith files list, jobs list or models list show what the key may see")
    if status == 429:
        return MachineError(message, "wait a little, then ask again")
    if status in (502, 503, 504):
        return Unreachable(message, "wait a little, then ask again")
    if status >= 500:
        return MachineError(message, "the server's log says more")
    param = said.get("param")
    return UserError(message, f"mend {param}" if param else "")
