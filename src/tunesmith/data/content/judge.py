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

from tunesmith.data.content.answers import boilerplate_in, is_placeholder, may_hold_boilerplate, repeats
from tunesmith.data.content.characters import (
    find_curly_quotes,
    find_invisible,
    find_mojibake,
    find_replaced,
    may_be_odd,
)
from tunesmith.data.content.labels import Conflicts, Labels
from tunesmith.data.content.languages import language_of
from tunesmith.data.content.markers import find_mark_up, find_role_marker, may_hold_mark_up, may_hold_roles
from tunesmith.data.content.phrases import FrequentPhrases, Sampler
from tunesmith.data.content.rules import ADVICE, MORE_ADVICE
from tunesmith.data.content.said import Said, said_in
from tunesmith.data.examples import AnyExample, CompletionExample, FileFormat
from tunesmith.data.findings import Finding, RowPath, shorten
from tunesmith.data.harm.find import HarmFilter

MOST_OF_A_RULE: Final = 200
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
_BLOCK: Final = 1 << 15
_BORDER: Final = "\x1f"
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
    """``add`` every example that can be used, then ``finish`` once."""

    def __init__(self, harm: HarmFilter | None = None) -> None:
        self._harm = harm
        self._kept: dict[str, list[tuple[Finding, int]]] = {rule: [] for rule in _RULES_OF_ROWS}
        self._counts: Counter[str] = Counter()
        self._num_rows = self._num_answers = 0
        self._block: list[tuple[Said, int, bool]] = []
        self._block_size = 0
        self._sampler, self._phrases = Sampler(), FrequentPhrases()
        self._labels, self._conflicts = Labels(), Conflicts()
        self._lengths: list[int] = []
        self._longest = (0, 0)
        self._num_short, self._first_short = 0, 0
        self._boilerplate: Counter[str] = Counter()
        self._first_boilerplate: dict[str, int] = {}
        self._languages: Counter[str] = Counter()
        self._num_pairs, self._num_other_language, self._first_other_language = 0, 0, ("", "", 0)

    def add(self, example: AnyExample) -> None:
        said, line = said_in(example), example.line
        self._num_rows += 1
        is_raw = isinstance(example, CompletionExample)
        question = ""
        for index, one in enumerate(said):
            self._block.append((one, line, is_raw))
            self._block_size += len(one.text)
            if one.is_answer:
                self._judge_answer(one, question, line)
                if index == len(said) - 1:
                    self._conflicts.add([before.text for before in said[:index]], one.text, line)
            elif one.role == "user":
                question = one.text
        if self._block_size >= _BLOCK:
            self._judge_block()

    def finish(self, found: Sink, format: FileFormat | None, provenance: Mapping[str, int]) -> ContentFigures:
        """Tell what was found; ``provenance`` is of ``provenance_of``. Paths are told where the rows are as examples are."""
        self._judge_block()
        are_labels = self._labels.are_labels(self._num_answers)
        for rule, kept in self._kept.items():
            if rule == "placeholder_answer" and are_labels:
                continue
            for finding, line in kept:
                found.add(finding if format != "alpaca" else _without_path(finding), line)
            if self._counts[rule] > len(kept):
                message = f"{self._counts[rule] - len(kept):,} more texts are like that ({self._counts[rule]:,} in all)"
                found.add(Finding(rule, message, MORE_ADVICE, severity="warning"))
        for rule, message in self._of_the_file(provenance, are_labels=are_labels):
            found.add(_warning(rule, message))
        known = sum(self._languages.values())
        languages = {name: round(count / known, 4) for name, count in self._languages.most_common()}
        return ContentFigures(languages, dict(provenance))

    # ---- the texts ----

    def _judge_block(self) -> None:
        """What is rare is looked for in many texts at once, and text by text only where it was found."""
        # Apart, because a text with one character more than ASCII takes its whole block to the slower ways.
        ascii = _BORDER.join(one.text for one, _, _ in self._block if one.text.isascii())
        other = _BORDER.join(one.text for one, _, _ in self._block if not one.text.isascii())
        is_odd = may_be_odd(ascii) or may_be_odd(other)
        has_roles = may_hold_roles(ascii) or may_hold_roles(other)
        has_mark_up = may_hold_mark_up(ascii) or may_hold_mark_up(other)
        has_boilerplate = may_hold_boilerplate(ascii) or may_hold_boilerplate(other)
        harm = self._harm
        if harm is not None and not harm.find(ascii) and not harm.find(other):
            harm = None
        for one, line, is_raw in self._block:
            if is_odd:
                self._judge_characters(one, line)
            if has_roles and _may_not_show_roles(one, is_raw=is_raw) and (marker := find_role_marker(one.text)):
                self._note("role_marker", f"a role is typed in the text: {shorten(marker)}", one.path, line)
            if has_mark_up and one.role in ("user", "assistant") and (mark_up := find_mark_up(one.text)):
                self._note("left_over_markup", f"HTML stands in the text: {mark_up}", one.path, line)
            if has_boilerplate and one.is_answer and (phrase := boilerplate_in(one.text)):
                self._boilerplate[phrase] += 1
                self._first_boilerplate.setdefault(phrase, line)
            if harm is not None:
                self._judge_harm(harm, one, line)
        self._block, self._block_size = [], 0

    def _judge_characters(self, one: Said, line: int) -> None:
        text = one.text
        if odd := find_invisible(text):
            self._note("invisible_character", f"{odd.what} stands in the text", one.path, line)
        if text.isascii():
            return
        if odd := find_replaced(text):
            self._note("replacement_character", f"{odd.what} stands for what could not be read", one.path, line)
        if odd := find_mojibake(text):
            message = f"{odd.what} was {shorten(odd.mended)} before it was read in a wrong encoding"
            self._note("mojibake", message, one.path, line)
        if one.is_answer and (odd := find_curly_quotes(text)):
            message = f"typographic quotes stand where a program reads straight ones: {odd.what}"
            self._note("typographic_quotes", message, one.path, line)

    def _judge_harm(self, harm: HarmFilter, one: Said, line: int) -> None:
        told: set[str] = set()
        for hit in harm.find(one.text):
            if hit.category not in told:
                told.add(hit.category)
                words = shorten(one.text[hit.start : hit.end])
                message = f"{words} may be harmful: {hit.category}, severity {hit.severity}"
                self._note("harmful_content", message, one.path, line)

    # ---- one answer ----

    def _judge_answer(self, one: Said, question: str, line: int) -> None:
        answer, path = one.text, one.path
        self._num_answers += 1
        self._labels.add(answer)
        if answer.isspace():
            self._note("blank_answer", "the answer is nothing but spaces and line ends", path, line)
        elif is_placeholder(answer):
            self._note("placeholder_answer", f"the answer is {shorten(answer)}", path, line)
        if question and repeats(question, answer):
            self._note("answer_repeats_question", "the answer begins with the whole question", path, line)
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

    def _note(self, rule: str, message: str, path: RowPath, line: int) -> None:
        self._counts[rule] += 1
        if len(kept := self._kept[rule]) < MOST_OF_A_RULE:
            kept.append((_warning(rule, message, path), line))

    # ---- the whole file ----

    def _of_the_file(self, provenance: Mapping[str, int], *, are_labels: bool) -> Iterator[tuple[str, str]]:
        for phrase, _count in self._boilerplate.most_common(1):
            total, first = sum(self._boilerplate.values()), self._first_boilerplate[phrase]
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


def _may_not_show_roles(one: Said, *, is_raw: bool) -> bool:
    """A raw prompt may well be a transcript, and a system message may show one."""
    return one.is_answer or (one.role in ("user", "assistant") and not is_raw)


def _warning(rule: str, message: str, path: RowPath = ()) -> Finding:
    return Finding(rule, message, ADVICE[rule], path, "warning")


def _without_path(finding: Finding) -> Finding:
    """An Alpaca row's messages are made of its keys: they have no place of their own."""
    return Finding(finding.rule, finding.message, finding.hint, (), finding.severity)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.1f} %"
