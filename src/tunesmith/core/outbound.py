"""The one way out over HTTP: a POST to a URL that somebody gave, which must not reach what only this machine may.

The host is resolved once; every one of its addresses is judged; the connection goes to an address that was
judged, so that a name that changes its mind in between (DNS rebinding) wins nothing. The certificate is
checked against the name. Redirects are not followed, no proxy and nothing else is taken from the environment,
and the whole exchange ends after a time, however slowly the other side speaks.
"""

from __future__ import annotations

import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from queue import Empty, SimpleQueue
from typing import Any, Final

import httpcore2
import httpx2

from tunesmith import __version__
from tunesmith.core import addresses
from tunesmith.core.errors import TunesmithError
from tunesmith.core.settings import Settings

TIMEOUT_SECONDS: Final = 15.0
MOST_ANSWER_BYTES: Final = 64 << 10
LONGEST_URL: Final = 2048
_NAME: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(\.(?!-)[a-z0-9_-]{1,63})*\.?")
_OWN_NAMES: Final = ("localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback")

Resolver = Callable[[str, int], Sequence[str]]
"""Host and port → its addresses; raises OSError for a name without any."""


class OutboundError(TunesmithError):
    """Nothing arrived."""


class Refused(OutboundError):
    """It may not be sent there; nothing was."""


class Unreachable(OutboundError):
    """It did not arrive, or no answer came back in time."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, whatever its status. The names of ``headers`` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that was judged, but for what its name resolves to. ``host`` is a name in lower case, or an address."""

    url: httpx2.URL
    host: str
    port: int


def resolve(host: str, port: int) -> Sequence[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


@dataclass(frozen=True, slots=True)
class Outbound:
    """``allow_private`` opens this machine's own networks, and plain http with them."""

    is_offline: bool = False
    allow_private: bool = False
    resolver: Resolver = resolve
    tls: ssl.SSLContext | None = None
    """None: the certificates that the system trusts, or those of ``SSL_CERT_FILE``."""
    timeout_seconds: float = TIMEOUT_SECONDS
    permission: str = "TUNESMITH_ALLOW_PRIVATE_ADDRESSES=1 lets webhooks"
    """For hints: who says what, so that private addresses are allowed."""

    @classmethod
    def of(cls, settings: Settings) -> Outbound:
        return cls(is_offline=settings.offline, allow_private=settings.allow_private_addresses)

    def check(self, url: str) -> Target:
        """What can be judged without asking the name service; raises Refused."""
        parsed = _parsed(url)
        if parsed.scheme != "https" and not (parsed.scheme == "http" and self.allow_private):
            raise Refused("The URL must begin with https://.", _hint(parsed.scheme, self.permission))
        if parsed.userinfo:
            raise Refused("The URL holds a user name or a password.", "leave them out; messages are signed instead")
        host = parsed.host.lower()
        try:
            address = addresses.literal(host)
        except ValueError as error:
            raise Refused(f"The URL's host is refused: {error}.", "write the host's name") from None
        if address is not None:
            self._judge(address, [address])
        elif not _NAME.fullmatch(host) or len(host) > 253:
            raise Refused("The URL has no host that could be reached.", "write it as https://host.example/path")
        elif (host.rstrip(".") in _OWN_NAMES or host.rstrip(".").endswith(".localhost")) and not self.allow_private:
            raise Refused(f"The URL's host {host} is this machine.", self._private_hint)
        return Target(parsed, host, parsed.port or {"https": 443, "http": 80}[parsed.scheme])

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """The status of the answer, whatever it is; raises Refused or Unreachable."""
        return self._sent(url, body, headers, _read_some).status

    def ask(self, url: str, body: bytes, headers: Mapping[str, str], most_bytes: int) -> Reply:
        """The same, for the whole answer; one of more than ``most_bytes``, or that breaks off, is Unreachable."""
        return self._sent(url, body, headers, lambda response: _read_all(response, most_bytes))

    def _sent(self, url: str, body: bytes, headers: Mapping[str, str], read: _Read) -> Reply:
        if self.is_offline:
            raise Refused("This installation is offline: nothing is sent anywhere.", "unset TUNESMITH_OFFLINE")
        target = self.check(url)
        deadline = time.monotonic() + self.timeout_seconds
        vetted = self._judge(target.host, self._resolved(target, deadline))
        try:
            return self._exchange(target, _VettedNetwork(vetted, deadline), body, headers, read)
        except httpcore2.TimeoutException:
            raise Unreachable(f"{target.host} did not answer within {self.timeout_seconds:g} s.") from None
        except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
            raise Unreachable(f"{target.host} could not be reached: {_cause(error)}.") from None

    def _exchange(
        self, target: Target, network: _VettedNetwork, body: bytes, headers: Mapping[str, str], read: _Read
    ) -> Reply:
        url = target.url
        raw = httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        all_headers = {
            "host": url.netloc.decode("ascii"), "user-agent": f"Tunesmith/{__version__}", "accept": "*/*",
            "connection": "close", "content-length": str(len(body)), **headers,
        }  # fmt: skip
        tls = (self.tls or _default_tls()) if url.scheme == "https" else None
        with httpcore2.HTTPConnection(raw.origin, ssl_context=tls, network_backend=network) as connection:
            pairs = [(name.encode("ascii"), value.encode("ascii")) for name, value in all_headers.items()]
            with connection.stream("POST", raw, headers=pairs, content=body) as response:
                answered = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
                return Reply(response.status, answered, read(response))

    def _resolved(self, target: Target, deadline: float) -> Sequence[str]:
        """A name service may be slower than any patience: it is asked in a thread that is left behind then."""
        if addresses.literal(target.host) is not None:
            return [target.host]
        answers: SimpleQueue[Sequence[str] | Exception] = SimpleQueue()

        def ask() -> None:
            try:
                answers.put(self.resolver(target.host, target.port))
            except (OSError, UnicodeError) as error:
                answers.put(error)

        threading.Thread(target=ask, daemon=True, name="resolve").start()
        try:
            found = answers.get(timeout=max(0.0, deadline - time.monotonic()))
        except Empty:
            raise Unreachable(f"The name {target.host} was not resolved within {self.timeout_seconds:g} s.") from None
        if isinstance(found, Exception) or not found:
            raise Unreachable(f"The name {target.host} has no address.")
        return found

    def _judge(self, host: str, found: Sequence[str]) -> Sequence[str]:
        """All of them: a name with one bad address is up to no good. Raises Refused."""
        for address in found:
            why = addresses.refusal(address, allow_private=self.allow_private)
            if why is not None:
                shown = host if host == address else f"{host} leads to {address}, which"
                raise Refused(f"The URL's host {shown} {why}.", self._private_hint)
        return found

    @property
    def _private_hint(self) -> str:
        return f"name a host of the internet; {self.permission} reach your own networks"


def _hint(scheme: str, permission: str) -> str:
    if scheme == "http":
        return f"use https; {permission} use http"
    return "write it as https://host.example/path"


def _parsed(url: str) -> httpx2.URL:
    if len(url) > LONGEST_URL:
        raise Refused(f"The URL is longer than {LONGEST_URL:,} characters.", "use a shorter one")
    if url != url.strip() or any(letter.isspace() for letter in url):
        raise Refused("The URL holds blanks.", "encode them as %20")
    try:
        parsed = httpx2.URL(url)
        port = parsed.port
    except (httpx2.InvalidURL, ValueError, UnicodeError):
        raise Refused("The URL cannot be read.", "write it as https://host.example/path") from None
    if port is not None and not 0 < port < 65536:
        raise Refused(f"The URL's port {port} does not exist.", "use one from 1 to 65535")
    return parsed


@lru_cache(maxsize=1)
def _default_tls() -> ssl.SSLContext:
    return httpcore2.default_ssl_context()


_Read = Callable[[httpcore2.Response], bytes]


def _read_some(response: httpcore2.Response) -> bytes:
    """So that the other side can end in peace; what it says is not looked at, nor its failure to say it."""
    num_bytes = 0
    try:
        for part in response.iter_stream():
            num_bytes += len(part)
            if num_bytes > MOST_ANSWER_BYTES:
                break
    except (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError):
        pass
    return b""


def _read_all(response: httpcore2.Response, most_bytes: int) -> bytes:
    content = bytearray()
    for part in response.iter_stream():
        content += part
        if len(content) > most_bytes:
            raise Unreachable(f"The answer is longer than {most_bytes:,} bytes.")
    return bytes(content)


def _cause(error: Exception) -> str:
    text = str(error).strip().rstrip(".")
    return text if text else type(error).__name__


class _VettedNetwork(httpcore2.NetworkBackend):
    """Connects to the judged addresses, whatever name it is asked for, until the deadline."""

    def __init__(self, vetted: Sequence[str], deadline: float) -> None:
        self._vetted, self._deadline = vetted, deadline
        self._plain = httpcore2.SyncBackend()

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:  # fmt: skip
        last: httpcore2.NetworkError | httpcore2.TimeoutException | None = None
        for index, address in enumerate(self._vetted):
            share = _left(self._deadline) / (len(self._vetted) - index)
            try:
                stream = self._plain.connect_tcp(address, port, timeout=share, socket_options=[])
            except (httpcore2.NetworkError, httpcore2.TimeoutException) as error:
                last = error
                continue
            return _TimedStream(stream, self._deadline)
        raise last or httpcore2.ConnectError("no address")


class _TimedStream(httpcore2.NetworkStream):
    """Every wait is bounded by what is left of the whole time."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: float) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, _left(self._deadline))
        return _TimedStream(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(deadline: float) -> float:
    """Seconds; raises ReadTimeout once there are none."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore2.ReadTimeout
    return left
