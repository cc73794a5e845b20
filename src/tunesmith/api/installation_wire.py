"""What the API says of itself: who calls, the machine, the base models' cards. All of it is an extension."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from tunesmith.api.auth import NoId
from tunesmith.api.wire import Wire

_SAID = NoId("said, not asked")


class MeWire(Wire):
    """Whose key it is, and what it may do."""

    object: Literal["me"] = "me"
    key_id: Annotated[str, _SAID]
    member_id: Annotated[str, _SAID]
    member_name: str
    email: str
    project_id: Annotated[str, _SAID]
    project_name: str
    role: Literal["viewer", "member", "owner"]
    is_admin: bool
    may: Sequence[str]
    """The actions of docs/roles.md that this key may do, such as ``job.create``."""


class WorkerWire(Wire):
    name: str
    host: str
    seen_at: int
    is_alive: bool
    device: str
    """In words, such as ``CPU, 2 cores`` or ``NVIDIA H200``."""
    memory_bytes: int | None
    num_slots: int


class ServingWire(Wire):
    state: Literal["ready", "draining", "away"]
    num_streams: int
    num_waiting: int
    used_bytes: int
    most_bytes: int
    models: Sequence[str]
    """Those in memory now."""


class InstallationWire(Wire):
    """The machine room in figures."""

    object: Literal["installation"] = "installation"
    version: str
    is_offline: bool
    database: Literal["sqlite", "postgresql"]
    blobs: Literal["folder", "s3"]
    disk_total_bytes: int
    disk_free_bytes: int
    stored_bytes: int
    """What the project's files, models and checkpoints take."""
    workers: Sequence[WorkerWire]
    serving: ServingWire
    sends_email: bool
    max_file_bytes: int
    part_bytes: int
    """The largest part of an upload in parts."""
    synthesis_model: str | None
    """Of the endpoint that writes examples, where the operator has set one."""
    default_model: str


class BaseModelWire(Wire):
    """A base model's card."""

    object: Literal["base_model"] = "base_model"
    id: Annotated[str, _SAID]
    family: str
    """Such as llama or qwen2."""
    kind: Literal["instruct", "completion"]
    context_length: int
    num_parameters: int
    num_bytes: int
    vocab_size: int
    licence: str | None
    """As the model's own files say; None where they do not."""
    languages: Sequence[str]
    writes_tool_calls: bool
    is_default: bool
    aliases: Sequence[str]
    """Names of other vendors' models that mean this one here."""
    remarks: Sequence[str]
    is_available: bool
    why_not: str | None
    """What keeps it from being used, where ``is_available`` is false."""


class BaseModelList(Wire):
    object: Literal["list"] = "list"
    data: Sequence[BaseModelWire]
