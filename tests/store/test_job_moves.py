"""Every order of people's and workers' moves, races among them, against a model: the job's state is a legal one."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import update

from tunesmith.store import jobs
from tunesmith.store.db import Database
from tunesmith.store.jobs import MOVES, MoveRefused, State
from tunesmith.store.tables import jobs as jobs_table
from tunesmith.store.tables import projects

PROJECT = "proj_a"
PERSONS_MOVES = {"cancel": jobs.cancel, "pause": jobs.pause, "resume": jobs.resume}
# A worker's moves: from where, to where.
WORKERS_MOVES = [
    (State.VALIDATING_FILES, State.QUEUED), (State.VALIDATING_FILES, State.FAILED), (State.QUEUED, State.RUNNING),
    (State.RUNNING, State.QUEUED), (State.RUNNING, State.SUCCEEDED), (State.RUNNING, State.FAILED),
    (State.PAUSING, State.PAUSED), (State.PAUSING, State.SUCCEEDED), (State.PAUSING, State.FAILED),
]  # fmt: skip


def after(state: State, step: int, move: str) -> State | None:
    """What the move makes of a job, said a second time; None where it is refused."""
    if move == "cancel":
        return None if state in (State.SUCCEEDED, State.FAILED, State.CANCELLED) else State.CANCELLED
    if move == "pause":
        return State.PAUSING if state is State.RUNNING and step >= 1 else None
    return State.QUEUED if state in (State.PAUSED, State.PAUSING) else None


def test_workers_moves_of_this_test_are_legal_ones() -> None:
    assert [(source, target) for source, target in WORKERS_MOVES if target not in MOVES[source]] == []


def machine(database: Database) -> Callable[[], RuleBasedStateMachine]:
    class JobMoves(RuleBasedStateMachine):
        @initialize()
        def create(self) -> None:
            with database.write() as connection:
                self.id = jobs.create(
                    connection, PROJECT, member_id=None, model="m", requested_model="m", training_file_id="f",
                    validation_file_id=None, spec={"base_model": "m"}, request={}, suffix=None, seed=1, metadata=None,
                    now=1,
                ).id  # fmt: skip
            self.state, self.step, self.attempt = State.VALIDATING_FILES, 0, 0

        @rule(move=st.sampled_from(sorted(PERSONS_MOVES)))
        def person(self, move: str) -> None:
            expected = after(self.state, self.step, move)
            assert make(database, self.id, move) == (expected is not None)
            if expected is not None:
                self.state, self.attempt = expected, self.attempt + (move != "pause")

        @rule(move=st.sampled_from(WORKERS_MOVES), token=st.integers(0, 1))
        def worker(self, move: tuple[State, State], token: int) -> None:
            """With its fencing token, or with one that is out of date."""
            source, target = move
            with database.write() as connection:
                changed = connection.execute(
                    update(jobs_table)
                    .where(jobs_table.c.id == self.id, jobs_table.c.state == source)
                    .where(jobs_table.c.attempt == self.attempt - token)
                    .values(state=target)
                ).rowcount
            assert changed == (self.state is source and token == 0)
            if changed:
                self.state = target

        @rule()
        def train(self) -> None:
            if self.state is State.RUNNING:
                self.step += 1
                with database.write() as connection:
                    connection.execute(update(jobs_table).where(jobs_table.c.id == self.id).values(step=self.step))

        @rule(moves=st.lists(st.sampled_from(sorted(PERSONS_MOVES)), min_size=2, max_size=3))
        def race(self, moves: list[str]) -> None:
            made = at_once(database, self.id, moves)
            outcomes = {outcome(self.state, self.step, order) for order in itertools.permutations(moves)}
            now = read(database, self.id)
            assert (now.state, tuple(sorted(made))) in outcomes
            self.state, self.attempt = now.state, self.attempt + sum(move != "pause" for move in made)

        @invariant()
        def the_row_says_what_the_model_says(self) -> None:
            job = read(database, self.id)
            assert (job.state, job.attempt) == (self.state, self.attempt)
            assert (job.finished_at is not None) >= (job.state is State.CANCELLED)

    return JobMoves


def outcome(state: State, step: int, order: tuple[str, ...]) -> tuple[State, tuple[str, ...]]:
    made = []
    for move in order:
        following = after(state, step, move)
        if following is not None:
            state = following
            made.append(move)
    return state, tuple(sorted(made))


def make(database: Database, job_id: str, move: str) -> bool:
    try:
        with database.write() as connection:
            PERSONS_MOVES[move](connection, PROJECT, job_id, 2.0)
    except MoveRefused:
        return False
    return True


def at_once(database: Database, job_id: str, moves: list[str]) -> list[str]:
    made: list[str] = []
    barrier = threading.Barrier(len(moves))

    def run(move: str) -> None:
        barrier.wait(30)
        if make(database, job_id, move):
            made.append(move)

    threads = [threading.Thread(target=run, args=[move]) for move in moves]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return made


def read(database: Database, job_id: str) -> jobs.Job:
    with database.read() as connection:
        job = jobs.get(connection, PROJECT, job_id)
    assert job
    return job


def test_every_sequence_and_race_of_moves_ends_in_a_legal_state(database: Database) -> None:
    with database.write() as connection:
        connection.execute(projects.insert().values(id=PROJECT, name="a", created_at=1))
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    budget = settings(
        max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=checks, database=None
    )
    run_state_machine_as_test(machine(database), settings=budget)  # type: ignore[no-untyped-call]
