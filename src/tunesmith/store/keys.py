"""Keys: what a caller shows. Only a key's hash is kept; the key itself is told once, to whoever makes it.

A key acts for a member in a project, with at most the role that it was given and at most the member's own.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, or_, select

from tunesmith.core.errors import UserError
from tunesmith.core.ids import new_id
from tunesmith.store import audit
from tunesmith.store.db import take_turns
from tunesmith.store.members import add_to_project, find_or_create_member, get_membership
from tunesmith.store.paging import Page, fetch_page
from tunesmith.store.principals import Principal, Role
from tunesmith.store.projects import create_project, find_project, get_project
from tunesmith.store.tables import keys, members, memberships, projects

FIRST_PROJECT = "default"
FIRST_MEMBER = "admin@localhost"
SHORTEST_PRESET = 16
_USE_IS_NOTED_EVERY_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Key:
    seq: int
    id: str
    project_id: str
    member_id: str
    name: str
    hint: str
    role: Role
    is_admin: bool
    created_at: int
    last_used_at: int | None
    revoked_at: int | None

    @classmethod
    def of(cls, row: Row[Any]) -> Key:
        values = {field.name: getattr(row, field.name) for field in fields(cls)}
        return cls(**{**values, "role": Role(row.role)})


@dataclass(frozen=True, slots=True)
class NewKey:
    """``secret`` is shown to the person who made the key, and to nobody ever after."""

    key: Key
    secret: str

    def __repr__(self) -> str:
        return f"NewKey({self.key.id})"


def hash_of(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def hint_of(secret: str) -> str:
    """Enough to recognize a key by, far too little to guess it: ``sk-aBc…wXyZ``."""
    return f"{secret[:6]}…{secret[-4:]}" if len(secret) >= SHORTEST_PRESET else "…"


def create_key(
    connection: Connection, *, project_id: str, member_id: str, name: str, role: Role, is_admin: bool = False,
    now: float, secret: str | None = None,
) -> NewKey:  # fmt: skip
    """Raises UserError where the member is not in the project, or the role is above the member's."""
    membership = get_membership(connection, project_id, member_id)
    if membership is None:
        raise UserError(f"{member_id} is no member of {project_id}.", "add the member to the project first")
    if role.rank > membership.role.rank:
        raise UserError(
            f"The key's role {role} is above its member's, {membership.role}.", f"use {membership.role} or less"
        )
    secret = secret or new_id("sk-") + new_id("")
    values = {
        "id": new_id("key_"), "project_id": project_id, "member_id": member_id, "name": name, "hash": hash_of(secret),
        "hint": hint_of(secret), "role": role.value, "is_admin": is_admin, "created_at": int(now),
    }  # fmt: skip
    return NewKey(Key.of(connection.execute(keys.insert().values(values).returning(*_COLUMNS)).one()), secret)


def find_principal(connection: Connection, secret_hash: str) -> Principal | None:
    """None for a key that is unknown, revoked, or whose member or project is gone."""
    row = connection.execute(_PRINCIPAL, {"secret_hash": secret_hash}).one_or_none()
    if row is None:
        return None
    role = min(Role(row.key_role), Role(row.member_role), key=lambda role: role.rank)
    return Principal(row.id, row.member_id, row.project_id, row.project_name, role, row.is_admin)


def note_use(connection: Connection, key_id: str, now: float) -> None:
    """Of many uses within a minute one is written."""
    late = or_(keys.c.last_used_at.is_(None), keys.c.last_used_at <= int(now) - _USE_IS_NOTED_EVERY_SECONDS)
    connection.execute(keys.update().where(keys.c.id == key_id, late).values(last_used_at=int(now)))


def get_key(connection: Connection, project_id: str, key_id: str) -> Key | None:
    row = connection.execute(
        select(*_COLUMNS).where(keys.c.project_id == project_id, keys.c.id == key_id)
    ).one_or_none()
    return Key.of(row) if row else None


def list_keys(connection: Connection, project_id: str, *, after: str | None = None, limit: int = 20) -> Page[Key]:
    """Oldest first, without the revoked ones; raises UnknownCursor."""
    query = select(*_COLUMNS).where(keys.c.project_id == project_id, keys.c.revoked_at.is_(None))
    page = fetch_page(connection, query, keys, after=after, limit=limit, newest_first=False)
    return Page([Key.of(row) for row in page.items], page.has_more)


def revoke_key(connection: Connection, project_id: str, key_id: str, now: float) -> bool:
    """False where the project has no such live key."""
    revoked = connection.execute(
        keys.update()
        .where(keys.c.project_id == project_id, keys.c.id == key_id, keys.c.revoked_at.is_(None))
        .values(revoked_at=int(now))
    )
    return revoked.rowcount == 1


def ensure_first_admin(connection: Connection, preset: str | None, now: float) -> str | None:
    """The first project, member and administrator's key where there is none yet; → the key if it was made here.

    A preset key is taken as it is, also by an installation that has others, unless it was revoked.
    Raises UserError for a preset that is too short to be a secret.
    """
    take_turns(connection, "first admin")
    has_admin = connection.execute(select(func.count()).select_from(keys).where(keys.c.is_admin)).scalar_one() > 0
    if has_admin and (preset is None or _is_known(connection, preset)):
        return None
    if preset is not None and len(preset) < SHORTEST_PRESET:
        raise UserError(
            f"The preset administrator's key has {len(preset)} characters.", f"use {SHORTEST_PRESET} or more, at random"
        )
    project = find_project(connection, FIRST_PROJECT) or create_project(connection, name=FIRST_PROJECT, now=now)
    member = find_or_create_member(connection, name="Administrator", email=FIRST_MEMBER, now=now)
    if get_membership(connection, project.id, member.id) is None:
        add_to_project(connection, project.id, member.id, Role.OWNER, now)
    made = create_key(
        connection, project_id=project.id, member_id=member.id, name="first administrator", role=Role.OWNER,
        is_admin=True, now=now, secret=preset,
    )  # fmt: skip
    detail = {"project": project.id, "role": Role.OWNER, "is_admin": True}
    audit.record(connection, None, "key.create", made.key.id, now, detail=detail)
    return made.secret if preset is None else None


def make_admin_key(connection: Connection, *, project_name: str, email: str, name: str, now: float) -> NewKey:
    """For an operator who lost the last one; raises UserError where project or member do not exist."""
    project = find_project(connection, project_name)
    if project is None or get_project(connection, project.id) is None or project.archived_at is not None:
        raise UserError(f"There is no project {project_name}.", "tunesmith projects list shows them")
    member = find_or_create_member(connection, name=None, email=email, now=now)
    if get_membership(connection, project.id, member.id) is None:
        add_to_project(connection, project.id, member.id, Role.OWNER, now)
    return create_key(
        connection, project_id=project.id, member_id=member.id, name=name, role=Role.OWNER, is_admin=True, now=now
    )


def _is_known(connection: Connection, secret: str) -> bool:
    return connection.execute(select(keys.c.id).where(keys.c.hash == hash_of(secret))).one_or_none() is not None


_COLUMNS = tuple(column for column in keys.c if column.name != "hash")

_PRINCIPAL = (
    select(
        keys.c.id, keys.c.member_id, keys.c.project_id, keys.c.is_admin, keys.c.role.label("key_role"),
        memberships.c.role.label("member_role"), projects.c.name.label("project_name"),
    )
    .join_from(keys, projects, projects.c.id == keys.c.project_id)
    .join(members, members.c.id == keys.c.member_id)
    .join(
        memberships,
        (memberships.c.project_id == keys.c.project_id) & (memberships.c.member_id == keys.c.member_id),
    )
    .where(
        keys.c.hash == bindparam("secret_hash"), keys.c.revoked_at.is_(None),
        members.c.removed_at.is_(None), projects.c.archived_at.is_(None),
    )
)  # fmt: skip
