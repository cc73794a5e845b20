"""``GET /healthz``: ready when every part is, and otherwise which one is not."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2

from tunesmith.api.app import make_app
from tunesmith.api.health import socket_check, worker_check
from tunesmith.api.services import Services
from tunesmith.store.db import Database, DatabaseUnavailable
from tunesmith.store.tables import workers


def test_health_names_the_part_that_is_missing(services: Services, run_app: Callable[..., Any]) -> None:
    checks: dict[str, Callable[[], str | None]] = {
        "worker": lambda: "no worker has started yet",
        "serving": lambda: None,
    }
    with run_app(make_app(replace(services, health_checks=checks))) as base_url:
        answer = httpx2.get(f"{base_url}/healthz")
        parts = {"database": "ready", "worker": "no worker has started yet", "serving": "ready"}
        assert (answer.status_code, answer.json()) == (503, {"status": "not_ready", "parts": parts})
        checks["worker"] = lambda: None
        ready = httpx2.get(f"{base_url}/healthz")
        assert (ready.status_code, ready.json()["status"]) == (200, "ready")


def test_health_tells_strangers_nothing_about_the_database(services: Services, run_app: Callable[..., Any]) -> None:
    def check() -> None:
        raise DatabaseUnavailable("The database does not answer: no connection to secret.host:5432.")

    with run_app(make_app(replace(services, health_checks={"worker": check}))) as base_url:
        answer = httpx2.get(f"{base_url}/healthz")
    assert answer.status_code == 503
    assert answer.json()["parts"] == {"database": "ready", "worker": "the database does not answer"}


def test_worker_is_ready_while_it_shows_itself(database: Database) -> None:
    now = 1000.0
    check = worker_check(database, lambda: now, within_seconds=30)
    assert check() == "no worker has started yet"
    with database.write() as connection:
        row = {"id": "w", "host": "h", "started_at": 1, "seen_at": 980, "facts": {}}
        connection.execute(workers.insert().values(row))
    assert check() is None
    now = 1011.0
    assert check() == "no worker was seen for 31 s"


def test_serving_is_ready_when_somebody_answers_the_door(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    check = socket_check(path)
    assert check() == "the serving process does not answer"
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(path))
        assert check() == "the serving process does not answer"
        door.listen()
        assert check() is None
