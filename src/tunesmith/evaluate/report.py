"""The report of a run: scores, answers, curves and settings → `report.json` and `report.html`."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from tunesmith.core import durable
from tunesmith.evaluate.report_nouns import (
    CONTESTANTS,
    AnswerRow,
    ContestantScores,
    DataSummary,
    NextCommand,
    Report,
    Setting,
    TokenHistogram,
)
from tunesmith.evaluate.report_page import page
from tunesmith.evaluate.verdict import verdict

__all__ = [
    "CONTESTANTS",
    "AnswerRow",
    "ContestantScores",
    "DataSummary",
    "NextCommand",
    "Report",
    "Setting",
    "TokenHistogram",
    "verdict",
    "write_report",
]


def write_report(folder: Path, report: Report) -> None:
    """Write `report.json` and `report.html` into ``folder``."""
    durable.write_json(folder / "report.json", _as_json(report))
    durable.write_text(folder / "report.html", page(report))


def _as_json(report: Report) -> dict[str, Any]:
    measured = {
        contestant: {metric: _plain(score) for metric, score in _plain(scores).items() if score is not None}
        for contestant, scores in report.scores.items()
    }
    return {"format": 1, **_plain(report), "scores": measured}


_SURROGATES = re.compile(r"[\ud800-\udfff]")


def _plain(value: Any) -> Any:
    """``value`` as JSON can hold it: a number that is not finite becomes null, half a character U+FFFD."""
    if isinstance(value, str):
        return _SURROGATES.sub("\ufffd", value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {_plain(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, Sequence):
        return [_plain(entry) for entry in value]
    if is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    return value
