"""The queue on both databases: one effective owner for each job, whatever its workers do."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from tunesmith.store import queue, resume_states, workers
from tunesmith.store.db import Database
from tunesmith.store.jobs import MOVES, Job, State
from tunesmith.store.queue import Fenced, Order
from tunesmith.store.tables import jobs, projects

NOW = 1_800_000_000.0
YEAR = 365 * 86_400.0


@pytest.fixture
def add_job(database: Database) -> Callable[..., str]:
    """``add_job(state=…)`` puts a job into the one project; → its id."""
    with database.write() as connection:
        row = {"id": "proj_one", "name": "one", "created_at": 0}
        connection.execute(insert(projects).values(**row))
    numbers = iter(range(1_000_000))

    def add(**given: Any) -> str:
        job_id = f"ftjob-{next(numbers)}"
        values = {
            "id": job_id, "project_id": "proj_one", "model": "starter", "requested_model": "starter",
            "training_file_id": "file-1", "spec": {}, "request": {}, "seed": 1, "state": State.QUEUED, "created_at": 0,
        }  # fmt: skip
        with database.write() as connection:
            connection.execute(insert(jobs).values(**{**values, **given}))
        return job_id

    return add


def row_of(database: Database, job_id: str) -> Job:
    with database.read() as connection:
        return Job.of(connection.execute(select(jobs).where(jobs.c.id == job_id)).one())


def claim(database: Database, worker_id: str = "w1", now: float = NOW) -> Job | None:
    with database.write() as connection:
        for job in queue.waiting_jobs(connection, now=now):
            return queue.claim_training(connection, job.id, worker_id=worker_id, now=now)
    return None


def claimed(database: Database, **given: Any) -> Job:
    job = claim(database, **given)
    assert job is not None
    return job


def set_state(database: Database, job_id: str, state: State) -> None:
    with database.write() as connection:
        connection.execute(update(jobs).where(jobs.c.id == job_id).values(state=state))


# --- claims -----------------------------------------------------------------------------------------


def test_the_oldest_waiting_job_is_claimed_and_runs_under_a_new_token(
    database: Database, add_job: Callable[..., str]
) -> None:
    first, second = add_job(waiting_reason="no memory"), add_job()
    job = claimed(database)
    assert (job.id, job.state, job.attempt, job.worker_id) == (first, State.RUNNING, 1, "w1")
    assert (job.started_at, job.waiting_reason) == (int(NOW), None)
    assert claimed(database).id == second
    assert claim(database) is None


def test_a_second_claim_of_the_same_job_gets_nothing(database: Database, add_job: Callable[..., str]) -> None:
    job_id = add_job()
    claimed(database)
    with database.write() as connection:
        assert queue.claim_training(connection, job_id, worker_id="w2", now=NOW) is None
    assert row_of(database, job_id).worker_id == "w1"


@pytest.mark.parametrize("state", [s for s in State if s is not State.QUEUED])
def test_only_queued_jobs_are_claimed_for_training(
    database: Database, add_job: Callable[..., str], state: State
) -> None:
    job_id = add_job(state=state)
    assert claim(database) is None
    with database.write() as connection:
        assert queue.claim_training(connection, job_id, worker_id="w", now=NOW) is None


def test_a_job_keeps_the_start_of_its_first_attempt(database: Database, add_job: Callable[..., str]) -> None:
    job_id = add_job()
    claimed(database)
    with database.write() as connection:
        queue.release(connection, job_id, 1)
    assert claimed(database, now=NOW + 500).started_at == int(NOW)


def test_files_are_judged_before_a_job_waits_for_a_slot(database: Database, add_job: Callable[..., str]) -> None:
    job_id = add_job(state=State.VALIDATING_FILES)
    with database.write() as connection:
        job = queue.claim_validation(connection, worker_id="w1", now=NOW)
        assert job is not None
        assert (job.id, job.state, job.attempt) == (job_id, State.VALIDATING_FILES, 1)
        assert queue.claim_validation(connection, worker_id="w2", now=NOW) is None
        queue.files_validated(connection, job_id, 1, {"num_examples": 12})
    job = row_of(database, job_id)
    assert (job.state, job.worker_id, job.facts) == (State.QUEUED, None, {"num_examples": 12})


def test_eight_claimers_take_200_jobs_and_none_twice(database: Database, add_job: Callable[..., str]) -> None:
    wanted = {add_job() for _ in range(200)}
    taken: list[tuple[str, int]] = []

    def work(worker_id: str) -> None:
        while (job := claim(database, worker_id)) is not None or len(taken) < len(wanted):
            if job is not None:
                taken.append((job.id, job.attempt))

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert Counter(taken) == Counter((job_id, 1) for job_id in wanted)


def test_why_a_job_waits_is_said_until_it_is_claimed(database: Database, add_job: Callable[..., str]) -> None:
    job_id = add_job()
    with database.write() as connection:
        queue.explain_waiting(connection, job_id, "needs about 5.1 GiB, 3.2 GiB are free on this machine")
    assert row_of(database, job_id).waiting_reason == "needs about 5.1 GiB, 3.2 GiB are free on this machine"
    claimed(database)
    with database.write() as connection:
        queue.explain_waiting(connection, job_id, "too late")
    assert row_of(database, job_id).waiting_reason is None


# --- heartbeats and fences --------------------------------------------------------------------------


def test_a_heartbeat_says_what_the_job_shall_do(database: Database, add_job: Callable[..., str]) -> None:
    job_id = add_job()
    claimed(database)
    with database.write() as connection:
        before = queue.held_jobs(connection)[0].heartbeats
        assert queue.heartbeat(connection, job_id, 1) is Order.GO_ON
        assert queue.held_jobs(connection)[0].heartbeats == before + 1
    set_state(database, job_id, State.PAUSING)
    with database.write() as connection:
        assert queue.heartbeat(connection, job_id, 1) is Order.PAUSE
        assert queue.heartbeat(connection, job_id, 2) is Order.STOP
    set_state(database, job_id, State.CANCELLED)
    with database.write() as connection:
        assert queue.heartbeat(connection, job_id, 1) is Order.STOP


WRITES: dict[str, Callable[..., object]] = {
    "fenced": queue.fenced,
    "release": queue.release,
    "pause": queue.pause,
    "fail": lambda *a: queue.fail(*a, code="c", message="m", param=None, now=NOW),
    "fail_attempt": lambda *a: queue.fail_attempt(*a, code="c", cause="m", max_attempts=1, now=NOW),
    "succeed": lambda *a: queue.succeed(*a, fine_tuned_model="x", result_file_id=None, trained_tokens=1, now=NOW),
    "files_validated": lambda *a: queue.files_validated(*a, {}),
}
SILENT_WRITES: dict[str, Callable[..., object]] = {
    "note_settings": lambda *a: queue.note_settings(*a, {"stale": 1}, 99),
    "note_progress": lambda *a: queue.note_progress(*a, step=99, trained_tokens=99, estimated_finish_at=99),
    "note_saved": queue.note_saved,
}


@pytest.mark.parametrize("name", WRITES)
def test_a_worker_that_lost_its_job_is_refused(database: Database, add_job: Callable[..., str], name: str) -> None:
    job_id = add_job()
    claimed(database)
    with database.write() as connection:
        (held,) = queue.held_jobs(connection)
        assert queue.seize(connection, held, worker_id="w2") is not None
    before = row_of(database, job_id)
    with pytest.raises(Fenced), database.write() as connection:
        WRITES[name](connection, job_id, 1)
    assert row_of(database, job_id) == before


@pytest.mark.parametrize("name", SILENT_WRITES)
def test_a_worker_that_lost_its_job_changes_no_figure(
    database: Database, add_job: Callable[..., str], name: str
) -> None:
    job_id = add_job()
    claimed(database)
    with database.write() as connection:
        (held,) = queue.held_jobs(connection)
        queue.seize(connection, held, worker_id="w2")
    before = row_of(database, job_id)
    with database.write() as connection:
        SILENT_WRITES[name](connection, job_id, 1)
    assert row_of(database, job_id) == before


@pytest.mark.parametrize("state", [s for s in State if s.is_final or s in (State.PAUSED, State.QUEUED)])
@pytest.mark.parametrize("name", WRITES)
def test_no_worker_moves_a_job_that_is_out_of_its_hands(
    database: Database, add_job: Callable[..., str], name: str, state: State
) -> None:
    job_id = add_job()
    claimed(database)
    set_state(database, job_id, state)
    with pytest.raises(Fenced), database.write() as connection:
        WRITES[name](connection, job_id, 1)
    assert row_of(database, job_id).state is state


def test_a_refused_write_takes_its_whole_transaction_with_it(database: Database, add_job: Callable[..., str]) -> None:
    job_id = add_job()
    claimed(database)
    set_state(database, job_id, State.CANCELLED)

    def write_late() -> None:
        with database.write() as connection:
            resume_states.add(connection, job_id, attempt=1, step_number=3, now=NOW)
            queue.fenced(connection, job_id, 1)

    with pytest.raises(Fenced):
        write_late()
    with database.read() as connection:
        assert resume_states.newest_first(connection, job_id) == ()


def test_a_dead_worker_is_seized_once_and_a_living_one_never(database: Database, add_job: Callable[..., str]) -> None:
    job_id = add_job()
    claimed(database)
    with database.write() as connection:
        (held,) = queue.held_jobs(connection)
        queue.heartbeat(connection, job_id, 1)
        assert queue.seize(connection, held, worker_id="w2") is None
        (held,) = queue.held_jobs(connection)
        seized = queue.seize(connection, held, worker_id="w2")
        assert seized is not None
        assert (seized.attempt, seized.worker_id) == (2, "w2")
        assert queue.seize(connection, held, worker_id="w3") is None


# --- letting go -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("held_in", "then"),
    [
        (State.RUNNING, State.QUEUED),
        (State.PAUSING, State.PAUSED),
        (State.VALIDATING_FILES, State.VALIDATING_FILES),
    ],
)
def test_a_released_job_waits_again_and_no_failure_is_counted(
    database: Database, add_job: Callable[..., str], held_in: State, then: State
) -> None:
    job_id = add_job(state=held_in, worker_id="w1", attempt=1)
    with database.write() as connection:
        queue.release(connection, job_id, 1)
    job = row_of(database, job_id)
    assert (job.state, job.worker_id, job.num_failures) == (then, None, 0)


def test_after_as_many_failures_as_allowed_the_job_has_failed_with_the_cause(
    database: Database, add_job: Callable[..., str]
) -> None:
    job_id = add_job()
    now = NOW
    for number in (1, 2, 3):
        job = claimed(database, now=now)
        with database.write() as connection:
            cause = "The training process was killed by signal 9 (probably out of memory)"
            job = queue.fail_attempt(
                connection, job_id, number, code="out_of_memory", cause=cause, max_attempts=3, now=now
            )
        now += 10
        assert job.state is (State.FAILED if number == 3 else State.QUEUED)
        assert job.num_failures == number
    assert job.error == {
        "code": "out_of_memory", "param": None,
        "message": "The training process was killed by signal 9 (probably out of memory) 3 times without getting further.",
    }  # fmt: skip
    assert (job.finished_at, job.worker_id, claim(database, now=now + YEAR)) == (int(now - 10), None, None)


def test_a_job_that_got_further_has_all_its_tries_again(database: Database, add_job: Callable[..., str]) -> None:
    job_id = add_job(num_failures=2)
    claimed(database)
    with database.write() as connection:
        queue.note_saved(connection, job_id, 1)
        job = queue.fail_attempt(connection, job_id, 1, code="c", cause="It died", max_attempts=3, now=NOW)
    assert (job.state, job.num_failures) == (State.QUEUED, 1)


def test_the_first_try_again_is_at_once_and_the_second_after_a_moment(
    database: Database, add_job: Callable[..., str]
) -> None:
    job_id = add_job()
    for number in (1, 2):
        claimed(database)
        with database.write() as connection:
            queue.fail_attempt(connection, job_id, number, code="c", cause="It died", max_attempts=9, now=NOW)
    assert claim(database, now=NOW + 0.5) is None
    assert claim(database, now=NOW + 1.1) is not None


@pytest.mark.parametrize("jump", [-YEAR, -3600.0, 3600.0, YEAR])
def test_a_clock_set_forward_or_back_neither_frees_nor_locks_a_job(
    database: Database, add_job: Callable[..., str], jump: float
) -> None:
    put_off, running = add_job(num_failures=2), add_job()
    assert claimed(database).id == put_off
    assert claimed(database, worker_id="w2").id == running
    with database.write() as connection:
        queue.fail_attempt(connection, put_off, 1, code="c", cause="It died", max_attempts=9, now=NOW)
    job = claimed(database, worker_id="w3", now=NOW + jump)
    assert job.id == put_off, "what a clock put off is not put off for long"
    assert claim(database, worker_id="w3", now=NOW + jump) is None
    assert row_of(database, running).worker_id == "w2", "whom the clock made old is not robbed"


def test_what_the_first_attempt_resolved_stays(database: Database, add_job: Callable[..., str]) -> None:
    job_id = add_job()
    claimed(database)
    with database.write() as connection:
        queue.note_settings(connection, job_id, 1, {"seed": {"value": 1, "reason": "as given"}}, 30)
        queue.note_settings(connection, job_id, 1, {"seed": {"value": 2, "reason": "as given"}}, 30)
    job = row_of(database, job_id)
    assert job.resolved == {"seed": {"value": 1, "reason": "as given"}}
    assert job.total_steps == 30


# --- as a state machine -----------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_whatever_workers_and_people_do_a_job_moves_as_the_table_says(
    database: Database, add_job: Callable[..., str], seed: int
) -> None:
    """Random moves by three workers with old and new tokens, and by people; the oracle is MOVES."""
    choose = random.Random(seed)
    now, seen, tokens = NOW, Counter[tuple[State, State]](), [0]
    job_id = add_job(state=State.VALIDATING_FILES)
    for _ in range(150):
        before = row_of(database, job_id)
        if before.state.is_final:
            job_id, tokens = add_job(state=choose.choice([State.VALIDATING_FILES, State.QUEUED])), [0]
            continue
        now += choose.uniform(-2, 5)
        token, name = choose.choice([*tokens[-2:], before.attempt]), choose.choice([*WRITES, *SILENT_WRITES, *PEOPLE])
        owns = token == before.attempt and before.worker_id is not None and before.state in queue.HELD_STATES
        try:
            with database.write() as connection:
                if name in PEOPLE:
                    PEOPLE[name](connection, before, now)
                else:
                    ({**WRITES, **SILENT_WRITES})[name](connection, job_id, token)
                    assert owns or name in SILENT_WRITES, name
        except Fenced:
            after = row_of(database, job_id)
            assert after == before
        after = row_of(database, job_id)
        if after.attempt != before.attempt:
            tokens.append(after.attempt)
        if after.state is not before.state:
            assert after.state in MOVES[before.state], f"{before.state} → {after.state} by {name}"
            seen[before.state, after.state] += 1
    assert len(seen) >= 5, seen


def _claim_any(connection: Any, job: Job, now: float) -> None:
    queue.claim_validation(connection, worker_id="w", now=now)
    for waiting in queue.waiting_jobs(connection, now=now):
        queue.claim_training(connection, waiting.id, worker_id="w", now=now)


def _seize(connection: Any, job: Job, now: float) -> None:
    for held in queue.held_jobs(connection):
        queue.seize(connection, held, worker_id="w9")


def _ask(state: State, *among: State) -> Callable[[Any, Job, float], None]:
    def move(connection: Any, job: Job, now: float) -> None:
        connection.execute(update(jobs).where(jobs.c.id == job.id, jobs.c.state.in_(among)).values(state=state))

    return move


PEOPLE: dict[str, Callable[[Any, Job, float], None]] = {
    "claim": _claim_any,
    "claim again": _claim_any,
    "claim too": _claim_any,
    "seize": _seize,
    "ask to pause": _ask(State.PAUSING, State.RUNNING),
    "resume": _ask(State.QUEUED, State.PAUSED),
    "resume again": _ask(State.QUEUED, State.PAUSED),
}


# --- the other two tables ---------------------------------------------------------------------------


def test_resume_states_come_newest_step_first(database: Database, add_job: Callable[..., str]) -> None:
    job_id = add_job()
    with database.write() as connection:
        for step in (20, 60, 40):
            resume_states.add(connection, job_id, attempt=1, step_number=step, now=NOW)
        again = resume_states.add(connection, job_id, attempt=2, step_number=60, now=NOW)
        newest = resume_states.newest_first(connection, job_id)
        assert [state.step_number for state in newest] == [60, 60, 40, 20]
        assert newest[0] == again
        resume_states.remove(connection, again.id)
        assert again not in resume_states.newest_first(connection, job_id)


def test_a_worker_is_listed_from_its_first_to_its_last_word(database: Database) -> None:
    with database.write() as connection:
        workers.register(connection, "w1", host="h", facts={"num_slots": 1}, now=NOW)
        workers.register(connection, "w1", host="h", facts={"num_slots": 2}, now=NOW + 1)
        workers.seen(connection, "w1", NOW + 9)
        (worker,) = workers.list_all(connection)
        assert (worker.facts, worker.started_at, worker.seen_at) == ({"num_slots": 2}, int(NOW + 1), int(NOW + 9))
        workers.remove(connection, "w1")
        assert workers.list_all(connection) == ()
