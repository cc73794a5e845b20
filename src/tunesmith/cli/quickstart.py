"""`tunesmith quickstart`: the whole story on the embedded starter and its own measurable task.

Natural questions → Weft, a small graph query language that no base model has seen. Held-out questions
share neither names nor sentence frames with the training questions.
"""

from __future__ import annotations

import shlex
import time
from pathlib import Path

from rich.console import Console

from tunesmith.cli.command_name import command_name
from tunesmith.cli.local import Story, finish, folder_of_run, run_story, with_paths_from
from tunesmith.core import durable
from tunesmith.data.validate import read_dataset
from tunesmith.evaluate.run import exact_score
from tunesmith.evaluate.statistics import Score
from tunesmith.infer.loaded import load_model
from tunesmith.nn.catalog import STARTER_FOLDER
from tunesmith.specs.yaml_file import load_spec
from tunesmith.starter.graph_query import held_out_rows, training_rows, unseen_relation_rows, write_rows
from tunesmith.train.device import DTYPES, choose_device

CONFIG = "quickstart.yaml"
UNSEEN = "Questions with relation words that no training example had, so that tuning did not teach them"
"""What the second score is of."""


def run_quickstart(out: Path | None, *, resume: bool, as_json: bool) -> None:
    """Write the task's files, then check, train, evaluate and report."""
    console = Console(stderr=as_json, highlight=False, emoji=False)
    folder = folder_of_run(Path("runs") / "quickstart", out, resume=resume)
    console.print("Teaching the starter Weft, a graph query language that it has never seen.", style="bold")
    write_task(folder)
    spec = with_paths_from(load_spec(folder / CONFIG), folder.resolve())
    again = f"{command_name()} quickstart --out {shlex.quote(str(folder))} --resume"
    story = run_story(spec, folder, console, resume=resume, again=again)
    console.print("  asking the tuned model about relation words that it was not trained on", style="dim")
    started = time.monotonic()
    unseen = {UNSEEN: {"tuned": _unseen_score(story, folder)}}
    story.seconds["evaluation"] += time.monotonic() - started
    finish(story, console, title="Quickstart: questions → Weft queries", as_json=as_json, extra=unseen)


def write_task(folder: Path) -> None:
    """The job's YAML and its three files of examples."""
    with durable.disk_errors(folder):
        (folder / "data").mkdir(parents=True, exist_ok=True)
        write_rows(folder / "data" / "training.jsonl", training_rows())
        write_rows(folder / "data" / "held_out.jsonl", held_out_rows())
        write_rows(folder / "data" / "unseen_relations.jsonl", unseen_relation_rows())
        durable.write_bytes(folder / CONFIG, (STARTER_FOLDER / CONFIG).read_bytes())


def _unseen_score(story: Story, folder: Path) -> Score:
    dataset, _ = read_dataset(folder / "data" / "unseen_relations.jsonl")
    precision = DTYPES[story.outcome.settings.precision]
    model = load_model(str(story.outcome.model), precision, choose_device())
    return exact_score(model, dataset.examples, story.job.spec.seed)
