"""A job's curves and certificates over the wire."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from tunesmith.core.certificates import Certificate, Measured
from tunesmith.store import job_certificates, job_metrics, models

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


ALL = ["data_accounted", "loss_mask", "template", "resume_exact", "adapter_applied", "same_tokens"]
HERE, ELSEWHERE = {"torch": "2", "num_threads": 1}, {"torch": "2", "num_threads": 8}


def certificates(server: Any, job: Any) -> dict[str, Any]:
    told = get(server, f"/v1/fine_tuning/jobs/{job.id}/certificates").json()
    assert told["object"] == "list"
    assert [each["name"] for each in told["data"]] == ALL
    return {each["name"]: each for each in told["data"]}


def begin(server: Any, job: Any, attempt: int, first_step: int, saved: Any) -> None:
    with server.database.write() as connection:
        for _ in range(2):  # an answer of the database that was lost
            job_certificates.note_attempt(
                connection, job.id, attempt, first_step=first_step, fingerprint=HERE, saved=saved, now=1
            )


@pytest.mark.parametrize("server_database_url", BOTH, indirect=True)
def test_what_was_measured_is_told_with_its_figures(server: Any, make_job: Any) -> None:
    job = make_job(state="running", step=3)
    figures = (Measured("rows", 12), Measured("rows_unaccounted", 1, 0))
    with server.database.write() as connection:
        job_certificates.put(connection, job.id, [Certificate("data_accounted", "passed", "All.")], 1)
        job_certificates.put(
            connection, job.id, [Certificate("data_accounted", "failed", "One is missing.", figures)], 2
        )
    told = certificates(server, job)
    assert told["data_accounted"] == {
        "name": "data_accounted", "state": "failed", "sentence": "One is missing.",
        "figures": [{"name": "rows", "value": 12, "most": None}, {"name": "rows_unaccounted", "value": 1, "most": 0}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("queued", dict.fromkeys(ALL, "pending")),
        ("failed", dict.fromkeys(ALL, "not_applicable")),
        (
            "succeeded",
            {**dict.fromkeys(ALL, "not_applicable"), "adapter_applied": "pending", "same_tokens": "pending"},
        ),
    ],
)
def test_nothing_passes_that_was_not_measured(server: Any, make_job: Any, state: str, expected: dict[str, str]) -> None:
    told = certificates(server, make_job(state=state))
    assert {name: each["state"] for name, each in told.items()} == expected
    assert all(each["sentence"] and not each["figures"] for each in told.values())


@pytest.mark.parametrize("state", ["queued", "running"])
def test_what_is_said_before_the_first_step_stays_true_while_it_is_shown(
    server: Any, make_job: Any, state: str
) -> None:
    """A page that was opened before training began shows the sentence until it asks again."""
    told = certificates(server, make_job(state=state))["resume_exact"]
    assert (told["state"], "not begun" in told["sentence"]) == ("pending", False)


@pytest.mark.parametrize("server_database_url", BOTH, indirect=True)
def test_resumes_are_counted_and_their_machines_compared(server: Any, make_job: Any) -> None:
    job = make_job(state="running", step=9)
    begin(server, job, 1, 0, None)
    assert certificates(server, job)["resume_exact"]["state"] == "not_applicable"
    begin(server, job, 2, 4, HERE)
    told = certificates(server, job)["resume_exact"]
    assert (told["state"], [figure["value"] for figure in told["figures"]]) == ("passed", [1, 0])
    begin(server, job, 5, 6, ELSEWHERE)
    told = certificates(server, job)["resume_exact"]
    assert (told["state"], [figure["value"] for figure in told["figures"]]) == ("failed", [2, 1])


def test_what_a_server_measures_reaches_the_model_s_job(server: Any, make_job: Any) -> None:
    job = make_job(state="succeeded")
    found = [Certificate("adapter_applied", "passed", "It is.", (Measured("largest_change_by_adapter", 2.5),))]
    with server.database.write() as connection:
        model = models.register(connection, job, 1, "starter")
        job_certificates.put_for_model(connection, model.id, found, 2)
        job_certificates.put_for_model(connection, "model-gone", found, 2)
    told = certificates(server, job)["adapter_applied"]
    assert (told["state"], told["figures"][0]["value"]) == ("passed", 2.5)
