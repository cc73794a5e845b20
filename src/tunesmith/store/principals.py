"""Who calls, for which project, and what a role may do there: the published table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    VIEWER = "viewer"
    MEMBER = "member"
    OWNER = "owner"

    @property
    def rank(self) -> int:
        return list(Role).index(self)


class Action(StrEnum):
    """What a route does. Every route names one; ``MINIMUM_ROLE`` says who may."""

    FILE_READ = "file.read"
    FILE_WRITE = "file.write"
    FILE_DELETE = "file.delete"
    JOB_READ = "job.read"
    JOB_CREATE = "job.create"
    JOB_CONTROL = "job.control"
    MODEL_READ = "model.read"
    MODEL_DELETE = "model.delete"
    CHECKPOINT_SHARE = "checkpoint.share"
    CHAT = "chat"
    STORED_CHAT_READ = "stored_chat.read"
    STORED_CHAT_WRITE = "stored_chat.write"
    WEBHOOK_READ = "webhook.read"
    WEBHOOK_WRITE = "webhook.write"
    AUDIT_READ = "audit.read"
    # These ask for a key of the installation's administrator, whatever its role.
    ADMINISTER = "administer"


MINIMUM_ROLE: dict[Action, Role] = {
    Action.FILE_READ: Role.VIEWER,
    Action.FILE_WRITE: Role.MEMBER,
    Action.FILE_DELETE: Role.MEMBER,
    Action.JOB_READ: Role.VIEWER,
    Action.JOB_CREATE: Role.MEMBER,
    Action.JOB_CONTROL: Role.MEMBER,
    Action.MODEL_READ: Role.VIEWER,
    Action.MODEL_DELETE: Role.OWNER,
    Action.CHECKPOINT_SHARE: Role.OWNER,
    Action.CHAT: Role.MEMBER,
    Action.STORED_CHAT_READ: Role.VIEWER,
    Action.STORED_CHAT_WRITE: Role.MEMBER,
    Action.WEBHOOK_READ: Role.VIEWER,
    Action.WEBHOOK_WRITE: Role.OWNER,
    Action.AUDIT_READ: Role.OWNER,
    Action.ADMINISTER: Role.OWNER,
}


@dataclass(frozen=True, slots=True)
class Principal:
    """A key, whose it is, and the project that it acts in."""

    key_id: str
    member_id: str
    project_id: str
    project_name: str
    role: Role
    is_admin: bool

    def may(self, action: Action) -> bool:
        if action is Action.ADMINISTER:
            return self.is_admin
        return self.role.rank >= MINIMUM_ROLE[action].rank
