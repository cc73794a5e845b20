"""A language of the starter's dialogues: its word lists, sentence frames, facts and question shapes, as parsed tables.

Takes the tables of a lexicon module; gives a ``Tongue``, which skills ask for filled frames, facts and questions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tunesmith.starter.dice import MAKERS, Blocks, Dice, blocks, fill
from tunesmith.starter.notations import Query


@dataclass(frozen=True)
class Fact:
    """Something a sentence tells: named slots with their makers, ways to say it, questions with the slot they ask."""

    slots: tuple[tuple[str, str], ...]
    sentences: tuple[str, ...]
    questions: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Shape:
    """A kind of question: the frames that ask it and the query they mean, both with slots."""

    table: str
    ask: str
    kind: str
    conditions: tuple[tuple[str, str, str], ...]
    frames: tuple[str, ...]
    clear: tuple[str, ...]
    """The frames that name every word of the query; with the others the query's words must be known already."""


class Tongue:
    """One language: what the skills say in it."""

    def __init__(self, name: str, phrases: str, words: str, facts: str, shapes: str, tables: Mapping[str, str]) -> None:
        self.name = name
        self.suffix = "" if name == "en" else f"_{name}"
        self.gap = " " if name == "en" else ""
        self.phrases: Blocks = blocks(phrases)
        self.words: Blocks = {**self._makers(), **_lists(words)}
        self.facts = tuple(self._fact(head, lines) for head, lines in blocks(facts).items())
        self.shapes = tuple(self._shape(head, frames) for head, frames in blocks(shapes).items())
        self.tables = {name: _rows(text) for name, text in tables.items()}

    def say(self, dice: Dice, phrase: str, /, **fixed: str) -> str:
        """One of the phrases of that name, filled."""
        return fill(dice, dice.pick(self.phrases[phrase]), self.words, fixed)

    def fill(self, dice: Dice, template: str, fixed: Mapping[str, str] | None = None) -> str:
        return fill(dice, template, self.words, fixed or {})

    def make(self, dice: Dice, maker: str) -> str:
        return MAKERS[self._maker(maker)](dice)

    def question(
        self, dice: Dice, shape: Shape, row: Mapping[str, str] | None, marks: Mapping[str, str] | None = None
    ) -> tuple[str, Query]:
        """A question of this shape with new names (or with the given place holders), and what it means.

        With a row of the shape's table all frames may ask; with none, any row and a clear frame.
        """
        frame = dice.pick(shape.frames if row is not None else shape.clear)
        row = self.row(dice, shape) if row is None else row
        slots = dict(row)
        for slot in _slots(frame, shape):
            if slot not in slots:
                slots[slot] = marks[slot.rstrip("2")] if marks else self.make(dice, slot.rstrip("2"))
        if "year" in slots and "year2" in slots and not marks:
            slots["year"], slots["year2"] = sorted((slots["year"], str(int(slots["year2"]) + 1)), key=int)
        conditions = tuple((_put(key, slots), sign, _meaning(value, slots)) for key, sign, value in shape.conditions)
        return _put(frame, slots), Query(_put(shape.ask, slots), _put(shape.kind, slots), conditions)

    def row(self, dice: Dice, shape: Shape) -> dict[str, str]:
        return dice.pick(self.tables[shape.table]) if shape.table in self.tables else {}

    def _makers(self) -> Blocks:
        """In another tongue than English the plain slot names stand for that tongue's makers."""
        return {name: (f"{{{name}{self.suffix}}}",) for name in MAKERS if self.suffix and name + self.suffix in MAKERS}

    def _maker(self, name: str) -> str:
        return name + self.suffix if name + self.suffix in MAKERS else name

    def _fact(self, head: str, lines: tuple[str, ...]) -> Fact:
        slots = tuple((slot, self._maker(maker)) for slot, _, maker in (part.partition(":") for part in head.split()))
        asked = [line[2:].rpartition(" = ") for line in lines if line.startswith("? ")]
        sentences = tuple(line[2:] for line in lines if line.startswith("+ "))
        return Fact(slots, sentences, tuple((question, slot) for question, _, slot in asked))

    def _shape(self, head: str, frames: tuple[str, ...]) -> Shape:
        table, heading, tests = (part.strip() for part in head.split("|"))
        ask, _, kind = heading.partition(" ")
        columns = set(re.findall(r"\{(noun|role|key|attr)\}", head))
        clear = tuple(
            frame for frame in frames if "{noun" in frame or all(f"{{{column}}}" in frame for column in columns)
        )
        found = (re.split(r" ([=<>]) ", test.strip()) for test in tests.split(";"))
        return Shape(table, ask, kind, tuple((key, sign, value) for key, sign, value in found), frames, clear)


def _lists(text: str) -> Blocks:
    """Word lists, the words parted by slashes."""
    return {key: tuple(word for line in lines for word in line.split(" / ")) for key, lines in blocks(text).items()}


def _rows(text: str) -> tuple[dict[str, str], ...]:
    """The first line names the columns; an underscore stands for a blank."""
    head, *lines = (line.split() for line in text.strip().split("\n"))
    return tuple(dict(zip(head, (cell.replace("_", " ") for cell in line), strict=True)) for line in lines)


def _slots(frame: str, shape: Shape) -> list[str]:
    texts = (frame, *(value for _, _, value in shape.conditions))
    return [slot for text in texts for slot in re.findall(r"\{(\w+)\}", text)]


def _put(text: str, slots: Mapping[str, str]) -> str:
    return text.format_map(slots) if "{" in text else text


def _meaning(value: str, slots: Mapping[str, str]) -> str | Query:
    """``[author of {work}]`` is a question inside a question; anything else is a plain value."""
    if not value.startswith("["):
        return _put(value, slots)
    ask, _, of = value[1:-1].partition(" of ")
    return Query(_put(ask, slots), "", (("of", "=", _put(of, slots)),))
