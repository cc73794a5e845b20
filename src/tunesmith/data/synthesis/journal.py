"""What was asked and answered, line by line, so that a process that dies has paid for nothing twice.

A folder beside the output: ``plan.json`` says what the requests depend on, ``answers.jsonl`` holds a line for each request
that is sent and one for each answer, on the disk before anything is done with it. Lines are only ever added.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import msgspec

from tunesmith.core import durable
from tunesmith.core.errors import MachineError, UserError
from tunesmith.data.synthesis.asking import ChatAnswer

FORMAT: Final = 1
SUFFIX: Final = ".synthesis"
_LOOK_AGAIN_SECONDS: Final = 0.1


class Entry(msgspec.Struct, frozen=True, tag_field="event", tag="asked"):
    """A request that was sent: its number, the how manieth time, and the most that it can cost."""

    request: int
    attempt: int
    most_prompt_tokens: int = 0
    most_completion_tokens: int = 0


class Answered(msgspec.Struct, frozen=True, tag_field="event", tag="answered"):
    request: int
    attempt: int
    text: str
    prompt_tokens: int
    completion_tokens: int
    is_counted: bool
    finish: str
    at: float
    """Seconds since 1970."""

    @property
    def answer(self) -> ChatAnswer:
        return ChatAnswer(self.text, self.prompt_tokens, self.completion_tokens, self.is_counted, self.finish)


class Declined(msgspec.Struct, frozen=True, tag_field="event", tag="declined"):
    """The endpoint refused this request alone."""

    request: int
    attempt: int
    reason: str


class Dropped(msgspec.Struct, frozen=True, tag_field="event", tag="dropped"):
    """No answer came, and the endpoint said so itself or was not reached: nothing was paid."""

    request: int
    attempt: int


_Line = Entry | Answered | Declined | Dropped
_DECODER: Final = msgspec.json.Decoder(_Line)
_ENCODER: Final = msgspec.json.Encoder()


def journal_folder(out: Path) -> Path:
    return out.with_name(out.name + SUFFIX)


def journal_name(identity: dict[str, Any]) -> str:
    """The same for the same requests, and for no others: answers to them are looked for under it."""
    said = msgspec.json.encode({"format": FORMAT, **identity}, order="deterministic")
    return hashlib.sha256(said).hexdigest()[:32]


class Journal:
    """A context manager; one process at a time, any of its threads. ``said`` holds what was answered or declined, by request and attempt;
    ``unknown`` the requests that an earlier process sent and did not live to hear the answer of. Another process that
    holds it is waited for, ``patience_seconds`` long."""

    def __init__(self, folder: Path, identity: dict[str, Any], *, patience_seconds: float = 0.0) -> None:
        self.folder = folder
        self._patience_seconds = patience_seconds
        self._identity = identity
        self._path = folder / "answers.jsonl"
        self.said: dict[tuple[int, int], Answered | Declined] = {}
        self.unknown: dict[tuple[int, int], Entry] = {}
        self.num_unheard = 0
        self.unheard_prompt_tokens = self.unheard_completion_tokens = 0

    def __enter__(self) -> Journal:
        with durable.disk_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            self._lock()
            self._agree()
            self._read()
            durable.fsync_folder(self.folder)
            durable.fsync_folder(self.folder.parent)
        except BaseException:
            os.close(self._file)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._file)

    def asked(self, request: int, attempt: int, most_prompt_tokens: int, most_completion_tokens: int) -> None:
        """Before it is sent; the operating system keeps the line even if this process dies."""
        self._write(Entry(request, attempt, most_prompt_tokens, most_completion_tokens))

    def answered(self, request: int, attempt: int, answer: ChatAnswer, at: float) -> None:
        line = Answered(
            request, attempt, answer.text, answer.prompt_tokens, answer.completion_tokens, answer.is_counted, answer.finish, at
        )  # fmt: skip
        self._write(line)
        os.fsync(self._file)
        self.said[request, attempt] = line

    def declined(self, request: int, attempt: int, reason: str) -> None:
        line = Declined(request, attempt, reason)
        self._write(line)
        os.fsync(self._file)
        self.said[request, attempt] = line

    def dropped(self, request: int, attempt: int) -> None:
        self._write(Dropped(request, attempt))

    def _lock(self) -> None:
        gives_up_at = time.monotonic() + self._patience_seconds
        while True:
            try:
                return fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= gives_up_at:
                    message = f"Another process is synthesizing into {self.folder}."
                    raise UserError(message, "wait for it, or choose another output") from None
                time.sleep(_LOOK_AGAIN_SECONDS)

    def _agree(self) -> None:
        """Answers belong to the requests that they answer: raises UserError where these would be others."""
        path = self.folder / "plan.json"
        if not path.exists() or os.fstat(self._file).st_size == 0:
            durable.write_json(path, {"format": FORMAT, **self._identity})
            return
        try:
            before = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
        except (OSError, msgspec.DecodeError) as error:
            raise MachineError(f"{path} cannot be read: {error}.", "remove its folder to start anew") from None
        now = {"format": FORMAT, **self._identity}
        differing = sorted(key for key in {**before, **now} if before.get(key) != now.get(key))
        if differing:
            raise UserError(
                f"{self.folder} holds answers to other requests: {', '.join(differing)} differ.",
                "use the same settings to go on, choose another output, or add --restart to throw those answers away",
            )

    def _read(self) -> None:
        content = self._path.read_bytes()
        if torn := len(content) - (content.rfind(b"\n") + 1):  # a line that a dying process began
            os.ftruncate(self._file, len(content) - torn)
        for number, line in enumerate(content[: len(content) - torn].splitlines(), 1):
            try:
                self._learn(_DECODER.decode(line))
            except msgspec.DecodeError as error:
                message = f"{self._path}:{number} cannot be read: {error}."
                raise MachineError(message, "the file was changed; restore it, or start anew with --restart") from None
        for entry in self.unknown.values():
            self._count_unheard(entry)

    def _learn(self, line: _Line) -> None:
        key = line.request, line.attempt
        if isinstance(line, Entry):
            if (before := self.unknown.get(key)) is not None:  # sent by two processes that both died
                self._count_unheard(before)
            self.unknown[key] = line
            return
        self.unknown.pop(key, None)
        if not isinstance(line, Dropped):
            self.said[key] = line

    def _count_unheard(self, entry: Entry) -> None:
        self.num_unheard += 1
        self.unheard_prompt_tokens += entry.most_prompt_tokens
        self.unheard_completion_tokens += entry.most_completion_tokens

    def _write(self, line: _Line) -> None:
        with durable.disk_errors(self._path):
            content = _ENCODER.encode(line) + b"\n"
            if os.write(self._file, content) != len(content):
                raise MachineError(
                    f"The disk is full: {self._path} could not be written.", "free some space, then go on"
                )
