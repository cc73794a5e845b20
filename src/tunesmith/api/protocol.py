"""HTTP from the socket, as uvicorn reads it, with what it lacks: a bound for the headers, and an end for endless streams.

Its faster parser keeps headers of any length in memory, before anybody has shown a key. A server that ends waits for
the answers under way; one that has no end of its own is told (``on_server_end``), so that nobody waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from typing import Any, Final

MOST_HEAD_BYTES: Final = 64 << 10

_REFUSAL = (
    b'{"error": {"message": "The request line and headers are longer than 65,536 bytes.", '
    b'"type": "invalid_request_error", "param": null, "code": null}}'
)


_HAS_ENDED, _TELL = "tunesmith.server_has_ended", "tunesmith.tell_server_end"


def on_server_end(scope: MutableMapping[str, Any], tell: Callable[[], None]) -> None:
    """Have ``tell`` called in the event loop when the server is to end; at once where it is ending."""
    scope[_TELL] = tell
    if scope.get(_HAS_ENDED):
        tell()


def http_protocol() -> Any:
    """What ``uvicorn.Config(http=…)`` takes. The slower parser, where there is no other, has a bound of its own."""
    try:
        from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
    except ImportError:
        from uvicorn.protocols.http.h11_impl import H11Protocol

        class EndingH11(H11Protocol):
            def shutdown(self) -> None:
                super().shutdown()
                _tell_end(self.cycle)

        return EndingH11

    class BoundedHttp(HttpToolsProtocol):
        _is_in_head = False
        _head_bytes = 0

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if not self._is_in_head:
                return
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES and not self.transport.is_closing():
                self.transport.write(
                    b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n"
                    b"content-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(_REFUSAL), _REFUSAL)
                )
                self.transport.close()

        def on_message_begin(self) -> None:
            self._is_in_head, self._head_bytes = True, 0
            super().on_message_begin()

        def on_headers_complete(self) -> None:
            self._is_in_head = False
            super().on_headers_complete()

        def shutdown(self) -> None:
            super().shutdown()
            _tell_end(self.cycle)

    return BoundedHttp


def _tell_end(cycle: Any) -> None:
    """To the answer under way on this connection, if there is one."""
    if cycle is not None:
        cycle.scope[_HAS_ENDED] = True
        if tell := cycle.scope.get(_TELL):
            tell()
