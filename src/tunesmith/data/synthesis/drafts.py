"""Questions that a model made up, and a person answers: the semi-synthetic way.

A drafts file has a JSON object a line: ``id``, ``question``, ``answer`` (null, or what the model proposes), ``status`` and
``metadata``. It may be edited by hand. A decision made in a terminal or the Studio is a line in a file beside it,
``drafts.jsonl.decisions.jsonl``, the last one about a draft counts; the drafts file itself is never changed.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Literal, get_args

import msgspec

from tunesmith.core import durable
from tunesmith.core.errors import Problem, Problems, UserError
from tunesmith.data.importers.rows import MADE_FROM
from tunesmith.data.synthesis.plan import RowShape
from tunesmith.data.synthesis.rows import made_row

Status = Literal["pending", "approved", "rewritten", "rejected"]
DECISIONS_SUFFIX: Final = ".decisions.jsonl"
_DECIDED: Final = ("approved", "rewritten", "rejected")


class Draft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``approved``: the answer as it was proposed; ``rewritten``: an answer that a person wrote."""

    id: str
    question: str
    answer: str | None = None
    status: Status = "pending"
    metadata: dict[str, str] = {}


class Decision(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a person says of a draft. ``answer`` and ``question`` take the place of those in the draft."""

    id: str
    status: Status
    answer: str | None = None
    question: str | None = None


_DRAFT: Final = msgspec.json.Decoder(Draft)
_DECISION: Final = msgspec.json.Decoder(Decision)


def decisions_path(drafts: Path) -> Path:
    return drafts.with_name(drafts.name + DECISIONS_SUFFIX)


def read_drafts(path: Path) -> tuple[Draft, ...]:
    """With every decision made so far. Raises Problems naming each line that is no draft, or decides nothing."""
    drafts: dict[str, Draft] = {}
    problems: list[Problem] = []
    for number, line in _lines(path):
        try:
            draft = _DRAFT.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            problems.append(_problem("invalid_draft", f"this is no draft: {error}", path, number))
            continue
        if draft.id in drafts:
            problems.append(_problem("draft_twice", f"the id {draft.id} stands twice", path, number))
        if draft.status in ("approved", "rewritten") and not (draft.answer or "").strip():
            problems.append(_problem("no_answer", f"the draft is {draft.status}, and has no answer", path, number))
        drafts[draft.id] = draft
    for number, decision in _decisions(path, problems):
        if decision.id in drafts:
            drafts[decision.id] = _decided(drafts[decision.id], decision)
        else:
            message = f"there is no draft {decision.id}"
            problems.append(_problem("unknown_draft", message, decisions_path(path), number))
    if problems:
        raise Problems(f"{path} cannot be used:", problems)
    return tuple(drafts.values())


def decide(path: Path, drafts: Sequence[Draft], decision: Decision) -> Draft:
    """Write the decision down, on the disk when this returns; → the draft as it is now. Raises UserError."""
    found = next((draft for draft in drafts if draft.id == decision.id), None)
    if found is None:
        raise UserError(f"There is no draft {decision.id} in {path}.", "read the drafts again")
    draft = _decided(found, decision)
    if draft.status in ("approved", "rewritten") and not (draft.answer or "").strip():
        raise UserError(f"Draft {draft.id} has no answer.", "write one")
    decisions = decisions_path(path)
    with durable.disk_errors(decisions), decisions.open("ab") as file:
        _drop_torn_line(decisions, file.fileno())
        file.write(msgspec.json.encode(decision) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return draft


def draft_rows(drafts: Sequence[Draft], shape: RowShape, system: str = "") -> Iterator[dict[str, Any]]:
    """Rows of those that a person approved or answered."""
    for draft in drafts:
        if draft.status in ("approved", "rewritten") and draft.answer:
            made_from = {**draft.metadata, "provenance": "semi-synthetic", "decision": draft.status}
            yield made_row(draft.question, draft.answer, made_from, shape, system)


def count_drafts(drafts: Sequence[Draft]) -> dict[Status, int]:
    counts = Counter(draft.status for draft in drafts)
    return {status: counts[status] for status in get_args(Status)}


def draft_of(number: int, question: str, proposal: str | None, made_from: dict[str, str]) -> dict[str, Any]:
    draft = Draft(f"draft-{number}", question, proposal, "pending", made_from)
    return {
        "id": draft.id,
        "question": draft.question,
        "answer": draft.answer,
        "status": draft.status,
        MADE_FROM: made_from,
    }


def _drop_torn_line(path: Path, descriptor: int) -> None:
    content = path.read_bytes()
    if content and not content.endswith(b"\n"):
        os.ftruncate(descriptor, content.rfind(b"\n") + 1)


def _decided(draft: Draft, decision: Decision) -> Draft:
    answer = decision.answer if decision.answer is not None else draft.answer
    question = decision.question if decision.question is not None else draft.question
    return Draft(draft.id, question, answer, decision.status, draft.metadata)


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}.", "name a drafts file") from None


def _decisions(path: Path, problems: list[Problem]) -> Iterator[tuple[int, Decision]]:
    """A last line that broke off was never acknowledged, and is passed over."""
    decisions = decisions_path(path)
    if not decisions.exists():
        return
    for number, line in _lines(decisions):
        try:
            yield number, _DECISION.decode(line)
        except msgspec.DecodeError as error:
            if line.endswith(b"\n"):
                problems.append(_problem("invalid_decision", f"this is no decision: {error}", decisions, number))


def _problem(rule: str, message: str, path: Path, line: int) -> Problem:
    hint = "write id, question, answer, status (pending, approved, rewritten, rejected), metadata"
    return Problem(rule, message, hint, "error", str(path), line)
