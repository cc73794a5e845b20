"""The Studio's files: who asks for what gets which bytes, under which policy."""

from __future__ import annotations

import gzip
import os
import re
import socket
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from tunesmith.api import studio

INDEX = '<!doctype html><meta property="csp-nonce" nonce="%CSP_NONCE%" /><div id="root"></div>'
SCRIPT = "export const answer = 42;\n" * 100
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
POLICY = {
    "default-src": "'none'", "script-src": "'self'", "img-src": "'self' data: blob:", "font-src": "'self'",
    "connect-src": "'self'", "base-uri": "'none'", "form-action": "'none'", "frame-ancestors": "'none'",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a build leaves."""
    folder = tmp_path / "studio_assets"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(INDEX)
    (folder / "icon.svg").write_text("<svg/>")
    (folder / "assets" / "index-abc.js").write_text(SCRIPT)
    (folder / "assets" / "index-abc.css").write_text("a{}")
    (folder / "assets" / "tool.exe").write_text("of no known kind")
    (tmp_path / "secret.txt").write_text("outside")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    monkeypatch.setattr(studio, "ASSETS", folder)
    return folder


@pytest.fixture
def get(folder: Path, server) -> Callable[..., httpx2.Response]:
    """Without any key; the body as it came over the wire where ``accept-encoding`` was not given."""

    def get(path: str, method: str = "GET", **headers: str) -> httpx2.Response:
        given = {"accept-encoding": "identity", **{name.replace("_", "-"): value for name, value in headers.items()}}
        return httpx2.request(method, server.base_url + path, headers=given)

    return get


def policy_of(answer: httpx2.Response) -> dict[str, str]:
    parts = answer.headers["content-security-policy"].split("; ")
    return {name: value for name, _, value in (part.partition(" ") for part in parts)}


@pytest.mark.parametrize(
    "path", ["/studio/", "/studio/jobs/ftjob-1", "/studio/models/ft:starter:x%2Fy?tab=2", "/studio/index.html"]
)
def test_every_address_of_a_page_gives_the_page(get, path: str) -> None:
    answer = get(path, **BROWSER)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["cache-control"] == "no-cache"
    assert "etag" not in answer.headers
    assert re.fullmatch(INDEX.replace("%CSP_NONCE%", r"[\w-]{24}"), answer.text)


def test_each_page_has_its_own_nonce_and_its_policy_names_it(get) -> None:
    nonces = set()
    for _ in range(3):
        answer = get("/studio/")
        nonce = re.search(r'nonce="([^"]+)"', answer.text)[1]
        assert policy_of(answer) == {**POLICY, "style-src": f"'self' 'nonce-{nonce}'"}
        nonces.add(nonce)
    assert len(nonces) == 3


def test_hashed_file_is_kept_for_ever(get) -> None:
    answer = get("/studio/assets/index-abc.js")
    assert (answer.text, answer.headers["content-type"]) == (SCRIPT, "text/javascript; charset=utf-8")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert get("/studio/icon.svg").headers["cache-control"] == "no-cache"


def test_file_is_packed_for_those_who_take_it(get) -> None:
    packed = get("/studio/assets/index-abc.js", accept_encoding="br, gzip;q=0.5")
    assert packed.text == SCRIPT
    assert (packed.headers["content-encoding"], packed.headers["vary"]) == ("gzip", "accept-encoding")
    assert int(packed.headers["content-length"]) == len(gzip.compress(SCRIPT.encode(), 9, mtime=0))
    for header in ("identity", "gzip;q=0", "*;q=0", "br"):
        assert "content-encoding" not in get("/studio/assets/index-abc.js", accept_encoding=header).headers
    assert "content-encoding" not in get("/studio/assets/index-abc.css", accept_encoding="gzip").headers  # no smaller
    assert get("/studio/", accept_encoding="gzip").text.startswith("<!doctype html>")


def test_file_that_is_known_is_not_sent_again(get) -> None:
    etag = get("/studio/assets/index-abc.js").headers["etag"]
    for known in (etag, f'"other", {etag}', etag.removeprefix("W/")):
        answer = get("/studio/assets/index-abc.js", if_none_match=known)
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)
    assert get("/studio/assets/index-abc.js", if_none_match='"other"').status_code == 200


@pytest.mark.parametrize("path", ["/studio/", "/studio/assets/index-abc.js", "/studio/assets/none.js"])
def test_head_says_what_get_would(get, path: str) -> None:
    head, whole = get(path, "HEAD"), get(path)
    assert (head.status_code, head.content) == (whole.status_code, b"")
    names = ("content-type", "content-length", "cache-control", "etag")
    assert [head.headers.get(name) for name in names] == [whole.headers.get(name) for name in names]


@pytest.mark.parametrize(
    "path",
    [
        "/studio/../secret.txt", "/studio/%2e%2e/secret.txt", "/studio/..%2fsecret.txt", "/studio/%2e%2e%2fsecret.txt",
        "/studio/assets/../../secret.txt", "/studio/..%5csecret.txt", "/studio//etc/passwd", "/studio/link.txt",
        "/studio/assets/tool.exe", "/studio/assets/..%2f..%2f..%2fstudio.py", "/studio/assets/%2e%2e/index.html",
        "/studio/assets/", "/studio/./secret.txt",
    ],
)  # fmt: skip
def test_nothing_outside_the_build_is_served(get, server, path: str) -> None:
    """Over a bare socket: a client would tidy the address up before it sends it."""
    address = urlsplit(server.base_url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"outside" not in body
    assert b"root:" not in body
    assert b"of no known kind" not in body
    # A page shows that there is nothing; a missing file of the build is said to be missing.
    status = int(head.split()[1])
    assert status == (404 if path.startswith("/studio/assets/") else 200), path


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/studio",
        "/studio/",
        "/studio/jobs",
        "/studio/icon.svg",
        "/studio/assets/index-abc.js",
        "/studio/assets/no.js",
    ],
)
def test_every_answer_is_guarded(get, path: str) -> None:
    answer = get(path, **BROWSER)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    if answer.status_code != 307:
        assert policy_of(answer).items() >= POLICY.items()
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert "%" not in answer.headers["content-security-policy"]
        assert "{" not in answer.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/", "/studio"])
def test_browsers_are_led_to_the_studio(get, path: str) -> None:
    answer = get(path, **BROWSER)
    assert (answer.status_code, answer.headers["location"]) == (307, "/studio/")


def test_programs_that_ask_for_nothing_are_told_so(get) -> None:
    answer = get("/", accept="application/json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "unknown_url")


@pytest.mark.parametrize("path", ["/", "/studio", "/studio/", "/studio/assets/index-abc.js"])
def test_nothing_can_be_sent_to_it(get, server, path: str) -> None:
    assert get(path, "POST").status_code == 401
    answer = get(path, "POST", authorization=f"Bearer {server.key}")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


def test_build_that_is_missing_is_told_with_its_command(get, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(studio, "ASSETS", tmp_path / "nowhere")
    answer = get("/studio/jobs", **BROWSER)
    assert answer.status_code == 503
    assert "make studio" in answer.text
    assert "content-security-policy" in answer.headers


def test_links_of_the_build_are_not_followed(folder: Path) -> None:
    os.symlink(folder / "icon.svg", folder / "assets" / "icon.svg")
    assert sorted(studio.assets_in(folder)) == ["assets/index-abc.css", "assets/index-abc.js", "icon.svg", "index.html"]
