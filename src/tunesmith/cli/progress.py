"""Shows training while it runs: a live bar on a terminal, a plain line now and then elsewhere.

Takes the metrics of one step at a time; keeps nothing but what it shows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

Metrics = Mapping[str, float | int | None]

_NUM_PLAIN_LINES = 10
_SPARK_CELLS = 16
_SPARKS = "▁▂▃▄▅▆▇█"


class TrainingProgress:
    """A context manager around a training loop of ``total_steps``, ``first_step`` of them done already."""

    def __init__(self, total_steps: int, first_step: int = 0, console: Console | None = None) -> None:
        self._console = console or Console(emoji=False)
        self._total_steps = total_steps
        self._last_tenth = -1
        self._losses: list[float] = []
        self._latest: dict[str, float | int] = {}
        self._bar = Progress(
            TextColumn("Training"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=self._console,
            speed_estimate_period=120,
        )
        self._task = self._bar.add_task("Training", total=total_steps, completed=first_step)
        self._live: Live | None = None

    def __enter__(self) -> TrainingProgress:
        if self._console.is_terminal and not self._console.is_dumb_terminal:
            self._live = Live(get_renderable=self._picture, console=self._console, refresh_per_second=8)
            self._live.start(refresh=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()
            self._live = None

    def step(self, metrics: Metrics) -> None:
        """Show one finished step: ``step``, ``train_loss``, ``train_mean_token_accuracy``, ``learning_rate``,
        ``grad_norm``, ``tokens_per_second``, and at a validation ``valid_loss`` and
        ``valid_mean_token_accuracy``. What is absent or None keeps its last value on the live bar.
        """
        given = {name: value for name, value in metrics.items() if value is not None}
        self._latest |= given
        step = int(given["step"])
        if math.isfinite(loss := given.get("train_loss", math.nan)):
            self._losses.append(loss)
        self._bar.update(self._task, completed=step)
        if self._live:
            if "valid_loss" in given:
                self.say(f"step {step:,}: {_validation(given)}")
        else:
            self._tell(step, given)

    def say(self, text: str) -> None:
        """Print a line; on a terminal it stays above the bar."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _tell(self, step: int, given: dict[str, float | int]) -> None:
        """One plain line for the first step seen, for each tenth of the steps, and for each validation."""
        tenth = _tenth(step, self._total_steps)
        if tenth == self._last_tenth and "valid_loss" not in given:
            return
        self._last_tenth = tenth
        said = ", ".join(part for part in (*_training(given), _validation(given)) if part)
        share = 100 * step / max(1, self._total_steps)
        self.say(f"step {step:,}/{self._total_steps:,} ({share:.0f} %): {said}")

    def _picture(self) -> Group:
        can_draw = self._console.encoding.startswith("utf")
        spark = sparkline(self._losses) + "  " if can_draw and self._losses else ""
        figures = "  ".join(_training(self._latest)) or "waiting for the first step"
        line = Text(spark, style="cyan", no_wrap=True, overflow="ellipsis").append(figures, style="default")
        return Group(self._bar, line)


def sparkline(values: Sequence[float], cells: int = _SPARK_CELLS) -> str:
    """``values`` as a row of small bars, at most ``cells`` of them: each the mean of an equal stretch."""
    if not values:
        return ""
    cells = min(cells, len(values))
    borders = [index * len(values) // cells for index in range(cells + 1)]
    means = [sum(values[start:end]) / (end - start) for start, end in pairwise(borders)]
    low, high = min(means), max(means)
    top = len(_SPARKS) - 1
    return "".join(_SPARKS[round(top * (mean - low) / (high - low)) if high > low else 0] for mean in means)


def _training(metrics: Metrics) -> list[str]:
    forms: dict[str, Callable[[float], str]] = {
        "train_loss": "loss {:.3f}".format,
        "train_mean_token_accuracy": lambda share: f"accuracy {100 * share:.1f} %",
        "tokens_per_second": "{:,.0f} tokens/s".format,
        "learning_rate": "lr {:.1e}".format,
    }
    return [form(value) for name, form in forms.items() if (value := metrics.get(name)) is not None]


def _validation(metrics: Metrics) -> str:
    loss = metrics.get("valid_loss")
    accuracy = metrics.get("valid_mean_token_accuracy")
    if loss is None:
        return ""
    return f"valid_loss {loss:.3f}" + ("" if accuracy is None else f", valid accuracy {100 * accuracy:.1f} %")


def _tenth(step: int, total_steps: int) -> int:
    return _NUM_PLAIN_LINES * step // max(1, total_steps)
