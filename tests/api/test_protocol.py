"""What comes before anybody has shown a key is bounded."""

from __future__ import annotations

import json
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest

HEAD = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture
def connection(shared_server: Any) -> Any:
    address = urlsplit(shared_server.base_url)
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        yield connection


@pytest.mark.parametrize("head", [b"X: " + b"y" * 5_000_000, b"X: y\r\n" * 1_000_000, b"X" * 5_000_000])
def test_endless_headers_are_refused_before_they_end(connection: socket.socket, head: bytes) -> None:
    sent = 0
    whole = HEAD + head
    try:
        while sent < len(whole):
            connection.sendall(whole[sent : sent + 20_000])
            sent += 20_000
    except OSError:  # it hung up
        pass
    assert sent < len(whole)


def test_the_refusal_is_in_the_envelope(connection: socket.socket) -> None:
    connection.sendall(HEAD + b"X: " + b"y" * 65_536)
    status, _, body = _answer(connection)
    assert status == b"HTTP/1.1 431 Request Header Fields Too Large"
    assert set(json.loads(body)["error"]) == {"message", "type", "param", "code"}


def test_long_headers_below_the_bound_are_taken_again_and_again(connection: socket.socket) -> None:
    for _ in range(3):
        connection.sendall(HEAD + b"X: " + b"y" * 60_000 + b"\r\n\r\n")
        assert not _answer(connection)[0].startswith(b"HTTP/1.1 431")


def _answer(connection: socket.socket) -> tuple[bytes, bytes, bytes]:
    """Status line, headers, body."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65_536)
    head, _, body = data.partition(b"\r\n\r\n")
    status, _, headers = head.partition(b"\r\n")
    length = int(headers.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65_536)
    return status, headers, body
