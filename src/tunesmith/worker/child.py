"""The training process: one attempt at one job, between an order on stdin and JSON lines on its pipe.

``python -m tunesmith.worker.child N`` reads its order from stdin and tells on file descriptor N. It writes
under its working folder only, the attempt's own.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from tunesmith.core.errors import Interrupted
from tunesmith.data.examples import Dataset
from tunesmith.data.split import split
from tunesmith.data.tokenizer import Tokenizer
from tunesmith.data.validate import read_dataset
from tunesmith.nn.catalog import BaseModel
from tunesmith.nn.lora import ADAPTER_CONFIG, read_adapter_config
from tunesmith.specs.fine_tune import FineTuneSpec
from tunesmith.specs.resolve import ResolvedSpec
from tunesmith.train.fine_tune import Job, fine_tune
from tunesmith.train.run_folder import StepMetrics, locked
from tunesmith.worker.check_files import find_base
from tunesmith.worker.lifeline import Lifeline, leave, refuse, settle_in
from tunesmith.worker.model_certificates import of_model
from tunesmith.worker.protocol import Order, Word


class Teller:
    """Training's Reporter and Publisher: everything becomes a line."""

    def __init__(self, lifeline: Lifeline) -> None:
        self._lifeline = lifeline
        self._machine: dict[str, Any] = {}

    def say(self, text: str) -> None:
        self._lifeline.tell("said", text=text, level="info")

    def warn(self, text: str) -> None:
        self._lifeline.tell("said", text=text, level="warn")

    def begin(self, settings: ResolvedSpec, first_step: int) -> None:
        resolved = settings.as_json()["settings"]
        self._lifeline.tell(
            "begun", resolved=resolved, first_step=first_step, total_steps=settings.total_steps, **self._machine
        )  # fmt: skip

    def step(self, metrics: StepMetrics) -> None:
        self._lifeline.tell("step", metrics=asdict(metrics))

    def checkpoint(self, step: int, folder: Path) -> None:
        self._lifeline.tell("checkpoint", step=step, folder=str(folder))

    def published(self, metrics: StepMetrics, folder: Path) -> None:
        self._lifeline.tell("published", metrics=asdict(metrics), folder=str(folder))

    def wants_model_when_stopped(self) -> bool:
        return self._lifeline.was_asked(Word.PAUSE)

    def runs_on(self, fingerprint: Mapping[str, str | int], saved: Mapping[str, str | int] | None) -> None:
        self._machine = {"fingerprint": dict(fingerprint), "saved_fingerprint": None if saved is None else dict(saved)}


def main(stdin: int, reports: int) -> None:
    """Train as ordered; the last line says how it ended."""
    lifeline = Lifeline(stdin, reports)
    order = lifeline.read_order(Order)
    settle_in(order.parent_pid)
    torch.set_num_threads(order.num_threads)
    try:
        train(order, lifeline)
    except Interrupted:
        lifeline.tell("interrupted")
    except BaseException as error:  # noqa: BLE001 - the child's border: every error becomes a message
        refuse(lifeline, error)
        leave(1)
    leave(0)


def train(order: Order, lifeline: Lifeline) -> None:
    teller = Teller(lifeline)
    base = find_base(order)
    spec = _spec(order)
    training, validation = read_files(order, spec, base)
    adapter = Path(order.initial_adapter) if order.initial_adapter else None
    folder = Path(order.run_folder)
    with locked(folder):
        job = Job(spec, base, training, validation, folder, order.resume, adapter)
        outcome = fine_tune(job, teller, lambda: lifeline.was_asked(Word.PAUSE, Word.SAVE), publisher=teller)
    measured = [certificate.as_json() for certificate in of_model(outcome.model, base.folder)]
    lifeline.tell("trained", folder=str(outcome.model), certificates=measured)


def read_files(order: Order, spec: FineTuneSpec, base: BaseModel) -> tuple[Dataset, Dataset | None]:
    control_tokens = Tokenizer.load(base.folder).control_tokens
    form = None if spec.file_format == "auto" else spec.file_format
    training, _ = read_dataset(Path(order.training_file), form, control_tokens)
    if order.validation_file is not None:
        return training, read_dataset(Path(order.validation_file), form, control_tokens)[0]
    if spec.validation_split is not None:
        return split(training, spec.validation_split, spec.seed)
    return training, None


def _spec(order: Order) -> FineTuneSpec:
    """As ordered; a tuned adapter that is trained further keeps its rank, strength and places."""
    spec = FineTuneSpec.model_validate(order.spec)
    if order.initial_adapter is None:
        return spec
    adapter = read_adapter_config(Path(order.initial_adapter) / ADAPTER_CONFIG)
    kept = {"lora_rank": adapter.rank, "lora_alpha": adapter.alpha, "lora_target_modules": list(adapter.target_modules)}
    return spec.model_copy(update={"adapter": "lora", **kept})


if __name__ == "__main__":
    main(0, int(sys.argv[1]))
