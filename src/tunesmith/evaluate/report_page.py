"""A Report → `report.html`: one page that stands alone, with no script and no request to anywhere.

Whatever a user or a model wrote is escaped. What a run did not measure, the page says in a sentence.
In reading order: the page, its header, its sections from top to bottom.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.resources import files

from tunesmith.evaluate.charts import Line, finite, histogram, line_chart, plain_bar, round_ticks, whisker_bar
from tunesmith.evaluate.report_nouns import CONTESTANTS, AnswerRow, Report, Setting
from tunesmith.evaluate.statistics import Score
from tunesmith.evaluate.verdict import Outcome, compare, in_sentence, scores_by
from tunesmith.evaluate.words import duration, escaped, loss_figure, low_to_high, percent, plainly, short


def page(report: Report) -> str:
    style = files("tunesmith.evaluate").joinpath("report.css").read_text(encoding="utf-8")
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
        f"<title>{escaped(report.title)} · Tunesmith</title><style>\n{style}</style></head>\n<body><main>"
        f'{_header(report)}<nav aria-label="Sections">{links}</nav>{body}</main></body></html>\n'
    )


_OUTCOMES: dict[Outcome, str] = {
    "better": "Tuning paid off",
    "worse": "Tuning made it worse",
    "unclear": "No clear difference",
    "unmeasured": "Not compared",
}


def _header(report: Report) -> str:
    comparison = compare(report.scores)
    outcome: Outcome = comparison.outcome if comparison else "unmeasured"
    facts = "".join(
        f'<div><dt>{escaped(label)}</dt><dd dir="auto">{escaped(value)}</dd></div>'
        for label, value in report.run.items()
    )
    run = f'<dl class="facts">{facts}</dl>' if facts else ""
    told = escaped(report.verdict).replace(" %", "\N{NO-BREAK SPACE}%")
    return (
        f'<header><p class="eyebrow">Tunesmith report</p><h1 dir="auto">{escaped(report.title)}</h1>'
        f'<div class="verdict {outcome}"><p class="outcome">{_OUTCOMES[outcome]}</p><p>{told}</p></div>'
        f"{run}</header>"
    )


def _scores(report: Report) -> str:
    exact = scores_by("exact_match", report.scores)
    loss = scores_by("valid_loss", report.scores)
    if not exact and not loss and not report.extra_scores:
        return _missing("No score was measured in this run. Name a validation file to have held-out examples scored.")
    tables = [
        _score_table("Answered exactly", "share of held-out questions; higher is better", exact, percent, 1.0),
        *(
            _score_table(label, "share answered exactly; higher is better", part, percent, 1.0)
            for label, part in report.extra_scores.items()
        ),
        _score_table(
            "valid_loss",
            "mean over the held-out examples' trained tokens; lower is better",
            loss,
            loss_figure,
            round_ticks(0, max((score.high for score in loss.values()), default=1))[-1],
        ),
    ]
    who = "; ".join(f"<b>{name}</b>: {what}" for name, what in CONTESTANTS.values())
    return (
        f'<p class="note">{who}. A whisker is the 95 % interval: '
        f"how closely this many examples tell the score.</p>{''.join(tables)}"
    )


def _score_table(name: str, what: str, scores: Mapping[str, Score], show: Callable[[float], str], top: float) -> str:
    if not scores:
        return f'<h3 dir="auto">{escaped(name)}</h3>{_missing("This was not measured in this run.")}'
    rows = "".join(
        f'<tr class="{contestant}"><th scope="row">{CONTESTANTS[contestant][0]}</th>'
        f'<td class="figure"><b>{show(score.value)}</b> <span>{low_to_high(score, show)}</span></td>'
        f'<td class="bar">{whisker_bar(score, top)}</td></tr>'
        for contestant, score in _in_order(scores)
    )
    scale = percent if show is percent else plainly
    absent = [in_sentence(contestant) for contestant in CONTESTANTS if contestant not in scores]
    gap = _missing(f"Not measured in this run: {', '.join(absent)}.") if absent else ""
    counts = " to ".join(f"{n:,}" for n in sorted({score.n for score in scores.values()}))
    return (
        f'<table class="scores"><caption><span class="name" dir="auto">{escaped(name)}</span> '
        f"<span>{what}; n = {counts}</span></caption>"
        f'<thead class="unseen"><tr><th>Contestant</th><th>Score and interval</th><th>Drawn</th></tr></thead>'
        f"<tbody>{rows}</tbody>"
        f'<tfoot aria-hidden="true"><tr><td></td><td></td><td class="scale"><span>{scale(0)}</span>'
        f"<span>{scale(top)}</span></td></tr></tfoot></table>{gap}"
    )


def _in_order(scores: Mapping[str, Score]) -> Iterable[tuple[str, Score]]:
    return ((contestant, scores[contestant]) for contestant in CONTESTANTS if contestant in scores)


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
    shown = escaped(text) if text.strip() else "<em>(empty)</em>"
    return f'<div class="{kind}"><dt>{name}</dt><dd dir="auto"{reach}>{shown}</dd></div>'


def _training(report: Report) -> str:
    curves = {name: finite(curve) for name, curve in report.loss_curves.items()}
    lines = [Line(name, _LINE_STYLES.get(name, "train"), curve) for name, curve in curves.items() if curve]
    loss = line_chart("Loss", "mean loss per trained token", lines, loss_figure, plainly) if lines else ""
    rates = finite(report.learning_rates)
    rate = line_chart("Learning rate", "", [Line("learning_rate", "rate", rates)], short, short) if rates else ""
    without_validation = _missing("No valid_loss was recorded while training, so overfitting would not show here.")
    return (
        f"{loss or _missing('No loss was recorded in this run.')}"
        f"{without_validation if loss and not curves.get('valid_loss') else ''}"
        f"{rate or _missing('No learning rate was recorded in this run.')}"
    )


_LINE_STYLES = {"train_loss": "train", "valid_loss": "valid"}


def _data(report: Report) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escaped(part.split)}</th><td>{part.num_examples:,}</td><td>{part.num_tokens:,}</td>'
        f"<td>{part.num_trained_tokens:,}</td><td>{percent(part.num_trained_tokens / max(1, part.num_tokens))}</td></tr>"
        for part in report.data
    )
    table = (
        '<div class="wide"><table class="plain numbers"><thead><tr><th scope="col">Split</th><th scope="col">Examples</th>'
        '<th scope="col">Tokens</th><th scope="col">Trained on</th><th scope="col">Share</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )
    warnings = [
        f'<li dir="auto"><b>{escaped(part.split)}</b>: {escaped(line)}</li>'
        for part in report.data
        for line in part.warnings
    ]
    warned = f'<ul class="warnings">{_joined(warnings)}</ul>' if warnings else _missing("The data gave no warning.")
    lengths = report.token_histogram
    return (
        f"{table + warned if report.data else _missing('The data was not summarised in this run.')}"
        f"{histogram(lengths) if lengths and any(lengths.counts) else _missing('No token lengths were recorded.')}"
    )


def _settings(settings: Sequence[Setting]) -> str:
    if not settings:
        return _missing("No settings were recorded for this run.")
    rows = "".join(
        f'<tr role="row"><th role="rowheader" scope="row">{escaped(setting.name)}</th>'
        f'<td role="cell"><code>{escaped(setting.value)}</code></td><td role="cell" dir="auto">{escaped(setting.reason)}</td></tr>'
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
        f'<tr><th scope="row">{escaped(stage)}</th><td class="figure"><b>{duration(spent)}</b></td>'
        f'<td class="bar">{plain_bar(spent / longest if longest > 0 else 0.0)}</td></tr>'
        for stage, spent in seconds.items()
    )
    return (
        f'<table class="scores time"><caption><span class="name">{duration(sum(seconds.values()))}</span> '
        f'<span>in all</span></caption><thead class="unseen"><tr><th>Stage</th><th>Time</th><th>Drawn</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _next(report: Report) -> str:
    model = (
        f'<p>The tuned model lies in <code class="path">{escaped(report.model)}</code>.</p>'
        if report.model
        else _missing("No model was saved by this run.")
    )
    commands = "".join(
        f'<p class="purpose" dir="auto">{escaped(command.purpose)}</p>'
        f'<pre tabindex="0"><code>{escaped(command.line)}</code></pre>'
        for command in report.next_commands
    )
    return f"{model}{commands}"


def _missing(sentence: str) -> str:
    return f'<p class="missing">{sentence}</p>'


def _joined(parts: Iterable[str]) -> str:
    return "".join(parts)
