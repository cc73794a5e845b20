"""Reports are made once, by one process at a time, which may die, hang or be too large without harm to anybody."""

from __future__ import annotations

import hashlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tunesmith.api import report_maker
from tunesmith.api.report_maker import Asked, Failed, Making, ReportMaker
from tunesmith.data.report_file import Report
from tunesmith.store.blobs import LocalBlobs

ROW = b'{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]}\n'
# Says that it began, then does what it should.
NOTED = "import runpy; open('../../began', 'a').write('x'); runpy.run_module('tunesmith.api.report_process', run_name='__main__')"
HANGS = "import os, sys, time; open('../../pid', 'w').write(str(os.getpid())); time.sleep(100)"

Make = Callable[..., ReportMaker]


@pytest.fixture
def blobs(tmp_path: Path) -> LocalBlobs:
    return LocalBlobs(tmp_path / "blobs")


@pytest.fixture
def make(tmp_path: Path, blobs: LocalBlobs) -> Iterator[Make]:
    """``make(code)``: a maker whose process runs the code; all of them share a folder."""
    makers: list[ReportMaker] = []

    def make(code: str = NOTED) -> ReportMaker:
        makers.append(ReportMaker(tmp_path / "reports", blobs, (sys.executable, "-c", code)))
        return makers[-1]

    yield make
    for maker in makers:
        maker.close()


def put(blobs: LocalBlobs, content: bytes = ROW * 12, project_id: str = "proj") -> Asked:
    path, sha256 = blobs.new_temporary(), hashlib.sha256(content).hexdigest()
    path.write_bytes(content)
    blobs.put_file(path, sha256)
    return Asked(project_id, sha256, len(content))


def outcome(maker: ReportMaker, asked: Asked) -> Report | Failed:
    deadline = time.monotonic() + 60
    while isinstance(found := maker.find(asked), Making):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def when_there(path: Path) -> str:
    deadline = time.monotonic() + 60
    while not path.is_file() or not path.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return path.read_text()


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_many_who_ask_at_once_get_one_report(make: Make, blobs: LocalBlobs, tmp_path: Path) -> None:
    asked, makers, found = put(blobs), [make(), make()], []
    threads = [threading.Thread(target=lambda m=m: found.append(outcome(m, asked))) for m in makers * 4]  # type: ignore[misc]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [type(each) for each in found] == [Report] * 8
    assert (tmp_path / "reports" / "began").read_text() == "x"
    assert not list((tmp_path / "reports").glob("work.*/*"))


def test_a_report_is_found_again_by_whoever_comes_later(make: Make, blobs: LocalBlobs, tmp_path: Path) -> None:
    asked = put(blobs)
    outcome(make(), asked)
    assert isinstance(make("raise SystemExit(1)").find(asked), Report)


def test_projects_do_not_share_reports(make: Make, blobs: LocalBlobs) -> None:
    maker = make()
    outcome(maker, put(blobs))
    assert maker.any_of("other", put(blobs).sha256) is None
    assert isinstance(maker.find(put(blobs, project_id="other")), Making)


def test_a_killed_process_is_told_and_tried_again(
    make: Make, blobs: LocalBlobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, maker = put(blobs), make(HANGS)
    maker.find(asked)
    os.kill(int(when_there(tmp_path / "reports" / "pid")), signal.SIGKILL)
    failed = outcome(maker, asked)
    assert isinstance(failed, Failed)
    assert "was killed" in failed.message
    assert isinstance(make().find(asked), Failed)  # others are told the same
    monkeypatch.setattr(report_maker, "RETRY_SECONDS", 0.0)
    assert isinstance(outcome(make(), asked), Report)


@pytest.mark.parametrize("code", ["raise SystemExit(3)", "import os; os.abort()", "open('report', 'w')", "print(1)"])
def test_a_process_that_leaves_no_report_is_told(code: str, make: Make, blobs: LocalBlobs) -> None:
    failed = outcome(make(code), put(blobs))
    assert isinstance(failed, Failed)
    assert failed.message.endswith(".")


def test_a_process_that_takes_too_long_is_killed(
    make: Make, blobs: LocalBlobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_maker, "PATIENCE_SECONDS", 1.0)
    failed = outcome(make(HANGS), put(blobs))
    assert isinstance(failed, Failed)
    assert "too long" in failed.message
    assert is_gone(int(when_there(tmp_path / "reports" / "pid")))


def test_a_report_that_nobody_waits_for_makes_way(
    make: Make, blobs: LocalBlobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maker, abandoned, wanted = make(HANGS), put(blobs), put(blobs, ROW * 13)
    maker.find(abandoned)
    pid = int(when_there(tmp_path / "reports" / "pid"))
    monkeypatch.setattr(report_maker, "WANTED_SECONDS", 0.5)
    monkeypatch.setattr(maker, "_command", (sys.executable, "-c", NOTED))
    assert isinstance(outcome(maker, wanted), Report)
    assert is_gone(pid)
    assert maker.any_of(abandoned.project_id, abandoned.sha256) is None
    assert not list((tmp_path / "reports").glob("*.failed"))


def test_closing_ends_the_process_and_leaves_no_failure(make: Make, blobs: LocalBlobs, tmp_path: Path) -> None:
    asked, maker = put(blobs), make(HANGS)
    maker.find(asked)
    pid = int(when_there(tmp_path / "reports" / "pid"))
    maker.close()
    assert is_gone(pid)
    assert isinstance(maker.find(asked), Making)  # and begins nothing any more
    assert isinstance(outcome(make(), asked), Report)


def test_a_process_ends_when_its_starter_is_gone(tmp_path: Path) -> None:
    import subprocess

    (tmp_path / "rows.jsonl").write_bytes(ROW * 300_000)
    process = subprocess.Popen(
        [sys.executable, "-m", report_maker.MODULE], stdin=subprocess.PIPE, cwd=tmp_path,
        env=report_maker._environment(),
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write(
        b'{"sha256": "", "model": null, "location": null, "max_seq_len": null, "most_memory_bytes": 4000000000}\n'
    )
    process.stdin.flush()
    when_there(tmp_path / "progress")
    process.stdin.close()
    assert process.wait(10) == 75


def test_a_file_that_needs_too_much_memory_is_told(
    make: Make, blobs: LocalBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_maker, "MOST_MEMORY_BYTES", 300 << 20)
    lists = b"[]," * 5_000_000  # as Python's objects twenty times as large
    failed = outcome(make(), put(blobs, b'{"a": [' + lists + b"[]]}\n"))
    assert isinstance(failed, Failed)
    assert "memory" in failed.message


def test_a_row_that_is_far_too_long_costs_no_memory_and_is_told(
    make: Make, blobs: LocalBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_maker, "MOST_MEMORY_BYTES", 300 << 20)
    made = outcome(make(), put(blobs, b'{"a": "' + b"x" * (150 << 20) + b'"}\n'))
    assert isinstance(made, Report)
    assert made.summary.num_errors >= 1


def test_damaged_and_lost_bytes_are_told(make: Make, blobs: LocalBlobs) -> None:
    asked = put(blobs)
    path = blobs._path(asked.sha256)
    path.write_bytes(ROW * 11 + ROW.replace(b"Hi", b"Ho"))
    damaged = outcome(make(), asked)
    lost = outcome(make(), Asked("proj", "ab" * 32, 10))
    assert isinstance(damaged, Failed)
    assert isinstance(lost, Failed)
    assert "damaged" in damaged.message
    assert "lost" in lost.message


def test_what_was_not_used_lately_is_removed(
    make: Make, blobs: LocalBlobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [put(blobs, ROW * (12 + n)) for n in range(4)]
    maker = make()
    for each in asked[:3]:
        outcome(maker, each)
    long_ago = time.time() - report_maker.MOST_AGE_SECONDS - 60
    os.utime(tmp_path / "reports" / asked[0].key, (long_ago, long_ago))
    os.utime(tmp_path / "reports" / asked[1].key, (time.time() - 60,) * 2)
    monkeypatch.setattr(report_maker, "MOST_REPORTS", 2)
    outcome(maker, asked[3])
    maker.sweep()
    kept = {path.name for path in (tmp_path / "reports").iterdir() if "-" in path.name}
    assert kept == {asked[2].key, asked[3].key}


def test_a_report_that_cannot_be_read_is_made_again(make: Make, blobs: LocalBlobs, tmp_path: Path) -> None:
    asked, maker = put(blobs), make()
    outcome(maker, asked)
    (tmp_path / "reports" / asked.key / "summary.json").write_bytes(b'{"of": "another version"}')
    assert isinstance(outcome(maker, asked), Report)


def test_a_deleted_files_reports_are_forgotten(make: Make, blobs: LocalBlobs) -> None:
    asked, maker = put(blobs), make()
    outcome(maker, asked)
    maker.forget(asked.project_id, asked.sha256)
    assert maker.any_of(asked.project_id, asked.sha256) is None
