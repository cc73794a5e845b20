"""The report of a run: scores, answers, curves and settings → `report.json` and `report.html`.

The page stands alone: no script, and no request to anywhere. Whatever a user or a model wrote is
escaped. What a run did not measure is None or empty here, and the page says so in a sentence.

In reading order: the nouns, the verdict, the files, the page's sections, its charts, its style.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, Literal

from tunesmith.core import durable
from tunesmith.evaluate.statistics import Score

Outcome = Literal["better", "worse", "unclear", "unmeasured"]
Metric = Literal["exact_match", "valid_loss"]
Curve = Sequence[tuple[int, float]]
"""(step, value), in the order of the steps."""

CONTESTANTS = {
    "base": ("Base model", "the base model, given the question alone"),
    "few_shot": ("Few-shot prompting", "the base model, shown the nearest training examples first"),
    "tuned": ("Tuned model", "the model of this run, given the question alone"),
}
"""Who takes part, in the order of the page: key → name, and what it is."""


@dataclass(frozen=True, slots=True)
class ContestantScores:
    exact_match: Score | None = None
    """Share of held-out questions answered exactly, 0 to 1."""

    valid_loss: Score | None = None
    """Mean cross-entropy per trained token of the held-out examples, in nats; lower is better."""


@dataclass(frozen=True, slots=True)
class Setting:
    name: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class DataSummary:
    """One split's size, and what was odd about it."""

    split: str
    num_examples: int
    num_tokens: int
    num_trained_tokens: int
    warnings: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class TokenHistogram:
    """How long the examples are: ``counts[i]`` of them have ``edges[i]`` to ``edges[i + 1]`` tokens."""

    edges: Sequence[int]
    counts: Sequence[int]
    max_seq_len: int


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """One held-out question and what each contestant answered (None: was not asked)."""

    question: str
    reference: str
    base: str | None
    few_shot: str | None
    tuned: str
    tuned_is_right: bool


@dataclass(frozen=True, slots=True)
class NextCommand:
    """A command line to type next, and what it is good for."""

    purpose: str
    line: str


@dataclass(frozen=True, slots=True)
class Report:
    title: str
    verdict: str
    """One sentence, see :func:`verdict`."""

    run: Mapping[str, str] = field(default_factory=dict)
    """What was run: label → value."""

    scores: Mapping[str, ContestantScores] = field(default_factory=dict)
    """Contestant (a key of ``CONTESTANTS``) → its scores."""

    extra_scores: Mapping[str, Mapping[str, Score]] = field(default_factory=dict)
    """Label → contestant → share answered exactly, for a part of the held-out questions."""

    answers: Sequence[AnswerRow] = ()
    """The best and worst answers; the page puts the wrong ones first."""

    loss_curves: Mapping[str, Curve] = field(default_factory=dict)
    """``train_loss`` and ``valid_loss``."""

    learning_rates: Curve = ()
    data: Sequence[DataSummary] = ()
    token_histogram: TokenHistogram | None = None
    settings: Sequence[Setting] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Stage → seconds, in the order of the stages."""

    model: str | None = None
    """Where the tuned model lies."""

    next_commands: Sequence[NextCommand] = ()


# ── The verdict ──────────────────────────────────────────────────────────────────────────────────


def verdict(scores: Mapping[str, ContestantScores]) -> str:
    """Whether tuning paid, in a sentence; judged by exact match, or by the loss where nothing else is known.

    The tuned model meets the baseline with the best value. A difference counts when their intervals
    do not touch.
    """
    comparison = _compare(scores)
    if comparison is None:
        return "The tuned model was not tested on held-out examples, so nothing is known about its quality."
    measured = _measured(comparison.metric, comparison.tuned)
    if comparison.rival is None or comparison.theirs is None:
        return f"The tuned model has no baseline to compare with: {measured}."
    rival = _in_sentence(comparison.rival)
    show = _FORMATS[comparison.metric]
    theirs = f"{show(comparison.theirs.value)} ({_range(comparison.theirs, show)})"
    compared = (
        f"{measured}, {rival} {theirs}" if comparison.metric == "exact_match" else f"{measured}, with {rival} {theirs}"
    )
    match comparison.outcome:
        case "better":
            return f"The tuned model is better than the best baseline, {rival}: {compared}."
        case "worse":
            return f"The tuned model is worse than the best baseline, {rival}: {compared}."
        case _:
            return (
                f"There is no clear difference between the tuned model and the best baseline, {rival}, "
                f"because their intervals overlap: {compared}."
            )


@dataclass(frozen=True, slots=True)
class _Comparison:
    metric: Metric
    tuned: Score
    rival: str | None
    theirs: Score | None

    @property
    def outcome(self) -> Outcome:
        if self.theirs is None:
            return "unmeasured"
        higher = self.tuned.low > self.theirs.high
        lower = self.tuned.high < self.theirs.low
        if not higher and not lower:
            return "unclear"
        return "better" if higher == (self.metric == "exact_match") else "worse"


def _compare(scores: Mapping[str, ContestantScores]) -> _Comparison | None:
    """The tuned model against the best baseline, by the first metric that knows both, or the tuned one alone."""
    alone = None
    for metric in ("exact_match", "valid_loss"):
        measured = _scores_by(metric, scores)
        tuned = measured.pop("tuned", None)
        if tuned is None:
            continue
        if measured:
            best = max if metric == "exact_match" else min
            rival = best(measured, key=lambda name: measured[name].value)
            return _Comparison(metric, tuned, rival, measured[rival])
        alone = alone or _Comparison(metric, tuned, None, None)
    return alone


def _scores_by(metric: Metric, scores: Mapping[str, ContestantScores]) -> dict[str, Score]:
    found = {name: getattr(scores[name], metric) for name in CONTESTANTS if name in scores}
    return {name: score for name, score in found.items() if score is not None}


def _measured(metric: Metric, score: Score) -> str:
    show = _FORMATS[metric]
    interval = f"(95 % interval {_range(score, show)})"
    if metric == "exact_match":
        return f"it answers {show(score.value)} of {_count(score.n, 'held-out question')} exactly {interval}"
    return f"its loss on {_count(score.n, 'held-out example')} is {show(score.value)} {interval}"


def _in_sentence(contestant: str) -> str:
    return "the base model" if contestant == "base" else CONTESTANTS[contestant][0].lower()


# ── The files ────────────────────────────────────────────────────────────────────────────────────


def write_report(folder: Path, report: Report) -> None:
    """Write `report.json` and `report.html` into ``folder``."""
    durable.write_json(folder / "report.json", _as_json(report))
    durable.write_text(folder / "report.html", _page(report))


def _as_json(report: Report) -> dict[str, Any]:
    measured = {
        contestant: {metric: _plain(score) for metric, score in _plain(scores).items() if score is not None}
        for contestant, scores in report.scores.items()
    }
    return {"format": 1, **_plain(report), "scores": measured}


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


# ── The page, section by section ─────────────────────────────────────────────────────────────────


def _page(report: Report) -> str:
    sections = [
        ("scores", "Scores", _scores(report)),
        ("answers", "Answers", _answers(report.answers)),
        ("training", "Training", _training(report)),
        ("data", "Data", _data(report)),
        ("settings", "Settings", _settings(report.settings)),
        ("time", "Time", _time(report.seconds)),
        ("next", "What next", _next(report)),
    ]
    links = "".join(f'<a href="#{key}">{name}</a>' for key, name, _ in sections)
    body = "".join(
        f'<section id="{key}" aria-labelledby="{key}-name"><h2 id="{key}-name">{name}</h2>{content}</section>'
        for key, name, content in sections
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
        'img-src data:"><link rel="icon" href="data:,">'
        f"<title>{_text(report.title)} · Tunesmith</title><style>{_STYLE}</style></head>\n<body><main>"
        f'{_header(report)}<nav aria-label="Sections">{links}</nav>{body}</main></body></html>\n'
    )


def _header(report: Report) -> str:
    comparison = _compare(report.scores)
    outcome: Outcome = comparison.outcome if comparison else "unmeasured"
    facts = "".join(
        f'<div><dt>{_text(label)}</dt><dd dir="auto">{_text(value)}</dd></div>' for label, value in report.run.items()
    )
    run = f'<dl class="facts">{facts}</dl>' if facts else ""
    told = _text(report.verdict).replace(" %", "\N{NO-BREAK SPACE}%")
    return (
        f'<header><p class="eyebrow">Tunesmith report</p><h1 dir="auto">{_text(report.title)}</h1>'
        f'<div class="verdict {outcome}"><p class="outcome">{_OUTCOMES[outcome]}</p><p>{told}</p></div>'
        f"{run}</header>"
    )


def _scores(report: Report) -> str:
    exact = _scores_by("exact_match", report.scores)
    loss = _scores_by("valid_loss", report.scores)
    if not exact and not loss and not report.extra_scores:
        return _missing("No score was measured in this run. Name a validation file to have held-out examples scored.")
    tables = [
        _score_table("Answered exactly", "share of held-out questions; higher is better", exact, _percent, 1.0),
        *(
            _score_table(label, "share answered exactly; higher is better", part, _percent, 1.0)
            for label, part in report.extra_scores.items()
        ),
        _score_table(
            "valid_loss",
            "mean over the held-out examples' trained tokens; lower is better",
            loss,
            _loss,
            _ticks(0, max((score.high for score in loss.values()), default=1))[-1],
        ),
    ]
    who = "; ".join(f"<b>{name}</b>: {what}" for name, what in CONTESTANTS.values())
    return (
        f'<p class="note">{who}. A whisker is the 95 % interval: '
        f"how closely this many examples tell the score.</p>{''.join(tables)}"
    )


def _score_table(name: str, what: str, scores: Mapping[str, Score], show: Callable[[float], str], top: float) -> str:
    if not scores:
        return f'<h3 dir="auto">{_text(name)}</h3>{_missing("This was not measured in this run.")}'
    rows = "".join(
        f'<tr class="{contestant}"><th scope="row">{CONTESTANTS[contestant][0]}</th>'
        f'<td class="figure"><b>{show(score.value)}</b> <span>{_range(score, show)}</span></td>'
        f'<td class="bar">{_whisker_bar(score, top)}</td></tr>'
        for contestant, score in _in_order(scores)
    )
    scale = _percent if show is _percent else _plainly
    absent = [_in_sentence(contestant) for contestant in CONTESTANTS if contestant not in scores]
    gap = _missing(f"Not measured in this run: {', '.join(absent)}.") if absent else ""
    counts = " to ".join(f"{n:,}" for n in sorted({score.n for score in scores.values()}))
    return (
        f'<table class="scores"><caption><span class="name" dir="auto">{_text(name)}</span> '
        f"<span>{what}; n = {counts}</span></caption>"
        f'<thead class="unseen"><tr><th>Contestant</th><th>Score and interval</th><th>Drawn</th></tr></thead>'
        f"<tbody>{rows}</tbody>"
        f'<tfoot aria-hidden="true"><tr><td></td><td></td><td class="scale"><span>{scale(0)}</span>'
        f"<span>{scale(top)}</span></td></tr></tfoot></table>{gap}"
    )


def _answers(answers: Sequence[AnswerRow]) -> str:
    if not answers:
        return _missing("No held-out question was answered in this run, so there is nothing to read here.")
    wrong = [row for row in answers if not row.tuned_is_right]
    right = [row for row in answers if row.tuned_is_right]
    groups = [("Wrong answers", wrong), ("Right answers", right)]
    shown = "".join(
        f'<h3>{name} <span class="count">{len(rows):,} shown</span></h3>'
        f'<div class="cards">{_joined(map(_card, rows))}</div>'
        for name, rows in groups
        if rows
    )
    if not wrong:
        return f"{_missing('None of the answers shown is wrong.')}{shown}"
    return shown if right else f"{shown}{_missing('None of the answers shown is right.')}"


def _card(row: AnswerRow) -> str:
    baselines = [("Base model", row.base, "base"), ("Few-shot", row.few_shot, "few_shot")]
    others = "".join(_entry(name, answer, kind) for name, answer, kind in baselines if answer is not None)
    mark = '<p class="mark right">✓ right</p>' if row.tuned_is_right else '<p class="mark wrong">✗ wrong</p>'
    return (
        f'<article class="card">{mark}<dl>{_entry("Question", row.question, "question")}'
        f"{_entry('Reference', row.reference, 'reference')}{_entry('Tuned model', row.tuned, 'tuned')}{others}</dl></article>"
    )


def _entry(name: str, text: str, kind: str) -> str:
    """One labelled text of a card; a long one scrolls, and the keyboard must reach it for that."""
    reach = ' tabindex="0"' if len(text) > 400 else ""
    shown = _text(text) if text.strip() else "<em>(empty)</em>"
    return f'<div class="{kind}"><dt>{name}</dt><dd dir="auto"{reach}>{shown}</dd></div>'


def _training(report: Report) -> str:
    curves = {name: _finite(curve) for name, curve in report.loss_curves.items()}
    lines = [_Line(name, _LINE_STYLES.get(name, "train"), curve) for name, curve in curves.items() if curve]
    loss = _line_chart("Loss", "mean loss per trained token", lines, _loss, _plainly) if lines else ""
    rates = _finite(report.learning_rates)
    rate = _line_chart("Learning rate", "", [_Line("learning_rate", "rate", rates)], _short, _short) if rates else ""
    without_validation = _missing("No valid_loss was recorded while training, so overfitting would not show here.")
    return (
        f"{loss or _missing('No loss was recorded in this run.')}"
        f"{without_validation if loss and not curves.get('valid_loss') else ''}"
        f"{rate or _missing('No learning rate was recorded in this run.')}"
    )


def _data(report: Report) -> str:
    rows = "".join(
        f'<tr><th scope="row">{_text(part.split)}</th><td>{part.num_examples:,}</td><td>{part.num_tokens:,}</td>'
        f"<td>{part.num_trained_tokens:,}</td><td>{_percent(part.num_trained_tokens / max(1, part.num_tokens))}</td></tr>"
        for part in report.data
    )
    table = (
        '<div class="wide"><table class="plain numbers"><thead><tr><th scope="col">Split</th><th scope="col">Examples</th>'
        '<th scope="col">Tokens</th><th scope="col">Trained on</th><th scope="col">Share</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )
    warnings = [
        f'<li dir="auto"><b>{_text(part.split)}</b>: {_text(line)}</li>'
        for part in report.data
        for line in part.warnings
    ]
    warned = f'<ul class="warnings">{_joined(warnings)}</ul>' if warnings else _missing("The data gave no warning.")
    lengths = report.token_histogram
    return (
        f"{table + warned if report.data else _missing('The data was not summarised in this run.')}"
        f"{_histogram(lengths) if lengths and any(lengths.counts) else _missing('No token lengths were recorded.')}"
    )


def _settings(settings: Sequence[Setting]) -> str:
    if not settings:
        return _missing("No settings were recorded for this run.")
    rows = "".join(
        f'<tr role="row"><th role="rowheader" scope="row">{_text(setting.name)}</th>'
        f'<td role="cell"><code>{_text(setting.value)}</code></td><td role="cell" dir="auto">{_text(setting.reason)}</td></tr>'
        for setting in settings
    )
    head = "".join(f'<th role="columnheader" scope="col">{name}</th>' for name in ("Setting", "Value", "Why"))
    return (
        f'<table class="plain settings" role="table"><thead role="rowgroup"><tr role="row">{head}</tr></thead>'
        f'<tbody role="rowgroup">{rows}</tbody></table>'
    )


def _time(seconds: Mapping[str, float]) -> str:
    if not seconds:
        return _missing("No times were recorded for this run.")
    longest = max(seconds.values())
    rows = "".join(
        f'<tr><th scope="row">{_text(stage)}</th><td class="figure"><b>{_duration(spent)}</b></td>'
        f'<td class="bar">{_bar(spent / longest if longest > 0 else 0.0)}</td></tr>'
        for stage, spent in seconds.items()
    )
    return (
        f'<table class="scores time"><caption><span class="name">{_duration(sum(seconds.values()))}</span> '
        f'<span>in all</span></caption><thead class="unseen"><tr><th>Stage</th><th>Time</th><th>Drawn</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _next(report: Report) -> str:
    model = (
        f'<p>The tuned model lies in <code class="path">{_text(report.model)}</code>.</p>'
        if report.model
        else _missing("No model was saved by this run.")
    )
    commands = "".join(
        f'<p class="purpose" dir="auto">{_text(command.purpose)}</p>'
        f'<pre tabindex="0"><code>{_text(command.line)}</code></pre>'
        for command in report.next_commands
    )
    return f"{model}{commands}"


def _missing(sentence: str) -> str:
    return f'<p class="missing">{sentence}</p>'


# ── Charts ───────────────────────────────────────────────────────────────────────────────────────
# A plot's own coordinates are per cent, so that its text keeps its size at any width; its curves lie in
# a nested picture of 1000 × 1000 that is stretched over it.


@dataclass(frozen=True, slots=True)
class _Line:
    name: str
    style: str
    curve: Curve


@dataclass(frozen=True, slots=True)
class _Axis:
    ticks: Sequence[float]
    low: float
    high: float

    def share(self, value: float) -> float:
        return (value - self.low) / (self.high - self.low)


def _line_chart(
    title: str, what: str, lines: Sequence[_Line], show: Callable[[float], str], scale: Callable[[float], str]
) -> str:
    values = [value for line in lines for _, value in line.curve]
    last_step = max(step for line in lines for step, _ in line.curve)
    x = _Axis(_ticks(0, last_step, whole=True), 0, max(1, last_step))
    floor = min(values) if min(values) > max(values) / 2 and min(values) < max(values) else min(0.0, *values)
    ticks = _ticks(floor, max(values))
    y = _Axis(ticks, ticks[0], ticks[-1])
    summary = "; ".join(
        f"{line.name} goes from {show(line.curve[0][1])} at step {line.curve[0][0]:,} "
        f"to {show(line.curve[-1][1])} at step {line.curve[-1][0]:,}"
        for line in lines
    )
    legend = "".join(
        f'<li><i class="{line.style}"></i>{_text(line.name)} <b>{show(line.curve[-1][1])}</b> at the end</li>'
        for line in lines
    )
    drawn = "".join(_drawn_line(line, x, y, show) for line in lines)
    is_smoothed = any(_is_smoothed(line) for line in lines)
    note = "; the thick line is its moving average" if is_smoothed else ""
    return (
        f'<figure><figcaption><span class="name">{title}</span> <span>{what}{note}</span></figcaption>'
        f'<ul class="legend">{legend}</ul>{_plot(title, summary, x, y, "step", scale, drawn)}</figure>'
    )


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
        f'<svg class="plot" role="img" aria-label="{_text(title)}: {_text(summary)}"><title>{_text(title)}</title>'
        f'<desc>{_text(summary)}</desc>{rows}{columns}<line class="axis" x1="0" x2="100%" y1="100%" y2="100%"/>'
        f'<text class="name" x="100%" y="100%" dy="36">{x_name}</text>{drawn}</svg>'
    )


def _drawn_line(line: _Line, x: _Axis, y: _Axis, show: Callable[[float], str]) -> str:
    marks = ""
    if len(line.curve) == 1 or (line.style == "valid" and len(line.curve) <= 60):
        marks = "".join(
            f'<circle class="{line.style}" cx="{_per_cent(x.share(step))}" cy="{_per_cent(1 - y.share(value))}" r="3.5">'
            f"<title>{_text(line.name)} {show(value)} at step {step:,}</title></circle>"
            for step, value in line.curve
        )
    curves = [("faint", line.curve), ("", _smoothed(line.curve))] if _is_smoothed(line) else [("", line.curve)]
    drawn = "".join(
        f'<polyline class="{line.style} {strength}" points="{_points(_thinned(curve), x, y)}"/>'
        for strength, curve in curves
    )
    return f'<svg viewBox="0 0 1000 1000" preserveAspectRatio="none" width="100%" height="100%">{drawn}</svg>{marks}'


def _histogram(lengths: TokenHistogram) -> str:
    limit = lengths.max_seq_len
    longest = lengths.edges[-1]
    is_limit_near = limit <= 1.3 * longest
    right = max(longest, limit) if is_limit_near else longest
    x = _Axis(_ticks(0, right, whole=True), 0, max(1, right))
    ticks = _ticks(0, max(lengths.counts), whole=True)
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


def _whisker_bar(score: Score, top: float) -> str:
    value, low, high = (_per_cent(min(1.0, max(0.0, each / top))) for each in (score.value, score.low, score.high))
    return (
        f'<svg class="whiskers" aria-hidden="true"><rect class="track" width="100%" y="5" height="14" rx="3"/>'
        f'<rect class="value" width="{value}" y="5" height="14" rx="3"/>'
        f'<line x1="{low}" x2="{high}" y1="12" y2="12"/><line x1="{low}" x2="{low}" y1="7" y2="17"/>'
        f'<line x1="{high}" x2="{high}" y1="7" y2="17"/></svg>'
    )


def _bar(share: float) -> str:
    return (
        '<svg class="whiskers" aria-hidden="true"><rect class="track" width="100%" y="5" height="14" rx="3"/>'
        f'<rect class="value" width="{_per_cent(share)}" y="5" height="14" rx="3"/></svg>'
    )


def _ticks(low: float, high: float, whole: bool = False) -> list[float]:
    """Four to eight round numbers, the first at or below ``low`` and the last at or above ``high``."""
    span = (high - low) or abs(high) or 1.0
    power = 10.0 ** math.floor(math.log10(span / 4))
    stride = next(step * power for step in (1, 2, 2.5, 5, 10) if span / (step * power) <= 6)
    if whole:
        stride = max(1.0, float(round(stride)))
    first = math.floor(low / stride + 1e-9)
    last = max(first + 1, math.ceil(high / stride - 1e-9))
    return [index * stride for index in range(first, last + 1)]


def _finite(curve: Curve) -> list[tuple[int, float]]:
    return [(step, value) for step, value in curve if math.isfinite(value)]


def _is_smoothed(line: _Line) -> bool:
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


# ── Words and numbers ────────────────────────────────────────────────────────────────────────────

_SURROGATES = re.compile(r"[\ud800-\udfff]")
_UNSHOWABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def _text(text: str) -> str:
    """``text`` for the page, where it is text and nothing else; what no page may hold becomes U+FFFD."""
    return html.escape(_UNSHOWABLE.sub("\ufffd", text), quote=True)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share in (0, 1) else f"{100 * share:.1f} %"


def _loss(value: float) -> str:
    return f"{value:.3f}"


def _plainly(value: float) -> str:
    return f"{value:g}"


def _short(value: float) -> str:
    return f"{value:.1e}".replace("e-0", "e-").replace(".0e", "e") if value else "0"


def _range(score: Score, show: Callable[[float], str]) -> str:
    return f"{show(score.low)} to {show(score.high)}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _joined(parts: Iterable[str]) -> str:
    return "".join(parts)


def _per_cent(share: float) -> str:
    return f"{100 * share:.2f}%"


def _duration(seconds: float) -> str:
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def _in_order(scores: Mapping[str, Score]) -> Iterable[tuple[str, Score]]:
    return ((contestant, scores[contestant]) for contestant in CONTESTANTS if contestant in scores)


_FORMATS: dict[Metric, Callable[[float], str]] = {"exact_match": _percent, "valid_loss": _loss}
_LINE_STYLES = {"train_loss": "train", "valid_loss": "valid"}
_OUTCOMES: dict[Outcome, str] = {
    "better": "Tuning paid off",
    "worse": "Tuning made it worse",
    "unclear": "No clear difference",
    "unmeasured": "Not compared",
}

# ── Style ────────────────────────────────────────────────────────────────────────────────────────
# Text and marks reach a contrast of 4.5 to 1 on every ground they stand on, in light and in dark.

_STYLE = """
:root{--ground:#faf9f6;--raised:#ffffff;--ink:#20262b;--quiet:#5a636b;--rule:#e3e0d8;--track:#efece5;
--tuned:#0b6b63;--few_shot:#8f5a12;--base:#66707a;--good:#17703a;--bad:#b02a20;--code:#f1eee7}
@media (prefers-color-scheme:dark){:root{--ground:#15181b;--raised:#1c2024;--ink:#e7e5df;--quiet:#a2abb3;
--rule:#30363c;--track:#262b30;--tuned:#58c4b7;--few_shot:#dfae63;--base:#98a3ad;--good:#74d490;--bad:#ff9c90;
--code:#262b30}}
*{box-sizing:border-box}
html{color-scheme:light dark;-webkit-text-size-adjust:100%;scroll-behavior:smooth}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
body{margin:0;background:var(--ground);color:var(--ink);overflow-wrap:anywhere;
font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Noto Sans CJK SC",sans-serif}
main{max-width:60rem;margin:0 auto;padding:3.5rem 1.5rem 5rem}
h1{font-size:2.1rem;line-height:1.2;letter-spacing:-.015em;margin:.2rem 0 1.5rem;font-weight:650}
h2{font-size:1.3rem;letter-spacing:-.01em;margin:0 0 1rem;font-weight:650}
h3{font-size:1rem;margin:1.8rem 0 .7rem;font-weight:650}
p{margin:0 0 .8rem}
.eyebrow{margin:0;color:var(--quiet);font-size:.85rem;letter-spacing:.04em}
.verdict{background:var(--raised);border:1px solid var(--rule);border-left:5px solid var(--base);
border-radius:10px;padding:1.1rem 1.4rem;font-size:1.08rem}
.verdict p{margin:0}
.verdict .outcome{font-size:1.35rem;font-weight:650;margin-bottom:.3rem}
.verdict.better{border-left-color:var(--good)}.better .outcome{color:var(--good)}
.verdict.worse{border-left-color:var(--bad)}.worse .outcome{color:var(--bad)}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr));gap:1rem 1.5rem;margin:1.6rem 0 0}
dt{color:var(--quiet);font-size:.85rem}
dd{margin:0;unicode-bidi:isolate}
nav{display:flex;flex-wrap:wrap;gap:.3rem 1.3rem;margin:2.2rem 0 0;padding:.7rem 0;border-block:1px solid var(--rule)}
a{color:var(--tuned);text-decoration:none;padding:.15rem 0}a:hover{text-decoration:underline}
:focus-visible{outline:2px solid var(--tuned);outline-offset:2px;border-radius:3px}
section{margin-top:3.2rem}
.note,.missing,figcaption,caption{color:var(--quiet)}
.note,figcaption,caption{font-size:.93rem}
.note b{color:var(--ink);font-weight:600}
.missing{border-left:3px solid var(--rule);padding:.1rem 0 .1rem .9rem;margin:.8rem 0}
.name{color:var(--ink);font-weight:650}
table{width:100%;border-collapse:collapse}
caption{text-align:left;padding:1.4rem 0 .4rem}
th{text-align:left;font-weight:500}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.scores th{width:11.5rem;padding:.3rem 1rem .3rem 0}
.scores .figure{width:13.5rem;padding:.3rem 1rem .3rem 0;font-variant-numeric:tabular-nums}
.figure span{color:var(--quiet);font-size:.88rem;white-space:nowrap;margin-left:.4rem}
.time .figure{width:8rem}
tr.tuned th,tr.tuned b{font-weight:650}
.whiskers{display:block;width:100%;height:24px;overflow:visible}
.whiskers .track{fill:var(--track)}.whiskers .value{fill:var(--quiet);fill-opacity:.45}
.whiskers line{stroke:var(--ink);stroke-width:1.5}
tr.tuned .value{fill:var(--tuned);fill-opacity:.75}
tr.few_shot .value{fill:var(--few_shot);fill-opacity:.65}
tr.base .value{fill:var(--base);fill-opacity:.65}
.scale{color:var(--quiet);font-size:.78rem;display:flex;justify-content:space-between;padding:0}
.count{color:var(--quiet);font-weight:400;font-size:.9rem;margin-left:.3rem}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(26rem,100%),1fr));gap:1rem}
.card{background:var(--raised);border:1px solid var(--rule);border-radius:10px;padding:.9rem 1.1rem 1rem;min-width:0}
.card dl{margin:0}
.card dl div{display:grid;grid-template-columns:6.2rem 1fr;gap:.8rem;padding:.28rem 0}
.card dt{line-height:1.75}
.card dd{white-space:pre-wrap;max-height:15rem;overflow:auto;min-width:0}
.card .question{padding-bottom:.6rem;margin-bottom:.35rem;border-bottom:1px solid var(--rule)}
.card .question dd{font-weight:550}.card .tuned dd{font-weight:650}
.card .base dd,.card .few_shot dd{color:var(--quiet)}
.mark{margin:0 0 .3rem;font-size:.85rem;font-weight:650}
.mark.right{color:var(--good)}.mark.wrong{color:var(--bad)}
figure{margin:1.2rem 0 2rem;display:flow-root}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1.5rem;margin:.5rem 0 0;padding:0;font-size:.9rem}
.legend i{display:inline-block;width:1.4rem;height:0;border-top:3px solid;vertical-align:.28em;margin-right:.5rem}
.legend b{font-weight:650;font-variant-numeric:tabular-nums}
i.train,i.rate{border-color:var(--tuned)}i.valid{border-color:var(--few_shot)}
.plot{display:block;overflow:visible;width:calc(100% - 4.2rem);height:15rem;margin:1.1rem .7rem 3rem 3.5rem}
.plot text{fill:var(--quiet);font-size:12px;font-variant-numeric:tabular-nums}
.plot .y,.plot .name{text-anchor:end}.plot text.x{text-anchor:middle}
.plot text.name{font-weight:400}
.plot .grid{stroke:var(--rule)}.plot .axis{stroke:var(--quiet)}
.plot polyline{fill:none;stroke-width:2.2;stroke-linejoin:round;vector-effect:non-scaling-stroke}
.plot .faint{stroke-width:1;stroke-opacity:.45}
polyline.train,polyline.rate{stroke:var(--tuned)}polyline.valid{stroke:var(--few_shot)}
circle.train,circle.rate{fill:var(--tuned)}circle.valid{fill:var(--few_shot)}
rect.within{fill:var(--tuned);fill-opacity:.7}rect.over{fill:var(--bad)}
.plot line.limit{stroke:var(--bad);stroke-width:1.5;stroke-dasharray:5 4}
.plot text.limit{fill:var(--bad)}.plot text.limit.left{text-anchor:end}
.wide{overflow-x:auto}
.plain td,.plain th{padding:.5rem 1.2rem .5rem 0;border-bottom:1px solid var(--rule);vertical-align:top}
.plain thead th{color:var(--quiet);font-size:.85rem;font-weight:500;border-bottom-color:var(--quiet)}
.numbers{overflow-wrap:normal;white-space:nowrap}
.numbers td,.numbers th:not(:first-child){text-align:right;font-variant-numeric:tabular-nums}
.numbers td:last-child,.numbers th:last-child{padding-right:0}
.settings th{white-space:nowrap}
.warnings{padding-left:1.2rem;margin:1rem 0}
.warnings li{margin:.3rem 0}.warnings li::marker{content:"!  ";color:var(--bad);font-weight:700}
code,pre{font:.9em/1.5 ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace}
pre{background:var(--code);border-radius:8px;padding:.75rem 1rem;margin:.2rem 0 1.2rem;overflow-x:auto}
pre code{font-size:1em}
.path{background:var(--code);border-radius:5px;padding:.1rem .4rem}
.purpose{margin:1rem 0 0}
@media (max-width:40rem){
main{padding:1.8rem 1.1rem 3rem}h1{font-size:1.6rem}section{margin-top:2.5rem}
.facts{grid-template-columns:1fr 1fr;gap:.8rem 1rem}
.scores th,.scores .figure{width:auto;padding:.25rem .7rem .25rem 0}
.scores th{max-width:7.5rem}
.figure b,.figure span{display:block;margin:0}.figure span{font-size:.78rem}
.scores .bar{width:36%}
.card dl div{grid-template-columns:1fr;gap:0}.card dt{line-height:1.4}
.plot{height:12rem}
.settings thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.settings,.settings tbody{display:block}
.settings tr{display:grid;grid-template-columns:1fr auto;gap:0 1rem;padding:.5rem 0;border-bottom:1px solid var(--rule)}
.settings td,.settings th{border:0;padding:0;white-space:normal}
.settings td:last-child{grid-column:1/-1;color:var(--quiet);font-size:.93rem}
.numbers{font-size:.85rem}.numbers td,.numbers th{padding-right:.6rem}
pre{white-space:pre-wrap}}
@media print{nav{display:none}section,.card,figure{break-inside:avoid}}
"""
