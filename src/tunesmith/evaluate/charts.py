"""The report's pictures, as SVG: curves, a histogram of lengths, bars with whiskers.

A plot's own coordinates are per cent, so that its text keeps its size at any width; its curves lie in
a nested picture of 1000 × 1000 that is stretched over it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from tunesmith.evaluate.report_nouns import Curve, TokenHistogram
from tunesmith.evaluate.statistics import Score
from tunesmith.evaluate.words import escaped


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    style: str
    curve: Curve


def line_chart(
    title: str, what: str, lines: Sequence[Line], show: Callable[[float], str], scale: Callable[[float], str]
) -> str:
    values = [value for line in lines for _, value in line.curve]
    last_step = max(step for line in lines for step, _ in line.curve)
    x = _Axis(round_ticks(0, last_step, whole=True), 0, max(1, last_step))
    floor = min(values) if min(values) > max(values) / 2 and min(values) < max(values) else min(0.0, *values)
    ticks = round_ticks(floor, max(values))
    y = _Axis(ticks, ticks[0], ticks[-1])
    summary = "; ".join(
        f"{line.name} goes from {show(line.curve[0][1])} at step {line.curve[0][0]:,} "
        f"to {show(line.curve[-1][1])} at step {line.curve[-1][0]:,}"
        for line in lines
    )
    legend = "".join(
        f'<li><i class="{line.style}"></i>{escaped(line.name)} <b>{show(line.curve[-1][1])}</b> at the end</li>'
        for line in lines
    )
    drawn = "".join(_drawn_line(line, x, y, show) for line in lines)
    is_smoothed = any(_is_smoothed(line) for line in lines)
    note = "; the thick line is its moving average" if is_smoothed else ""
    return (
        f'<figure><figcaption><span class="name">{title}</span> <span>{what}{note}</span></figcaption>'
        f'<ul class="legend">{legend}</ul>{_plot(title, summary, x, y, "step", scale, drawn)}</figure>'
    )


def histogram(lengths: TokenHistogram) -> str:
    limit = lengths.max_seq_len
    longest = lengths.edges[-1]
    is_limit_near = limit <= 1.3 * longest
    right = max(longest, limit) if is_limit_near else longest
    x = _Axis(round_ticks(0, right, whole=True), 0, max(1, right))
    ticks = round_ticks(0, max(lengths.counts), whole=True)
    y = _Axis(ticks, 0, ticks[-1])
    bars = "".join(
        f'<rect class="{kind}" x="{_per_cent(x.share(low))}" '
        f'y="{_per_cent(1 - y.share(count))}" width="{_per_cent(0.94 * (x.share(high) - x.share(low)))}" '
        f'height="{_per_cent(y.share(count))}"><title>{low:,} to {high:,} tokens: {count:,} examples</title></rect>'
        for (low, high), count in zip(pairwise(lengths.edges), lengths.counts, strict=True)
        for kind in (["within"] if low < limit else ["over"])
    )
    at = x.share(limit)
    side, shift = ("limit left", -6) if at > 0.6 else ("limit", 6)
    border = (
        f'<line class="limit" x1="{_per_cent(at)}" x2="{_per_cent(at)}" y1="0" y2="100%"/>'
        f'<text class="{side}" x="{_per_cent(at)}" y="0" dx="{shift}" dy="11">'
        f"max_seq_len {limit:,}</text>"
    )
    room = "" if is_limit_near else f"; max_seq_len is {limit:,}, further right than the plot reaches"
    total = sum(lengths.counts)
    summary = f"{total:,} examples of {lengths.edges[0]:,} to {longest:,} tokens; max_seq_len is {limit:,}"
    drawn = bars + (border if is_limit_near else "")
    return (
        f'<figure><figcaption><span class="name">Tokens per example</span> <span>how many examples have how many tokens'
        f"{room}</span></figcaption>{_plot('Tokens per example', summary, x, y, 'tokens', '{:,.0f}'.format, drawn)}</figure>"
    )


def whisker_bar(score: Score, top: float) -> str:
    value, low, high = (_per_cent(min(1.0, max(0.0, each / top))) for each in (score.value, score.low, score.high))
    return (
        f'<svg class="whiskers" aria-hidden="true"><rect class="track" width="100%" y="5" height="14" rx="3"/>'
        f'<rect class="value" width="{value}" y="5" height="14" rx="3"/>'
        f'<line x1="{low}" x2="{high}" y1="12" y2="12"/><line x1="{low}" x2="{low}" y1="7" y2="17"/>'
        f'<line x1="{high}" x2="{high}" y1="7" y2="17"/></svg>'
    )


def plain_bar(share: float) -> str:
    return (
        '<svg class="whiskers" aria-hidden="true"><rect class="track" width="100%" y="5" height="14" rx="3"/>'
        f'<rect class="value" width="{_per_cent(share)}" y="5" height="14" rx="3"/></svg>'
    )


def finite(curve: Curve) -> list[tuple[int, float]]:
    return [(step, value) for step, value in curve if math.isfinite(value)]


def round_ticks(low: float, high: float, whole: bool = False) -> list[float]:
    """Four to eight round numbers, the first at or below ``low`` and the last at or above ``high``."""
    span = (high - low) or abs(high) or 1.0
    power = 10.0 ** math.floor(math.log10(span / 4))
    stride = next(step * power for step in (1, 2, 2.5, 5, 10) if span / (step * power) <= 6)
    if whole:
        stride = max(1.0, float(round(stride)))
    first = math.floor(low / stride + 1e-9)
    last = max(first + 1, math.ceil(high / stride - 1e-9))
    return [index * stride for index in range(first, last + 1)]


@dataclass(frozen=True, slots=True)
class _Axis:
    ticks: Sequence[float]
    low: float
    high: float

    def share(self, value: float) -> float:
        return (value - self.low) / (self.high - self.low)


def _plot(title: str, summary: str, x: _Axis, y: _Axis, x_name: str, scale: Callable[[float], str], drawn: str) -> str:
    rows = "".join(
        f'<line class="grid" x1="0" x2="100%" y1="{_per_cent(1 - y.share(tick))}" y2="{_per_cent(1 - y.share(tick))}"/>'
        f'<text class="y" x="0" dx="-8" dy="4" y="{_per_cent(1 - y.share(tick))}">{scale(tick)}</text>'
        for tick in y.ticks
    )
    columns = "".join(
        f'<line class="tick" x1="{_per_cent(x.share(tick))}" x2="{_per_cent(x.share(tick))}" y1="100%" y2="100%"/>'
        f'<text class="x" x="{_per_cent(x.share(tick))}" y="100%" dy="18">{tick:,.0f}</text>'
        for tick in x.ticks
        if x.low <= tick <= x.high
    )
    return (
        f'<svg class="plot" role="img" aria-label="{escaped(title)}: {escaped(summary)}"><title>{escaped(title)}</title>'
        f'<desc>{escaped(summary)}</desc>{rows}{columns}<line class="axis" x1="0" x2="100%" y1="100%" y2="100%"/>'
        f'<text class="name" x="100%" y="100%" dy="36">{x_name}</text>{drawn}</svg>'
    )


def _drawn_line(line: Line, x: _Axis, y: _Axis, show: Callable[[float], str]) -> str:
    marks = ""
    if len(line.curve) == 1 or (line.style == "valid" and len(line.curve) <= 60):
        marks = "".join(
            f'<circle class="{line.style}" cx="{_per_cent(x.share(step))}" cy="{_per_cent(1 - y.share(value))}" r="3.5">'
            f"<title>{escaped(line.name)} {show(value)} at step {step:,}</title></circle>"
            for step, value in line.curve
        )
    curves = [("faint", line.curve), ("", _smoothed(line.curve))] if _is_smoothed(line) else [("", line.curve)]
    drawn = "".join(
        f'<polyline class="{line.style} {strength}" points="{_points(_thinned(curve), x, y)}"/>'
        for strength, curve in curves
    )
    return f'<svg viewBox="0 0 1000 1000" preserveAspectRatio="none" width="100%" height="100%">{drawn}</svg>{marks}'


def _is_smoothed(line: Line) -> bool:
    return line.style == "train" and len(line.curve) >= 40


def _smoothed(curve: Curve) -> Curve:
    """Each value replaced by the mean of its neighbourhood, a twentieth of the curve; less at the ends."""
    reach = len(curve) // 40
    sums = list(accumulate((value for _, value in curve), initial=0.0))
    smooth = []
    for index, (step, _) in enumerate(curve):
        near = min(reach, index, len(curve) - 1 - index)
        smooth.append((step, (sums[index + near + 1] - sums[index - near]) / (2 * near + 1)))
    return smooth


def _thinned(curve: Curve, most: int = 800) -> Curve:
    """Evenly spaced points and the last one, so that a long run does not make a heavy page."""
    stride = -(-len(curve) // most)
    return curve if stride == 1 else [*curve[:-1:stride], curve[-1]]


def _points(curve: Curve, x: _Axis, y: _Axis) -> str:
    return " ".join(f"{1000 * x.share(step):.1f},{1000 * (1 - y.share(value)):.1f}" for step, value in curve)


def _per_cent(share: float) -> str:
    return f"{100 * share:.2f}%"
