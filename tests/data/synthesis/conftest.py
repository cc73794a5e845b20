"""A scripted endpoint: a real HTTP server on this machine, in a process's own thread, that answers as a test says."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

WORDS = "red blue tall door house price ship order late refund card sky cat river stone lamp".split()


def new_text(number: int, length: int = 8) -> str:
    """Words that no other number's text has in this order."""
    return " ".join(f"{WORDS[(number + at) % len(WORDS)]}{number * 7 + at}" for at in range(length))


def pairs_of(number: int, count: int = 5) -> str:
    """An answer with pairs that are like no other number's."""
    said = [
        {"question": f"{new_text(number * 50 + at)}?", "answer": new_text(number * 50 + at, 12)} for at in range(count)
    ]
    return json.dumps(said)


@dataclass(frozen=True)
class Reply:
    text: str = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    error: str = ""
    finish: str = "stop"
    has_usage: bool = True

    def body(self) -> bytes:
        if self.status != 200:
            return json.dumps({"error": {"message": self.error}}).encode()
        message = {"role": "assistant", "content": self.text}
        said: dict[str, Any] = {"choices": [{"message": message, "finish_reason": self.finish}]}
        if self.has_usage:
            said["usage"] = {"prompt_tokens": 100, "completion_tokens": 50}
        return json.dumps(said).encode()


class ScriptedEndpoint:
    """``answer`` is called with the request's JSON and its number, from 0; ``asked`` keeps what came."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.answer: Callable[[dict[str, Any], int], Reply] = lambda _, number: Reply(pairs_of(number))
        self._lock = threading.Lock()
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                with endpoint._lock:
                    number = len(endpoint.asked)
                    endpoint.asked.append(body)
                    endpoint.headers.append({name.lower(): value for name, value in self.headers.items()})
                reply = endpoint.answer(body, number)
                content = reply.body()
                self.send_response(reply.status)
                for name, value in {"content-length": str(len(content)), **reply.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def endpoint() -> Iterator[ScriptedEndpoint]:
    made = ScriptedEndpoint()
    yield made
    made.close()


@pytest.fixture
def seeds_file(tmp_path: Path) -> Path:
    """Twelve chat rows."""
    path = tmp_path / "seeds.jsonl"
    rows = [
        {
            "messages": [
                {"role": "user", "content": f"Where is parcel {number} that I sent to {city}?"},
                {"role": "assistant", "content": f"It reached {city} on day {number}."},
            ]
        }
        for number, city in enumerate(["Bonn", "Lyon", "Turin", "上海", "Oslo", "Cork"] * 2)
    ]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def guide(tmp_path: Path) -> Path:
    """A folder with a document of three passages in two languages."""
    folder = tmp_path / "guide"
    folder.mkdir()
    (folder / "returns.md").write_text(
        "# Returns\n\nA lamp may be returned within 30 days of its delivery, if it was not used. The shop pays the postage of "
        "every return inside the country, and the money is sent back within 5 days.\n",
    )
    (folder / "保修.txt").write_text(
        "所有台灯自购买之日起享有两年保修服务。保修期内，灯泡以外的零件损坏可以免费更换，用户只需要提供发票，并把台灯寄到南京的维修中心。\n",
        encoding="utf-8",
    )
    return folder
