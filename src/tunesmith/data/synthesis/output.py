"""A synthesis → its files: the rows (or drafts) with their version, what was refused, and the report.

``OUT`` is a training file, or a drafts file; ``OUT.synthesis/refused.jsonl`` has all that was refused, with reasons, and
``OUT.synthesis/report.json`` the figures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from tunesmith.core import durable
from tunesmith.core.errors import Problems, UserError
from tunesmith.data.importers.rows import Provenance
from tunesmith.data.row_writer import RowWriter
from tunesmith.data.synthesis.drafts import Draft, count_drafts, draft_of, draft_rows
from tunesmith.data.synthesis.judging import Standards
from tunesmith.data.synthesis.plan import Plan, RowShape
from tunesmith.data.synthesis.rows import made_from, made_row
from tunesmith.data.synthesis.synthesize import ENDED, Synthesis
from tunesmith.data.validate import validate_file
from tunesmith.data.versions import Operation, Parent, Version, read_version, write_version

FORMAT: Final = 1


def check_out(out: Path, inputs: Iterable[Path], *, overwrite: bool) -> None:
    """Raises UserError where ``out`` must not be written."""
    if out.is_dir():
        raise UserError(f"{out} is a folder.", "name a file")
    if any(path.exists() and out.exists() and path.samefile(out) for path in inputs):
        raise UserError(f"{out} is an input, which is never changed.", "choose another name for the output")
    if inside := next(
        (path for path in inputs if path.is_dir() and out.resolve().is_relative_to(path.resolve())), None
    ):
        raise UserError(f"{out} would lie in {inside}, among what is read.", "write it elsewhere")
    if out.exists() and not overwrite:
        raise UserError(f"{out} is there already.", "choose another name, or add --overwrite")


def write_synthesis(
    out: Path, folder: Path, synthesis: Synthesis, plan: Plan, standards: Standards, inputs: Sequence[Path],
    shape: RowShape, system: str,
) -> dict[str, Any]:  # fmt: skip
    """→ the report. Where nothing was kept, ``out`` is not written."""
    report = {"format": FORMAT, "out": str(out), **summary(synthesis, plan)}
    with RowWriter(folder / "refused.jsonl") as refused:
        for one in synthesis.refused:
            refused.write(one.as_json())
    durable.write_json(folder / "report.json", report)
    if synthesis.kept:
        parameters = {**plan.identity(), "prompt_name": plan.prompt.name, "standards": asdict(standards)}
        operation = Operation("synthesize", parameters, _counts(synthesis))
        _write(out, _rows(synthesis, plan, shape, system), operation, inputs)
        if plan.order.mode != "semi-synthetic":
            _check(out)
    return report


def write_decided(
    out: Path, drafts_file: Path, drafts: Sequence[Draft], shape: RowShape, system: str
) -> dict[str, Any]:  # fmt: skip
    """Rows of the drafts that were approved or answered; → the report. Raises UserError where there are none."""
    counts = count_drafts(drafts)
    num_rows = counts["approved"] + counts["rewritten"]
    if not num_rows:
        raise UserError(
            f"No draft of {drafts_file} is approved or rewritten.", f"tunesmith data synthesize --review {drafts_file}"
        )
    operation = Operation("decide", {}, {"rows": num_rows, **{str(status): count for status, count in counts.items()}})
    _write(out, lambda write: _each(write, draft_rows(drafts, shape, system)), operation, [drafts_file])
    _check(out)
    return {"format": FORMAT, "out": str(out), "rows": num_rows, "drafts": counts}


def summary(synthesis: Synthesis, plan: Plan) -> dict[str, Any]:
    usage = synthesis.usage
    return {
        "mode": plan.order.mode,
        "model": plan.order.model,
        "ended": synthesis.ended,
        "ended_because": ENDED[synthesis.ended],
        "asked_for": plan.order.count,
        "written": synthesis.num_written,
        "kept": len(synthesis.kept),
        "refused": len(synthesis.refused),
        "refused_by_reason": synthesis.reasons(),
        "usage": {**asdict(usage), "tokens": usage.tokens},
        "diversity": asdict(synthesis.diversity),
    }


_Write = Callable[[dict[str, Any]], None]


def _each(write: _Write, rows: Iterable[dict[str, Any]]) -> None:
    for row in rows:
        write(row)


def _rows(synthesis: Synthesis, plan: Plan, shape: RowShape, system: str) -> Callable[[_Write], None]:
    is_draft = plan.order.mode == "semi-synthetic"
    provenance: Provenance = "semi-synthetic" if is_draft else "synthetic"

    def write_all(write: _Write) -> None:
        for number, kept in enumerate(synthesis.kept, 1):
            said = made_from(kept, plan, provenance)
            if is_draft:
                write(draft_of(number, kept.pair.question, kept.pair.answer, said))
            else:
                write(made_row(kept.pair.question, kept.pair.answer or "", said, shape, system))

    return write_all


def _write(out: Path, write_all: Callable[[_Write], None], operation: Operation, inputs: Sequence[Path]) -> None:
    versions = [version for path in inputs if path.is_file() and (version := read_version(path)) is not None]
    with RowWriter(out) as writer:
        write_all(writer.write)
    parents = tuple(Parent(path.name, durable.sha256_of(path)) for path in inputs if path.is_file())
    licences = {version.licence for version in versions}
    licence = licences.pop() if len(licences) == 1 and len(versions) == len(inputs) else None
    write_version(out, Version(writer.sha256, writer.num_rows, writer.num_bytes, parents, (operation,), licence))


def _check(out: Path) -> None:
    """What was made must be usable: a surrogate half, say, can come out of any model."""
    report = validate_file(out)
    if report.errors:
        raise Problems(f"{out} was written, and cannot be used:", report.errors, "please report this")


def _counts(synthesis: Synthesis) -> dict[str, int]:
    refused = {f"refused_{reason}": count for reason, count in synthesis.reasons().items()}
    return {
        "requests": synthesis.usage.num_requests,
        "written": synthesis.num_written,
        "rows": len(synthesis.kept),
        **refused,
    }
