"""Text, figures and times as a page shows them."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

from tunesmith.evaluate.statistics import Score

_UNSHOWABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def escaped(text: str) -> str:
    """``text`` for the page, where it is text and nothing else; what no page may hold becomes U+FFFD."""
    return html.escape(_UNSHOWABLE.sub("\ufffd", text), quote=True)


def percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share in (0, 1) else f"{100 * share:.1f} %"


def loss_figure(value: float) -> str:
    return f"{value:.3f}"


def plainly(value: float) -> str:
    return f"{value:g}"


def short(value: float) -> str:
    return f"{value:.1e}".replace("e-0", "e-").replace(".0e", "e") if value else "0"


def low_to_high(score: Score, show: Callable[[float], str]) -> str:
    return f"{show(score.low)} to {show(score.high)}"


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
