"""The way out: nothing inside is reached by any spelling, name, second answer of a name service, or redirect."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.data.synthesis.conftest import Reply as Answer
from tests.data.synthesis.conftest import ScriptedEndpoint, endpoint

from tunesmith.core.outbound import Outbound, OutboundError, Refused, Unreachable

__all__ = ["endpoint"]

INSIDE = [
    "127.0.0.1", "127.8.9.10", "10.0.0.1", "10.255.1.2", "172.16.5.4", "172.31.0.9", "192.168.0.1", "192.168.178.20",
    "169.254.169.254", "169.254.170.2", "100.64.1.1", "100.100.100.200", "168.63.129.16", "0.0.0.0", "192.0.0.192",
    "198.18.3.4", "224.0.0.5", "240.1.1.1", "255.255.255.255",
]  # fmt: skip
INSIDE_V6 = ["::1", "::", "fe80::1", "fc00::5", "fd00:ec2::254", "ff02::1", "fec0::1", "2001:db8::1", "2002:7f00:1::1"]


def spellings(address: str) -> Iterator[str]:
    """Hosts that some program somewhere takes for the address."""
    a, b, c, d = (int(part) for part in address.split("."))
    number = int(ipaddress.IPv4Address(address))
    yield from (address, f"{address}.", f"0x{number:x}", f"0X{number:08X}", str(number), f"0{number:o}")
    yield from (f"{a}.{b}.{(c << 8) + d}", f"{a}.{number & 0xFFFFFF}", f"0{a:o}.0{b:o}.0{c:o}.0{d:o}")
    yield from (f"0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}", f"{a:03}.{b:03}.{c:03}.{d:03}", f"{a}.0x{b:x}.0{c:o}.{d}")
    yield from (f"[::ffff:{address}]", f"[::{address}]", f"[64:ff9b::{address}]", f"[::ffff:0:{address}]")
    yield f"[::ffff:{number >> 16:x}:{number & 0xFFFF:x}]"
    yield f"[0:0:0:0:0:FFFF:{number >> 16:X}:{number & 0xFFFF:X}]"
    yield f"[2002:{number >> 16:x}:{number & 0xFFFF:x}::1]"
    yield f"[64:ff9b:1::{number >> 16:x}:{number & 0xFFFF:x}]"
    yield address.replace(".", "%2e")
    yield address.replace(".", "。")
    yield "".join(chr(ord(letter) + 0xFEE0) for letter in address)
    yield "".join(chr(0x2460 + int(letter) - 1) if letter in "123456789" else letter for letter in address)
    yield f"user@{address}"
    yield f"hooks.example@{address}"
    yield f"hooks.example%40{address}"
    yield f"hooks.example\\@{address}"
    yield f"{address}\\.hooks.example"
    yield f"{address}%00.hooks.example"
    yield f"{address}#.hooks.example"
    yield f"name-of-{address.replace('.', '-')}.example"


def urls() -> Sequence[str]:
    found = [f"https://{host}/hook" for address in INSIDE for host in spellings(address)]
    found += [f"https://[{address}]{port}/" for address in INSIDE_V6 for port in ("", ":443", ":8443")]
    found += [f"https://[{address}%25eth0]/" for address in INSIDE_V6]
    names = ["localhost", "LOCALHOST", "localhost.", "a.localhost", "localhost.localdomain", "ip6-localhost"]
    found += [f"https://{name}:{port}/" for name in names for port in (443, 8000)]
    schemes = [
        "http",
        "file",
        "ftp",
        "gopher",
        "dict",
        "ldap",
        "unix",
        "ws",
        "javascript",
        "data",
        "HTTP",
        "https:http",
    ]
    found += [f"{scheme}://hooks.example/" for scheme in schemes]
    found += ["//hooks.example/", "hooks.example", "", "https://", "https:///hook", "https://?x", "https:hooks.example",
              "https://hooks.example:0/", "https://hooks.example:65536/", "https://hooks.example:-1/", "https://a b/",
              "https://hooks.example/\r\nx: y", " https://hooks.example/", "https://hooks.example/\x00", "https://.example/",
              "https://a..b/", f"https://{'a' * 64}.example/", f"https://{'a.' * 127}example/", "https://[::1/", "https://::1/",
              "https://[v1.x]/", "https://*/", f"https://hooks.example/{'x' * 3000}", "https://-a.example/"]  # fmt: skip
    return found


URLS = urls()


def like_a_name_service(host: str, port: int) -> Sequence[str]:
    """The C library's reading of numbers; ``name-of-…`` leads inside; any other name to the internet."""
    if host.startswith("name-of-"):
        return ["93.184.216.34", host.removeprefix("name-of-").partition(".")[0].replace("-", ".")]
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return ["93.184.216.34"]
    return [str(sockaddr[0]) for *_, sockaddr in found]


def test_no_url_of_five_hundred_leads_inside(connections: Any) -> None:
    assert len(set(URLS)) >= 500
    outbound = Outbound(resolver=like_a_name_service)
    sent = []
    with connections:
        for url in URLS:
            try:
                outbound.post(url, b"{}", {})
            except Refused:
                continue
            except OutboundError as error:
                sent.append((url, error.message))
            else:
                sent.append((url, "answered"))
    assert sent == []
    assert connections.addresses == []


@pytest.mark.parametrize("address", ["169.254.169.254", "0.0.0.0", "224.0.0.1", "[fe80::1]"])
def test_private_networks_allowed_do_not_open_the_machinery(address: str, connections: Any) -> None:
    with connections, pytest.raises(Refused):
        Outbound(allow_private=True).post(f"http://{address}/latest/meta-data/", b"{}", {})
    assert connections.addresses == []


def test_a_name_with_one_address_inside_is_refused_whole(connections: Any) -> None:
    outbound = Outbound(resolver=lambda host, port: ["93.184.216.34", "10.0.0.8"])
    with connections, pytest.raises(Refused, match=r"hooks\.example leads to 10\.0\.0\.8, which is private"):
        outbound.post("https://hooks.example/", b"{}", {})
    assert connections.addresses == []


def test_rebinding_wins_nothing(receiver: Any, connections: Any) -> None:
    """The name is asked for once, and the connection goes to that answer; a second answer would lead elsewhere."""
    asked: list[str] = []

    def changes_its_mind(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    outbound = Outbound(allow_private=True, resolver=changes_its_mind)
    with connections:
        assert outbound.post(f"http://hooks.example:{receiver.port}/in?x=1", b"{}", {}) == 200
    assert asked == ["hooks.example"]
    assert connections.addresses == [("127.0.0.1", receiver.port)]
    assert "hooks.example" not in connections.names
    assert receiver.received[0].headers["host"] == f"hooks.example:{receiver.port}"
    assert receiver.received[0].path == "/in?x=1"


def test_rebinding_in_the_other_order_is_refused(connections: Any) -> None:
    answers = iter([["127.0.0.1"], ["93.184.216.34"]])
    outbound = Outbound(resolver=lambda host, port: next(answers))
    with connections, pytest.raises(Refused):
        outbound.post("https://hooks.example/", b"{}", {})
    assert connections.addresses == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status: int, make_receiver: Callable[[], Any]) -> None:
    first, second = make_receiver(), make_receiver()
    first.answer = lambda request: (status, {"location": second.url})
    assert Outbound(allow_private=True).post(first.url, b"{}", {}) == status
    assert second.received == []


def test_no_proxy_is_taken_from_the_environment(
    receiver: Any, make_receiver: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = make_receiver()
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    assert Outbound(allow_private=True).post(receiver.url, b"{}", {}) == 200
    assert proxy.received == []
    assert len(receiver.received) == 1


def test_the_body_and_headers_arrive_as_given(receiver: Any) -> None:
    body = '{"name":"近 🙂"}'.encode()
    assert Outbound(allow_private=True).post(receiver.url, body, {"webhook-id": "msg_1"}) == 200
    (request,) = receiver.received
    assert (request.method, request.body, request.headers["webhook-id"]) == ("POST", body, "msg_1")
    assert "authorization" not in request.headers


def test_offline_nothing_is_sent_nor_asked_for(receiver: Any, connections: Any) -> None:
    outbound = Outbound(is_offline=True, allow_private=True)
    with connections, pytest.raises(Refused, match="offline"):
        outbound.post(receiver.url, b"{}", {})
    assert (connections.addresses, connections.names, receiver.received) == ([], [], [])


def test_http_without_tls_is_for_own_networks_only() -> None:
    with pytest.raises(Refused, match="https"):
        Outbound().check("http://hooks.example/")
    assert Outbound(allow_private=True).check("http://hooks.example/").port == 80
    assert Outbound().check("https://hooks.example/").port == 443


def test_the_second_address_is_tried_where_the_first_is_deaf(receiver: Any) -> None:
    outbound = Outbound(allow_private=True, resolver=lambda host, port: ["127.0.0.2", "127.0.0.1"])
    assert outbound.post(f"http://hooks.example:{receiver.port}/", b"{}", {}) == 200


def test_a_slow_name_service_is_not_waited_for() -> None:
    ready = threading.Event()

    def slow(host: str, port: int) -> Sequence[str]:
        ready.wait(60)
        return []

    with pytest.raises(Unreachable, match="was not resolved"):
        Outbound(resolver=slow, timeout_seconds=0.1).post("https://hooks.example/", b"{}", {})
    ready.set()


def test_an_unknown_name_is_unreachable() -> None:
    def unknown(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(Unreachable, match="has no address"):
        Outbound(resolver=unknown).post("https://hooks.example/", b"{}", {})


class Talker:
    """A TCP server that says ``words`` over and over, whatever it is asked."""

    def __init__(self, first: bytes, words: bytes, pause_seconds: float) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.stop = threading.Event()
        self.num_bytes = 0
        self.args = (first, words, pause_seconds)
        threading.Thread(target=self.talk, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}/"

    def talk(self) -> None:
        first, words, pause_seconds = self.args
        connection, _ = self.listener.accept()
        with connection:
            connection.sendall(first)
            while not self.stop.wait(pause_seconds):
                try:
                    connection.sendall(words)
                    self.num_bytes += len(words)
                except OSError:
                    return


@pytest.fixture
def make_talker() -> Iterator[Callable[..., Talker]]:
    made: list[Talker] = []

    def make(first: bytes, words: bytes, pause_seconds: float) -> Talker:
        made.append(Talker(first, words, pause_seconds))
        return made[-1]

    yield make
    for talker in made:
        talker.stop.set()
        talker.listener.close()


@pytest.mark.parametrize("words", [b"x", b"HTTP/1.1 100 Continue\r\n\r\n"], ids=["header", "100 Continue"])
def test_a_receiver_that_drips_cannot_hold_the_sender(words: bytes, make_talker: Callable[..., Talker]) -> None:
    """Each byte comes well within any pause between bytes; the whole is bounded all the same."""
    first = b"HTTP/1.1 200 OK\r\nx-drip: " if words == b"x" else b""
    talker = make_talker(first, words, 0.02)
    with pytest.raises(Unreachable, match="did not answer within"):
        Outbound(allow_private=True, timeout_seconds=0.4).post(talker.url, b"{}", {})


def test_an_endless_answer_is_not_read_to_its_end(make_talker: Callable[..., Talker]) -> None:
    talker = make_talker(b"HTTP/1.1 202 Accepted\r\n\r\n", b"x" * 65536, 0.0)
    assert Outbound(allow_private=True, timeout_seconds=3).post(talker.url, b"{}", {}) == 202
    assert talker.num_bytes < 32 << 20  # what the sockets' buffers took; in three seconds it could have been gigabytes


def test_what_is_no_http_is_unreachable(make_talker: Callable[..., Talker]) -> None:
    talker = make_talker(b"SSH-2.0-OpenSSH\r\n", b"\r\n\r\n", 0.01)
    with pytest.raises(Unreachable):
        Outbound(allow_private=True).post(talker.url, b"{}", {})


@pytest.fixture
def tls_receiver(receiver: Any, tmp_path: Path) -> Any:
    """Its certificate says hooks.example; who trusts it gets ``receiver.trust``."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=hooks.example",
         "-addext", "subjectAltName=DNS:hooks.example", "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    receiver.server.socket = context.wrap_socket(receiver.server.socket, server_side=True)
    receiver.trust = ssl.create_default_context(cafile=str(certificate))
    return receiver


@pytest.mark.needs("openssl")
def test_the_certificate_is_checked_against_the_name_not_the_address(tls_receiver: Any) -> None:
    outbound = Outbound(allow_private=True, resolver=lambda host, port: ["127.0.0.1"], tls=tls_receiver.trust)
    assert outbound.post(f"https://hooks.example:{tls_receiver.port}/", b"{}", {}) == 200
    with pytest.raises(Unreachable, match="could not be reached"):
        outbound.post(f"https://other.example:{tls_receiver.port}/", b"{}", {})


@pytest.mark.needs("openssl")
def test_a_certificate_that_nobody_vouches_for_is_refused(tls_receiver: Any) -> None:
    outbound = Outbound(allow_private=True, resolver=lambda host, port: ["127.0.0.1"])
    with pytest.raises(Unreachable, match="could not be reached"):
        outbound.post(f"https://hooks.example:{tls_receiver.port}/", b"{}", {})
    assert tls_receiver.received == []


def test_whole_answer_comes_back_with_its_headers(endpoint: ScriptedEndpoint) -> None:
    endpoint.answer = lambda *_: Answer("a" * 100_000, headers={"Retry-After": "3"})
    reply = Outbound(allow_private=True).ask(endpoint.url, b"{}", {}, 1 << 20)
    assert (reply.status, reply.headers["retry-after"], len(reply.body) > 100_000) == (200, "3", True)


def test_answer_that_is_too_long_or_breaks_off_is_none(endpoint: ScriptedEndpoint) -> None:
    endpoint.answer = lambda *_: Answer("a" * 100_000)
    with pytest.raises(Unreachable, match="longer than 1,000 bytes"):
        Outbound(allow_private=True).ask(endpoint.url, b"{}", {}, 1_000)
    endpoint.answer = lambda *_: Answer("a", headers={"content-length": "5000"})
    with pytest.raises(Unreachable, match="could not be reached"):
        Outbound(allow_private=True).ask(endpoint.url, b"{}", {}, 1 << 20)


def test_asking_leads_inside_no_more_than_posting_does(endpoint: ScriptedEndpoint, connections: Any) -> None:
    with connections, pytest.raises(Refused) as refused:
        Outbound(permission="--allow-private lets it").ask(endpoint.url.replace("http", "https", 1), b"{}", {}, 1_000)
    assert "--allow-private lets it reach your own networks" in str(refused.value)
    assert (connections.addresses, endpoint.asked) == ([], [])
