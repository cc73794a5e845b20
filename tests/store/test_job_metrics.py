"""Figures as numbers: put once, replaced by what is trained again, gathered into points by the database."""

from __future__ import annotations

import time
from math import inf, nan

import pytest
from sqlalchemy import insert, text

from tunesmith.store import job_metrics, jobs
from tunesmith.store.db import Database
from tunesmith.store.job_metrics import FIGURES, Point
from tunesmith.store.tables import projects

LAST = 2**31 - 1
MILLION = 1_000_000


@pytest.fixture
def job_id(database: Database) -> str:
    return new_job(database, "proj_a")


def new_job(database: Database, project_id: str) -> str:
    with database.write() as connection:
        connection.execute(insert(projects).values(id=project_id, name=project_id.replace("_", "-"), created_at=1))
        return jobs.create(
            connection, project_id, member_id=None, model="m", requested_model="m", training_file_id="f",
            validation_file_id=None, spec={}, request={}, suffix=None, seed=1, metadata=None, now=1,
        ).id  # fmt: skip


def put(database: Database, job_id: str, *rows: dict[str, float | None]) -> None:
    with database.write() as connection:
        job_metrics.put(connection, job_id, rows)


def curves(database: Database, job_id: str, points: int, first: int = 0, last: int = LAST) -> dict[str, list[Point]]:
    with database.read() as connection:
        extent = job_metrics.extent(connection, job_id, first, last)
        found = job_metrics.curves(connection, job_id, extent, points)
    return {name: list(of_name) for name, of_name in found.items() if of_name}


def test_each_step_is_a_point_while_there_is_room(database: Database, job_id: str) -> None:
    put(database, job_id, {"step": 1, "train_loss": 0.1}, {"step": 2, "train_loss": 0.3, "grad_norm": 1.25})
    assert curves(database, job_id, 2) == {
        "train_loss": [Point(1, 0.1, 0.1, 0.1), Point(2, 0.3, 0.3, 0.3)],
        "grad_norm": [Point(2, 1.25, 1.25, 1.25)],
    }


def test_points_hold_mean_lowest_and_highest_of_their_steps(database: Database, job_id: str) -> None:
    put(database, job_id, *({"step": step, "train_loss": float(step % 4)} for step in range(1, 9)))
    assert curves(database, job_id, 2)["train_loss"] == [Point(1, 1.5, 0.0, 3.0), Point(5, 1.5, 0.0, 3.0)]


def test_a_figure_measured_now_and_then_stands_at_the_step_where_it_was(database: Database, job_id: str) -> None:
    put(database, job_id, {"step": 0, "valid_loss": 9.0})
    put(
        database, job_id, *({"step": n, "train_loss": 1.0, "valid_loss": 2.0 if n == 7 else None} for n in range(1, 10))
    )
    found = curves(database, job_id, 2)
    assert [point.step for point in found["valid_loss"]] == [0, 7]
    assert [point.step for point in found["train_loss"]] == [1, 5]


def test_a_range_of_steps_is_looked_at_more_closely(database: Database, job_id: str) -> None:
    put(database, job_id, *({"step": step, "train_loss": float(step)} for step in range(1, 101)))
    assert [point.step for point in curves(database, job_id, 5, 41, 45)["train_loss"]] == [41, 42, 43, 44, 45]
    assert curves(database, job_id, 5, 200, 300) == {}


def test_what_is_trained_again_takes_the_place_of_what_was(database: Database, job_id: str) -> None:
    put(database, job_id, {"step": 1, "train_loss": 0.5, "tokens_per_second": 10.0})
    for _ in range(2):
        put(database, job_id, {"step": 1, "train_loss": 0.25, "tokens_per_second": None})
    assert curves(database, job_id, 10) == {"train_loss": [Point(1, 0.25, 0.25, 0.25)]}


def test_what_is_no_number_is_left_out(database: Database, job_id: str) -> None:
    put(database, job_id, {"step": 1, "train_loss": nan, "grad_norm": inf, "learning_rate": 1e-4})
    assert list(curves(database, job_id, 10)) == ["learning_rate"]
    with database.read() as connection:
        (row,) = job_metrics.after(connection, job_id, -1, 10)
    assert (row.step, row.train_loss, row.grad_norm) == (1, None, None)


def test_jobs_are_kept_apart(database: Database, job_id: str) -> None:
    other = new_job(database, "proj_b")
    put(database, job_id, {"step": 1, "train_loss": 0.5})
    assert curves(database, other, 10) == {}
    with database.read() as connection:
        assert (job_metrics.newest_step(connection, job_id), job_metrics.newest_step(connection, other)) == (1, -1)


def test_a_million_steps_become_points_in_a_moment(database: Database, job_id: str) -> None:
    numbers = "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 1000000)"
    if not database.is_sqlite:
        numbers = "WITH s(n) AS (SELECT generate_series(1, 1000000))"
    with database.write() as connection:
        connection.execute(
            text(
                f"INSERT INTO job_metrics (job_id, step, {', '.join(FIGURES)}) {numbers} SELECT '{job_id}', n, 2.0 / n, 0.5, "
                "CASE WHEN n % 100 = 0 THEN 1.0 / n END, CASE WHEN n % 100 = 0 THEN 0.5 END, 0.001, "
                "CASE WHEN n = 654321 THEN 1e6 ELSE 1.0 END, 1000.0 + n FROM s"
            )
        )
    started = time.perf_counter()
    found = curves(database, job_id, 2_000)
    seconds = time.perf_counter() - started
    print(f"1,000,000 steps → 2,000 points in {seconds:.2f} s on {database.engine.dialect.name}")
    assert {name: len(points) for name, points in found.items()} == dict.fromkeys(FIGURES, 2_000)
    assert max(point.max for point in found["grad_norm"]) == 1e6, "no spike is lost"
    assert sum(point.mean for point in found["tokens_per_second"]) / 2_000 == pytest.approx(
        1000 + MILLION / 2, rel=1e-5
    )
    assert seconds < 10
    started = time.perf_counter()
    assert len(curves(database, job_id, 5_000, 500_001, 505_000)["train_loss"]) == 5_000
    assert time.perf_counter() - started < 2
