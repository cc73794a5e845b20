"""Who listens to jobs, and the one task that looks for them: a few reads a second, however many listen.

Nobody listens: nothing is read. Each listener has a position of its own and a bounded queue; those at the same
position share what was read and written out. Whoever takes nothing for a while is let go, and may come back with
the id of the last event. A database that is away ends nothing: the next look goes on where the last one was.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import msgspec
from pydantic import BaseModel
from sqlalchemy import Connection

from tunesmith.api.job_figures_wire import StepMetricsWire
from tunesmith.api.job_wire import CheckpointWire, JobEventWire, JobWire
from tunesmith.store import job_changes, job_metrics
from tunesmith.store.db import Database, DatabaseUnavailable
from tunesmith.store.instance import organization_id
from tunesmith.store.job_changes import Mark, Position, Shown

LOOK_SECONDS: Final = 0.2
MOST_LISTENERS: Final = 1_000
# A look takes at most about a tenth of a core, but comes at least so often.
_SHARE, _LONGEST_PAUSE_SECONDS = 9.0, 0.6
_AWAY_SECONDS = 0.5
# Also where a row stands still, it is looked behind now and then.
_LOOK_BEHIND_SECONDS = 2.0
_MOST_BYTES_WAITING = 1 << 20
_PATIENCE_SECONDS = 20.0
# What one look hands to a listener at most; more follows with the next.
_MOST_EVENTS, _MOST_STEPS, _MOST_CHECKPOINTS, _MOST_JOBS = 200, 500, 50, 100
# Steps of before, so that none is lost between the answer with the curve and the first one heard.
_STEPS_OF_BEFORE = 50

log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Listener:
    """One connection. ``job_id`` is None for all jobs of the project; ``last_event_id`` is what it heard last."""

    project_id: str
    job_id: str | None = None
    last_event_id: str | None = None
    is_over: bool = False
    """Nothing follows what is waiting."""
    is_closed: asyncio.Event = field(default_factory=asyncio.Event)
    """Nor is there time to take that."""
    has_news: asyncio.Event = field(default_factory=asyncio.Event)
    _waiting: deque[bytes] = field(default_factory=deque)
    _num_bytes: int = 0
    _full_since: float | None = None
    # The feed's own: where this listener is, what it saw of the job's row, whether there is more to read.
    at: Position | None = None
    mark: Mark | None = None
    is_behind: bool = True
    looked_at: float = 0.0
    has_joined: bool = False

    async def next_frames(self, seconds: float) -> bytes:
        """What has gathered; nothing where nothing came in that time."""
        try:
            async with asyncio.timeout(seconds):
                await self.has_news.wait()
        except TimeoutError:
            return b""
        self.has_news.clear()
        frames = b"".join(self._waiting)
        self._waiting.clear()
        self._num_bytes, self._full_since = 0, None
        return frames

    def hand(self, frames: bytes) -> None:
        if frames:
            self._waiting.append(frames)
            self._num_bytes += len(frames)
            self.has_news.set()

    def end(self) -> None:
        self.is_over = True
        self.has_news.set()

    def close(self) -> None:
        self.end()
        self.is_closed.set()

    def has_room(self) -> bool:
        """Lets go of a listener that has had none for too long; at once where what it misses would not come again."""
        if self._num_bytes < _MOST_BYTES_WAITING:
            return True
        instant = time.monotonic()
        self._full_since = self._full_since or instant
        if self.job_id is None or instant - self._full_since > _PATIENCE_SECONDS:
            self.close()
        return False


@dataclass(frozen=True, slots=True)
class _Heard:
    """What a look found for a listener; it counts once the whole look has gone well."""

    listener: Listener
    frames: bytes
    at: Position | None = None
    mark: Mark | None = None
    is_behind: bool = False
    is_end: bool = False


@dataclass(slots=True)
class _Project:
    """What was told of a project's jobs."""

    told: dict[str, Shown]
    newest_seq: int


@dataclass(frozen=True, slots=True)
class _Page:
    """What lies behind a position."""

    frames: bytes
    at: Position
    is_behind: bool


class LiveFeed:
    """One for each process; lives in its event loop."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._listeners: set[Listener] = set()
        self._projects: dict[str, _Project] = {}
        self._task: asyncio.Task[None] | None = None
        self._is_asked = asyncio.Event()
        self._is_away = False

    @property
    def is_full(self) -> bool:
        return len(self._listeners) >= MOST_LISTENERS

    @contextmanager
    def hearing(self, listener: Listener) -> Iterator[None]:
        """Within the block, the listener hears."""
        self._listeners.add(listener)
        self._is_asked.set()
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._watch())
        try:
            yield
        finally:
            self._listeners.discard(listener)

    async def _watch(self) -> None:
        """As long as anybody listens."""
        while self._listeners:
            self._is_asked.clear()
            pause = await self._look()
            try:
                async with asyncio.timeout(pause):
                    await self._is_asked.wait()
            except TimeoutError:
                pass

    async def _look(self) -> float:
        """→ how long to wait before the next look."""
        listeners = [each for each in self._listeners if not each.is_over and each.has_room()]
        if not listeners:
            return LOOK_SECONDS
        started = time.monotonic()
        try:
            look = await asyncio.get_running_loop().run_in_executor(
                None, _look, self._database, listeners, self._projects
            )
        except DatabaseUnavailable as error:
            if not self._is_away:
                log.warning("Live streams wait: %s", error.message)
            self._is_away = True
            return _AWAY_SECONDS
        except Exception:
            log.exception("A look for live streams failed")
            return _AWAY_SECONDS
        self._is_away, self._projects = False, look.projects
        for heard in look.heard:
            _apply(heard, started)
        if any(heard.is_behind for heard in look.heard):
            return 0.0
        return min(_LONGEST_PAUSE_SECONDS, max(LOOK_SECONDS, _SHARE * (time.monotonic() - started)))


def _apply(heard: _Heard, instant: float) -> None:
    listener = heard.listener
    if heard.at is not None:
        listener.at, listener.mark, listener.is_behind = heard.at, heard.mark, heard.is_behind
    listener.looked_at, listener.has_joined = instant, True
    listener.hand(heard.frames)
    if heard.is_end:
        listener.end()


# --- in a thread ------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Look:
    """One look, in one transaction. Rows first: what an ended job said was written before or with its end."""

    connection: Connection
    organization: str
    heard: list[_Heard] = field(default_factory=list)
    projects: dict[str, _Project] = field(default_factory=dict)
    _pages: dict[tuple[str, Position], _Page] = field(default_factory=dict)
    _jobs: dict[str, bytes] = field(default_factory=dict)

    def at_jobs(self, listeners: Sequence[Listener]) -> None:
        marks = job_changes.marks(self.connection, sorted({each.job_id for each in listeners if each.job_id}))
        for listener in listeners:
            job_id = listener.job_id or ""
            if job_id not in marks:
                self.heard.append(_Heard(listener, b"", is_end=True))
            elif _is_due(listener, marks[job_id]):
                self.heard.append(self._job(listener, job_id, marks[job_id]))

    def _job(self, listener: Listener, job_id: str, mark: Mark) -> _Heard:
        at, frames = listener.at, b""
        if at is None:
            at, frames = self._first_position(listener, job_id), self._job_frame(job_id)
        page = self._page(job_id, at)
        frames += page.frames
        if listener.mark is not None and listener.mark.shown != mark.shown:
            frames += self._job_frame(job_id)
        is_end = mark.shown.is_final and not page.is_behind
        if is_end:
            frames += b"event: end\ndata: {}\n\n"
        return _Heard(listener, frames, page.at, mark, page.is_behind, is_end)

    def _first_position(self, listener: Listener, job_id: str) -> Position:
        """Behind what it has heard; where that is unknown, at the end."""
        if listener.last_event_id is not None:
            known = job_changes.position_of(self.connection, job_id, listener.last_event_id)
            if known is not None:
                return known
        newest = job_changes.newest_position(self.connection, job_id)
        return newest._replace(step=max(-1, newest.step - _STEPS_OF_BEFORE))

    def _page(self, job_id: str, at: Position) -> _Page:
        key = (job_id, at)
        if key not in self._pages:
            self._pages[key] = self._read(job_id, at)
        return self._pages[key]

    def _read(self, job_id: str, at: Position) -> _Page:
        """Steps before their events: whoever has heard an event has heard the steps before it."""
        steps = job_metrics.after(self.connection, job_id, at.step, _MOST_STEPS)
        events = job_changes.events_after(self.connection, job_id, at.event_seq, _MOST_EVENTS)
        made = job_changes.checkpoints_after(self.connection, job_id, at.checkpoint_seq, _MOST_CHECKPOINTS)
        frames = []
        if steps:
            rows = [StepMetricsWire(**row._mapping).model_dump() for row in steps]
            frames.append(b"event: metrics\ndata: " + msgspec.json.encode(rows) + b"\n\n")
        frames += [_frame("job_event", JobEventWire.of(event), event.id) for event in events]
        frames += [_frame("checkpoint", CheckpointWire.of(checkpoint)) for checkpoint in made]
        following = Position(
            events[-1].seq if events else at.event_seq,
            steps[-1].step if steps else at.step,
            made[-1].seq if made else at.checkpoint_seq,
        )
        is_behind = len(steps) == _MOST_STEPS or len(events) == _MOST_EVENTS or len(made) == _MOST_CHECKPOINTS
        return _Page(b"".join(frames), following, is_behind)

    def at_project(self, project_id: str, listeners: Sequence[Listener], known: _Project | None) -> None:
        if known is None:
            known = _Project({}, job_changes.newest_seq(self.connection, project_id))
            told = known.told
            current = dict(job_changes.open_marks(self.connection, project_id, known.newest_seq))
            told.update({id: mark.shown for id, mark in current.items()})
            changed: Sequence[str] = ()
        else:
            alive = job_changes.open_marks(self.connection, project_id, known.newest_seq)
            ended = [id for id in known.told if id not in alive][:_MOST_JOBS]
            current = {**job_changes.marks(self.connection, ended), **alive}  # ends first, then the oldest
            changed = [id for id, mark in current.items() if known.told.get(id) != mark.shown][:_MOST_JOBS]
            told = {
                id: shown for id, shown in known.told.items() if id not in current or not current[id].shown.is_final
            }
            told |= {id: current[id].shown for id in changed if not current[id].shown.is_final}
        if any(not each.has_joined for each in listeners):
            newcomers = self._job_frames(_most_alive(current))
        else:
            newcomers = b""
        news = self._job_frames(changed)
        for listener in listeners:
            self.heard.append(_Heard(listener, news if listener.has_joined else newcomers))
        newest = max((known.newest_seq, *(current[id].seq for id in changed)))
        self.projects[project_id] = _Project(told, newest)

    def _job_frames(self, job_ids: Sequence[str]) -> bytes:
        missing = [id for id in job_ids if id not in self._jobs]
        if missing:
            for job in job_changes.get_all(self.connection, missing):
                self._jobs[job.id] = _frame("job", JobWire.of(job, self.organization))
        return b"".join(self._jobs.get(id, b"") for id in job_ids)

    def _job_frame(self, job_id: str) -> bytes:
        return self._job_frames([job_id])


def _look(database: Database, listeners: Sequence[Listener], projects: Mapping[str, _Project]) -> _Look:
    with database.read() as connection:
        look = _Look(connection, organization_id(connection))
        look.at_jobs([each for each in listeners if each.job_id is not None])
        by_project: dict[str, list[Listener]] = {}
        for listener in listeners:
            if listener.job_id is None:
                by_project.setdefault(listener.project_id, []).append(listener)
        for project_id, those in by_project.items():
            look.at_project(project_id, those, projects.get(project_id))
    return look


def _is_due(listener: Listener, mark: Mark) -> bool:
    is_old = time.monotonic() - listener.looked_at > _LOOK_BEHIND_SECONDS
    return listener.is_behind or listener.mark != mark or is_old


def _most_alive(marks: Mapping[str, Mark]) -> Sequence[str]:
    """Those at work first, then the newest."""
    alive = [id for id in marks if not marks[id].shown.is_final]
    return sorted(alive, key=lambda id: (marks[id].shown.state == "queued", -marks[id].seq))[:_MOST_JOBS]


def _frame(event: str, wire: BaseModel, id: str | None = None) -> bytes:
    """JSON stands in one line, whatever a text holds."""
    named = b"" if id is None else b"id: " + id.encode() + b"\n"
    return b"event: " + event.encode() + b"\n" + named + b"data: " + wire.model_dump_json().encode() + b"\n\n"
