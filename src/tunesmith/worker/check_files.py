"""The judging process: are a job's files fit for its base model? No torch, so that it answers while others train.

``python -m tunesmith.worker.check_files N`` takes the same order as a training process, and its last word is
``sound``, with what the memory estimate needs, or ``unfit``, with the file, the code and every problem.
Files are hostile input: they are read here, never in the worker.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tunesmith.core.certificates import Certificate
from tunesmith.core.errors import Problem, Problems, UserError
from tunesmith.data.examples import Dataset
from tunesmith.data.leakage import HOW_TO_GO_ON, leakage, leakage_sentence
from tunesmith.data.over_length import OverLengthResult, apply_over_length
from tunesmith.data.render import Renderer, render_all
from tunesmith.data.split import split
from tunesmith.data.validate import FEW_EXAMPLES, validate_file
from tunesmith.nn.catalog import BaseModel, locate, read_folder
from tunesmith.specs.fine_tune import FineTuneSpec
from tunesmith.specs.memory import DataFacts
from tunesmith.specs.resolve import resolve_max_seq_len
from tunesmith.worker import file_certificates
from tunesmith.worker.lifeline import Lifeline, leave, refuse, settle_in
from tunesmith.worker.protocol import MAX_PROBLEMS, Order

# How many problems the job's error itself names.
_SHOWN = 5


class Unfit(Exception):
    """One of the files cannot be used."""

    def __init__(self, param: str, code: str, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.param, self.code, self.message, self.problems = param, code, message, tuple(problems)


@dataclass(frozen=True, slots=True)
class Sound:
    """What was counted, what was odd about the files, and what can be promised of them."""

    facts: DataFacts
    warnings: tuple[Problem, ...]
    certificates: tuple[Certificate, ...]


def main(stdin: int, reports: int) -> None:
    lifeline = Lifeline(stdin, reports)
    order = lifeline.read_order(Order)
    settle_in(order.parent_pid)
    try:
        found = judge(order)
        warnings = [problem.as_json() for problem in found.warnings]
        certificates = [certificate.as_json() for certificate in found.certificates]
        lifeline.tell("sound", facts=found.facts.as_json(), warnings=warnings, certificates=certificates)
    except Unfit as unfit:
        problems = [problem.as_json() for problem in unfit.problems[:MAX_PROBLEMS]]
        lifeline.tell(
            "unfit", param=unfit.param, code=unfit.code, message=unfit.message, problems=problems,
            num_problems=len(unfit.problems),
        )  # fmt: skip
    except BaseException as error:  # noqa: BLE001 - the child's border: every error becomes a message
        refuse(lifeline, error)
        leave(1)
    leave(0)


def judge(order: Order) -> Sound:
    """Read, render and measure everything that training would; raises Unfit."""
    spec = FineTuneSpec.model_validate(order.spec)
    base = find_base(order)
    renderer = Renderer.load(base.folder, spec.prompt_loss_weight)
    training, num_rows, warnings = _read(order.training_file, "training_file", spec, renderer)
    num_examples = len(training.examples)
    if num_examples < FEW_EXAMPLES:
        raise Unfit(
            "training_file", "invalid_n_examples",
            f"Training file has {num_examples} example(s), but must have at least {FEW_EXAMPLES} examples",
        )  # fmt: skip
    validation: Dataset | None = None
    num_validation_rows: int | None = None
    if order.validation_file is not None:
        validation, num_validation_rows, more = _read(order.validation_file, "validation_file", spec, renderer)
        if validation.is_chat != training.is_chat:
            raise _unfit(
                "validation_file", f"It is {validation.format}, but the training file is {training.format}.", ()
            )
        warnings = (*warnings, *more, *_leakage(training, validation, spec))
    elif spec.validation_split is not None:
        training, validation = _split(training, spec)
    kept = _render(training, "training_file", spec, base, renderer)
    held_out = _render(validation, "validation_file", spec, base, renderer) if validation else None
    lengths = [len(example.token_ids) for example in (*kept.kept, *(held_out.kept if held_out else ()))]
    facts = DataFacts(len(kept.kept), max(lengths), sum(lengths), held_out is not None)
    certificates = (
        file_certificates.data_accounted(num_rows, num_validation_rows, kept, held_out),
        file_certificates.loss_mask(kept, spec.prompt_loss_weight),
    )
    return Sound(facts, tuple(warnings[:MAX_PROBLEMS]), certificates)


def find_base(order: Order) -> BaseModel:
    """The weights to start from, under the name that people know the base model by."""
    if order.base_folder is not None:
        return read_folder(Path(order.base_folder), order.base_model)
    return replace(locate(order.base_location, offline=order.offline), name=order.base_model)


def _read(path: str, param: str, spec: FineTuneSpec, renderer: Renderer) -> tuple[Dataset, int, tuple[Problem, ...]]:
    """The examples, how many rows the file has, and warnings; raises Unfit."""
    form = None if spec.file_format == "auto" else spec.file_format
    report = validate_file(Path(path), form, renderer.tokenizer.control_tokens)
    if report.dataset is None:
        errors = report.errors
        count = f"{report.num_errors:,} problem{'s' if report.num_errors != 1 else ''} in {report.num_rows:,} rows:"
        raise _unfit(param, count, errors)
    return report.dataset, report.num_rows, report.warnings


def _leakage(training: Dataset, validation: Dataset, spec: FineTuneSpec) -> list[Problem]:
    """What both files share, where that is no more than a warning; raises Unfit."""
    found = leakage(training, validation, spec.leakage)
    errors = [problem for problem in found if problem.severity == "error"]
    if errors:
        what = f"{leakage_sentence(validation, errors)} {HOW_TO_GO_ON}."
        raise _unfit("validation_file", what, errors)
    return found


def _split(training: Dataset, spec: FineTuneSpec) -> tuple[Dataset, Dataset]:
    try:
        return split(training, spec.validation_split or 0, spec.seed)
    except UserError as error:
        raise _unfit("training_file", str(error), ()) from error


def _render(dataset: Dataset, param: str, spec: FineTuneSpec, base: BaseModel, renderer: Renderer) -> OverLengthResult:
    """The examples that fit, each with something to train on; raises Unfit."""
    limit = resolve_max_seq_len(spec, base.config.max_position_embeddings)
    bos = renderer.tokenizer.bos_id
    try:
        rendered = render_all(dataset.examples, renderer, dataset.path)
        has_bos = bool(rendered) and bos is not None and rendered[0].token_ids[0] == bos
        result = apply_over_length(rendered, limit, spec.over_length, file=dataset.path, keep_first_token=has_bos)
    except Problems as error:
        raise _unfit(param, error.message, error.problems) from error
    except UserError as error:
        raise _unfit(param, str(error), ()) from error
    hint = "give at least one assistant message weight 1"
    empty = [
        Problem("no_trained_tokens", "nothing to train on", hint, file=dataset.path, line=example.line)
        for example in result.kept
        if example.num_trained_tokens == 0
    ]
    if empty:
        raise _unfit(param, f"{len(empty)} examples have no trained tokens:", empty)
    if not result.kept:
        raise _unfit(param, f"No example fits into {limit:,} tokens.", ())
    return result


def _unfit(param: str, what: str, problems: Sequence[Problem]) -> Unfit:
    shown = [_brief(problem) for problem in problems[:_SHOWN]]
    if len(problems) > _SHOWN:
        shown.append(f"{len(problems) - _SHOWN:,} more stand in the job's events")
    listed = f" {'; '.join(shown)}." if shown else ""
    kind = "training" if param == "training_file" else "validation"
    message = f"The job failed due to an invalid {kind} file. {what}{listed}"
    return Unfit(param, "invalid_training_file", message, problems)


def _brief(problem: Problem) -> str:
    where = [f"line {problem.line}"] if problem.line is not None else []
    where += [f"column {problem.column}"] if problem.column is not None else []
    place = ", ".join(where) + (f" ({problem.path})" if problem.path else "")
    return f"{place}: {problem.message}" if place else problem.message


if __name__ == "__main__":
    main(0, int(sys.argv[1]))
