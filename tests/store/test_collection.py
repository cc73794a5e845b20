"""Collection removes what nothing needs, and nothing else, whoever puts meanwhile."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest
from sqlalchemy import update

from tunesmith.core.settings import Settings
from tunesmith.store import blob_references, collection, files, uploads
from tunesmith.store.blob_references import BlobGone, BlobRef
from tunesmith.store.blobs import Blobs, LocalBlobs, open_blobs
from tunesmith.store.collection import collect
from tunesmith.store.db import Database, DatabaseUnavailable
from tunesmith.store.tables import blobs as blob_rows
from tunesmith.store.tables import projects

NOW = 1_700_000_000.0
GRACE = 100.0
LATER = NOW + GRACE + 1


@pytest.fixture
def blobs(tmp_path: Path, database: Database) -> Blobs:
    return open_blobs(Settings(home=tmp_path), database, lambda: NOW)


@pytest.fixture(autouse=True)
def project(database: Database) -> None:
    with database.write() as connection:
        connection.execute(projects.insert().values(id="proj_1", name="default", created_at=1))


def put(blobs: Blobs, content: bytes) -> str:
    path, sha256 = blobs.new_temporary(), hashlib.sha256(content).hexdigest()
    path.write_bytes(content)
    blobs.put_file(path, sha256)
    return sha256


def create(database: Database, sha256: str, expires_at: int | None = None) -> files.File:
    with database.write() as connection:
        return files.create(
            connection, "proj_1", filename="a", purpose="evals", num_bytes=1, sha256=sha256, now=NOW,
            expires_at=expires_at,
        )  # fmt: skip


def needed_by(database: Database, owner_id: str, sha256: str, now: float = NOW) -> None:
    with database.write() as connection:
        blob_references.refer(connection, "model", owner_id, [BlobRef("a", sha256, 5)], now)


def drop(database: Database, owner_id: str) -> None:
    with database.write() as connection:
        blob_references.drop(connection, "model", owner_id)


def test_a_blob_that_nothing_needs_goes_after_the_grace(database: Database, blobs: Blobs) -> None:
    unneeded, needed = put(blobs, b"unneeded"), put(blobs, b"needed")
    create(database, needed)
    assert collect(database, blobs, NOW + GRACE, GRACE).num_blobs == 0
    assert collect(database, blobs, LATER, GRACE).num_blobs == 1
    assert (blobs.exists(unneeded), blobs.exists(needed)) == (False, True)
    assert collect(database, blobs, LATER, GRACE).num_blobs == 0


def test_a_blob_lives_while_any_owner_needs_it(database: Database, blobs: Blobs) -> None:
    sha256 = put(blobs, b"shared")
    file = create(database, sha256)
    with database.write() as connection:
        copied = blob_references.copy(connection, "file", file.id, files.CONTENT, "job", "ftjob-1", "training_file")
        files.delete(connection, "proj_1", file.id, NOW)
    assert copied == BlobRef("training_file", sha256, 1)
    collect(database, blobs, LATER, GRACE)
    assert blobs.exists(sha256)
    with database.write() as connection:
        blob_references.drop(connection, "job", "ftjob-1")
    collect(database, blobs, LATER, GRACE)
    assert not blobs.exists(sha256)


def test_what_has_expired_is_let_go(database: Database, blobs: Blobs) -> None:
    sha256, part = put(blobs, b"file"), put(blobs, b"part")
    file = create(database, sha256, expires_at=int(NOW) - 1)
    with database.write() as connection:
        upload = uploads.create(
            connection, "proj_1", filename="a", purpose="evals", num_bytes=4, mime_type="x", expires_after_seconds=None,
            now=NOW - 10,
        )  # fmt: skip
        uploads.add_part(connection, upload, num_bytes=4, sha256=part, now=NOW - 10)
    collected = collect(database, blobs, NOW + uploads.LIFETIME_SECONDS, GRACE)
    assert (collected.num_files, collected.num_uploads, collected.num_blobs) == (1, 1, 2)
    with database.read() as connection:
        assert files.get(connection, "proj_1", file.id, NOW) is None


def test_more_than_one_batch_is_collected(
    database: Database, blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr(collection, "_AT_ONCE", 2)
    for number in range(5):
        create(database, put(blobs, b"%d" % number), expires_at=int(NOW))
    collected = collect(database, blobs, LATER, GRACE)
    assert (collected.num_files, collected.num_blobs, list(blobs.names())) == (5, 5, [])


def test_bytes_that_the_database_never_heard_of_stay(database: Database, blobs: Blobs, tmp_path: Path) -> None:
    """A home folder opened with the wrong database loses nothing."""
    stranger = b"kept by another database"
    sha256 = hashlib.sha256(stranger).hexdigest()
    place = tmp_path / "blobs" / sha256[:2] / sha256[2:4]
    place.mkdir(parents=True)
    (place / sha256).write_bytes(stranger)
    assert collect(database, blobs, NOW + 10 * GRACE, GRACE).num_blobs == 0
    assert blobs.exists(sha256)


def test_a_blob_put_again_is_young_again(database: Database, tmp_path: Path) -> None:
    now = [NOW]
    blobs = open_blobs(Settings(home=tmp_path), database, lambda: now[0])
    sha256 = put(blobs, b"again")
    now[0] = LATER
    put(blobs, b"again")
    assert collect(database, blobs, LATER, GRACE).num_blobs == 0
    assert blobs.exists(sha256)


def test_a_put_between_choosing_and_removing_wins(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [NOW]
    blobs = open_blobs(Settings(home=tmp_path), database, lambda: now[0])
    sha256, condemn = put(blobs, b"x"), blob_references.condemn
    now[0] = LATER

    def put_first(connection, *given):  # type: ignore[no-untyped-def]
        if not database.is_sqlite:  # there, whoever writes is alone: the put comes before or after
            put(blobs, b"x")
        return condemn(connection, *given)

    monkeypatch.setattr(blob_references, "condemn", put_first)
    if database.is_sqlite:
        chosen = collection._candidates(database, LATER - GRACE)
        assert next(chosen) == sha256
        put(blobs, b"x")
        with database.write() as connection:
            assert not condemn(connection, sha256, LATER - GRACE)
    else:
        assert collect(database, blobs, LATER, GRACE).num_blobs == 0
    assert blobs.exists(sha256)


def before_removing(blobs: Blobs, monkeypatch: pytest.MonkeyPatch, do: Callable[[], None]) -> None:
    """Let ``do`` happen when the collector has decided, and the bytes are there still."""
    prepare = blobs.removal

    @contextmanager
    def removal(sha256: str) -> Iterator[Callable[[], None] | None]:
        with prepare(sha256) as delete:
            assert delete is not None
            delete_now = delete
            yield lambda: (do(), delete_now())[1]

    monkeypatch.setattr(blobs, "removal", removal)


def test_a_put_while_the_bytes_are_removed_waits_and_wins(
    database: Database, blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha256 = put(blobs, b"x")
    begun, done = threading.Event(), threading.Event()

    def put_and_refer() -> None:
        begun.set()
        put(blobs, b"x")
        done.set()
        needed_by(database, "m", sha256, LATER)

    with ThreadPoolExecutor() as pool, monkeypatch.context() as patch:
        waiting = []

        def begin_to_put() -> None:
            waiting.append(pool.submit(put_and_refer))
            assert begun.wait(10)
            assert not done.wait(0.2)  # it waits until the bytes are gone

        before_removing(blobs, patch, begin_to_put)
        assert collect(database, blobs, LATER, GRACE).num_blobs == 1
        waiting[0].result(30)
    assert blobs.exists(sha256)
    assert collect(database, blobs, LATER, GRACE).num_blobs == 0


def test_a_collector_that_is_stopped_until_its_lock_is_gone_deletes_no_bytes_that_were_put_anew(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tunesmith.store.db.HELD_SECONDS", 0.2)
    database = Database(database_url)
    blobs = open_blobs(Settings(home=tmp_path), database, lambda: NOW)
    sha256, done = put(blobs, b"x"), threading.Event()

    def put_and_refer() -> None:
        put(open_blobs(Settings(home=tmp_path), database, lambda: LATER), b"x")
        done.set()
        needed_by(database, "m", sha256, LATER)

    with ThreadPoolExecutor() as pool, monkeypatch.context() as patch:
        waiting = []

        def be_stopped() -> None:
            if not database.is_sqlite:  # there, the lock lasts as long as the process
                with pytest.raises(BlobGone):  # waits for the lock, and gets it
                    needed_by(database, "too late", sha256, LATER)
            waiting.append(pool.submit(put_and_refer))
            assert not done.wait(0.5)

        before_removing(blobs, patch, be_stopped)
        with nullcontext() if database.is_sqlite else pytest.raises(DatabaseUnavailable):
            collect(database, blobs, LATER, GRACE)
        waiting[0].result(30)
    assert b"".join(blobs.read(sha256)) == b"x"
    assert collect(database, blobs, LATER + GRACE, GRACE).num_blobs == 0
    database.close()


def test_what_a_collector_that_died_had_condemned_is_removed_by_the_next(database: Database, blobs: Blobs) -> None:
    sha256 = put(blobs, b"x")
    with database.write() as connection:
        assert blob_references.condemn(connection, sha256, LATER)
    assert collect(database, blobs, LATER, GRACE).num_blobs == 1
    assert not blobs.exists(sha256)


def test_what_was_condemned_and_put_anew_stays(database: Database, blobs: Blobs) -> None:
    sha256 = put(blobs, b"x")
    with database.write() as connection:
        assert blob_references.condemn(connection, sha256, LATER)
    put(blobs, b"x")
    with database.write() as connection:
        assert not blob_references.forget(connection, sha256)
    needed_by(database, "m", sha256)
    assert collect(database, blobs, LATER, GRACE).num_blobs == 0


def test_bytes_that_are_being_put_are_not_removed_meanwhile(database: Database, tmp_path: Path) -> None:
    """The announcement stands, the bytes come last: a collector with another clock finds the row old in between."""

    def announce(sha256: str, num_bytes: int) -> None:
        with database.write() as connection:
            blob_references.announce(connection, sha256, num_bytes, NOW)
        num_removed.append(collect(database, blobs, LATER, GRACE).num_blobs)

    num_removed: list[int] = []
    blobs = LocalBlobs(tmp_path / "blobs", announce)
    sha256 = put(blobs, b"x")
    assert (num_removed, blobs.exists(sha256)) == ([0], True)


@pytest.mark.parametrize("is_condemned", [False, True])
def test_nothing_refers_to_a_blob_that_was_collected(database: Database, blobs: Blobs, is_condemned: bool) -> None:
    gone, there = put(blobs, b"gone"), put(blobs, b"there")
    if is_condemned:
        with database.write() as connection:
            blob_references.condemn(connection, gone, LATER)
    else:
        collect(database, blobs, LATER, GRACE)
        there = put(blobs, b"there")
    with pytest.raises(BlobGone, match=gone[:12]):
        create(database, gone)
    refs = [BlobRef("a", there, 5), BlobRef("b", gone, 4)]
    with pytest.raises(BlobGone), database.write() as connection:
        blob_references.refer(connection, "model", "m", refs, NOW)
    with database.read() as connection:
        assert files.list_page(connection, "proj_1", now=NOW).items == []
        assert blob_references.of(connection, "model", "m") == ()


def test_what_is_referred_to_is_there_whoever_collects(database: Database, tmp_path: Path) -> None:
    """Three writers put, name and drop old bytes again and again under two collectors."""
    blobs = open_blobs(Settings(home=tmp_path), database)
    stop, removed = threading.Event(), [0, 0]

    def keep_collecting(number: int) -> None:
        while not stop.is_set():
            removed[number] += collect(database, blobs, time.time(), GRACE).num_blobs

    def write(number: int) -> None:
        content, owner = b"again %d" % number, f"m{number}"
        for _ in range(15):
            sha256 = put(blobs, content)
            needed_by(database, owner, sha256, time.time())
            assert b"".join(blobs.read(sha256)) == content
            drop(database, owner)
            with database.write() as connection:  # a long time passes
                connection.execute(update(blob_rows).where(blob_rows.c.sha256 == sha256).values(created_at=1))

    _together([lambda: keep_collecting(0), lambda: keep_collecting(1)], [lambda n=n: write(n) for n in range(3)], stop)
    assert sum(removed) > 0


def test_two_that_name_the_same_blobs_in_opposite_orders_do_not_block_each_other(database: Database) -> None:
    names = [hashlib.sha256(b"%d" % number).hexdigest() for number in range(20)]
    with database.write() as connection:
        for name in names:
            blob_references.announce(connection, name, 1, NOW)

    def write(owner: str, order: int) -> None:
        for _ in range(20):
            with database.write() as connection:
                refs = [BlobRef(name, name, 1) for name in names[::order]]
                blob_references.refer(connection, "model", owner, refs, NOW)

    with ThreadPoolExecutor() as pool:
        for done in [pool.submit(write, "a", 1), pool.submit(write, "b", -1)]:
            done.result(60)
    with database.read() as connection:
        assert len(blob_references.of(connection, "model", "a")) == 20


def test_a_copy_made_while_the_file_is_deleted_is_whole_or_absent(database: Database, blobs: Blobs) -> None:
    for number in range(10):
        sha256 = put(blobs, b"copied")
        file = create(database, sha256)

        def copy(file_id: str = file.id, owner: str = f"ftjob-{number}") -> BlobRef | None:
            with database.write() as connection:
                return blob_references.copy(connection, "file", file_id, files.CONTENT, "job", owner, "training_file")

        def delete_and_collect(file_id: str = file.id) -> None:
            with database.write() as connection:
                files.delete(connection, "proj_1", file_id, NOW)
            collect(database, blobs, LATER, GRACE)

        with ThreadPoolExecutor() as pool:
            copying, deleting = pool.submit(copy), pool.submit(delete_and_collect)
            copied, _ = copying.result(30), deleting.result(30)
        assert (copied is not None) == blobs.exists(sha256)
        with database.write() as connection:
            blob_references.drop(connection, "job", f"ftjob-{number}")


def _together(background: list[Callable[[], None]], work: list[Callable[[], None]], stop: threading.Event) -> None:
    with ThreadPoolExecutor(len(background) + len(work)) as pool:
        running = [pool.submit(each) for each in background]
        try:
            for done in [pool.submit(each) for each in work]:
                done.result(120)
        finally:
            stop.set()
        for each in running:
            each.result(60)
