"""The operator's door: projects, members, keys and migrations straight on the database of a home."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tunesmith.cli.main import run
from tunesmith.store.db import Database
from tunesmith.store.keys import ensure_first_admin, find_principal, hash_of
from tunesmith.store.principals import Principal


@pytest.fixture
def home(tmp_path: Path, make_sqlite: Callable[[Path], str], monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("TUNESMITH_DATABASE_URL", raising=False)
    monkeypatch.setenv("TUNESMITH_HOME", str(tmp_path))
    database = Database(make_sqlite(tmp_path / "tunesmith.db"))
    with database.write() as connection:
        ensure_first_admin(connection, None, time.time())
    database.close()
    return tmp_path


@pytest.fixture
def told(home: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """``told("keys", "list")``: what the command says as JSON."""

    def told(*arguments: str) -> Any:
        assert run([*arguments, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return told


def principal(home: Path, secret: str) -> Principal | None:
    database = Database(f"sqlite:///{home / 'tunesmith.db'}")
    with database.read() as connection:
        found = find_principal(connection, hash_of(secret))
    database.close()
    return found


def test_lost_administrators_key_is_replaced(home: Path, told: Callable[..., Any]) -> None:
    made = told("keys", "create", "--admin")
    found = principal(home, made["value"])
    assert found is not None
    assert (found.is_admin, found.role, found.project_name) == (True, "owner", "default")
    assert [key["is_admin"] for key in told("keys", "list")["data"]] == [True, True]
    assert made["value"] not in json.dumps(told("keys", "list"))


def test_member_gets_a_project_a_role_and_a_key_and_loses_them(home: Path, told: Callable[..., Any]) -> None:
    told("projects", "create", "team-a")
    added = told("members", "add", "Ada@example.com", "--project", "team-a", "--role", "viewer")
    assert (added["email"], added["role"]) == ("ada@example.com", "viewer")
    secret = told("keys", "create", "--project", "team-a", "--email", "ada@example.com")["value"]
    found = principal(home, secret)
    assert found is not None
    assert found.role == "viewer"
    told("members", "remove", "ada@example.com")
    assert principal(home, secret) is None
    assert told("members", "list", "--project", "team-a")["data"] == []


def test_revoked_key_and_archived_project_open_nothing(home: Path, told: Callable[..., Any]) -> None:
    told("projects", "create", "team-a")
    told("members", "add", "ada@example.com", "--project", "team-a")
    first, second = (told("keys", "create", "--project", "team-a", "--email", "ada@example.com") for _ in range(2))
    told("keys", "revoke", first["id"], "--project", "team-a")
    assert principal(home, first["value"]) is None
    assert principal(home, second["value"]) is not None
    told("projects", "archive", "team-a")
    assert principal(home, second["value"]) is None
    assert [project["name"] for project in told("projects", "list")["data"]] == ["default"]


def test_key_above_the_members_role_is_the_users_mistake(home: Path, told: Callable[..., Any], capsys: Any) -> None:
    told("members", "add", "ada@example.com", "--role", "viewer")
    assert run(["keys", "create", "--email", "ada@example.com", "--role", "owner"]) == 2
    assert "above its member's" in capsys.readouterr().err


def test_tables_are_for_people(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["projects", "list"]) == 0
    assert "default" in capsys.readouterr().out


def test_migrate_makes_the_database_and_check_says_what_is_pending(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TUNESMITH_DATABASE_URL", raising=False)
    arguments = ["migrate", "--home", str(tmp_path / "new")]
    assert run([*arguments, "--check"]) == 1
    assert "Pending: 0001" in capsys.readouterr().out
    assert run(["projects", "list", "--home", str(tmp_path / "new")]) == 2
    assert run(arguments) == 0
    assert run([*arguments, "--check"]) == 0
    assert "up to date" in capsys.readouterr().out
