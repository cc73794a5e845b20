"""Reports of files' rows, over HTTP: made by a process of their own, paged, painted, and mended into new files."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

import httpx2
import pytest

GOOD = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]}
BAD = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant"}]}


class Caller:
    """Plain HTTP with a key."""

    def __init__(self, server: Any, key: str | None = None) -> None:
        self.server, self.key = server, key or server.key

    def get(self, path: str, **params: Any) -> httpx2.Response:
        return httpx2.get(f"{self.server.base_url}/v1{path}", params=params, headers=self.headers, timeout=30)

    def post(self, path: str, body: Any) -> httpx2.Response:
        return httpx2.post(f"{self.server.base_url}/v1{path}", json=body, headers=self.headers, timeout=30)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    def upload(self, content: bytes | Sequence[Any], name: str = "a.jsonl", purpose: str = "fine-tune") -> str:
        if not isinstance(content, bytes):
            content = "".join(json.dumps(row) + "\n" for row in content).encode()
        file = self.server.client(self.key).files.create(file=(name, content), purpose=purpose)
        return str(file.id)

    def report(self, file_id: str, **params: Any) -> Any:
        """Asked for until it is there, or cannot be."""
        deadline = time.monotonic() + 60
        while True:
            answer = self.get(f"/files/{file_id}/report", **params)
            assert answer.status_code == 200, answer.text
            if answer.json()["status"] != "in_progress":
                return answer.json()
            assert time.monotonic() < deadline
            time.sleep(0.05)


@pytest.fixture
def caller(server: Any) -> Caller:
    return Caller(server)


def test_a_report_names_every_bad_row(caller: Caller) -> None:
    file = caller.upload([GOOD] * 11 + [BAD, GOOD])
    report = caller.report(file)
    assert (report["status"], report["file_format"], report["num_rows"]) == ("completed", "chat", 13)
    assert (report["num_errors"], report["rows"]["num_duplicates"], report["tokens"]) == (1, 11, None)
    (problem,) = [each for each in report["data"] if each["severity"] == "error"]
    assert (problem["rule"], problem["line"]) == ("message_missing_key", 12)


def test_tokens_are_counted_as_the_model_does(caller: Caller) -> None:
    file = caller.upload([GOOD] * 12)
    tokens = caller.report(file, model="starter", max_seq_len=8)["tokens"]
    assert (tokens["model"], tokens["max_seq_len"], tokens["num_over_length"]) == ("starter", 8, 12)
    assert [cost["policy"] for cost in tokens["over_length_costs"]] == ["drop", "truncate_left", "truncate_right"]
    assert sum(tokens["bucket_counts"]) == 12


def test_a_row_is_painted_and_its_findings_named(caller: Caller) -> None:
    file = caller.upload([GOOD] * 12 + [BAD])
    caller.report(file)
    row = caller.get(f"/files/{file}/rows/2", model="starter").json()
    assert row["value"] == GOOD
    assert [each["rule"] for each in row["problems"]] == ["duplicate_example"]
    assert next(each["text"] for each in row["segments"] if each["weight"] > 0).startswith("Hello")
    assert sum(each["num_tokens"] for each in row["segments"]) == row["num_tokens"]
    bad = caller.get(f"/files/{file}/rows/13", model="starter").json()
    assert (bad["segments"], [each["rule"] for each in bad["problems"]]) == (None, ["message_missing_key"])


def test_rows_are_listed_from_any_line(caller: Caller) -> None:
    file = caller.upload([{**GOOD, "n": n} for n in range(1000)])
    caller.report(file)
    page = caller.get(f"/files/{file}/rows", first=700, limit=3).json()
    assert ([row["value"]["n"] for row in page["data"]], page["num_rows"], page["has_more"]) == (
        [699, 700, 701],
        1000,
        True,
    )
    end = caller.get(f"/files/{file}/rows", first=999, limit=3).json()
    assert ([row["line"] for row in end["data"]], end["has_more"]) == ([999, 1000], False)


def test_a_revision_edits_and_drops_rows(caller: Caller) -> None:
    file = caller.upload([GOOD] * 12 + [BAD, BAD], name="mine.jsonl")
    caller.report(file)
    fixed = json.dumps(GOOD | {"messages": [*GOOD["messages"][:1], {"role": "assistant", "content": "New"}]}, indent=1)
    edits = [{"line": 13, "text": fixed}, {"line": 1, "text": None}]
    made = caller.post(f"/files/{file}/revisions", {"edits": edits, "drops_rows_with_errors": True})
    assert made.status_code == 200, made.text
    assert (made.json()["num_edited"], made.json()["num_dropped"]) == (1, 2)
    assert made.json()["file"]["filename"] == "mine.fixed.jsonl"
    report = caller.report(made.json()["file"]["id"])
    assert (report["num_rows"], report["num_errors"]) == (12, 0)
