"""The quickstart's task: English questions and their queries in Weft, a small graph query language.

Takes nothing but a seed; gives chat rows (system, user, assistant) for training, for the held-out score
and for a second score whose relation words never occur in training. Names and sentence frames of the
training rows and of the other rows have nothing in common.

Weft, one query per line::

    line  = "seek" ["count"] path ["&" name] ["year" ("<" | ">") digits]
    path  = kind ("<~" | "~>") edge (name | path)

``film <~ directed "N"`` are the films that an edge ``directed`` reaches from N, and
``person ~> directed "X"`` is whoever has such an edge to X. A path has one or two hops.
"""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from tunesmith.starter.graph_query_frames import (
    COMPARISONS,
    HELD_OUT,
    RELATIONS,
    SHAPES,
    TRAINING,
    Frames,
    Phrase,
    Relation,
    Thing,
    compose,
    description,
    slots_for,
)
from tunesmith.starter.names import reserved_word

SYSTEM = 'Answer in Weft: seek [count] kind <~ or ~> edge "name" [& "name"] [year < or > number]'

Row = dict[str, Any]
Step = tuple[Relation, bool]


@dataclass(frozen=True)
class Example:
    """A question with its query, and the shape and sentence frame it was made from."""

    shape: str
    frame: str
    question: str
    query: str


def training_rows(seed: int = 0, size: int = 2000) -> list[Row]:
    """Rows to learn from."""
    return [_row(example) for example in training_examples(seed, size)]


def held_out_rows() -> list[Row]:
    """200 rows with frames and names that no training row has."""
    return [_row(example) for example in held_out_examples()]


def unseen_relation_rows() -> list[Row]:
    """100 rows that moreover say their relations in words that no training row has."""
    return [_row(example) for example in unseen_relation_examples()]


def training_examples(seed: int = 0, size: int = 2000) -> list[Example]:
    """What ``training_rows`` is made of."""
    return _Writer("training", TRAINING, f"weft training {seed}").examples(size)


def held_out_examples() -> list[Example]:
    """What ``held_out_rows`` is made of."""
    return _Writer("held out", HELD_OUT, "weft held out").examples(200)


def unseen_relation_examples() -> list[Example]:
    """What ``unseen_relation_rows`` is made of."""
    return _Writer("unseen", HELD_OUT, "weft unseen", unseen=True).examples(100)


def is_weft(line: str) -> bool:
    """Whether ``line`` is a query: well formed, and with edges between the kinds they belong to."""
    match = _LINE.fullmatch(line)
    if match is None:
        return False
    hops = _HOP.findall(match["path"])
    answers = [kind for kind, _, _ in hops]
    reached = [_other_end(*hop) for hop in hops]
    return None not in reached and answers[1:] == reached[:-1]


def names_in(rows: Iterable[Row]) -> set[str]:
    """Every single word of every name in the rows."""
    return {word for row in rows for name in _quoted(row["messages"][-1]["content"]) for word in name.split()}


def frame_of(row: Row) -> str:
    """The wording of the row's question in lower case, without names, numbers and punctuation."""
    question = str(row["messages"][1]["content"])
    for name in _quoted(row["messages"][-1]["content"]):
        question = re.sub(rf"\b{name}\b", " ", question)
    return " ".join(re.findall(r"[a-z]+(?:'[a-z]+)?", question.lower()))


def write_rows(path: Path | str, rows: Iterable[Row]) -> None:
    """Writes the rows as JSON Lines."""
    with Path(path).open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


_EDGES = {relation.label: (relation.subject, relation.object) for relation in RELATIONS}
_NAME = r'"[A-Z][a-z]+(?: [A-Z][a-z]+)*"'
_HOP = re.compile(r"([a-z]+) (<~|~>) ([a-z]+)")
_LINE = re.compile(
    rf"seek (?:count )?(?P<path>{_HOP.pattern}(?: {_HOP.pattern})?) {_NAME}(?: & {_NAME})?(?: year [<>] [0-9]{{4}})?"
)


def _other_end(kind: str, arrow: str, edge: str) -> str | None:
    subject, object_ = _EDGES.get(edge, (None, None))
    answer, other = (object_, subject) if arrow == "<~" else (subject, object_)
    return other if kind == answer else None


def _quoted(query: str) -> list[str]:
    return re.findall(r'"([^"]*)"', query)


def _row(example: Example) -> Row:
    contents = (("system", SYSTEM), ("user", example.question), ("assistant", example.query))
    return {"messages": [{"role": role, "content": content} for role, content in contents]}


class _Writer:
    """Writes the examples of one split: every shape equally often, and every relation of a shape too."""

    def __init__(self, split: str, frames: Frames, seed: str, unseen: bool = False) -> None:
        self._split = split
        self._frames = frames
        self._unseen = unseen
        self._random = random.Random(seed)
        self._queues: defaultdict[str, Iterator[Step]] = defaultdict(lambda: iter(()))

    def examples(self, size: int) -> list[Example]:
        found: dict[str, Example] = {}
        while len(found) < size:
            example = self._example(SHAPES[len(found) % len(SHAPES)])
            found.setdefault(example.question, example)
        examples = list(found.values())
        self._random.shuffle(examples)
        return examples

    def _example(self, shape: str) -> Example:
        relation, forward = self._next_step(shape)
        thing, target = self._thing(shape, relation, forward)
        slots = slots_for(relation, self._random.choice(self._phrases(shape, relation)), forward, thing, self._random)
        query = f"seek {'count ' if shape == 'count' else ''}{_hop(relation, forward)} {target}"
        if shape == "year":
            words, sign = self._random.choice(COMPARISONS)
            year = self._random.randrange(1900, 2025)
            slots["when"] = f"{words} {year}"
            if words in ("after", "before"):
                slots["from_when"] = slots["when"]
            query += f" year {sign} {year}"
        frame, question = compose(self._frames, shape, slots, self._random)
        return Example(shape, frame, question, query)

    def _next_step(self, shape: str) -> Step:
        step = next(self._queues[shape], None)
        if step is None:
            steps = [step for step in _steps(shape) if self._phrases(shape, step[0])]
            self._random.shuffle(steps)
            self._queues[shape] = iter(steps)
            return self._next_step(shape)
        return step

    def _thing(self, shape: str, relation: Relation, forward: bool) -> tuple[Thing, str]:
        """What the question is about, in English and in Weft."""
        kind = relation.subject if forward else relation.object
        if shape == "two_hops":
            return self._described(relation, kind)
        first, second = self._name(kind), self._name(kind)
        if shape == "both":
            return Thing(f"both {first} and {second}", plural=True), f'"{first}" & "{second}"'
        return Thing(first), f'"{first}"'

    def _described(self, outer: Relation, kind: str) -> tuple[Thing, str]:
        inner, forward = self._random.choice([step for step in _descriptions(kind) if step[0] is not outer])
        name = self._name(inner.subject if forward else inner.object)
        phrase = self._random.choice(inner.phrases)
        text = description(inner, phrase, forward, name, self._random)
        return Thing(text), f'{_hop(inner, forward)} "{name}"'

    def _phrases(self, shape: str, relation: Relation) -> list[Phrase]:
        """The split's words for a relation; only what has happened has a year."""
        phrases = relation.unseen if self._unseen else relation.phrases
        return [phrase for phrase in phrases if shape != "year" or phrase.tense.endswith("past")]

    def _name(self, kind: str) -> str:
        words = {"person": 2, "city": 1, "company": 1}.get(kind) or self._random.choice((1, 2))
        return " ".join(self._word() for _ in range(words))

    def _word(self) -> str:
        while _split_of(word := reserved_word(self._random)) != self._split:
            pass
        return word


def _steps(shape: str) -> list[Step]:
    """The relations and directions that a question of this shape can ask for."""
    both_ways = [(relation, forward) for relation in RELATIONS for forward in (True, False)]
    return [step for step in both_ways if _suits(shape, *step)]


def _suits(shape: str, relation: Relation, forward: bool) -> bool:
    if shape in ("forward", "backward"):
        return forward == (shape == "forward")
    if shape == "two_hops":
        return bool(_descriptions(relation.subject if forward else relation.object))
    if shape == "count":
        return relation.many_objects if forward else relation.subject == "person" or relation.many_subjects
    if shape == "year":
        return relation.dated == ("forward" if forward else "backward")
    return forward or relation.label != "born"


def _descriptions(kind: str) -> list[Step]:
    """The edges by which a question can describe a person or a company in place of the name."""
    if kind == "person":
        return [(r, False) for r in RELATIONS if r.subject == kind and not r.many_subjects]
    if kind == "company":
        makers: list[Step] = [(r, False) for r in RELATIONS if r.subject == kind and not r.many_subjects]
        return makers + [(r, True) for r in RELATIONS if r.object == kind]
    return []


def _hop(relation: Relation, forward: bool) -> str:
    return f"{relation.object} <~ {relation.label}" if forward else f"{relation.subject} ~> {relation.label}"


def _split_of(word: str) -> str:
    """The only split that may use the word."""
    digest = blake2b(word.lower().encode(), digest_size=1, person=b"weft").digest()[0]
    return ("training", "training", "held out", "unseen")[digest % 4]
