"""A job's curves over the wire."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from tunesmith.store import job_metrics

BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgres"))]


def get(server: Any, path: str, **query: Any) -> httpx2.Response:
    return httpx2.get(f"{server.base_url}{path}", params=query, headers={"Authorization": f"Bearer {server.key}"})


def measure(server: Any, job: Any, last: int) -> None:
    rows = [{"step": 0, "valid_loss": 3.0}]
    rows += [{"step": n, "train_loss": 1 / n, "learning_rate": 1e-4, "grad_norm": float(n)} for n in range(1, last + 1)]
    with server.database.write() as connection:
        job_metrics.put(connection, job.id, rows)


@pytest.mark.parametrize("server_database_url", BOTH, indirect=True)
def test_curves_have_at_most_so_many_points(server: Any, make_job: Any) -> None:
    job = make_job(state="running")
    measure(server, job, 100)
    told = get(server, f"/v1/fine_tuning/jobs/{job.id}/metrics", points=10).json()
    assert (told["object"], told["job_id"]) == ("fine_tuning.job.metrics", job.id)
    assert (told["first_step"], told["last_step"], told["num_steps"]) == (0, 100, 101)
    series = {each["name"]: each for each in told["series"]}
    assert list(series) == ["train_loss", "valid_loss", "learning_rate", "grad_norm"]
    assert (series["valid_loss"]["steps"], series["valid_loss"]["mean"]) == ([0], [3.0])
    norms = series["grad_norm"]
    assert len(norms["steps"]) == len(norms["mean"]) == len(norms["min"]) == len(norms["max"]) == 10
    assert (norms["min"][0], norms["max"][-1]) == (1.0, 100.0)


def test_a_part_of_a_curve_is_asked_for_by_its_steps(server: Any, make_job: Any) -> None:
    job = make_job(state="running")
    measure(server, job, 50)
    told = get(server, f"/v1/fine_tuning/jobs/{job.id}/metrics", first_step=20, last_step=22).json()
    assert (told["first_step"], told["last_step"], told["num_steps"]) == (20, 22, 3)
    assert told["series"][-1] == {
        "name": "grad_norm", "steps": [20, 21, 22], "mean": [20.0, 21.0, 22.0], "min": [20.0, 21.0, 22.0],
        "max": [20.0, 21.0, 22.0],
    }  # fmt: skip


def test_before_the_first_step_there_is_no_curve(server: Any, make_job: Any) -> None:
    job = make_job(state="queued")
    told = get(server, f"/v1/fine_tuning/jobs/{job.id}/metrics").json()
    assert (told["first_step"], told["last_step"], told["num_steps"], told["series"]) == (0, 0, 0, [])


@pytest.mark.parametrize(
    "query", [{"points": 0}, {"points": 5001}, {"first_step": -1}, {"first_step": 5, "last_step": 4}]
)
def test_what_cannot_be_asked_is_refused(server: Any, make_job: Any, query: dict[str, int]) -> None:
    answer = get(server, f"/v1/fine_tuning/jobs/{make_job().id}/metrics", **query)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] in query
