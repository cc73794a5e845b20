"""What ``tunesmith data check`` and ``preview`` print."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from tunesmith.cli.training_estimate import Method, TrainingEstimate, estimate_training
from tunesmith.core.errors import Problem, UserError
from tunesmith.data.content.judge import ContentFigures
from tunesmith.data.content.of_file import judge_content
from tunesmith.data.examples import Dataset, Example, FileFormat
from tunesmith.data.findings import Finding, path_text
from tunesmith.data.harm.find import HarmFilter
from tunesmith.data.judge import Findings, Measures
from tunesmith.data.over_length import OverLengthPolicy
from tunesmith.data.preview import Segment, marked, paint, visible
from tunesmith.data.render import Renderer, render
from tunesmith.data.row_measures import ModelRead, RowMeasures
from tunesmith.data.statistics import DataStatistics, Spread, Tally, TokenStatistics
from tunesmith.data.validate import DataReport, check_file, read_dataset
from tunesmith.nn.catalog import find_folder
from tunesmith.specs.memory import GIB

_MOST_LISTED: Final = 50
_LARGE_BYTES: Final = 16 << 20
_BAR_CELLS: Final = 40
_SEVERITY_STYLE: Final = {"error": "bold red", "warning": "yellow"}
_POLICY_NAMES: Final[dict[OverLengthPolicy, str]] = {
    "error": "refuse them",
    "drop": "drop them",
    "truncate_left": "cut the oldest tokens",
    "truncate_right": "cut the last tokens",
}


def show_check(
    file: Path, base_model: str | None, format: FileFormat | None, max_seq_len: int | None, method: Method = "lora",
    harm_lists: Sequence[Path] = (), *, as_json: bool, no_color: bool,
) -> None:  # fmt: skip
    """Every bad row and the statistics; leaves with 2 if there are errors."""
    if max_seq_len is not None and base_model is None:
        raise UserError("--max-seq-len counts tokens, so it needs a base model.", "add --base-model starter, say")
    harm = HarmFilter.load(harm_lists)
    renderer = Renderer.load(find_folder(base_model)) if base_model else None
    with _progress(file, as_json=as_json) as advance:
        report, statistics = check_and_measure(file, format, renderer, max_seq_len, advance)
    report, content = _judge_content(report, harm)
    training = None
    if statistics is not None and base_model is not None:
        training = estimate_training(base_model, statistics, method, Path("runs"), max_seq_len)
    if as_json:
        said = {
            **report.as_json(),
            "statistics": statistics.as_json() if statistics else None,
            "content": asdict(content) if content else None,
            "training": training.as_json() if training else None,
        }
        typer.echo(json.dumps(said, ensure_ascii=False, indent=2))
    else:
        _print_check(_console(no_color), report, statistics, training, renderer)
    if report.errors:
        raise typer.Exit(UserError.exit_code)


def check_and_measure(
    file: Path, format: FileFormat | None, renderer: Renderer | None, max_seq_len: int | None,
    advance: Callable[[int], None] = lambda num_bytes: None,
) -> tuple[DataReport, DataStatistics | None]:  # fmt: skip
    """The report and, where no row has an error, the figures; no example is held in memory."""
    tally = Tally(max_seq_len)
    if renderer is None:
        report = check_file(file, format, tally=tally, progress=advance)
    else:
        model = ModelRead(renderer, None, max_seq_len)

        def measures(found: Findings) -> Measures:
            return RowMeasures(found, model, tally)

        report = check_file(file, format, renderer.tokenizer.control_tokens, tally, measures, advance)
    return report, None if report.errors or report.format is None else tally.statistics()


@contextmanager
def _progress(file: Path, *, as_json: bool) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, for a file that takes a while."""
    console = Console(stderr=True, highlight=False, emoji=False)
    num_bytes = file.stat().st_size if file.is_file() else 0
    if as_json or not console.is_terminal or num_bytes < _LARGE_BYTES:
        yield lambda advanced: None
        return
    columns = (TextColumn("Checking {task.description}", markup=False), BarColumn(), DownloadColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(file.name, total=num_bytes)
        yield lambda advanced: bar.advance(task, advanced)


def show_preview(
    file: Path, base_model: str, format: FileFormat | None, line: int | None, rows: int | None, *, no_color: bool
) -> None:
    """Examples as the model sees them."""
    renderer = Renderer.load(find_folder(base_model))
    dataset, _ = read_dataset(file, format, renderer.tokenizer.control_tokens)
    examples = _choose(dataset, line, rows)
    console = _console(no_color)
    in_color = console.is_terminal and not console.no_color
    _print(console, _legend(in_color))
    for example in examples:
        tokenized = render(example, renderer)
        counts = f"{len(tokenized.token_ids):,} tokens, {tokenized.num_trained_tokens:,} trained on"
        _print(console, Text(f"\nline {example.line}: {counts}", "bold"))
        _print(console, _painted(paint(tokenized, renderer.tokenizer), in_color))


def _console(no_color: bool) -> Console:
    return Console(highlight=False, no_color=no_color or None, emoji=False)


def _print(console: Console, what: Text | str) -> None:
    """Long lines are left to the terminal, so that a pipe gets them whole."""
    console.print(what if isinstance(what, Text) else Text(what), soft_wrap=True)


class _Problems:
    """Where findings about what is said become problems of the file."""

    def __init__(self, file: str) -> None:
        self._file = file
        self.problems: list[Problem] = []

    def add(self, finding: Finding, line: int | None = None, column: int | None = None) -> None:
        where = path_text(finding.path)
        self.problems.append(
            Problem(finding.rule, finding.message, finding.hint, finding.severity, self._file, line, column, where)
        )


def _judge_content(report: DataReport, harm: HarmFilter) -> tuple[DataReport, ContentFigures | None]:
    """The report with what is said in its rows, in the file's order; of a file with errors nobody asks that yet."""
    if report.errors or report.format is None:
        return report, None
    found = _Problems(report.path)
    figures = judge_content(Path(report.path), report.format, found, harm)
    together = sorted((*report.problems, *found.problems), key=lambda one: (one.line is None, one.line or 0))
    num_warnings = report.num_warnings + len(found.problems)
    return replace(report, problems=tuple(together), num_warnings=num_warnings), figures


# ---- check ---------------------------------------------------------------------------------------


def _print_check(
    console: Console, report: DataReport, statistics: DataStatistics | None, training: TrainingEstimate | None,
    renderer: Renderer | None,
) -> None:  # fmt: skip
    of_the_file = [problem for problem in report.warnings if problem.line is None]
    of_rows = [problem for problem in report.warnings if problem.line is not None]
    for problems in (report.errors, of_rows, of_the_file):
        _print_problems(console, problems)
    if statistics and report.format:
        _print_statistics(console, report.format, statistics)
        if renderer and renderer.template.is_plain and report.format in ("chat", "alpaca"):
            _print(console, "\nThe base model has no chat template: a plain one, with roles as headings, is used.")
    if training:
        _print_training(console, training)
    _print(console, _verdict(report))


def _print_problems(console: Console, problems: Sequence[Problem]) -> None:
    for problem in problems[:_MOST_LISTED]:
        where, style = visible(problem.where()), _SEVERITY_STYLE[problem.severity]
        text = Text.assemble(
            (problem.severity, style), f" {where}: {visible(problem.message)} ", (f"[{problem.rule}]", "dim")
        )
        _print(console, text)
        _print(console, Text(f"    → {visible(problem.hint)}", "dim"))
    if len(problems) > _MOST_LISTED:
        more = len(problems) - _MOST_LISTED
        _print(console, f"… and {more:,} more {problems[0].severity}s (all of them with --json)")


def _verdict(report: DataReport) -> Text:
    counts = f"{_count(report.num_errors, 'error')}, {_count(report.num_warnings, 'warning')}"
    rows = f"{visible(report.path)}: {_count(report.num_rows, 'row')}, {counts}"
    if report.errors:
        return Text(f"\n✗ {rows}; the file cannot be used as it is", "bold red")
    return Text(f"\n✓ {rows}; the file can be used", "bold green")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _print_statistics(console: Console, format: FileFormat, statistics: DataStatistics) -> None:
    table = Table.grid(padding=(0, 2))
    facts = {
        "format": format,
        "rows": f"{statistics.num_rows:,} ({statistics.num_duplicates:,} exact duplicates)",
        "answers": f"{statistics.num_turns:,}",
        "with a system message": f"{statistics.num_with_system:,}",
        "without a user's message": f"{statistics.num_without_user:,}",
        "messages a row": _spread(statistics.messages_per_row),
        "characters": f"{statistics.num_characters:,}",
    }
    if tokens := statistics.tokens:
        share = 100 * tokens.trained_tokens / max(tokens.total_tokens, 1)
        facts["tokens"] = f"{tokens.total_tokens:,}, trained on {tokens.trained_tokens:,} ({share:.0f} %)"
        facts["tokens a row"] = _spread(tokens.lengths)
    for name, fact in facts.items():
        table.add_row(Text(name, "dim"), Text(fact))
    console.print()
    console.print(table)
    if tokens:
        _print_histogram(console, tokens)
        _print_over_length(console, tokens, statistics.num_rows)


def _spread(spread: Spread) -> str:
    return f"{spread.min:,} to {spread.max:,} (mean {spread.mean:,.1f}, median {spread.median:,}, 95 % up to {spread.p95:,})"


def _print_histogram(console: Console, tokens: TokenStatistics) -> None:
    """One bar a bucket, from the first that holds a row; buckets over max_seq_len are red."""
    edges, counts = tokens.bucket_edges, tokens.bucket_counts
    first, most = next(index for index, count in enumerate(counts) if count), max(counts)
    width = len(f"{edges[-1] - 1:,}")
    _print(console, Text("\ntokens a row", "dim"))
    for index in range(first, len(counts)):
        low, high = edges[index], edges[index + 1] - 1
        bar = "█" * round(_BAR_CELLS * counts[index] / most) or ("▏" if counts[index] else "")
        is_over = tokens.max_seq_len is not None and high > tokens.max_seq_len
        bucket = f"{low:>{width},}–{high:<{width},} "
        _print(console, Text.assemble((bucket, "dim"), (bar, "red" if is_over else "green"), f" {counts[index]:,}"))


def _print_training(console: Console, training: TrainingEstimate) -> None:
    table = Table.grid(padding=(0, 2))
    free = f", {training.free_bytes / GIB:.1f} GiB are free now" if training.free_bytes is not None else ""
    same = training.cookbook_epochs == training.num_epochs
    cookbook = "" if same else f" (the cookbook's rule gives {training.cookbook_epochs})"
    facts = {
        "method": training.method,
        "passes": f"{training.num_epochs:g}{cookbook}",
        "steps": f"{training.total_steps:,} of {_count(training.batch_size, 'example')}",
        "trained tokens": f"{training.trained_tokens:,} in all passes",
        "memory": f"up to {training.memory_bytes / GIB:.1f} GiB{free}",
        "time": f"{_duration(training.seconds)}{training.how}",
    }
    for name, fact in facts.items():
        table.add_row(Text(name, "dim"), Text(fact))
    _print(console, Text("\ntraining here would take", "dim"))
    console.print(table)


def _duration(seconds: tuple[float, float] | None) -> str:
    if seconds is None:
        return ""
    low, high = (_span(each) for each in seconds)
    return f"{low}: " if low == high else f"{low} to {high}: "


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _print_over_length(console: Console, tokens: TokenStatistics, num_rows: int) -> None:
    if tokens.max_seq_len is None:
        return
    if not tokens.num_over_length:
        _print(console, f"\nEvery row fits in {tokens.max_seq_len:,} tokens.")
        return
    share = 100 * tokens.num_over_length / num_rows
    rows = f"{_count(tokens.num_over_length, 'row')} of {num_rows:,} ({share:.1f} %)"
    _print(console, Text(f"\n{rows} longer than max_seq_len, {tokens.max_seq_len:,} tokens. To", "yellow"))
    for cost in tokens.over_length_costs:
        lost = 100 * cost.trained_tokens_lost / max(tokens.trained_tokens, 1)
        ends = f", {_count(cost.end_tokens_lost, 'end token')} lost" if cost.end_tokens_lost else ""
        costs = f"{_count(cost.rows_dropped, 'row')}, {cost.trained_tokens_lost:,} trained tokens ({lost:.1f} %){ends}"
        _print(console, f"  {_POLICY_NAMES[cost.policy]} ({cost.policy}) costs {costs}")


# ---- preview -------------------------------------------------------------------------------------


def _choose(dataset: Dataset, line: int | None, rows: int | None) -> Sequence[Example]:
    if line is None:
        return dataset.examples[: rows or 3]
    chosen = [example for example in dataset.examples if example.line >= line][: rows or 1]
    if not chosen or chosen[0].line != line:
        lines = f"{dataset.examples[0].line} to {dataset.examples[-1].line}"
        raise UserError(
            f"{dataset.path} has no example that starts on line {line}.", f"its examples are on lines {lines}"
        )
    return chosen


def _legend(in_color: bool) -> Text:
    if in_color:
        return Text.assemble("painted ", ("like this", _TRAINED), ": trained on")
    return Text("between ⟦ and ⟧: trained on")


_TRAINED: Final = "black on green"
_PARTLY: Final = "black on yellow"


def _painted(segments: Sequence[Segment], in_color: bool) -> Text:
    if not in_color:
        return Text(visible(marked(segments)))
    styles = ((segment, _TRAINED if segment.weight >= 1 else _PARTLY if segment.weight else "") for segment in segments)
    return Text.assemble(*((visible(segment.text), style) for segment, style in styles))
