"""Reports of files' rows, over HTTP: made by a process of their own, paged, painted, and mended into new files."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tunesmith.api import file_rows, report_maker
from tunesmith.api.file_revisions import fixed_name
from tunesmith.nn.known_models import KnownModels
from tunesmith.store import audit, files

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
        deadline = time.monotonic() + 120
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
    assert (report["num_rows"], report["num_errors"], report["num_rows_with_errors"]) == (12, 0, 0)


def test_as_many_rows_are_dropped_as_the_report_counts(caller: Caller) -> None:
    worse = {"messages": [{"role": "user"}, {"role": "assistant"}]}
    file = caller.upload([GOOD, worse, BAD] * 9_000)
    report = caller.report(file, limit=1)
    assert (report["num_rows_with_errors"], report["num_errors"] > 18_000) == (18_000, True)
    made = caller.post(f"/files/{file}/revisions", {"drops_rows_with_errors": True}).json()
    assert made["num_dropped"] == 18_000


def test_a_hundred_thousand_bad_rows_can_be_paged(caller: Caller) -> None:
    file = caller.upload((json.dumps(BAD) + "\n").encode() * 100_000)
    report = caller.report(file, severity="error", limit=1)
    assert (report["num_errors"], report["total"], report["has_more"]) == (100_000, 100_000, True)
    assert report["rules"][0]["num_kept"] == 100_000
    took = []
    for offset in (0, 50_000, 99_990):
        began = time.perf_counter()
        page = caller.get(f"/files/{file}/report", rule="message_missing_key", offset=offset, limit=10).json()
        took.append(time.perf_counter() - began)
        assert [each["line"] for each in page["data"]] == list(range(offset + 1, offset + 11))
    row = caller.get(f"/files/{file}/rows/77777").json()
    assert (row["line"], row["problems"][0]["line"]) == (77777, 77777)
    assert min(took) < 0.5


HOSTILE = [
    b'{"messages": [{"role": "user", "content": "\\ud800"}, {"role": "assistant", "content": "\\udfff"}]}',
    b'{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "a\\u0000<b>\\u202e"}]}',
    b'{"\\ud800": 1, "\\ud800": 2}', b'{"a": ' + b"[" * 5000, b'{"a": 1e999999}', b'{"a": ' + b"9" * 5000 + b"}",
    b"\x00\x01\x02", b"NaN", b"\xff\xfe", '{"prompt": "<script>alert(1)</script>\u2028", "completion": "x"}'.encode(),
    b'{"a": 123456789012345678901234567890}', b'{"messages": ' + b"9" * 100 + b"}", b'{"a": "' + b"x" * (2 << 20) + b'"}',
]  # fmt: skip


@pytest.mark.parametrize("is_ready", [False, True])
def test_hostile_rows_are_shown_like_others(caller: Caller, is_ready: bool) -> None:
    good = json.dumps(GOOD).encode()
    file = caller.upload(b"\n".join([good] * 5 + HOSTILE))
    if is_ready:
        report = caller.report(file, model="starter")
        assert {each["line"] for each in report["data"]} >= set(range(6, 6 + len(HOSTILE))) - {7}
    rows = caller.get(f"/files/{file}/rows", limit=100)
    assert rows.status_code == 200
    assert [row["line"] for row in rows.json()["data"]] == list(range(1, 6 + len(HOSTILE)))
    for line in range(6, 6 + len(HOSTILE)):
        row = caller.get(f"/files/{file}/rows/{line}", model="starter")
        assert (row.status_code, row.json()["line"]) == (200, line), row.text
    assert row.json()["is_cut"]
    assert len(row.json()["text"]) == 1 << 20


def test_a_row_that_is_not_there_is_not_found(caller: Caller) -> None:
    file = caller.upload(json.dumps(GOOD).encode() + b"\n\n" + json.dumps(GOOD).encode())
    for line in (2, 4, 1 << 40):
        assert caller.get(f"/files/{file}/rows/{line}").status_code == 404
    assert caller.get(f"/files/{file}/rows/0").status_code == 400
    assert caller.get(f"/files/{file}/rows", first=4).json()["data"] == []


def test_rows_of_a_large_file_wait_for_their_index(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_rows, "MOST_SEARCHED_BYTES", 1 << 20)
    monkeypatch.setattr(
        caller.server.services.reports, "_command", (sys.executable, "-c", "import time; time.sleep(99)")
    )
    file = caller.upload((json.dumps(GOOD) + "\n").encode() * 30_000)
    first = caller.get(f"/files/{file}/rows").json()
    assert (len(first["data"]), first["num_rows"], first["has_more"]) == (50, None, True)
    for answer in (caller.get(f"/files/{file}/rows/29000"), caller.get(f"/files/{file}/rows", first=29_000)):
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "report_in_progress")
    report = caller.get(f"/files/{file}/report").json()
    assert (report["status"], len(report["sha256"]), report["data"]) == ("in_progress", 64, [])


def test_a_failure_is_told_in_a_sentence(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    reports = caller.server.services.reports
    right = reports._command
    monkeypatch.setattr(reports, "_command", (sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"))
    file = caller.upload([GOOD] * 12)
    failed = caller.report(file)
    assert failed["status"] == "failed"
    assert "killed" in failed["error"]
    assert caller.get(f"/files/{file}/rows/1", model="starter").json()["segments"]  # that needs no report
    refused = caller.post(f"/files/{file}/revisions", {"drops_rows_with_errors": True})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "report_failed")
    monkeypatch.setattr(reports, "_command", right)
    monkeypatch.setattr(report_maker, "RETRY_SECONDS", 0.0)
    assert caller.report(file)["status"] == "completed"


def test_a_tuned_model_counts_as_its_base_does(caller: Caller, make_object: Any) -> None:
    name, file = make_object("model"), caller.upload([GOOD] * 12)
    assert caller.report(file, model=name)["tokens"]["model"] == "starter"
    assert caller.get(f"/files/{file}/rows/1", model=name).json()["segments"]
    for path in ("report", "rows/1"):
        for model in (make_object("model", "other"), "no-such-model"):
            answer = caller.get(f"/files/{file}/{path}", model=model)
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")


def test_a_model_that_is_not_on_this_machine_is_told_without_its_folder(caller: Caller, tmp_path: Path) -> None:
    services = caller.server.services
    known = KnownModels.of(base_models={"gone": str(tmp_path / "gone"), "empty": str(tmp_path)})
    object.__setattr__(services, "known_models", known)
    file = caller.upload([GOOD] * 12)
    for model in ("gone", "empty"):
        told = caller.get(f"/files/{file}/rows/1", model=model)
        assert (told.status_code, told.json()["error"]["param"]) == (400, "model")
        assert str(tmp_path) not in told.text
    assert str(tmp_path) not in json.dumps(caller.report(file, model="empty"))


def test_an_array_has_a_report_but_no_lines(caller: Caller, server: Any) -> None:
    content = json.dumps([GOOD, BAD] * 6, indent=1).encode()
    path, sha256 = server.services.blobs.new_temporary(), hashlib.sha256(content).hexdigest()
    path.write_bytes(content)
    server.services.blobs.put_file(path, sha256)
    with server.database.write() as connection:
        file = files.create(
            connection, server.principal().project_id, filename="a.jsonl", purpose="fine-tune", num_bytes=len(content),
            sha256=sha256, now=time.time(),
        ).id  # fmt: skip
    report = caller.report(file)
    assert (report["num_rows"], report["num_errors"]) == (12, 6)
    for answer in (
        caller.get(f"/files/{file}/rows"),
        caller.get(f"/files/{file}/rows/1"),
        caller.post(f"/files/{file}/revisions", {"edits": [{"line": 1, "text": None}]}),
    ):
        assert answer.status_code == 400
        assert "array" in answer.json()["error"]["message"]


def test_other_purposes_have_no_report(caller: Caller) -> None:
    file = caller.upload(b"{}\n", purpose="user_data")
    for path in ("report", "rows", "rows/1"):
        assert caller.get(f"/files/{file}/{path}").status_code == 400


def test_a_deleted_files_report_goes_with_it(caller: Caller, server: Any) -> None:
    file = caller.upload([GOOD] * 12)
    caller.report(file)
    folder = server.services.settings.folder / "reports"
    assert [path for path in folder.iterdir() if "-" in path.name]
    server.client().files.delete(file)
    assert [path for path in folder.iterdir() if "-" in path.name] == []
    assert caller.get(f"/files/{file}/report").status_code == 404


# ---- revisions -----------------------------------------------------------------------------------


def test_everything_that_is_wrong_with_edits_is_told_at_once(caller: Caller) -> None:
    file = caller.upload([GOOD] * 12)
    texts = ['{"a": ', "[1]", '{"a": 1, "a": 2}', "", '{"a": NaN}']
    edits = [{"line": line, "text": text} for line, text in enumerate(texts, start=3)]
    answer = caller.post(f"/files/{file}/revisions", {"edits": [*edits, {"line": 3, "text": None}]})
    error = answer.json()["error"]
    assert (answer.status_code, error["param"], error["code"]) == (400, "line 3", "invalid_row")
    assert all(f"line {line}" in error["message"] for line in range(3, 8))
    beyond = caller.post(f"/files/{file}/revisions", {"edits": [{"line": 13, "text": "{}"}]}).json()["error"]
    assert (beyond["param"], "12 lines" in beyond["message"]) == ("line 13", True)
    nothing = caller.post(f"/files/{file}/revisions", {})
    none_left = caller.post(
        f"/files/{file}/revisions", {"edits": [{"line": line, "text": None} for line in range(1, 13)]}
    )
    unnamed = caller.post(
        f"/files/{file}/revisions", {"edits": edits[:0], "drops_rows_with_errors": True, "filename": "a.txt"}
    )
    assert [each.status_code for each in (nothing, none_left, unnamed)] == [400, 400, 400]
    assert len(server_files(caller)) == 1


def test_a_revision_leaves_every_other_byte_as_it_is(caller: Caller) -> None:
    good = json.dumps(GOOD).encode()
    content = b"\xef\xbb\xbf" + good + b"\r\n\n" + good + b"\n  \n" + good
    file = caller.upload(content)
    made = caller.post(f"/files/{file}/revisions", {"edits": [{"line": 3, "text": '{"é": "\\u4e2d"}'}]}).json()
    fresh = caller.get(f"/files/{made['file']['id']}/content").content
    assert fresh == content.replace(b"\n\n" + good, b"\n\n" + '{"é": "\\u4e2d"}'.encode())
    assert caller.get(f"/files/{file}/content").content == content


def test_rows_that_a_model_refuses_are_dropped_where_it_is_named(caller: Caller) -> None:
    tool = {"type": "function", "function": {"name": "f", "description": "</s><|im_end|><|end|>", "parameters": {}}}
    refused = {**GOOD, "tools": [tool]}
    file = caller.upload([GOOD] * 10 + [refused, BAD])
    report = caller.report(file, model="starter")
    wanted = sum(each["count"] for each in report["rules"] if each["severity"] == "error")
    plain = caller.post(f"/files/{file}/revisions", {"drops_rows_with_errors": True}).json()
    named = caller.post(f"/files/{file}/revisions", {"drops_rows_with_errors": True, "model": "starter"}).json()
    assert plain["num_dropped"] <= named["num_dropped"] <= wanted


def test_a_files_without_a_format_keeps_its_rows(caller: Caller) -> None:
    file = caller.upload([{"a": 1}] * 12)
    caller.report(file)
    answer = caller.post(f"/files/{file}/revisions", {"drops_rows_with_errors": True})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "drops_rows_with_errors")


def test_a_revision_is_noted_and_expires_with_its_file(caller: Caller, server: Any) -> None:
    file = server.client().files.create(
        file=("a.jsonl", (json.dumps(GOOD) + "\n").encode() * 12), purpose="fine-tune",
        expires_after={"anchor": "created_at", "seconds": 7200},
    )  # fmt: skip
    made = caller.post(f"/files/{file.id}/revisions", {"edits": [{"line": 1, "text": None}]}).json()
    assert made["file"]["expires_at"] == file.expires_at
    with server.database.read() as connection:
        entry = audit.list_entries(connection, server.principal().project_id, actions=["file.create"]).items[0]
    assert (entry.object_id, entry.detail["revision_of"]) == (made["file"]["id"], file.id)


def test_a_viewer_sees_and_changes_nothing(caller: Caller, server: Any) -> None:
    file = caller.upload([GOOD] * 12)
    viewer = Caller(server, server.new_key("viewer").secret)
    assert viewer.report(file)["status"] == "completed"
    assert viewer.get(f"/files/{file}/rows/1", model="starter").status_code == 200
    assert viewer.post(f"/files/{file}/revisions", {"edits": [{"line": 1, "text": None}]}).status_code == 403


@pytest.mark.parametrize(
    ("name", "fixed"),
    [
        ("a.jsonl", "a.fixed.jsonl"), ("a.fixed.jsonl", "a.fixed-2.jsonl"), ("a.fixed-9.JSONL", "a.fixed-10.jsonl"),
        ("upload", "upload.fixed.jsonl"), ("x" * 255 + ".jsonl", "x" * 200 + ".fixed.jsonl"),
    ],
)  # fmt: skip
def test_a_revision_is_named_after_its_file(name: str, fixed: str) -> None:
    assert fixed_name(name) == fixed


def server_files(caller: Caller) -> list[Any]:
    return list(caller.get("/files").json()["data"])


def test_the_documented_example_finds_and_mends(server: Any, caller: Caller) -> None:
    """As it stands in docs/api.md, on ten rows of which the third and the fifth are bad."""
    page = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
    example = page.partition("## Reports of a file's rows")[2].partition("```python\n")[2].partition("```")[0]
    rows = [BAD if number in (3, 5) else GOOD for number in range(1, 11)]
    client = server.client()
    names: dict[str, Any] = {"client": client, "file": client.files.retrieve(caller.upload(rows))}
    exec(example, names)  # noqa: S102 - the repository's own page
    assert [finding["line"] for finding in names["found"]["data"]] == [3, 5]
    assert len(client.files.content(names["fixed"]["id"]).text.splitlines()) == 8
