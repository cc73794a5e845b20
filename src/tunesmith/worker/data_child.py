"""The process that works on data files: it converts, cleans, splits … what an operation names. No torch.

``python -m tunesmith.worker.data_child N`` takes an order and tells of its progress; its last word is ``done``, with
what it made, or ``refused``. Files are hostile input: they are read here, never in the worker.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any, Final

import msgspec

from tunesmith.data.operation_kinds import RUNS
from tunesmith.data.operations import Done, Input, Workbench
from tunesmith.data.versions import Version
from tunesmith.specs.data_operations import parse_settings
from tunesmith.worker.asked_model import open_writer
from tunesmith.worker.lifeline import Lifeline, leave, refuse, settle_in
from tunesmith.worker.protocol import MAX_PROBLEMS, OperationOrder

_TELL_EVERY_SECONDS: Final = 0.5


def main(stdin: int, reports: int) -> None:
    lifeline = Lifeline(stdin, reports)
    order = lifeline.read_order(OperationOrder)
    settle_in(order.parent_pid)
    try:
        lifeline.tell("done", **told(run(order, lifeline)))
    except BaseException as error:  # noqa: BLE001 - the child's border: every error becomes a message
        refuse(lifeline, error)
        leave(1)
    leave(0)


def run(order: OperationOrder, lifeline: Lifeline) -> Done:
    told_at = time.monotonic()

    def progress(share: float) -> None:
        nonlocal told_at
        if time.monotonic() - told_at >= _TELL_EVERY_SECONDS:
            told_at = time.monotonic()
            lifeline.tell("progress", share=share)

    settings = parse_settings(order.kind, order.settings)
    inputs = [
        Input(Path(each["path"]), each["name"], each["sha256"], _version(each["version"])) for each in order.inputs
    ]
    writer = open_writer(order.asked_model) if order.asked_model else None
    folder = Path(order.out_folder)
    folder.mkdir()
    bench = Workbench(folder, progress, bytes.fromhex(order.surrogate_key), writer, Path(order.kept_folder))
    return RUNS[order.kind](settings, inputs, bench)


def _version(text: str) -> Version | None:
    return msgspec.json.decode(text, type=Version) if text else None


def told(done: Done) -> dict[str, Any]:
    """Paths stay within the child's folder; what is too much to tell was counted."""
    outputs = [
        {"path": str(each.path), "name": each.name, "purpose": each.purpose, "version": each.version.as_json()}
        for each in done.outputs
    ]
    problems = [problem.as_json() for problem in done.problems[:MAX_PROBLEMS]]
    items = None if done.items is None else str(done.items)
    return {
        "outputs": outputs,
        "counts": dict(done.counts),
        "problems": problems,
        "items": items,
        "result": done.result,
    }


if __name__ == "__main__":
    main(0, int(sys.argv[1]))
