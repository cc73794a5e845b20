"""What ``tunesmith data synthesize`` does and prints: previews, the estimate, progress, the outcome."""

from __future__ import annotations

import json
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from tunesmith.cli.draft_review import review_drafts
from tunesmith.cli.model_endpoint import open_endpoint
from tunesmith.cli.synthesis_options import SynthesisOptions
from tunesmith.core import durable
from tunesmith.core.errors import UserError
from tunesmith.data.importers.documents import Passage, passages
from tunesmith.data.importers.rows import Left
from tunesmith.data.preview import visible
from tunesmith.data.synthesis.drafts import read_drafts
from tunesmith.data.synthesis.endpoint import request_body
from tunesmith.data.synthesis.journal import Journal, journal_folder
from tunesmith.data.synthesis.judging import REASONS, Standards
from tunesmith.data.synthesis.output import check_out, write_decided, write_synthesis
from tunesmith.data.synthesis.plan import Estimate, Order, Plan, Pool, Prices, Seed, gather, read_seeds
from tunesmith.data.synthesis.prompts import Prompt, built_in_prompt, prompt_file
from tunesmith.data.synthesis.synthesize import Budget, Progress, Synthesis, synthesize

_NUM_SHOWN: Final = 3
_MOST_LEFT_SHOWN: Final = 20


def run_synthesis(options: SynthesisOptions) -> None:
    """One of: save the prompt, review drafts, rows of drafts, preview, synthesize."""
    if options.review is not None:
        review_drafts(options.review)
        return
    order = _order(options)
    if options.save_prompt is not None:
        _save_prompt(options.save_prompt, order, overwrite=options.overwrite)
        return
    if options.drafts is not None:
        _write_decided(options, options.drafts)
        return
    plan, known, left = _plan(options, order)
    if options.show_prompt:
        _show_requests(plan, as_json=options.as_json)
        return
    _synthesize(options, plan, known, left)


def _order(options: SynthesisOptions) -> Order:
    count = options.count if options.count is not None or options.mode == "documents" else 100
    return Order(
        options.mode, options.model, count, options.per_request, options.seeds_per_request, options.temperature,
        options.max_tokens, options.seed, options.about, options.language, options.with_proposals,
    )  # fmt: skip


def _save_prompt(path: Path, order: Order, *, overwrite: bool) -> None:
    check_out(path, (), overwrite=overwrite)
    prompt = built_in_prompt(order.prompt_mode, order.language)
    durable.write_text(path, prompt.text)
    typer.echo(f"The {prompt.name} prompt is in {path}: edit it, and give it with --prompt {path}.")


def _write_decided(options: SynthesisOptions, drafts: Path) -> None:
    out = _out(options)
    check_out(out, [drafts], overwrite=options.overwrite)
    report = write_decided(out, drafts, read_drafts(drafts), options.to, options.system)
    if options.as_json:
        typer.echo(json.dumps(report, ensure_ascii=False, indent=2))
        return
    rest = ", ".join(f"{count:,} {status}" for status, count in report["drafts"].items())
    typer.echo(f"{out}: {report['rows']:,} rows, of drafts {rest}.")


def _out(options: SynthesisOptions) -> Path:
    if options.out is None:
        raise UserError("No output is named.", "tunesmith data synthesize OUT.jsonl …")
    return options.out


def _plan(options: SynthesisOptions, order: Order) -> tuple[Plan, list[Seed], list[Left]]:
    seeds = read_seeds(options.seeds) if options.seeds is not None else ()
    found: list[Passage] = []
    left: list[Left] = []
    if options.mode == "documents":
        if options.documents is None:
            raise UserError("No documents are named.", "add --documents PATH")
        for outcome in passages(options.documents, options.passage_tokens):
            if isinstance(outcome, Passage):
                found.append(outcome)
            else:
                left.append(outcome)
    elif options.documents is not None:
        raise UserError(f"Mode {options.mode} reads no documents.", "leave --documents out, or --mode")
    known = [seed for path in options.against for seed in read_seeds(path)]
    if left and not found:
        _say_left(left)
    return Plan(order, _prompt(options, order), Pool(seeds, gather(found))), known, left


def _prompt(options: SynthesisOptions, order: Order) -> Prompt:
    if options.prompt is not None:
        return prompt_file(options.prompt, order.prompt_mode)
    return built_in_prompt(order.prompt_mode, order.language)


def _show_requests(plan: Plan, *, as_json: bool) -> None:
    bodies = [request_body(plan.planned(index).request) for index in range(min(_NUM_SHOWN, plan.most_requests))]
    if as_json:
        typer.echo(
            json.dumps({"format": 1, "prompt": plan.prompt.name, "requests": bodies}, ensure_ascii=False, indent=2)
        )
        return
    for number, body in enumerate(bodies, 1):
        settings = ", ".join(f"{key} {value}" for key, value in body.items() if key != "messages")
        typer.echo(f"──── request {number} of up to {plan.most_requests:,}: {settings}")
        for message in body["messages"]:
            typer.echo(f"── {message['role']}\n{visible(message['content'])}\n")
    typer.echo(f"The prompt is {plan.prompt.name}. Nothing was sent.")


def _synthesize(options: SynthesisOptions, plan: Plan, known: list[Seed], left: Sequence[Left]) -> None:
    out = _out(options)
    inputs = [path for path in (options.seeds, *options.against, options.documents) if path is not None]
    check_out(out, inputs, overwrite=options.overwrite)
    endpoint = open_endpoint(
        options.endpoint, options.key_variable, options.timeout_seconds, allow_private=options.allow_private
    )
    standards = Standards(
        min_answer_words=options.min_answer_words, max_answer_words=options.max_answer_words,
        max_similarity=options.max_similarity, min_support=options.min_support,
    )  # fmt: skip
    prices = Prices(options.price_prompt, options.price_completion)
    budget = Budget(options.max_requests, options.max_total_tokens, options.max_cost)
    if options.restart:
        shutil.rmtree(journal_folder(out), ignore_errors=True)
    _say_left(left)
    with Journal(journal_folder(out), plan.identity()) as journal:
        num_answered = len({request for request, _ in journal.said})
        estimate = plan.estimate(prices, options.concurrency, num_answered)
        _confirm(estimate, budget, plan, options, num_answered)
        with _progress(plan.order.count) as tell:
            synthesis = synthesize(
                plan, endpoint, journal, standards, budget=budget, prices=prices, concurrency=options.concurrency,
                known=known, tell=tell,
            )  # fmt: skip
        report = write_synthesis(
            out, journal.folder, synthesis, plan, standards, inputs, options.to, options.system
        )  # fmt: skip
    report["documents_left_out"] = dict(Counter(one.rule for one in left))
    if options.as_json:
        typer.echo(json.dumps(report, ensure_ascii=False, indent=2))
    else:
        _say_outcome(out, journal.folder, synthesis, plan)
    if not synthesis.kept:
        raise UserError(
            f"No row was kept, so {out} was not written.",
            f"see why in {journal.folder / 'refused.jsonl'}; other limits judge the saved answers again for nothing",
        )


def _console() -> Console:
    return Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)


def _say_left(left: Sequence[Left]) -> None:
    console = _console()
    errors = [one for one in left if one.severity == "error"]
    for one in errors[:_MOST_LEFT_SHOWN]:
        console.print(visible(str(one.as_problem())), markup=False, style="yellow")
    if left:
        counts = ", ".join(f"{count:,} {rule}" for rule, count in Counter(one.rule for one in left).most_common())
        console.print(f"Left out of the documents: {counts}.", markup=False)


def _confirm(estimate: Estimate, budget: Budget, plan: Plan, options: SynthesisOptions, num_answered: int) -> None:
    """Before the first request: raises UserError where nobody says yes."""
    console = _console()
    if num_answered:
        console.print(f"{num_answered:,} requests are answered already; they are not made again.", markup=False)
    if not estimate.most_requests:
        return
    lines = [
        f"{plan.order.model} at {options.endpoint}: about {estimate.requests:,} requests, "
        f"{estimate.prompt_tokens:,} prompt and {estimate.completion_tokens:,} completion tokens, "
        f"cost {estimate.cost:,.2f}, {_duration(estimate.seconds)} at 40 tokens/s an answer.",
        f"At the most {estimate.most_requests:,} requests, {estimate.most_tokens:,} tokens, cost {estimate.most_cost:,.2f}"
        f"{_said_budget(budget)}.",
    ]
    for line in lines:
        console.print(line, markup=False)
    if options.yes:
        return
    if not sys.stdin.isatty():
        raise UserError("Nothing was sent: nobody said yes to the estimate.", "add --yes")
    if not typer.confirm("Send them?", err=True):
        raise UserError("Nothing was sent.", "--max-requests, --max-total-tokens and --max-cost bound it")


def _said_budget(budget: Budget) -> str:
    bounds = [
        f"{value:,} {name}"
        for name, value in (("requests", budget.requests), ("tokens", budget.tokens), ("cost", budget.cost))
        if value is not None
    ]
    return f"; stopped before {' or '.join(bounds)}" if bounds else ""


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


@contextmanager
def _progress(count: int | None) -> Iterator[Callable[[Progress], None]]:
    console = _console()
    if not console.is_terminal:
        yield lambda progress: _say_stopping(console, progress)
        return
    columns = (
        TextColumn("rows"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
    )
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=count)

        def tell(progress: Progress) -> None:
            _say_stopping(console, progress)
            said = f"{progress.num_refused:,} refused, {progress.usage.num_requests:,} requests, {progress.usage.tokens:,} tokens"
            bar.update(task, completed=progress.num_kept, description=said)

        yield tell


def _say_stopping(console: Console, progress: Progress) -> None:
    if progress.is_stopping and progress.in_flight:
        console.print(
            f"Waiting for {progress.in_flight:,} answers on their way; Ctrl-C again leaves at once.", markup=False
        )


def _say_outcome(out: Path, folder: Path, synthesis: Synthesis, plan: Plan) -> None:
    usage, diversity = synthesis.usage, synthesis.diversity
    what = "drafts" if plan.order.mode == "semi-synthetic" else "rows"
    asked = f" of {plan.order.count:,}" if plan.order.count is not None else ""
    typer.echo(
        f"{synthesis.num_written:,} written: {len(synthesis.kept):,}{asked} {what} kept, {len(synthesis.refused):,} refused."
    )
    for reason, count in synthesis.reasons().items():
        typer.echo(f"  {count:>6,}  {reason}: {REASONS[reason]}")
    about = "" if usage.is_counted else "about "
    typer.echo(
        f"{usage.num_requests:,} requests ({usage.num_repeated:,} repeated, {usage.num_declined:,} declined), "
        f"{about}{usage.prompt_tokens:,} prompt and {usage.completion_tokens:,} completion tokens, cost {usage.cost:,.2f}."
    )
    if usage.num_unheard:
        typer.echo(
            f"{usage.num_unheard:,} more were sent and not heard: they may have been charged, and are counted so."
        )
    typer.echo(
        f"Diversity: distinct-1 {diversity.distinct_1:.2f}, distinct-2 {diversity.distinct_2:.2f}, "
        f"mean similarity to the nearest {diversity.mean_nearest_similarity:.2f}."
    )
    if synthesis.ended != "complete":
        typer.echo(f"It ended early: {_ENDED_HINTS[synthesis.ended]}")
    if synthesis.kept:
        typer.echo(f"{out} is written; all that was refused is in {folder / 'refused.jsonl'}.")
        if what == "drafts":
            typer.echo(f"Next: tunesmith data synthesize --review {out}")


_ENDED_HINTS: Final[dict[str, str]] = {
    "budget": "the budget is used up. With a larger one, and --overwrite, the same command goes on.",
    "exhausted": "too much was refused. Give more varied seeds, or other limits (no answer is paid for twice).",
}
