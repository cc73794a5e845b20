"""Live streams from a real server: in order, without gaps, to those who may hear, and with an end."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

import httpx2
import pytest

from tunesmith.api.app import make_app
from tunesmith.store import checkpoints, job_events, job_metrics, jobs
from tunesmith.store.jobs import State
from tunesmith.store.keys import revoke_key
from tunesmith.store.tables import jobs as jobs_table

BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgres"))]


class Ear:
    """A client that listens, in a thread of its own. ``heard`` are (event, id, data); ``error`` what broke it off."""

    def __init__(self, server: Any, path: str, key: str | None = None, last_event_id: str | None = None) -> None:
        self.heard: list[tuple[str, str | None, Any]] = []
        self.comments = 0
        self.status = 0
        self.headers: Any = {}
        headers = {"Authorization": f"Bearer {key or server.key}"}
        if last_event_id is not None:
            headers["Last-Event-ID"] = last_event_id
        self._client = httpx2.Client(timeout=60)
        self._request = {"method": "GET", "url": server.base_url + path, "headers": headers}
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        self.wait(lambda: self.status)

    def _listen(self) -> None:
        with suppress(httpx2.TransportError), self._client.stream(**self._request) as answer:
            self.status, self.headers = answer.status_code, answer.headers
            event, id, data = "message", None, ""
            for line in lines_of(answer.iter_bytes()):
                if line == "":
                    if data:
                        self.heard.append((event, id, json.loads(data)))
                    event, id, data = "message", None, ""
                elif line.startswith(":"):
                    self.comments += 1
                else:
                    name, _, value = line.partition(": ")
                    event = value if name == "event" else event
                    id = value if name == "id" else id
                    data = value if name == "data" else data

    def of(self, event: str) -> list[Any]:
        return [data for name, _, data in self.heard if name == event]

    @property
    def steps(self) -> list[int]:
        return [row["step"] for rows in self.of("metrics") for row in rows]

    @property
    def messages(self) -> list[str]:
        return [event["message"] for event in self.of("job_event")]

    @property
    def has_ended(self) -> bool:
        return not self._thread.is_alive()

    def wait(self, holds: Callable[[], Any], seconds: float = 20) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, self.heard[-5:]
            time.sleep(0.01)

    def close(self) -> None:
        self._client.close()


def lines_of(chunks: Iterator[bytes]) -> Iterator[str]:
    """By line feeds alone."""
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from (line.decode() for line in lines)


@pytest.fixture
def listen(server: Any) -> Iterator[Callable[..., Ear]]:
    """``listen(path, key=…, last_event_id=…)``"""
    with ExitStack() as ears:

        def listen(path: str, **given: Any) -> Ear:
            ear = Ear(server, path, **given)
            ears.callback(ear.close)
            return ear

        yield listen


@pytest.fixture
def train(server: Any) -> Callable[..., None]:
    """``train(job, first, last)``: what a worker writes down of these steps, in one transaction."""

    def train(job: Any, first: int, last: int) -> None:
        with server.database.write() as connection:
            for step in range(first, last + 1):
                data = {"step": step, "train_loss": 1 / step}
                job_events.add(
                    connection, job.id, message=f"Step {step}", type="metrics", data=data, once=f"metrics:{step}", now=time.time()
                )  # fmt: skip
            rows = [{"step": step, "train_loss": 1 / step, "learning_rate": 1e-4} for step in range(first, last + 1)]
            job_metrics.put(connection, job.id, rows)
            change(connection, job.id, step=last, heartbeats=jobs_table.c.heartbeats + 1)

    return train


def change(connection: Any, job_id: str, **columns: Any) -> None:
    connection.execute(jobs_table.update().where(jobs_table.c.id == job_id).values(**columns))


def say(server: Any, job: Any, message: str) -> None:
    with server.database.write() as connection:
        change(connection, job.id, heartbeats=jobs_table.c.heartbeats + 1)
        job_events.add(connection, job.id, message=message, now=time.time())


def end(server: Any, job: Any) -> None:
    with server.database.write() as connection:
        job_events.add(connection, job.id, message="The job has successfully completed", now=time.time())
        change(connection, job.id, state=State.SUCCEEDED, finished_at=int(time.time()))


def path_of(job: Any) -> str:
    return f"/v1/fine_tuning/jobs/{job.id}/live"


@pytest.mark.parametrize("server_database_url", BOTH, indirect=True)
def test_a_job_is_followed_from_now_to_its_end(server: Any, make_job: Any, listen: Any, train: Any) -> None:
    job = make_job(state="running", total_steps=4)
    train(job, 1, 1)
    ear = listen(path_of(job))
    ear.wait(lambda: ear.of("job"))
    assert (ear.status, ear.headers["content-type"].partition(";")[0]) == (200, "text/event-stream")
    assert (ear.headers["cache-control"], ear.headers["x-accel-buffering"]) == ("no-cache", "no")
    assert ear.heard[0][0] == "job"
    assert ear.of("job")[0]["id"] == job.id
    assert (ear.messages, ear.steps) == ([], [1]), "old events are not told, the newest steps are"
    train(job, 2, 3)
    ear.wait(lambda: ear.messages == ["Step 2", "Step 3"])
    assert ear.of("metrics")[-1][-1] == {
        "step": 3, "train_loss": 1 / 3, "train_mean_token_accuracy": None, "valid_loss": None,
        "valid_mean_token_accuracy": None, "learning_rate": 1e-4, "grad_norm": None, "tokens_per_second": None,
    }  # fmt: skip
    assert ear.steps == [1, 2, 3]
    ear.wait(lambda: ear.of("job")[-1]["step"] == 3)
    with server.database.write() as connection:
        checkpoints.add(connection, job, step_number=3, metrics={"step": 3, "train_loss": 0.3}, now=time.time())
        change(connection, job.id, heartbeats=jobs_table.c.heartbeats + 1)
    ear.wait(lambda: ear.of("checkpoint"))
    assert ear.of("checkpoint")[0]["step_number"] == 3
    end(server, job)
    ear.wait(lambda: ear.has_ended)
    assert [name for name, _, _ in ear.heard][-3:] == ["job_event", "job", "end"]
    assert ear.of("job")[-1]["status"] == "succeeded"


def test_news_comes_within_a_second(server: Any, make_job: Any, listen: Any) -> None:
    job = make_job(state="running")
    ear = listen(path_of(job))
    ear.wait(lambda: ear.heard)
    waits = []
    for number in range(5):
        started = time.monotonic()
        say(server, job, f"news {number}")
        ear.wait(lambda number=number: f"news {number}" in ear.messages)
        waits.append(time.monotonic() - started)
    assert max(waits) < 1.0, waits
    print(f"news after {min(waits):.2f} to {max(waits):.2f} s")


@pytest.mark.parametrize("server_database_url", BOTH, indirect=True)
def test_who_comes_back_goes_on_after_the_last_event(server: Any, make_job: Any, listen: Any, train: Any) -> None:
    job = make_job(state="running")
    first = listen(path_of(job))
    first.wait(lambda: first.heard)
    train(job, 1, 3)
    first.wait(lambda: len(first.messages) == 3)
    last = first.heard[-1][1] or [id for _, id, _ in first.heard if id][-1]
    first.close()
    train(job, 4, 450)
    with server.database.write() as connection:
        checkpoints.add(connection, job, step_number=450, metrics={"step": 450}, now=time.time())
    end(server, job)
    second = listen(path_of(job), last_event_id=last)
    second.wait(lambda: second.has_ended)
    assert second.messages == [*(f"Step {step}" for step in range(4, 451)), "The job has successfully completed"]
    assert second.steps == list(range(4, 451))
    assert len(second.of("checkpoint")) == 1
    assert second.heard[-1][0] == "end"


def test_an_id_that_names_nothing_of_this_job_is_as_none(server: Any, make_job: Any, listen: Any) -> None:
    job, other = make_job(state="running"), make_job(project="other", state="running")
    say(server, other, "secret")
    with server.database.read() as connection:
        foreign = job_events.list_page(connection, other.project_id, other.id).items[0].id
    say(server, job, "before")
    for id in (foreign, "ftevent-nothing", ""):
        ear = listen(path_of(job), last_event_id=id)
        ear.wait(lambda ear=ear: ear.heard)
        say(server, job, f"after {id}")
        ear.wait(lambda ear=ear: ear.messages)
        assert ear.messages == [f"after {id}"]
        ear.close()


def test_a_job_that_has_ended_is_told_and_ended(make_job: Any, listen: Any) -> None:
    ear = listen(path_of(make_job(state="failed", error={"code": "c", "message": "m", "param": None})))
    ear.wait(lambda: ear.has_ended)
    assert [name for name, _, _ in ear.heard] == ["job", "end"]
    assert ear.of("job")[0]["error"]["message"] == "m"


def test_text_of_others_is_text(server: Any, make_job: Any, listen: Any) -> None:
    job = make_job(state="running")
    ear = listen(path_of(job))
    ear.wait(lambda: ear.heard)
    hostile = "a\n\nevent: end\ndata: {}\r\n\r\u2028<script>"
    say(server, job, hostile)
    ear.wait(lambda: ear.messages)
    assert ear.messages == [hostile]
    assert not ear.of("end")


@pytest.mark.parametrize("server_database_url", BOTH, indirect=True)
def test_a_project_hears_of_all_its_jobs_and_of_no_others(server: Any, make_job: Any, listen: Any) -> None:
    running, done, foreign = (
        make_job(state="running"),
        make_job(state="succeeded"),
        make_job(project="other", state="running"),
    )
    ear = listen("/v1/fine_tuning/live")
    ear.wait(lambda: ear.heard)
    late = listen("/v1/fine_tuning/live")
    assert [job["id"] for job in ear.of("job")] == [running.id]
    with server.database.write() as connection:
        for job in (running, foreign):
            change(connection, job.id, step=7, total_steps=9)
    ear.wait(lambda: ear.of("job")[-1]["step"] == 7)
    new = make_job(state="queued")
    ear.wait(lambda: ear.of("job")[-1]["id"] == new.id)
    with server.database.write() as connection:
        jobs.cancel(connection, running.project_id, running.id, time.time())
    ear.wait(lambda: ear.of("job")[-1]["status"] == "cancelled")
    brief = make_job(state="failed", error={"code": "c", "message": "m", "param": None})
    ear.wait(lambda: ear.of("job")[-1]["id"] == brief.id)
    late.wait(lambda: late.of("job")[-1]["id"] == brief.id)
    told = {job["id"] for each in (ear, late) for job in each.of("job")}
    assert told == {running.id, new.id, brief.id}
    assert done.id not in told
    assert not ear.has_ended


def test_another_projects_job_is_not_there(server: Any, make_job: Any, listen: Any) -> None:
    ear = listen(path_of(make_job(project="other", state="running")))
    assert ear.status == 404
    assert listen("/v1/fine_tuning/jobs/ftjob-nothing/live").status == 404
    assert listen("/v1/fine_tuning/live", key="sk-" + "x" * 40).status == 401


def test_a_revoked_key_hears_no_more(server: Any, make_job: Any, listen: Any) -> None:
    made = server.new_key("viewer")
    ears = [
        listen(path_of(make_job(state="running")), key=made.secret),
        listen("/v1/fine_tuning/live", key=made.secret),
    ]
    for ear in ears:
        ear.wait(lambda ear=ear: ear.heard)
    with server.database.write() as connection:
        revoke_key(connection, made.key.project_id, made.key.id, time.time())
    for ear in ears:
        ear.wait(lambda ear=ear: ear.has_ended, 5)
        assert ear.heard[-1][2]["error"]["code"] == "invalid_api_key"
        assert not ear.of("end")


def test_a_server_that_ends_does_not_wait_for_listeners(
    services: Any, server: Any, make_job: Any, run_app: Any
) -> None:
    job = make_job(state="running")
    running = run_app(make_app(services))
    with running as base_url:
        other = type("Other", (), {"base_url": base_url, "key": server.key})
        ears = [Ear(other, path_of(job)), Ear(other, "/v1/fine_tuning/live")]
        for ear in ears:
            ear.wait(lambda ear=ear: ear.heard)
        started = time.monotonic()
    assert time.monotonic() - started < 2, "uvicorn's grace is five seconds"
    for ear in ears:
        ear.wait(lambda ear=ear: ear.has_ended, 2)
        assert not ear.of("end")


def test_a_database_that_is_away_ends_nothing(
    server: Any, make_job: Any, listen: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tunesmith.store.db import Database, DatabaseUnavailable

    job = make_job(state="running")
    ear, all_jobs = listen(path_of(job)), listen("/v1/fine_tuning/live")
    ear.wait(lambda: ear.heard)
    all_jobs.wait(lambda: all_jobs.heard)
    with monkeypatch.context() as patch:

        def away(self: Any) -> Any:
            raise DatabaseUnavailable("The database does not answer: gone.", "try again soon")

        patch.setattr(Database, "read", away)
        time.sleep(2.5)
        assert not ear.has_ended
    say(server, job, "back")
    ear.wait(lambda: ear.messages == ["back"])
    assert not all_jobs.has_ended


def test_who_listens_costs_nothing_once_nobody_does(server: Any, make_job: Any, listen: Any) -> None:
    feed = server.app.state.live_feed
    ears = [listen(path_of(make_job(state="running"))) for _ in range(3)]
    assert feed._task is not None
    assert not feed._task.done()
    for ear in ears:
        ear.close()
    server.eventually(lambda: feed._task.done() and not feed._listeners)


def test_many_listeners_of_one_job_cost_one_look(
    make_job: Any, listen: Any, train: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tunesmith.api import live_feed

    done: list[str] = []

    def noted(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any) -> Any:
            done.append(name)
            return real(*given)

        return call

    monkeypatch.setattr(live_feed, "_look", noted("look", live_feed._look))
    monkeypatch.setattr(job_metrics, "after", noted("read", job_metrics.after))
    job = make_job(state="running")
    ears = [listen(path_of(job)) for _ in range(20)]
    for ear in ears:
        ear.wait(lambda ear=ear: ear.heard)
    train(job, 1, 5)
    for ear in ears:
        ear.wait(lambda ear=ear: ear.steps == [1, 2, 3, 4, 5])
    assert 0 < done.count("read") <= done.count("look")


def test_who_takes_nothing_is_let_go(make_job: Any) -> None:
    from tunesmith.api.live_feed import _MOST_BYTES_WAITING, Listener

    follower, watcher = Listener("proj_1", "ftjob-1"), Listener("proj_1")
    for listener in (follower, watcher):
        listener.hand(b"x" * (_MOST_BYTES_WAITING + 1))
        assert not listener.has_room()
    assert (follower.is_over, watcher.is_over) == (False, True), "what a watcher misses does not come again"
    follower._full_since = time.monotonic() - 60
    assert not follower.has_room()
    assert follower.is_closed.is_set()


def test_a_beat_comes_where_nothing_happens(make_job: Any, listen: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from tunesmith.api import live

    monkeypatch.setattr(live, "BEAT_SECONDS", 0.5)
    ear = listen(path_of(make_job(state="running")))
    ear.wait(lambda: ear.comments >= 2, 6)
    assert [event for event, _, _ in ear.heard] == ["job"]
