"""HTTP from the socket, as uvicorn reads it, with a bound that it lacks: request line and headers may not be endless.

Its faster parser keeps headers of any length in memory, before anybody has shown a key.
"""

from __future__ import annotations

from typing import Any, Final

MOST_HEAD_BYTES: Final = 64 << 10

_REFUSAL = (
    b'{"error": {"message": "The request line and headers are longer than 65,536 bytes.", '
    b'"type": "invalid_request_error", "param": null, "code": null}}'
)


def http_protocol() -> Any:
    """What ``uvicorn.Config(http=…)`` takes. The slower parser, where there is no other, has a bound of its own."""
    try:
        from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
    except ImportError:
        return "h11"

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

    return BoundedHttp
