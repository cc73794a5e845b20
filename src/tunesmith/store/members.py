"""Members: people with a name and an e-mail, and the role that each has in a project.

Whoever is in no project may do nothing. Who leaves a project loses the keys that act there.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from tunesmith.core.errors import UserError
from tunesmith.core.ids import new_id
from tunesmith.store.db import take_turns
from tunesmith.store.paging import Page, fetch_page
from tunesmith.store.principals import Role
from tunesmith.store.tables import keys, members, memberships

_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Member:
    seq: int
    id: str
    name: str
    email: str
    created_at: int
    removed_at: int | None

    @classmethod
    def of(cls, row: Row[Any]) -> Member:
        return cls(**{field.name: getattr(row, field.name) for field in fields(cls)})


@dataclass(frozen=True, slots=True)
class Membership:
    """A member within a project."""

    project_id: str
    member_id: str
    name: str
    email: str
    role: Role
    added_at: int


def create_member(connection: Connection, *, name: str, email: str, now: float) -> Member:
    """Raises UserError where the e-mail is not one or belongs to somebody."""
    email = _checked(email)
    take_turns(connection, f"member {email}")
    if find_member(connection, email) is not None:
        raise UserError(f"A member with the e-mail {email} exists already.", "add that member to the project instead")
    values = {"id": new_id("user-"), "name": name, "email": email, "created_at": int(now)}
    return Member.of(connection.execute(members.insert().values(values).returning(*members.c)).one())


def find_or_create_member(connection: Connection, *, name: str | None, email: str, now: float) -> Member:
    """The member with this e-mail; one who was removed comes back, without roles."""
    take_turns(connection, f"member {_checked(email)}")
    found = find_member(connection, email)
    if found is None:
        return create_member(connection, name=name or email.partition("@")[0][:_LONGEST_NAME], email=email, now=now)
    if found.removed_at is not None:
        connection.execute(members.update().where(members.c.id == found.id).values(removed_at=None))
    return get_member(connection, found.id) or found


def get_member(connection: Connection, member_id: str) -> Member | None:
    row = connection.execute(select(*members.c).where(members.c.id == member_id)).one_or_none()
    return Member.of(row) if row else None


def find_member(connection: Connection, email: str) -> Member | None:
    """By e-mail, in any case of letters; a removed one too."""
    row = connection.execute(select(*members.c).where(members.c.email == email.strip().lower())).one_or_none()
    return Member.of(row) if row else None


def list_members(connection: Connection, *, after: str | None = None, limit: int = 20) -> Page[Member]:
    """Those who were not removed, oldest first; raises UnknownCursor."""
    query = select(*members.c).where(members.c.removed_at.is_(None))
    page = fetch_page(connection, query, members, after=after, limit=limit, newest_first=False)
    return Page([Member.of(row) for row in page.items], page.has_more)


def remove_member(connection: Connection, member_id: str, now: float) -> bool:
    """Out of every project, every key revoked; false where there is no such member."""
    found = get_member(connection, member_id)
    if found is None or found.removed_at is not None:
        return False
    connection.execute(memberships.delete().where(memberships.c.member_id == member_id))
    _revoke_keys(connection, keys.c.member_id == member_id, now=now)
    connection.execute(members.update().where(members.c.id == member_id).values(removed_at=int(now)))
    return True


def add_to_project(connection: Connection, project_id: str, member_id: str, role: Role, now: float) -> Membership:
    """Raises UserError where the member is in the project already."""
    take_turns(connection, f"membership {project_id} {member_id}")
    if get_membership(connection, project_id, member_id) is not None:
        raise UserError(f"{member_id} is in the project already.", "change the role instead")
    values = {"project_id": project_id, "member_id": member_id, "role": role.value, "created_at": int(now)}
    connection.execute(memberships.insert().values(values))
    return _membership(connection, project_id, member_id)


def set_role(connection: Connection, project_id: str, member_id: str, role: Role) -> Membership | None:
    """Keys that allow more than the new role are bounded by it from now on."""
    connection.execute(
        memberships.update()
        .where(memberships.c.project_id == project_id, memberships.c.member_id == member_id)
        .values(role=role.value)
    )
    return get_membership(connection, project_id, member_id)


def remove_from_project(connection: Connection, project_id: str, member_id: str, now: float) -> bool:
    """The keys that acted there for the member are revoked; false where there was no such member."""
    gone = connection.execute(
        memberships.delete().where(memberships.c.project_id == project_id, memberships.c.member_id == member_id)
    )
    if gone.rowcount == 0:
        return False
    _revoke_keys(connection, keys.c.project_id == project_id, keys.c.member_id == member_id, now=now)
    return True


def get_membership(connection: Connection, project_id: str, member_id: str) -> Membership | None:
    row = connection.execute(_in_project(project_id).where(members.c.id == member_id)).one_or_none()
    return _membership_of(row) if row else None


def list_project_members(
    connection: Connection, project_id: str, *, after: str | None = None, limit: int = 20
) -> Page[Membership]:
    """Oldest members first; raises UnknownCursor."""
    page = fetch_page(connection, _in_project(project_id), members, after=after, limit=limit, newest_first=False)
    return Page([_membership_of(row) for row in page.items], page.has_more)


def _in_project(project_id: str) -> Select[Any]:
    return (
        select(
            members.c.seq, members.c.id, members.c.name, members.c.email,
            memberships.c.project_id, memberships.c.role, memberships.c.created_at,
        )
        .join_from(members, memberships, memberships.c.member_id == members.c.id)
        .where(memberships.c.project_id == project_id, members.c.removed_at.is_(None))
    )  # fmt: skip


def _membership(connection: Connection, project_id: str, member_id: str) -> Membership:
    return _membership_of(connection.execute(_in_project(project_id).where(members.c.id == member_id)).one())


def _membership_of(row: Row[Any]) -> Membership:
    return Membership(row.project_id, row.id, row.name, row.email, Role(row.role), row.created_at)


def _revoke_keys(connection: Connection, *conditions: Any, now: float) -> None:
    connection.execute(keys.update().where(*conditions, keys.c.revoked_at.is_(None)).values(revoked_at=int(now)))


def _checked(email: str) -> str:
    """In lower case; raises UserError where it cannot be an address (RFC 5321 bounds its length)."""
    email = email.strip().lower()
    name, at, host = email.rpartition("@")
    if (
        not (name and at and host)
        or len(email) > 254
        or any(letter.isspace() or not letter.isprintable() for letter in email)
    ):
        raise UserError(f"{email!r} is no e-mail address.", "write it as name@host")
    return email
