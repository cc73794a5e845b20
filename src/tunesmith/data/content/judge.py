"""All rules about what is said, over one file: examples go in one by one, findings come out at the end.

Findings are warnings. Of each rule a bounded number is kept, and the others are counted. What is told of the file as a
whole (phrases, languages, lengths) is counted over a sample of its answers, so that a huge file costs little more than
a large one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Final, Protocol

from tunesmith.data.content.answers import is_placeholder, repeats
from tunesmith.data.content.labels import Conflicts, Labels
from tunesmith.data.content.languages import language_of
from tunesmith.data.content.phrases import FrequentPhrases, Sampler
from tunesmith.data.content.rules import ADVICE, MORE_ADVICE
from tunesmith.data.content.said import Said, said_in
from tunesmith.data.content.texts import Noted, TextJudge
from tunesmith.data.examples import AnyExample, CompletionExample, FileFormat
from tunesmith.data.findings import Finding, RowPath, shorten

_FREQUENT: Final = 0.1
_FEWEST_PHRASES: Final = 10
_MOST_PHRASES: Final = 5
_FEWEST_ROWS: Final = 20
_MIXED: Final = 0.05
_OTHER_LANGUAGE: Final = 0.02
_MOSTLY: Final = 0.5
_SHORT: Final = 2
_USUAL_OF_SHORT: Final = 50
_LONG: Final = 10_000
_LONG_OF_USUAL: Final = 50
_RULES_OF_ROWS: Final = (
    *("invisible_character", "replacement_character", "mojibake", "typographic_quotes", "role_marker"),
    *("left_over_markup", "blank_answer", "placeholder_answer", "answer_repeats_question", "harmful_content"),
)


class Sink(Protocol):
    """Where findings go; validate's Findings are one."""

    def add(self, finding: Finding, line: int | None = None, column: int | None = None) -> None: ...


@dataclass(frozen=True, slots=True)
class ContentFigures:
    """``languages``: shares of the answers whose language is known; ``provenance``: rows by what their metadata says."""

    languages: dict[str, float]
    provenance: dict[str, int]


class ContentJudge:
    """``add`` every example that can be used, then ``finish`` once. Without ``texts``, others judge each text by itself,
    and what they find is added to ``noted``."""

    def __init__(self, texts: TextJudge | None = None) -> None:
        self.noted = Noted()
        self._texts = texts
        self._num_rows = self._num_answers = 0
        self._sampler, self._phrases = Sampler(), FrequentPhrases()
        self._labels, self._conflicts = Labels(), Conflicts()
        self._lengths: list[int] = []
        self._longest = (0, 0)
        self._num_short, self._first_short = 0, 0
        self._languages: Counter[str] = Counter()
        self._num_pairs, self._num_other_language, self._first_other_language = 0, 0, ("", "", 0)

    def add(self, example: AnyExample) -> None:
        said, line = said_in(example), example.line
        self._num_rows += 1
        if self._texts is not None:
            self._texts.add(said, line, is_raw=isinstance(example, CompletionExample))
        question = ""
        for index, one in enumerate(said):
            if one.is_answer:
                self._judge_answer(one, question, line)
                if index == len(said) - 1:
                    self._conflicts.add([before.text for before in said[:index]], one.text, line)
            elif one.role == "user":
                question = one.text

    def finish(self, found: Sink, format: FileFormat | None, provenance: Mapping[str, int]) -> ContentFigures:
        """Tell what was found; ``provenance`` is of ``provenance_of``. Paths are told where the rows are as examples are."""
        if self._texts is not None:
            self._texts.finish()
            self.noted.add(self._texts.noted)
        are_labels = self._labels.are_labels(self._num_answers)
        for rule in _RULES_OF_ROWS:
            kept = self.noted.kept.get(rule, [])
            if rule == "placeholder_answer" and are_labels:
                continue
            for message, path, line in kept:
                # An Alpaca row's messages are made of its keys: they have no place of their own.
                found.add(_warning(rule, message, path if format != "alpaca" else ()), line)
            if (count := self.noted.counts.get(rule, 0)) > len(kept):
                message = f"{count - len(kept):,} more texts are like that ({count:,} in all)"
                found.add(Finding(rule, message, MORE_ADVICE, severity="warning"))
        for rule, message in self._of_the_file(provenance, are_labels=are_labels):
            found.add(_warning(rule, message))
        known = sum(self._languages.values())
        languages = {name: round(count / known, 4) for name, count in self._languages.most_common()}
        return ContentFigures(languages, dict(provenance))

    # ---- one answer ----

    def _judge_answer(self, one: Said, question: str, line: int) -> None:
        answer, path = one.text, one.path
        self._num_answers += 1
        self._labels.add(answer)
        if answer.isspace():
            self.noted.note("blank_answer", "the answer is nothing but spaces and line ends", path, line)
        elif is_placeholder(answer):
            self.noted.note("placeholder_answer", f"the answer is {shorten(answer)}", path, line)
        if question and repeats(question, answer):
            self.noted.note("answer_repeats_question", "the answer begins with the whole question", path, line)
        self._judge_length(len(answer), line)
        if weight := self._sampler.weight():
            self._phrases.add(answer, line, weight)
            self._lengths.append(len(answer))
            self._judge_language(question, answer, line, weight)

    def _judge_length(self, length: int, line: int) -> None:
        if length <= _SHORT:
            self._num_short += 1
            self._first_short = self._first_short or line
        if length > self._longest[0]:
            self._longest = (length, line)

    def _judge_language(self, question: str, answer: str, line: int, weight: int) -> None:
        language = language_of(answer)
        if language is None:
            return
        self._languages[language] += weight
        asked = language_of(question) if question else None
        if asked is not None:
            self._num_pairs += weight
            if asked != language:
                self._num_other_language += weight
                if not self._first_other_language[2]:
                    self._first_other_language = (asked, language, line)

    # ---- the whole file ----

    def _of_the_file(self, provenance: Mapping[str, int], *, are_labels: bool) -> Iterator[tuple[str, str]]:
        if boilerplate := self.noted.boilerplate:
            phrase, (_, first) = max(boilerplate.items(), key=lambda item: item[1][0])
            total = sum(count for count, _ in boilerplate.values())
            share = _percent(total / self._num_answers)
            message = (
                f"{total:,} answer{'s say' if total > 1 else ' says'} {shorten(phrase)} or the like ({share}); "
                f"the first is on line {first}"
            )
            yield "assistant_boilerplate", message
        if are_labels:
            yield from self._of_labels()
        elif self._num_answers >= _FEWEST_ROWS:
            yield from self._of_phrases()
            yield from self._of_lengths()
        yield from self._of_languages()
        yield from self._of_conflicts()
        synthetic = provenance.get("synthetic", 0)
        if self._num_rows and synthetic >= _MOSTLY * self._num_rows:
            share = _percent(min(1.0, synthetic / self._num_rows))
            yield "mostly_synthetic", f"{synthetic:,} rows ({share}) were written by a model, questions and answers"

    def _of_labels(self) -> Iterator[tuple[str, str]]:
        unbalanced = self._labels.unbalanced()
        if unbalanced is not None:
            (frequent, most), (rare, least) = unbalanced
            message = (
                f"{_percent(most / self._num_answers)} of the answers are {shorten(frequent)}, "
                f"and {least:,} of {self._num_answers:,} are {shorten(rare)}"
            )
            yield "unbalanced_labels", message

    def _of_phrases(self) -> Iterator[tuple[str, str]]:
        for one in self._phrases.most_frequent(_FREQUENT, _FEWEST_PHRASES, _MOST_PHRASES):
            share, phrase = _percent(one.share), shorten(one.phrase, 120)
            where = f"such as line {one.line}"
            match one.kind:
                case "start":
                    yield "frequent_phrase", f"{share} of the answers begin with {phrase}, {where}: it will be learnt"
                case "end":
                    yield "frequent_phrase", f"{share} of the answers end with {phrase}, {where}: it will be learnt"
                case "name":
                    yield (
                        "frequent_phrase",
                        f"the name {phrase} stands in {share} of the answers, {where}: it will be learnt",
                    )
                case "sentence":
                    yield "frequent_phrase", f"{phrase} stands in {share} of the answers, {where}: it will be learnt"

    def _of_lengths(self) -> Iterator[tuple[str, str]]:
        usual = int(median(self._lengths))
        if self._num_short and usual >= _USUAL_OF_SHORT:
            message = (
                f"{self._num_short:,} answer{'s have' if self._num_short > 1 else ' has'} {_SHORT} characters or fewer, "
                f"such as line {self._first_short}; "
                f"half of all have {usual:,} or more"
            )
            yield "very_short_answers", message
        length, line = self._longest
        if length >= max(_LONG, _LONG_OF_USUAL * usual):
            message = (
                f"the longest answer, on line {line}, has {length:,} characters; half of all have {usual:,} or fewer"
            )
            yield "very_long_answer", message

    def _of_languages(self) -> Iterator[tuple[str, str]]:
        known = sum(self._languages.values())
        shares = {
            language: count / known for language, count in self._languages.most_common() if count / known >= _MIXED
        }
        if known >= _FEWEST_ROWS and len(shares) > 1:
            said = ", ".join(f"{language} {_percent(share)}" for language, share in shares.items())
            yield "mixed_languages", f"the answers are in several languages: {said}"
        asked, answered, line = self._first_other_language
        if self._num_other_language >= max(3, _OTHER_LANGUAGE * self._num_pairs):
            share = _percent(self._num_other_language / self._num_pairs)
            message = (
                f"{share} of the answers are in another language than their question, such as line {line}: "
                f"{asked}, answered in {answered}"
            )
            yield "answer_in_another_language", message

    def _of_conflicts(self) -> Iterator[tuple[str, str]]:
        count, lines = self._conflicts.found()
        if count and self._conflicts.is_estimate:
            message = f"about {count:,} questions have different answers, such as lines {lines[0]} and {lines[1]}"
            yield "conflicting_answers", message
        elif count:
            message = (
                f"{count:,} question{'s have' if count > 1 else ' has'} different answers, "
                f"such as lines {lines[0]} and {lines[1]}"
            )
            yield "conflicting_answers", message


def _warning(rule: str, message: str, path: RowPath = ()) -> Finding:
    return Finding(rule, message, ADVICE[rule], path, "warning")


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.1f} %"
