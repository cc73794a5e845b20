"""`data duplicates`, `data split`, `data diff` and `data version` as they are typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tunesmith.cli.main import run

LONG = "When the parcel has not come after ten days please write to us with the number that stands on the bill you got"


@pytest.fixture
def rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    texts = [
        LONG,
        "Good day",
        LONG.replace("parcel", "letter"),
        "Good day",
        *(f"Question {number}" for number in range(6)),
    ]
    lines = (json.dumps({"prompt": text, "completion": "Yes.", "metadata": {"thread": text[:4]}}) for text in texts)
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_duplicates_are_shown_with_what_differs_and_left_out(rows: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = rows.read_bytes()
    assert run(["data", "duplicates", "rows.jsonl", "--out", "clean.jsonl"]) == 0
    said = capsys.readouterr().out
    assert "prompt: “When the parcel has" in said
    assert "→ “When the letter has" in said
    assert "line 4: an exact copy" in said
    assert "8 stay" in said
    assert rows.read_bytes() == before
    assert len(Path("clean.jsonl").read_text().splitlines()) == 8
    assert run(["data", "duplicates", "clean.jsonl", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["num_clusters"] == 0


def test_decisions_by_cluster_are_followed(rows: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["data", "duplicates", "rows.jsonl", "--json"])
    near, _exact = json.loads(capsys.readouterr().out)["clusters"]
    Path("decisions.json").write_text(json.dumps({near["id"]: "reject"}))
    assert run(["data", "duplicates", "rows.jsonl", "--decisions", "decisions.json", "--out", "clean.jsonl"]) == 0
    assert len(Path("clean.jsonl").read_text().splitlines()) == 9


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["duplicates", "rows.jsonl", "--out", "rows.jsonl"], "never changed in place"),
        (["duplicates", "rows.jsonl", "--out", "taken.jsonl"], "is there already"),
        (["duplicates", "absent.jsonl"], "No such file"),
        (["split", "rows.jsonl", "--out-train", "a.jsonl", "--out-validation", "./a.jsonl"], "one file"),
        (["split", "rows.jsonl", "--out-train", "a.jsonl", "--out-validation", "b.jsonl", "--share", "2"], "between 0 and 1"),
        (["diff", "rows.jsonl", "absent.jsonl"], "No such file"),
        (["version", "absent.jsonl"], "No such file"),
    ],
)  # fmt: skip
def test_mistakes_leave_with_2_and_write_nothing(
    rows: Path, capsys: pytest.CaptureFixture[str], command: list[str], said: str
) -> None:
    Path("taken.jsonl").write_text("mine")
    assert run(["data", *command]) == 2
    assert said in capsys.readouterr().err
    assert sorted(path.name for path in rows.parent.iterdir()) == ["rows.jsonl", "taken.jsonl"]


def test_split_keeps_threads_whole_and_its_files_know_where_they_come_from(
    rows: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["data", "version", "rows.jsonl", "--licence", "CC0-1.0", "--source", "own work"]) == 0
    parts = ["--out-train", "train.jsonl", "--out-validation", "valid.jsonl"]
    assert run(["data", "split", "rows.jsonl", *parts, "--share", "0.2", "--by-group", "thread"]) == 0
    assert "3 groups, none of them on both sides" in capsys.readouterr().out
    assert run(["data", "version", "valid.jsonl"]) == 0
    said = capsys.readouterr().out
    assert "licence: CC0-1.0; source: own work" in said
    assert "made from rows.jsonl" in said


def test_diff_counts_and_names_operations(rows: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["data", "duplicates", "rows.jsonl", "--out", "clean.jsonl"])
    capsys.readouterr()
    assert run(["data", "diff", "rows.jsonl", "clean.jsonl", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["removed"], said["num_added"], said["num_changed"]) == ([3, 4], 0, 0)
    assert said["operations"][0]["version"]["operations"][0]["name"] == "duplicates"
