"""Follows a job on a server until it ends: its events as sentences, its steps as the same bar that local training shows.

Asks once a second. A server that is away is asked again until it is back: the job does not need this process.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from tunesmith.cli.command_name import command_name
from tunesmith.cli.progress import TrainingProgress
from tunesmith.cli.remote import Answer, RemoteEvent, RemoteJob, RemoteServer, Unreachable, open_server, segment
from tunesmith.cli.server_options import DEFAULT_SERVER
from tunesmith.cli.server_pages import JOBS, print_job, print_json, styled, when
from tunesmith.core.errors import Interrupted, MachineError, UserError

ASK_SECONDS: Final = 1.0


def watch_job(url: str, job_id: str, *, as_json: bool) -> None:
    """Raises the job's end as an error unless it succeeded."""
    console = Console(stderr=as_json, highlight=False, emoji=False)
    with open_server(url) as server:
        finish(follow(server, job_id, console), console, as_json=as_json)


def follow(server: RemoteServer, job_id: str, console: Console) -> Answer:
    """→ the job, ended. Ctrl-C leaves it running and raises Interrupted with what to type next."""
    following = _Following(server, job_id, console)
    try:
        return following.run()
    except KeyboardInterrupt:
        raise Interrupted(
            f"{job_id} goes on without this terminal.",
            f"watch it again: {command(server, 'watch', job_id)}\n  cancel it: {command(server, 'cancel', job_id)}",
        ) from None
    finally:
        following.close()


def finish(answer: Answer, console: Console, *, as_json: bool) -> None:
    """Say how it ended; raises unless it succeeded: a UserError where what was sent is to blame."""
    job = answer.read(RemoteJob)
    if as_json:
        print_json(answer.raw)
    else:
        console.print()
        print_job(answer, console)
    if job.status == "failed":
        reason = job.error.message if job.error and job.error.message else "no reason was given"
        kind = UserError if job.error and job.error.param else MachineError
        raise kind(f"{job.id} failed: {reason}", "tunesmith jobs events says what happened before")
    if job.status != "succeeded":
        raise MachineError(f"{job.id} is {job.status}.")


def command(server: RemoteServer, word: str, job_id: str) -> str:
    where = "" if server.url == DEFAULT_SERVER else f" --server {server.url}"
    return f"{command_name()} jobs {word} {job_id}{where}"


@dataclass(slots=True)
class _Following:
    server: RemoteServer
    job_id: str
    console: Console
    _last_event: str | None = None
    _state: str = ""
    _waiting_for: str | None = None
    _progress: TrainingProgress | None = None
    _shown_step: int = -1
    _is_away: bool = False

    def run(self) -> Answer:
        path = f"{JOBS}/{segment(self.job_id)}"
        while True:
            try:
                answer = self.server.get(path)
                events = self._new_events(path)
            except Unreachable as error:
                if not self._state:
                    raise
                self._tell_away(error)
            else:
                self._tell_back()
                self._show(answer, events)
                if answer.read(RemoteJob).has_ended:
                    return answer
            time.sleep(ASK_SECONDS)

    def close(self) -> None:
        if self._progress is not None:
            self._progress.__exit__(None, None, None)
            self._progress = None

    def _new_events(self, path: str) -> list[RemoteEvent]:
        """Those since the last time, the oldest first."""
        found = []
        for raw in self.server.items(f"{path}/events"):
            if raw["id"] == self._last_event:
                break
            found.append(Answer(raw).read(RemoteEvent))
        if found:
            self._last_event = found[0].id
        return found[::-1]

    def _show(self, answer: Answer, events: list[RemoteEvent]) -> None:
        for event in events:
            if event.type == "metrics" and isinstance(event.data, dict) and self._step(event.data):
                continue
            self._say(Text.assemble((when(event.created_at).partition(" ")[2], "dim"), "  ", styled(event)))
        job = answer.read(RemoteJob)
        if job.status != self._state:
            self._say(Text(f"{job.id} is {job.status}", "bold"))
            self._state = job.status
        reason = job.waiting_reason if job.status in ("queued", "paused") else None
        if reason and reason != self._waiting_for:
            self._say(Text(f"it waits: {reason}", "yellow"))
        self._waiting_for = reason

    def _step(self, data: dict[str, Any]) -> bool:
        """Show one step; False where the event does not say enough."""
        step, total = data.get("step"), data.get("total_steps")
        if not isinstance(step, int) or not isinstance(total, int):
            return False
        if step < self._shown_step:  # an attempt that went on from an older checkpoint
            self.close()
        self._shown_step = step
        if self._progress is None:
            self._progress = TrainingProgress(total, max(0, step - 1), self.console)
            self._progress.__enter__()
        self._progress.step({name: value for name, value in data.items() if isinstance(value, int | float | None)})
        return True

    def _tell_away(self, error: Unreachable) -> None:
        if not self._is_away:
            self._say(Text(f"{error.message} The job does not need it to be asked; trying again.", "yellow"))
        self._is_away = True

    def _tell_back(self) -> None:
        if self._is_away:
            self._say(Text("The server answers again.", "green"))
        self._is_away = False

    def _say(self, text: Text) -> None:
        self.console.print(text, soft_wrap=True)
