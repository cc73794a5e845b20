"""`tunesmith train CONFIG.yaml`: the whole story on this machine: check → train → evaluate → report.

`tunesmith quickstart` runs the same story on its own task.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from rich.console import Console
from rich.table import Table

from tunesmith.cli.command_name import command_name
from tunesmith.cli.progress import TrainingProgress
from tunesmith.core.errors import Interrupted, Problem, UserError
from tunesmith.data.examples import Dataset, Example, TokenizedExample
from tunesmith.data.leakage import refuse_leakage
from tunesmith.data.split import split
from tunesmith.data.statistics import compute_statistics
from tunesmith.data.tokenizer import Tokenizer
from tunesmith.data.validate import read_dataset
from tunesmith.data.versions import read_version
from tunesmith.evaluate.report import (
    CONTESTANTS,
    AnswerRow,
    ContestantScores,
    DataSummary,
    NextCommand,
    Report,
    Setting,
    TokenHistogram,
    verdict,
    write_report,
)
from tunesmith.evaluate.run import Contest, Result, can_be_asked, hold_contest, question_of, reference_of
from tunesmith.evaluate.statistics import Score
from tunesmith.nn.catalog import BaseModel, locate
from tunesmith.specs.fine_tune import FineTuneSpec
from tunesmith.specs.resolve import ResolvedSpec
from tunesmith.specs.yaml_file import load_spec
from tunesmith.train.device import DTYPES, choose_device
from tunesmith.train.fine_tune import Job, Outcome, fine_tune
from tunesmith.train.run_folder import StepMetrics, locked, read_metrics

MAX_WARNINGS_SHOWN = 8
MAX_ANSWERS_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Checked:
    """The data after every check: what to train on, what is held out, and what was odd about it."""

    training: Dataset
    validation: Dataset | None
    warnings: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Story:
    """A finished run with its evaluation, ready to be reported."""

    job: Job
    checked: Checked
    outcome: Outcome
    asked: tuple[Example, ...]
    results: Mapping[str, Result]
    seconds: dict[str, float]


def train_from_file(config: Path, out: Path | None, *, resume: bool, as_json: bool) -> None:
    """Run the job of a YAML file; raises the errors that the command line turns into exit codes."""
    console = Console(stderr=as_json, highlight=False, emoji=False)
    spec = with_paths_from(load_spec(config), config.resolve().parent)
    folder = folder_of_run(Path("runs") / config.stem, out, resume=resume)
    again = f"{command_name()} train {shlex.quote(str(config))} --out {shlex.quote(str(folder))} --resume"
    story = run_story(spec, folder, console, resume=resume, again=again)
    finish(story, console, title=f"Fine-tuning {spec.base_model}", as_json=as_json)


def run_story(spec: FineTuneSpec, folder: Path, console: Console, *, resume: bool, again: str) -> Story:
    """Check, train, evaluate. ``again`` is the command that goes on after an interruption."""
    started = time.monotonic()
    base = locate(spec.base_model)
    checked = check_data(spec, base, console)
    seconds = {"data": time.monotonic() - started}
    with locked(folder), stop_on_interrupt() as interrupted:
        job = Job(spec, base, checked.training, checked.validation, folder, resume)
        reporter = TerminalReporter(console)
        try:
            with reporter:
                outcome = fine_tune(job, reporter, interrupted)
        except Interrupted as stopped:
            raise Interrupted(stopped.message, f"go on with: {again}") from None
    seconds["training"] = outcome.seconds
    started = time.monotonic()
    asked = held_out_examples(checked, outcome)
    results: Mapping[str, Result] = {}
    if asked:
        place = choose_device()
        shots = checked.training.examples
        contest = Contest(
            base, outcome.model, checked.training.is_chat, DTYPES[outcome.settings.precision], place, shots
        )
        results = hold_contest(contest, asked, spec.seed, lambda text: console.print(f"  {text}", style="dim"))
    seconds["evaluation"] = time.monotonic() - started
    return Story(job, checked, outcome, tuple(asked), results, seconds)


def check_data(spec: FineTuneSpec, base: BaseModel, console: Console) -> Checked:
    """Read and validate the files, split if asked, and print what was found."""
    control_tokens = Tokenizer.load(base.folder).control_tokens
    form = None if spec.file_format == "auto" else spec.file_format
    training, warnings = read_dataset(Path(spec.training_file), form, control_tokens)
    validation: Dataset | None = None
    if spec.validation_file is not None:
        validation, more = read_dataset(Path(spec.validation_file), form, control_tokens)
        warnings = (*warnings, *more)
        if validation.is_chat != training.is_chat:
            raise UserError(
                f"{training.path} is {training.format} and {validation.path} is {validation.format}.",
                "bring both files in one format",
            )
        warnings = (*warnings, *refuse_leakage(training, validation, spec.leakage))
    elif spec.validation_split is not None:
        training, validation = split(training, spec.validation_split, spec.seed)
    checked = Checked(training, validation, tuple(warnings))
    held_out = f", {len(validation.examples):,} held out" if validation else ", nothing held out"
    found = f"{training.path}: {training.format}, {len(training.examples):,} examples{held_out}"
    console.print(found, markup=False, soft_wrap=True)
    for warning in checked.warnings[:MAX_WARNINGS_SHOWN]:
        console.print(f"  {warning}", style="yellow", markup=False, soft_wrap=True)
    if len(checked.warnings) > MAX_WARNINGS_SHOWN:
        rest = len(checked.warnings) - MAX_WARNINGS_SHOWN
        console.print(
            f"  … and {rest:,} more warnings: tunesmith data check {training.path}", style="yellow", markup=False
        )
    return checked


def held_out_examples(checked: Checked, outcome: Outcome) -> list[Example]:
    """The validation examples that the contestants answer: the first ones that were not cut."""
    if checked.validation is None:
        return []
    kept = {example.line for example in outcome.validation} - outcome.cut_validation_lines
    askable = [e for e in checked.validation.examples if e.line in kept and can_be_asked(e)]
    return askable[: outcome.settings.eval_examples]


def finish(
    story: Story, console: Console, *, title: str, as_json: bool, extra: Mapping[str, Mapping[str, Score]] | None = None
) -> Report:
    """Write the report, print its figures and what to type next."""
    report = make_report(story, title, extra or {})
    folder = story.job.folder
    write_report(folder, report)
    if as_json:
        sys.stdout.write((folder / "report.json").read_text(encoding="utf-8"))
        return report
    console.print()
    if report.scores:
        console.print(_score_table(report.scores))
    console.print(report.verdict, style="bold")
    for label, scores in report.extra_scores.items():
        of_each = ", ".join(f"{CONTESTANTS[name][0].lower()} {_percent(score)}" for name, score in scores.items())
        console.print(f"{label}: {of_each}", soft_wrap=True)
    console.print(f"\nModel   {report.model}\nReport  {folder / 'report.html'}", markup=False, soft_wrap=True)
    console.print("\nNext:", style="bold")
    for command in report.next_commands:
        console.print(f"  {command.line}", markup=False, soft_wrap=True)
    return report


def make_report(story: Story, title: str, extra: Mapping[str, Mapping[str, Score]]) -> Report:
    spec, outcome, folder = story.job.spec, story.outcome, story.job.folder
    rows = read_metrics(folder / "metrics.csv")
    scores = {name: ContestantScores(r.exact_match, r.valid_loss) for name, r in story.results.items()}
    return Report(
        title=title,
        verdict=verdict(scores),
        run={
            "Base model": spec.base_model,
            "Training file": spec.training_file,
            "Data version": _data_version(story.checked.training),
            "Method": _method(outcome.settings),
        },
        scores=scores,
        extra_scores=extra,
        answers=_answers(story),
        loss_curves={
            "train_loss": [(r.step, r.train_loss) for r in rows if r.train_loss is not None],
            "valid_loss": [(r.step, r.valid_loss) for r in rows if r.valid_loss is not None],
        },
        learning_rates=[(r.step, r.learning_rate) for r in rows if r.learning_rate is not None],
        data=_data_summaries(story),
        token_histogram=_histogram(story),
        settings=_settings(outcome.settings),
        seconds={stage: round(value, 1) for stage, value in story.seconds.items()},
        model=str(outcome.model),
        next_commands=_next_commands(story),
    )


def _data_version(training: Dataset) -> str:
    """The file's hash and, where its version stands beside it, what was done to make it."""
    version = read_version(Path(training.path))
    made = "" if version is None or not version.operations else f", by {', '.join(o.name for o in version.operations)}"
    return f"{training.sha256[:12]}{made}"


def with_paths_from(spec: FineTuneSpec, folder: Path) -> FineTuneSpec:
    """Files and local folders named in the spec lie relative to the YAML file."""
    changes: dict[str, str] = {}
    for name in ("training_file", "validation_file"):
        given = getattr(spec, name)
        if given is not None:
            changes[name] = str(_absolute(folder, given))
    local = _absolute(folder, spec.base_model)
    if spec.base_model != "starter" and os.path.isdir(local):  # False for a name that no file system would take
        changes["base_model"] = str(local)
    return spec.model_copy(update=changes)


def _absolute(folder: Path, name: str) -> Path:
    """``name`` as seen from ``folder``, ``~`` followed."""
    try:
        return (folder / os.path.expanduser(name)).resolve()
    except ValueError as error:
        raise UserError(f"{name!r} is no name of a file: {error}.", "mend the name in the job's YAML") from error


def folder_of_run(named: Path, out: Path | None, *, resume: bool) -> Path:
    """``out`` where it is given, else ``named`` or a numbered one beside it: a free one to start in, the one to resume."""
    if out is not None:
        return out
    if not resume:
        return free_folder(named)
    numbered = re.compile(rf"{re.escape(named.name)}(-\d+)?")
    runs = sorted(path for path in named.parent.glob("*") if path.is_dir() and numbered.fullmatch(path.name))
    if len(runs) == 1:
        return runs[0]
    if not runs:
        raise UserError(
            f"There is no run {named} to resume.", "start it without --resume, or name its folder with --out"
        )
    found = ", ".join(str(path) for path in runs)
    raise UserError(f"--resume may mean {found}; nobody knows which.", "name the run's folder with --out")


def free_folder(folder: Path) -> Path:
    """``folder``, or the first of folder-2, folder-3, … that does not exist."""
    number = 1
    while (candidate := folder if number == 1 else folder.with_name(f"{folder.name}-{number}")).exists():
        number += 1
    return candidate


@contextmanager
def stop_on_interrupt() -> Iterator[Stop]:
    """The first Ctrl-C (or SIGTERM) asks training to stop at the next step; the second one breaks off."""
    stop = Stop()
    before = {number: signal.signal(number, stop.handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Stop:
    """Whether the user asked to stop; called at step borders."""

    def __init__(self) -> None:
        self._asked = False

    def __call__(self) -> bool:
        return self._asked

    def handle(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True
        sys.stderr.write("\nStopping after this step; once more breaks off at once.\n")


class TerminalReporter:
    """Prints the resolved settings with their reasons first, then progress."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress: TrainingProgress | None = None

    def __enter__(self) -> TerminalReporter:
        return self

    def __exit__(self, *error: object) -> None:
        if self._progress is not None:
            self._progress.__exit__(None, None, None)

    def say(self, text: str) -> None:
        if self._progress is not None:
            self._progress.say(text)
        else:
            self._console.print(text, markup=False, soft_wrap=True)

    def warn(self, text: str) -> None:
        self.say(text)

    def begin(self, settings: ResolvedSpec, first_step: int) -> None:
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        for setting in _settings(settings):
            if setting.name in settings.reasons:
                table.add_row(setting.name, setting.value, f"[dim]{setting.reason}[/dim]")
        self._console.print(table)
        self._progress = TrainingProgress(settings.total_steps, first_step, self._console)
        self._progress.__enter__()

    def step(self, metrics: StepMetrics) -> None:
        if self._progress is not None:
            self._progress.step(asdict(metrics))


def _method(settings: ResolvedSpec) -> str:
    return f"LoRA, rank {settings.lora_rank}" if settings.adapter == "lora" else "every weight"


def _settings(settings: ResolvedSpec) -> list[Setting]:
    rows = []
    for name, value in settings.values().items():
        if settings.adapter != "lora" and name.startswith("lora_"):
            continue
        rows.append(Setting(name, _shown(value), settings.reasons.get(name, "as given")))
    return rows


def _shown(value: Any) -> str:
    """A setting's value for people; a switch as the YAML has it."""
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _answers(story: Story) -> list[AnswerRow]:
    """Up to six wrong and six right answers of the tuned model, in file order."""
    rows: dict[bool, list[AnswerRow]] = {False: [], True: []}
    for number, example in enumerate(story.asked):
        tuned = story.results["tuned"]
        right = tuned.is_right[number]
        if len(rows[right]) < MAX_ANSWERS_SHOWN:
            base, few_shot = (story.results[name].answers[number] for name in ("base", "few_shot"))
            row = AnswerRow(question_of(example), reference_of(example), base, few_shot, tuned.answers[number], right)
            rows[right].append(row)
    return [*rows[False], *rows[True]]


def _data_summaries(story: Story) -> list[DataSummary]:
    warnings = [str(warning) for warning in story.checked.warnings[:MAX_WARNINGS_SHOWN]]
    parts: list[tuple[str, Sequence[TokenizedExample], list[str]]] = [("training", story.outcome.training, warnings)]
    if story.outcome.validation:
        parts.append(("validation", story.outcome.validation, []))
    return [
        DataSummary(name, len(e), sum(len(x.token_ids) for x in e), sum(x.num_trained_tokens for x in e), w)
        for name, e, w in parts
    ]


def _histogram(story: Story) -> TokenHistogram | None:
    limit = story.outcome.settings.max_seq_len
    tokens = compute_statistics(story.checked.training, story.outcome.training, limit).tokens
    return None if tokens is None else TokenHistogram(tokens.bucket_edges, tokens.bucket_counts, limit)


def _next_commands(story: Story) -> list[NextCommand]:
    chat = f"{command_name()} chat {shlex.quote(str(story.job.folder))}"
    commands = [NextCommand("Talk to it", chat)]
    if story.asked:
        question = shlex.quote(question_of(story.asked[0]))
        system = [
            m.content
            for m in getattr(story.asked[0], "messages", ())
            if m.role in ("system", "developer") and m.content
        ]
        asked = f" --system {shlex.quote(system[0])}" if system else ""
        commands.append(NextCommand("Ask it one question", f"{chat}{asked} --message {question}"))
    return commands


def _score_table(scores: Mapping[str, ContestantScores]) -> Table:
    table = Table(title=None)
    for heading in ("", "exact match", "validation loss"):
        table.add_column(heading, justify="left" if not heading else "right")
    for name, row in scores.items():
        exact = _percent(row.exact_match) if row.exact_match else "–"
        loss = (
            f"{row.valid_loss.value:.3f} [{row.valid_loss.low:.3f}, {row.valid_loss.high:.3f}]"
            if row.valid_loss
            else "–"
        )
        table.add_row(CONTESTANTS[name][0], exact, loss)
    return table


def _percent(score: Score) -> str:
    return f"{score.value:.1%} ({score.low:.1%} to {score.high:.1%})"
