"""Examples written by a model that the platform serves. The starter is too small to write good ones: what counts is that
all that it writes is kept or refused, and that the figures agree.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.acceptance.conftest import Platform


def synthesize(platform: Platform, *arguments: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, report, and what was said beside it."""
    command = [sys.executable, "-m", "tunesmith", "data", "synthesize", *arguments, "--yes", "--json"]
    environment = {**os.environ, "OPENAI_API_KEY": platform.key or "", "OPENAI_BASE_URL": f"{platform.url}/v1"}
    environment.pop("TUNESMITH_API_KEY", None)
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
    return done.returncode, json.loads(done.stdout), done.stderr


@pytest.mark.parametrize("language", ["en", "zh"])
def test_everything_that_a_served_model_writes_is_accounted_for(
    platform: Platform, tmp_path: Path, rows_file: Path, language: str
) -> None:
    out = tmp_path / "out.jsonl"
    code, report, said = synthesize(
        platform, str(out), "--seeds", str(rows_file), "--model", "starter", "--language", language, "--count", "4",
        "--per-request", "2", "--seeds-per-request", "2", "--max-tokens", "120", "--max-requests", "4", "--concurrency", "2",
    )  # fmt: skip
    assert (code, report["usage"]["num_requests"]) == (
        0 if report["kept"] else 2,
        4 if not report["kept"] else report["usage"]["num_requests"],
    ), said
    assert report["written"] == report["kept"] + report["refused"] > 0
    assert report["refused"] == sum(report["refused_by_reason"].values())
    assert report["usage"]["prompt_tokens"] > 100
    assert report["usage"]["is_counted"]
    assert out.exists() == (report["kept"] > 0)
    answered = (tmp_path / "out.jsonl.synthesis" / "answers.jsonl").read_text().count('"answered"')
    assert answered == report["usage"]["num_requests"]
