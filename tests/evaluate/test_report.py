import json
import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tunesmith.evaluate.report import (
    AnswerRow,
    ContestantScores,
    DataSummary,
    NextCommand,
    Report,
    Setting,
    TokenHistogram,
    verdict,
    write_report,
)
from tunesmith.evaluate.statistics import Score

HOSTILE = '<script>alert(1)</script><img src="http://evil.example/x" onerror=alert(1)>"\'&\x00\ud800'


def scored(value: float, reach: float = 0.02) -> ContestantScores:
    return ContestantScores(exact_match=Score(value, value - reach, value + reach, 200))


def lost(value: float, reach: float = 0.02) -> ContestantScores:
    return ContestantScores(valid_loss=Score(value, value - reach, value + reach, 200))


FULL = Report(
    title="Quickstart",
    verdict="The tuned model is better.",
    run={"Base model": "starter"},
    scores={
        "base": scored(0.1),
        "few_shot": ContestantScores(Score(0.4, 0.35, 0.45, 200), Score(1.5, 1.4, 1.6, 200)),
        "tuned": ContestantScores(Score(0.9, 0.85, 0.95, 200), Score(0.3, 0.2, 0.4, 200)),
    },
    extra_scores={"unseen relation words": {"base": Score(0.0, 0.0, 0.1, 40), "tuned": Score(0.7, 0.6, 0.8, 40)}},
    answers=[
        AnswerRow("Q1", "A1", "b1", "f1", "A1", True),
        AnswerRow("Q2", "A2", "b2", None, "wrong one", False),
    ],
    loss_curves={
        "train_loss": [(step, 3 / step) for step in range(1, 2001)],
        "valid_loss": [(1000, 0.5), (2000, 0.3)],
    },
    learning_rates=[(step, 2e-4) for step in range(1, 2001)],
    data=[DataSummary("training", 100, 5000, 900, ["3 examples are too long"])],
    token_histogram=TokenHistogram([0, 32, 64, 96], [10, 80, 10], 64),
    settings=[Setting("learning_rate", "2e-4", "LoRA")],
    seconds={"train": 12.0, "evaluate": 3.0},
    model="runs/a/model",
    next_commands=[NextCommand("Ask it", "tunesmith chat runs/a")],
)


class Elements(HTMLParser):
    """Collects every element with its attributes, and the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def page_of(report: Report, folder: Path) -> str:
    write_report(folder, report)
    return (folder / "report.html").read_text(encoding="utf-8")


def json_of(report: Report, folder: Path) -> dict[str, object]:
    write_report(folder, report)
    return json.loads((folder / "report.json").read_text(encoding="utf-8"))


def hostile_report() -> Report:
    return replace(
        FULL,
        title=HOSTILE,
        verdict=HOSTILE,
        run={HOSTILE: HOSTILE},
        extra_scores={HOSTILE: {"tuned": Score(0.5, 0.4, 0.6, 9)}},
        answers=[AnswerRow(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, False)],
        loss_curves={HOSTILE: [(1, 2.0)]},
        data=[DataSummary(HOSTILE, 1, 1, 1, [HOSTILE])],
        settings=[Setting(HOSTILE, HOSTILE, HOSTILE)],
        seconds={HOSTILE: 1.0},
        model=HOSTILE,
        next_commands=[NextCommand(HOSTILE, HOSTILE)],
    )


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    elements = Elements(page_of(hostile_report(), tmp_path))
    assert {"script", "img", "iframe", "object"}.isdisjoint(tag for tag, _ in elements.found)
    assert not [name for _, attributes in elements.found for name in attributes if name.startswith("on")]
    assert "<script>alert(1)</script>" in elements.text
    assert json_of(hostile_report(), tmp_path)["model"] == HOSTILE.replace("\ud800", "\ufffd")


def test_page_asks_nobody_for_anything(tmp_path: Path) -> None:
    for report in (FULL, hostile_report()):
        page = page_of(report, tmp_path)
        links = [
            value or ""
            for _, attributes in Elements(page).found
            for name, value in attributes.items()
            if name in ("src", "href", "srcset", "data", "action", "xlink:href")
        ]
        assert all(link.startswith("#") or link == "data:," for link in links)
        style = page[page.index("<style>") : page.index("</style>")]
        assert "url(" not in style
        assert "@import" not in style


def test_json_has_the_documented_shape(tmp_path: Path) -> None:
    content = json_of(FULL, tmp_path)
    assert content["format"] == 1
    assert content["scores"] == {
        "base": {"exact_match": {"value": 0.1, "low": 0.08, "high": pytest.approx(0.12), "n": 200}},
        "few_shot": {
            "exact_match": {"value": 0.4, "low": 0.35, "high": 0.45, "n": 200},
            "valid_loss": {"value": 1.5, "low": 1.4, "high": 1.6, "n": 200},
        },
        "tuned": {
            "exact_match": {"value": 0.9, "low": 0.85, "high": 0.95, "n": 200},
            "valid_loss": {"value": 0.3, "low": 0.2, "high": 0.4, "n": 200},
        },
    }
    assert content["model"] == "runs/a/model"
    assert content["seconds"] == {"train": 12.0, "evaluate": 3.0}
    assert content["extra_scores"]["unseen relation words"]["tuned"]["value"] == 0.7
    assert content["loss_curves"]["valid_loss"] == [[1000, 0.5], [2000, 0.3]]


def test_page_shows_everything_that_was_measured(tmp_path: Path) -> None:
    text = Elements(page_of(FULL, tmp_path)).text
    for shown in (
        *("Quickstart", "The tuned model is better.", "unseen relation words", "90.0 %", "85.0 % to 95.0 %", "0.300"),
        *("train_loss", "valid_loss", "learning_rate", "max_seq_len 64", "3 examples are too long", "LoRA"),
        *("15 s", "runs/a/model", "tunesmith chat runs/a"),
    ):
        assert shown in text
    assert text.index("wrong one") < text.index("Q1")


def test_long_curve_does_not_make_a_heavy_page(tmp_path: Path) -> None:
    curve = [(step, 3 / step) for step in range(1, 100_001)]
    assert len(page_of(replace(FULL, loss_curves={"train_loss": curve}), tmp_path)) < 100_000


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    page = page_of(Report("Bare", verdict({})), tmp_path)
    text = Elements(page).text
    for said in (
        *("not tested on held-out examples", "No score was measured", "No held-out question was answered"),
        *("No loss was recorded", "No learning rate was recorded", "The data was not summarised"),
        *("No token lengths", "No settings were recorded", "No times were recorded", "No model was saved"),
    ):
        assert said in text
    assert json_of(Report("Bare", ""), tmp_path)["scores"] == {}


def test_absent_contestant_is_named(tmp_path: Path) -> None:
    report = replace(FULL, scores={"base": scored(0.1), "tuned": scored(0.9)}, extra_scores={})
    assert "Not measured in this run: few-shot prompting." in page_of(report, tmp_path)


def test_odd_figures_do_not_break_the_page(tmp_path: Path) -> None:
    odd = replace(
        FULL,
        loss_curves={"train_loss": [(0, math.nan), (1, 0.0), (2, math.inf)], "valid_loss": []},
        learning_rates=[(1, 0.0)],
        token_histogram=TokenHistogram([0, 1], [1], 4096),
        scores={"tuned": ContestantScores(valid_loss=Score(0.0, 0.0, 0.0, 1))},
        seconds={"train": 0.0},
        data=[DataSummary("training", 0, 0, 0)],
    )
    page = page_of(odd, tmp_path)
    assert "nan" not in page[page.index("</style>") :]
    assert "4,096, further right" in page
    assert json_of(odd, tmp_path)["loss_curves"]["train_loss"] == [[0, None], [1, 0.0], [2, None]]


@pytest.mark.parametrize(
    "scores, said",
    [
        ({"base": scored(0.1), "few_shot": scored(0.4), "tuned": scored(0.9)}, "is better than the best baseline, few"),
        ({"base": scored(0.5), "few_shot": scored(0.4), "tuned": scored(0.9)}, "best baseline, the base model: it ans"),
        ({"base": scored(0.5), "tuned": scored(0.53)}, "no clear difference"),
        ({"base": scored(0.9), "tuned": scored(0.5)}, "is worse than the best baseline, the base model"),
        ({"base": lost(3.0), "tuned": lost(0.5)}, "is better than"),
        ({"base": lost(0.5), "tuned": lost(3.0)}, "is worse than"),
        ({"base": lost(3.0), "tuned": replace(lost(0.5), exact_match=Score(0.9, 0.8, 1.0, 9))}, "its loss"),
        ({"tuned": scored(0.5)}, "has no baseline to compare with: it answers 50.0 % of 200 held-out questions"),
        ({"base": scored(0.5)}, "was not tested"),
        ({}, "was not tested"),
    ],
)
def test_verdict_says_it_plainly(scores: dict[str, ContestantScores], said: str) -> None:
    assert said in verdict(scores)


def test_verdict_needs_intervals_that_do_not_touch() -> None:
    touching = {
        "base": ContestantScores(Score(0.5, 0.4, 0.6, 9)),
        "tuned": ContestantScores(Score(0.7, 0.6, 0.8, 9)),
    }
    assert "no clear difference" in verdict(touching)


@pytest.mark.parametrize("ground", ["ground", "raised", "code"])
@pytest.mark.parametrize("ink", ["ink", "quiet", "tuned", "few_shot", "good", "bad"])
def test_text_reaches_aa_contrast_in_light_and_dark(ink: str, ground: str, tmp_path: Path) -> None:
    page = page_of(FULL, tmp_path)
    inks, grounds = (re.findall(rf"--{name}:#([0-9a-f]{{6}})", page) for name in (ink, ground))
    assert len(inks) == len(grounds) == 2
    for a, b in zip(inks, grounds, strict=True):
        light, dark = sorted((luminance(a), luminance(b)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
