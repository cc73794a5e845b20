"""Examples that a model writes, as operations: what would be asked, the drafts that came of it, and the file with more rows.

Drafts are a list for people to decide about; nothing that a model wrote gets into a file without a person's yes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, cast

import msgspec

from tunesmith.core.errors import Problems, TunesmithError, UserError
from tunesmith.data.examples import ChatExample, Dataset
from tunesmith.data.importers.documents import Passage, passages
from tunesmith.data.importers.rows import Provenance
from tunesmith.data.operation_outputs import named
from tunesmith.data.operations import Done, Input, Output, Workbench, Writer
from tunesmith.data.row_file import RowFile
from tunesmith.data.row_writer import RowWriter
from tunesmith.data.synthesis.asking import Ask, ChatAnswer, ChatRequest
from tunesmith.data.synthesis.endpoint import request_body
from tunesmith.data.synthesis.journal import Journal, journal_name
from tunesmith.data.synthesis.judging import Standards
from tunesmith.data.synthesis.plan import Order, Plan, Pool, Prices, RowShape, Seed, gather, read_seeds
from tunesmith.data.synthesis.prompts import Mode, Prompt, built_in_prompt, read_prompt
from tunesmith.data.synthesis.rows import made_from, made_row
from tunesmith.data.synthesis.synthesize import ENDED, Budget, Kept, Progress, Synthesis, synthesize
from tunesmith.data.validate import validate_file
from tunesmith.data.versions import Operation, Version
from tunesmith.specs.data_operations import AddExamplesSettings, GenerationSettings

_CONCURRENCY: Final = 4
# A process that lost its worker lives on for as long as a lease at most.
_PATIENCE_SECONDS: Final = 120.0
_HINT: Final = "change the settings, or ask another model"


def run_preview_generation(settings: GenerationSettings, inputs: Sequence[Input], bench: Workbench) -> Done:
    """The first request, to the letter; nobody is asked."""
    writer = _writer(bench)
    plan = _plan(settings, inputs[0], writer)
    estimate = plan.estimate(Prices(), _CONCURRENCY)
    result = {
        "model": writer.model, "is_own": writer.is_own, "messages": request_body(plan.planned(0).request)["messages"],
        "prompt": plan.prompt.text, "num_seeds": len(plan.pool.seeds), "num_passages": len(plan.pool.passages),
        "num_requests": estimate.requests, "prompt_tokens": estimate.prompt_tokens,
        "completion_tokens": estimate.completion_tokens, "most_requests": estimate.most_requests,
        "most_tokens": estimate.most_tokens,
    }  # fmt: skip
    return Done(result=result)


def run_generate_examples(settings: GenerationSettings, inputs: Sequence[Input], bench: Workbench) -> Done:
    """What was answered before the model went away is kept: it was paid for."""
    writer = _writer(bench)
    plan = _plan(settings, inputs[0], writer)
    told, stopped_because = _asked(plan, settings, writer, bench)
    provenance: Provenance = "semi-synthetic" if settings.mode == "semi_synthetic" else "synthetic"
    seeds = {seed.name: seed for seed in plan.pool.seeds}
    items = bench.folder / "items.jsonl"
    with items.open("wb") as out:
        for number, kept in enumerate(told.kept, 1):
            out.write(msgspec.json.encode(_draft(number, kept, plan, seeds, provenance)) + b"\n")
    reasons = told.reasons()
    result = {
        "model": writer.model, "is_own": writer.is_own, "num_drafts": len(told.kept), "num_refused": len(told.refused),
        "refused": reasons, "ended": told.ended, "ended_because": stopped_because or ENDED[told.ended],
        "is_stopped": bool(stopped_because), "diversity": asdict(told.diversity),
        "num_requests": told.usage.num_requests, "num_unheard": told.usage.num_unheard,
        "prompt_tokens": told.usage.prompt_tokens, "completion_tokens": told.usage.completion_tokens,
    }  # fmt: skip
    counts = {"requests": told.usage.num_requests, "written": told.num_written, "drafts": len(told.kept)}
    counts |= {f"refused.{reason}": count for reason, count in reasons.items()}
    return Done(counts=counts, items=items, result=result)


def run_add_examples(settings: AddExamplesSettings, inputs: Sequence[Input], bench: Workbench) -> Done:
    """The file's rows as they stand, then the new ones; or the new ones alone, where the input is what they are about."""
    (source,) = inputs
    out = bench.folder / "rows.jsonl"
    with RowWriter(out) as writer:
        shape: RowShape = "chat"
        system = settings.system or ""
        if not settings.only_new:
            shape, system = _copied(source, settings, writer)
        num_before = writer.num_rows
        for row in settings.rows:
            said = {**row.metadata, "provenance": row.provenance}
            writer.write(made_row(row.question, row.answer, said, shape, system))
    added = validate_file(out)
    if added.errors:
        raise Problems("The file with these rows could not be trained on.", added.errors, "rewrite what is named")
    counts = {"rows_read": num_before, "rows_added": len(settings.rows), "rows_written": writer.num_rows}
    licence, origin = (source.version.licence, source.version.source) if source.version is not None else (None, None)
    version = Version(
        writer.sha256, writer.num_rows, writer.num_bytes, (source.parent,), (Operation("add_examples", {}, counts),),
        licence, origin,
    )  # fmt: skip
    what = "questions" if settings.only_new else "more"
    return Done((Output(out, settings.filename or named(source, what), version),), counts)


def _copied(source: Input, settings: AddExamplesSettings, writer: RowWriter) -> tuple[RowShape, str]:
    """Writes the file's rows; tells the shape and the system message that rows beside them have."""
    report = validate_file(source.path)
    if report.dataset is None:
        raise Problems(f"{source.name} cannot be added to: it has {report.num_errors:,} errors.", report.errors)
    with RowFile(source.path) as before:
        for number in range(len(before)):
            writer.write_line(before.line_bytes(number))
    system = _shared_system(report.dataset) if settings.system is None else settings.system
    return "chat" if report.dataset.is_chat else "prompt_completion", system


def _writer(bench: Workbench) -> Writer:
    if bench.writer is None:
        raise UserError("No model was named that could write examples.", "name a model of this installation")
    return bench.writer


def _plan(settings: GenerationSettings, source: Input, writer: Writer) -> Plan:
    mode = cast(Mode, settings.mode.replace("_", "-"))
    order = Order(
        mode, writer.model, settings.num_rows, settings.rows_per_request, settings.seeds_per_request,
        settings.temperature, settings.max_tokens, settings.seed, settings.about, settings.language,
        settings.with_proposals,
    )  # fmt: skip
    if settings.prompt is None:
        prompt = built_in_prompt(order.prompt_mode, settings.language)
    else:
        prompt = _own_prompt(settings.prompt, order.prompt_mode)
    return Plan(order, prompt, _pool(mode, source))


def _own_prompt(text: str, mode: Mode) -> Prompt:
    try:
        return read_prompt(text, "that was given", mode)
    except Problems as error:
        raise Problems(error.message, error.problems, "begin with the prompt that is built in") from None


def _pool(mode: Mode, source: Input) -> Pool:
    if mode == "documents":
        found = [_renamed(each, source) for each in passages(source.path) if isinstance(each, Passage)]
        return Pool(passages=gather(found))
    return Pool(tuple(replace(each, name=_known_as(each.name, source)) for each in read_seeds(source.path)))


def _known_as(name: str, source: Input) -> str:
    """Files lie under numbers here; people know them by their names."""
    own = source.path.name
    return source.name + name[len(own) :] if name.startswith(own) else name


def _renamed(passage: Passage, source: Input) -> Passage:
    return replace(
        passage, name=_known_as(passage.name, source), document=_known_as(passage.document, source),
        place=replace(passage.place, file=_known_as(passage.place.file, source)),
    )  # fmt: skip


@dataclass(slots=True)
class _Heard:
    """An Ask that remembers why there was no answer, in the model's own words."""

    ask: Ask
    reason: str = field(default="")

    def __call__(self, request: ChatRequest) -> ChatAnswer:
        try:
            return self.ask(request)
        except TunesmithError as error:
            self.reason = f"{error.message} {error.hint}".strip()
            raise


def _asked(plan: Plan, settings: GenerationSettings, writer: Writer, bench: Workbench) -> tuple[Synthesis, str]:
    """→ what came, and why no more came; empty where nothing went wrong. Raises UserError where nothing came."""
    heard = _Heard(writer.ask)

    def tell(progress: Progress) -> None:
        bench.progress(min(1.0, progress.num_kept / settings.num_rows))

    def go(journal: Journal, budget: Budget, tell: Callable[[Progress], None]) -> Synthesis:
        standards = Standards(max_similarity=settings.max_similarity)
        return synthesize(
            plan, heard, journal, standards, budget=budget, prices=Prices(), concurrency=_CONCURRENCY, tell=tell
        )

    identity = plan.identity()
    answers = (bench.kept or bench.folder) / f"answers-{journal_name(identity)}"
    with Journal(answers, identity, patience_seconds=_PATIENCE_SECONDS) as journal:
        try:
            return go(journal, Budget(), tell), ""
        except TunesmithError as error:
            reason = f"The model does not answer: {heard.reason or error.message}"
        saved = go(journal, Budget(requests=0), lambda _: None)
    if not saved.kept:
        raise UserError(reason, _HINT)
    return saved, reason


def _draft(
    number: int, kept: Kept, plan: Plan, seeds: Mapping[str, Seed], provenance: Provenance
) -> dict[str, Any]:  # fmt: skip
    passage = kept.planned.passage
    return {
        "id": f"draft-{number}", "question": kept.pair.question, "answer": kept.pair.answer, "provenance": provenance,
        "similarity": round(kept.verdict.similarity, 3), "support": kept.verdict.support,
        "seeds": [_shown(seeds[name]) for name in kept.planned.seeds],
        "passage": None if passage is None else passage.text, "metadata": made_from(kept, plan, provenance),
    }  # fmt: skip


def _shown(seed: Seed) -> dict[str, Any]:
    return {"line": int(seed.name.rpartition(":")[2]), "question": seed.question}


def _shared_system(dataset: Dataset) -> str:
    """The system message that every row begins with, word for word; else none."""
    openings = set(_openings(dataset))
    return openings.pop() if len(openings) == 1 else ""


def _openings(dataset: Dataset) -> Iterator[str]:
    for example in dataset.examples:
        first = example.messages[0] if isinstance(example, ChatExample) else None
        yield first.content or "" if first is not None and first.role in ("system", "developer") else ""
