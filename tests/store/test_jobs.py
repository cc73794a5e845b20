"""Jobs in the store, on both databases: rows, lists, and every move a person may make."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import update

from tunesmith.store import jobs
from tunesmith.store.db import Database
from tunesmith.store.jobs import MOVES, Job, MoveRefused, State
from tunesmith.store.paging import UnknownCursor
from tunesmith.store.tables import jobs as jobs_table
from tunesmith.store.tables import projects

A, B = "proj_a", "proj_b"
PERSONS_MOVES = {"cancel": jobs.cancel, "pause": jobs.pause, "resume": jobs.resume}


@pytest.fixture(autouse=True)
def two_projects(database: Database) -> None:
    with database.write() as connection:
        for id in (A, B):
            connection.execute(projects.insert().values(id=id, name=id.replace("_", "-"), created_at=1))


def make(database: Database, project_id: str = A, **changes: Any) -> Job:
    values: dict[str, Any] = {
        "member_id": None, "model": "starter", "requested_model": "gpt-4o-mini", "training_file_id": "file-1",
        "validation_file_id": None, "spec": {"base_model": "starter", "training_file": "file-1"}, "request": {},
        "suffix": None, "seed": 7, "metadata": None, "now": 100.9,
    }  # fmt: skip
    with database.write() as connection:
        return jobs.create(connection, project_id, **{**values, **changes})


def put(database: Database, job: Job, **values: Any) -> None:
    with database.write() as connection:
        connection.execute(update(jobs_table).where(jobs_table.c.id == job.id).values(**values))


def read(database: Database, job: Job) -> Job:
    with database.read() as connection:
        found = jobs.get(connection, job.project_id, job.id)
    assert found
    return found


def ids(database: Database, project_id: str = A, **query: Any) -> list[str]:
    with database.read() as connection:
        return [job.id for job in jobs.list_page(connection, project_id, **query).items]


def test_a_new_job_waits_for_validation(database: Database) -> None:
    job = make(database, metadata={"k": "v"}, suffix="s")
    assert (job.state, job.created_at, job.attempt, job.step) == (State.VALIDATING_FILES, 100, 0, 0)
    assert (job.metadata, job.suffix, job.seed, job.base_model) == ({"k": "v"}, "s", 7, "starter")
    assert read(database, job) == job


def test_another_projects_job_is_not_there(database: Database) -> None:
    job = make(database)
    with database.write() as connection:
        assert jobs.get(connection, B, job.id) is None
        assert [move(connection, B, job.id, 1) for move in PERSONS_MOVES.values()] == [None, None, None]
    assert read(database, job) == job


def test_jobs_of_one_second_are_listed_newest_first_and_paged_without_gap(database: Database) -> None:
    made = [make(database).id for _ in range(7)][::-1]
    make(database, B)
    pages = [ids(database, limit=3)]
    while len(pages[-1]) == 3:
        pages.append(ids(database, limit=3, after=pages[-1][-1]))
    assert [len(page) for page in pages] == [3, 3, 1]
    assert [id for page in pages for id in page] == made


@pytest.mark.parametrize("after", ["ftjob-nope", "", "' OR 1=1 --"])
def test_a_cursor_that_is_no_job_is_refused(database: Database, after: str) -> None:
    make(database)
    with pytest.raises(UnknownCursor):
        ids(database, after=after)


def test_another_projects_job_is_no_cursor(database: Database) -> None:
    stranger = make(database, B)
    make(database)
    with pytest.raises(UnknownCursor):
        ids(database, after=stranger.id)


HOSTILE = ["", 'a"b', "a'b", "$", "$.x", "a.b", "a[0]", "a\\b", "%", "_", "ключ", "null", "key", "value"]


@pytest.mark.parametrize("key", HOSTILE)
def test_metadata_filters_by_the_exact_pair(database: Database, key: str) -> None:
    wanted = make(database, metadata={key: 'v"1', "other": "x"})
    make(database, metadata={key: "v", "more": 'v"1'})
    make(database, metadata=None)
    assert ids(database, metadata={key: 'v"1'}) == [wanted.id]
    assert ids(database, metadata={key: 'v"1', "other": "x"}) == [wanted.id]
    assert ids(database, metadata={key: 'v"1', "other": "y"}) == []


def test_a_filtered_list_takes_only_what_it_gives_as_a_cursor(database: Database) -> None:
    first, other, last = (make(database, metadata={"k": v}) for v in "aba")
    assert ids(database, metadata={"k": "a"}, after=last.id) == [first.id]
    with pytest.raises(UnknownCursor):
        ids(database, metadata={"k": "a"}, after=other.id)


def test_a_list_has_the_states_and_the_model_that_are_asked_for(database: Database) -> None:
    made = {state: make(database) for state in State}
    for state, job in made.items():
        put(database, job, state=state)
    tuned = make(database, model="ft:starter:default::x")
    assert ids(database, states={State.PAUSING, State.FAILED}) == [made[State.FAILED].id, made[State.PAUSING].id]
    assert ids(database, model="ft:starter:default::x") == [tuned.id]
    assert ids(database, model="tarter") == []
    assert ids(database, B, states=set(State)) == []


def test_a_search_finds_a_part_of_a_name_in_any_case(database: Database) -> None:
    job = make(database, suffix="Support-v2", model="starter", requested_model="gpt-4o-mini")
    put(database, job, fine_tuned_model="ft:starter:default:support-v2:AbC123")
    other = make(database, suffix=None, model="qwen", requested_model="qwen")
    for part in (job.id[6:].upper(), "PORT-V", "abc123", "TART", "4O-MINI"):
        assert ids(database, search=part) == [job.id], part
    assert ids(database, search="QWEN") == [other.id]
    assert ids(database, search="ftjob-") == [other.id, job.id]
    assert ids(database, B, search="") == []


@pytest.mark.parametrize("part", ["%", "a%c", "a/", "a\\", "'", "ü", "a c"])
def test_a_search_takes_every_letter_as_it_is(database: Database, part: str) -> None:
    make(database, suffix="abc")
    assert ids(database, search=part) == []


def test_an_underscore_is_looked_for_as_itself(database: Database) -> None:
    make(database, suffix="a-b")
    wanted = make(database, suffix="a_b")
    assert ids(database, search="a_b") == [wanted.id]


def test_what_has_left_the_filter_is_a_cursor_all_the_same(database: Database) -> None:
    first, second, last = (make(database, suffix="x-1") for _ in range(3))
    make(database, suffix="y-1")
    assert ids(database, states={State.VALIDATING_FILES}, search="X-1", limit=1) == [last.id]
    put(database, last, state=State.QUEUED)
    rest = ids(database, states={State.VALIDATING_FILES}, search="X-1", after=last.id)
    assert rest == [second.id, first.id]
    stranger = make(database, B)
    with pytest.raises(UnknownCursor):
        ids(database, search="x-1", after=stranger.id)


ALLOWED = {
    "cancel": {State.VALIDATING_FILES, State.QUEUED, State.RUNNING, State.PAUSING, State.PAUSED},
    "pause": {State.RUNNING},
    "resume": {State.PAUSED, State.PAUSING},
}
RESULT = {"cancel": State.CANCELLED, "pause": State.PAUSING, "resume": State.QUEUED}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("move", PERSONS_MOVES)
def test_a_move_is_made_where_it_is_allowed_and_refused_elsewhere(database: Database, move: str, state: State) -> None:
    job = make(database)
    put(database, job, state=state, step=1, attempt=3, worker_id="w")
    before = read(database, job)
    with database.write() as connection:
        if state in ALLOWED[move]:
            moved = PERSONS_MOVES[move](connection, A, job.id, 200.0)
            assert moved is not None
            assert moved.state is RESULT[move]
            assert RESULT[move] in MOVES[state]
        else:
            with pytest.raises(MoveRefused, match=rf"has status {state.on_wire} and cannot be"):
                PERSONS_MOVES[move](connection, A, job.id, 200.0)
    if state not in ALLOWED[move]:
        assert read(database, job) == before


def test_a_job_is_not_paused_before_its_first_step(database: Database) -> None:
    job = make(database)
    put(database, job, state=State.RUNNING, step=0)
    with database.write() as connection, pytest.raises(MoveRefused, match="before its first step is done"):
        jobs.pause(connection, A, job.id, 1)
    assert read(database, job).state is State.RUNNING


def test_cancelling_takes_the_job_from_its_worker(database: Database) -> None:
    job = make(database)
    put(database, job, state=State.RUNNING, attempt=4, worker_id="w", waiting_reason="x", estimated_finish_at=9)
    with database.write() as connection:
        cancelled = jobs.cancel(connection, A, job.id, 200.7)
    assert cancelled
    assert (cancelled.attempt, cancelled.worker_id, cancelled.finished_at) == (5, None, 200)
    assert (cancelled.waiting_reason, cancelled.estimated_finish_at) == (None, None)


def test_pausing_leaves_the_job_with_its_worker(database: Database) -> None:
    job = make(database)
    put(database, job, state=State.RUNNING, attempt=4, worker_id="w", step=2)
    with database.write() as connection:
        pausing = jobs.pause(connection, A, job.id, 1)
    assert pausing
    assert (pausing.attempt, pausing.worker_id, pausing.state.on_wire) == (4, "w", "paused")


def test_resuming_while_the_worker_still_pauses_takes_the_job_from_it(database: Database) -> None:
    job = make(database)
    put(database, job, state=State.PAUSING, attempt=4, worker_id="w", step=2)
    with database.write() as connection:
        resumed = jobs.resume(connection, A, job.id, 1)
    assert resumed
    assert (resumed.attempt, resumed.worker_id, resumed.state) == (5, None, State.QUEUED)


@pytest.mark.parametrize("state", [State.RUNNING, State.PAUSED])
def test_of_many_that_cancel_at_once_one_wins(database: Database, state: State) -> None:
    job = make(database)
    put(database, job, state=state, step=1)
    assert race(database, job, ["cancel"] * 6) == ["cancel"]
    assert read(database, job).attempt == 1


def test_cancel_and_pause_and_resume_race_to_a_legal_end(database: Database) -> None:
    for start in (State.RUNNING, State.PAUSED, State.PAUSING):
        job = make(database)
        put(database, job, state=start, step=1)
        done = race(database, job, ["cancel", "pause", "resume", "cancel", "resume"])
        assert done.count("cancel") == 1
        assert read(database, job).state is State.CANCELLED


def race(database: Database, job: Job, moves: list[str]) -> list[str]:
    """Each move in a connection of its own, all at once; gives those that were made."""
    barrier = threading.Barrier(len(moves))
    made: list[str] = []

    def attempt(move: str) -> None:
        barrier.wait(30)
        try:
            with database.write() as connection:
                PERSONS_MOVES[move](connection, A, job.id, 1.0)
            made.append(move)
        except MoveRefused:
            pass

    threads = [threading.Thread(target=attempt, args=[move]) for move in moves]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return made
