"""The benches run for real, on the smallest shape: everyone does the same work, and learns from it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCH = Path(__file__).parent.parent.parent / "bench"


def run_bench(script: str, folder: Path, *options: str) -> tuple[dict[str, Any], str]:
    """→ the raw numbers and the table that the script wrote."""
    pytest.importorskip("transformers")
    arguments = [sys.executable, str(BENCH / script), *options, "--work", str(folder), "--out", str(folder / "results")]
    source = f"{BENCH.parent / 'src'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    done = subprocess.run(
        arguments, capture_output=True, text=True, timeout=240, env={**os.environ, "PYTHONPATH": source}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    raw, text = (next((folder / "results").glob(f"*.{kind}")).read_text() for kind in ("json", "md"))
    assert str(folder) not in raw + text  # results are published: they name no place
    return json.loads(raw), text


def check_training(folder: Path, contenders: list[str]) -> None:
    document, text = run_bench("train.py", folder, "--quick", "--contenders", ",".join(contenders))
    runs = [run for run in document["runs"] if run["contender"] != "peak"]
    assert [run["contender"] for run in runs] == contenders
    assert len({sum(step["tokens"] for step in run["steps"]) for run in runs}) == 1
    assert len({sum(step["trained_tokens"] for step in run["steps"]) for run in runs}) == 1
    held_out = [run["held_out_loss"] for run in runs]
    assert max(held_out) - min(held_out) < 0.05
    losses = [run["losses"][0] for run in runs if run["contender"] != "trl-packed"]
    assert max(losses) - min(losses) < 0.01  # the same weights and the same examples, in bf16
    assert all(run["held_out_loss"] < 9.6 for run in runs)  # random weights start at 9.6, ln 8,192 is 9.0
    header = next(line for line in text.splitlines() if line.startswith("| contender"))
    assert "tok/s median [min, max]" in header
    assert "MFU(min)" in header
    assert "held-out loss" in header
    assert any(f"ours-eager ÷ {peer}, the fastest tuned peer" in text for peer in contenders[1:])


def test_trainer_gets_the_same_work_as_ours(tmp_path: Path) -> None:
    pytest.importorskip("peft")
    check_training(tmp_path, ["ours-eager", "trainer-tuned"])


@pytest.mark.needs("peers")
def test_trl_gets_the_same_work_as_ours(tmp_path: Path) -> None:
    check_training(tmp_path, ["ours-eager", "trl-packed", "trl-grouped"])


def test_generation_gives_what_transformers_gives(tmp_path: Path) -> None:
    scenarios = "1 stream; 48 requests, 16 at once"
    document, text = run_bench("generate.py", tmp_path, "--quick", "--scenarios", scenarios)
    assert [(run["scenario"], run["contender"], run["new_tokens"]) for run in document["runs"]] == [
        ("1 stream", "ours", 8), ("1 stream", "scheduler", 8), ("1 stream", "transformers", 8),
        ("48 requests, 16 at once", "scheduler", 192), ("48 requests, 16 at once", "transformers", 192),
    ]  # fmt: skip
    assert "| 48 requests, 16 at once | transformers |" in text


@pytest.mark.needs("peers")
def test_mixed_adapters_give_what_peft_gives(tmp_path: Path) -> None:
    document, _ = run_bench("generate.py", tmp_path, "--quick", "--scenarios", "16 streams, 4 adapters")
    assert [(run["contender"], run["new_tokens"]) for run in document["runs"]] == [("scheduler", 128), ("peft", 128)]


def test_every_trick_is_measured_with_and_without(tmp_path: Path) -> None:
    document, text = run_bench("tricks.py", tmp_path, "--pairs", "3M-lora", "--rounds", "1", "--steps", "1")
    (run,) = document["runs"]
    assert set(run["seconds"]) > {"all", "norms by hand", "attention by products, not the fused kernel"}
    assert all(len(times) == 1 and times[0] > 0 for times in run["seconds"].values())
    assert all(f"| {name} |" in text for name in run["seconds"] if name != "all")


def test_what_was_uploaded_is_downloaded_beside_a_copy(tmp_path: Path) -> None:
    document, text = run_bench("upload.py", tmp_path, "--mebibytes", "8", "--rounds", "1", "--settle-seconds", "0")
    names = ["upload", "download", "cp, sha256sum", "cp, sha256sum, sync"]
    assert sorted(run["what"] for run in document["runs"] if run["round"] == 1) == sorted(names)
    assert all(run["wall_seconds"] > 0 for run in document["runs"])
    assert all(f"| {name} |" in text for name in names)
    assert "Upload of 8 MiB" in text
