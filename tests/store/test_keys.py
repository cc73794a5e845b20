"""Keys and those they act for: hashed, bounded by the member's role, dead with member and project."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from tunesmith.core.errors import UserError
from tunesmith.store import keys
from tunesmith.store.db import Database
from tunesmith.store.keys import NewKey, create_key, ensure_first_admin, find_principal, hash_of, note_use, revoke_key
from tunesmith.store.members import add_to_project, create_member, remove_from_project, remove_member, set_role
from tunesmith.store.principals import Role
from tunesmith.store.projects import archive_project, create_project
from tunesmith.store.tables import keys as table


@pytest.fixture
def made(database: Database) -> NewKey:
    """A member's key in a project of its own."""
    with database.write() as connection:
        project = create_project(connection, name="team-a", now=1)
        member = create_member(connection, name="Ada", email="Ada@Example.com", now=1)
        add_to_project(connection, project.id, member.id, Role.MEMBER, 1)
        return create_key(connection, project_id=project.id, member_id=member.id, name="k", role=Role.MEMBER, now=1)


def role_of(database: Database, made: NewKey) -> str | None:
    with database.read() as connection:
        found = find_principal(connection, hash_of(made.secret))
    return found.role if found else None


def test_secret_is_kept_nowhere(database: Database, made: NewKey) -> None:
    with database.read() as connection:
        row = connection.execute(select(table)).one()
    assert made.secret not in str(row)
    assert made.secret not in repr(made)
    assert row.hash == hash_of(made.secret)
    assert len(made.secret) >= 48


def test_key_is_bounded_by_its_members_role_of_the_moment(database: Database, made: NewKey) -> None:
    with database.write() as connection:
        set_role(connection, made.key.project_id, made.key.member_id, Role.VIEWER)
    assert role_of(database, made) == "viewer"
    with database.write() as connection:
        set_role(connection, made.key.project_id, made.key.member_id, Role.OWNER)
    assert role_of(database, made) == "member"


@pytest.mark.parametrize("end", ["revoked", "left", "removed", "archived"])
def test_key_dies(database: Database, made: NewKey, end: str) -> None:
    assert role_of(database, made) == "member"
    key = made.key
    with database.write() as connection:
        ended = {
            "revoked": lambda: revoke_key(connection, key.project_id, key.id, 2),
            "left": lambda: remove_from_project(connection, key.project_id, key.member_id, 2),
            "removed": lambda: remove_member(connection, key.member_id, 2),
            "archived": lambda: archive_project(connection, key.project_id, 2),
        }[end]()
    assert ended
    assert role_of(database, made) is None
    with database.read() as connection:
        assert connection.execute(select(table.c.revoked_at)).scalar_one() == 2


def test_member_who_comes_back_has_no_key(database: Database, made: NewKey) -> None:
    with database.write() as connection:
        remove_from_project(connection, made.key.project_id, made.key.member_id, 2)
        add_to_project(connection, made.key.project_id, made.key.member_id, Role.OWNER, 3)
    assert role_of(database, made) is None


def test_key_for_a_stranger_or_above_the_role_is_refused(database: Database, made: NewKey) -> None:
    key = made.key
    with database.write() as connection:
        with pytest.raises(UserError, match="above its member's"):
            create_key(connection, project_id=key.project_id, member_id=key.member_id, name="k", role=Role.OWNER, now=1)
        other = create_project(connection, name="team-b", now=1)
        with pytest.raises(UserError, match="no member"):
            create_key(connection, project_id=other.id, member_id=key.member_id, name="k", role=Role.VIEWER, now=1)


def test_uses_within_a_minute_are_written_once(database: Database, made: NewKey) -> None:
    seen = []
    for now in (100, 130, 159, 160):
        with database.write() as connection:
            note_use(connection, made.key.id, now)
            seen.append(connection.execute(select(table.c.last_used_at)).scalar_one())
    assert seen == [100, 100, 100, 160]


def test_first_admin_is_made_once_by_processes_that_start_at_once(database: Database) -> None:
    def one(_: int) -> str | None:
        with database.write() as connection:
            return ensure_first_admin(connection, None, 1)

    with ThreadPoolExecutor(6) as pool:
        secrets = [secret for secret in pool.map(one, range(6)) if secret]
    assert len(secrets) == 1
    with database.read() as connection:
        found = find_principal(connection, hash_of(secrets[0]))
    assert found is not None
    assert (found.is_admin, found.role, found.project_name) == (True, "owner", "default")


def test_preset_key_works_and_stays_revoked(database: Database) -> None:
    preset = "a-preset-secret-of-32-characters"
    for _ in range(2):
        with database.write() as connection:
            assert ensure_first_admin(connection, preset, 1) is None
    with database.write() as connection:
        found = find_principal(connection, hash_of(preset))
        assert found is not None
        assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 1
        revoke_key(connection, found.project_id, found.key_id, 2)
        assert ensure_first_admin(connection, preset, 3) is None
        assert find_principal(connection, hash_of(preset)) is None


def test_preset_that_is_no_secret_is_refused(database: Database) -> None:
    with database.write() as connection, pytest.raises(UserError, match="5 characters"):
        ensure_first_admin(connection, "admin", 1)


def test_hint_does_not_give_the_key_away() -> None:
    assert keys.hint_of("sk-abcdefghijklmnop") == "sk-abc…mnop"
    assert keys.hint_of("short") == "…"
