"""The quickstart: its files are good, its specs load, and its story runs on the embedded starter."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tunesmith.cli.local import with_paths_from
from tunesmith.cli.main import run
from tunesmith.cli.quickstart import CONFIG, UNSEEN, write_task
from tunesmith.data.leakage import leakage
from tunesmith.data.validate import read_dataset
from tunesmith.nn.catalog import STARTER_FOLDER
from tunesmith.specs.yaml_file import load_spec


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("quickstart")
    write_task(folder)
    return folder


def test_quickstart_and_pretraining_recipes_load_as_specs() -> None:
    recipes = {path.name: load_spec(path) for path in STARTER_FOLDER.glob("*.yaml")}
    assert recipes[CONFIG].base_model == "starter"
    pretraining = [recipes[name] for name in sorted(recipes) if name.startswith("pretrain")]
    assert [spec.adapter for spec in pretraining] == ["none"] * len(pretraining)
    assert pretraining[0].initialization == "random"


def test_task_is_a_job_with_three_files(task: Path) -> None:
    names = sorted(str(path.relative_to(task)) for path in task.rglob("*") if path.is_file())
    assert names == ["data/held_out.jsonl", "data/training.jsonl", "data/unseen_relations.jsonl", CONFIG]


def test_job_names_the_files_beside_it(task: Path) -> None:
    spec = with_paths_from(load_spec(task / CONFIG), task)
    assert spec.base_model == "starter"
    assert Path(spec.training_file) == task / "data" / "training.jsonl"
    assert Path(spec.validation_file or "") == task / "data" / "held_out.jsonl"


def test_task_files_pass_every_check(task: Path) -> None:
    read = {
        name: read_dataset(task / "data" / f"{name}.jsonl") for name in ("training", "held_out", "unseen_relations")
    }
    sizes = {name: (len(dataset.examples), warnings) for name, (dataset, warnings) in read.items()}
    assert sizes == {"training": (2000, ()), "held_out": (200, ()), "unseen_relations": (100, ())}
    assert leakage(read["training"][0], read["held_out"][0]) == []
    assert leakage(read["training"][0], read["unseen_relations"][0]) == []


def test_readme_shows_the_second_score_as_it_is_printed() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    block = readme.partition("<!-- quickstart-output -->")[2].partition("<!-- /quickstart-output -->")[0]
    assert f"\n{UNSEEN}: tuned model " in block


def test_task_is_the_same_every_time(task: Path, tmp_path: Path) -> None:
    write_task(tmp_path)
    for path in (task / "data").iterdir():
        assert (tmp_path / "data" / path.name).read_bytes() == path.read_bytes()


def test_resume_needs_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["quickstart", "--resume"]) == 2
    assert "--out" in capsys.readouterr().err


def test_file_where_the_folder_should_be_leaves_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "taken").write_text("mine")
    assert run(["quickstart", "--out", str(tmp_path / "taken")]) == 1
    said = capsys.readouterr()
    assert "Traceback" not in said.err + said.out
    assert (tmp_path / "taken").read_text() == "mine"


def test_few_steps_on_the_starter_run_the_whole_story(
    task: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same job cut short: two steps on 40 rows, two questions for each contestant."""
    (tmp_path / "data").mkdir()
    for name, rows in (("training", 40), ("held_out", 4)):
        lines = (task / "data" / f"{name}.jsonl").read_text().splitlines(keepends=True)
        (tmp_path / "data" / f"{name}.jsonl").write_text("".join(lines[:rows]))
    job = (
        (task / CONFIG)
        .read_text()
        .replace("num_epochs: 6", "max_steps: 2")
        .replace("eval_examples: 200", "eval_examples: 2")
    )
    (tmp_path / "job.yaml").write_text(job)
    assert run(["train", str(tmp_path / "job.yaml"), "--out", str(tmp_path / "run"), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [scores["exact_match"]["n"] for scores in report["scores"].values()] == [2, 2, 2]
    assert report["run"]["Base model"] == "starter"
