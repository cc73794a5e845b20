"""What every test shares: one thread for torch, and an honest count of what was left out."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

# Read by torch when a test first imports it: one thread, so that workers share cores and bits repeat.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def _has_cuda() -> bool:
    if find_spec("torch") is None or not Path("/proc/driver/nvidia/version").exists():
        return False
    import torch

    return torch.cuda.is_available()


# What ``@pytest.mark.needs(name)`` may name → whether this machine has it.
NEEDS: dict[str, Callable[[], bool]] = {
    "cuda": _has_cuda,
    "postgres": lambda: any(Path("/usr/lib/postgresql").glob("*/bin/postgres")) or shutil.which("postgres") is not None,
    "chromium": lambda: shutil.which("chromium") is not None,
    "s3": lambda: find_spec("swift") is not None,
}

_deselected = 0


def pytest_configure(config: pytest.Config) -> None:
    unknown = _required() - NEEDS.keys()
    if unknown:
        raise pytest.UsageError(f"TUNESMITH_REQUIRE names {sorted(unknown)}; known: {sorted(NEEDS)}")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose need is absent; fail it where TUNESMITH_REQUIRE says that the need must be there."""
    for name in {name for marker in item.iter_markers("needs") for name in marker.args}:
        if not NEEDS[name]():
            missing = f"needs {name}, which this machine lacks"
            if name in _required():
                pytest.fail(f"{missing}, though TUNESMITH_REQUIRE asks for it", pytrace=False)
            pytest.skip(missing)


def _required() -> set[str]:
    return {name for name in os.environ.get("TUNESMITH_REQUIRE", "").split(",") if name}


def pytest_deselected(items: list[pytest.Item]) -> None:
    global _deselected
    _deselected += len(items)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Under xdist: hand the worker's count to the process that prints the summary."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["deselected"] = _deselected


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Every xdist worker collects, and so deselects, the same tests: count them once."""
    global _deselected
    _deselected = max(_deselected, getattr(node, "workeroutput", {}).get("deselected", 0))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say what was left out and why, so that a green run never hides a skipped check."""
    reasons = Counter(_reason(report) for report in terminalreporter.stats.get("skipped", []))
    if _deselected:
        reasons[f"deselected (-m {terminalreporter.config.option.markexpr!r})"] = _deselected
    if not reasons:
        return
    terminalreporter.section(f"LEFT OUT: {reasons.total()} tests", yellow=True, bold=True)
    for reason, count in reasons.most_common():
        terminalreporter.line(f"{count:4d}  {reason}", yellow=True)


def _reason(report: Any) -> str:
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return str(text).removeprefix("Skipped: ")
