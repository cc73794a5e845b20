"""Drafts decided in a terminal, one after the other; each decision is on the disk before the next question."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import typer

from tunesmith.core.errors import UserError
from tunesmith.data.preview import visible
from tunesmith.data.synthesis.drafts import Decision, Draft, count_drafts, decide, read_drafts


def review_drafts(path: Path, ask: Callable[[str], str] = input) -> None:
    """Every pending draft. Ctrl-D or q leaves; what was decided stays."""
    drafts = read_drafts(path)
    if ask is input and not sys.stdin.isatty():
        raise UserError(
            "A review needs a terminal.", f"or edit {path} by hand: answer, and status approved or rejected"
        )
    pending = [draft for draft in drafts if draft.status == "pending"]
    try:
        for number, draft in enumerate(pending, 1):
            typer.echo(f"\n──── {number} of {len(pending)}: {draft.id}\n{visible(draft.question)}\n")
            if draft.answer:
                typer.echo(f"── proposed answer\n{visible(draft.answer)}\n")
            if (decision := _asked(draft, ask)) is not None:
                decide(path, drafts, decision)
    except (EOFError, KeyboardInterrupt, _Left):
        typer.echo("")
    counts = ", ".join(f"{count:,} {status}" for status, count in count_drafts(read_drafts(path)).items())
    typer.echo(f"{counts}.\nNext: tunesmith data synthesize OUT.jsonl --drafts {path}")


class _Left(Exception):
    """The user wants no more."""


def _asked(draft: Draft, ask: Callable[[str], str]) -> Decision | None:
    """None: left pending."""
    choices = ("a approve, " if draft.answer else "") + "w write the answer, r reject, s skip, q quit"
    while True:
        match ask(f"{choices}: ").strip().lower():
            case "a" if draft.answer:
                return Decision(draft.id, "approved")
            case "w":
                if answer := _written(ask):
                    return Decision(draft.id, "rewritten", answer)
            case "r":
                return Decision(draft.id, "rejected")
            case "s":
                return None
            case "q":
                raise _Left


def _written(ask: Callable[[str], str]) -> str:
    """Lines up to one that holds a single full stop."""
    typer.echo("The answer; a line with a full stop alone ends it.")
    lines: list[str] = []
    while (line := ask("")) != ".":
        lines.append(line)
    return "\n".join(lines).strip()
