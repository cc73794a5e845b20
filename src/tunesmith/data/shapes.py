"""Rows of one shape are rendered once by the template, and then put together without it.

A shape is who speaks in turn, and which messages are empty. For each a ``Plan`` is kept: what the template writes around
the texts, tokenized already, and where answers begin and end. It is built as ``render`` builds a row, and is used only
where its tokens equal those of ``render`` for the row that it was built from; a sparse sample of later rows is compared
too. Rows with tools, calls or names have no plan, nor has what the template changes depending on a text (decision 0027).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Final

from tunesmith.data.examples import ChatExample
from tunesmith.data.template import ChatTemplate
from tunesmith.data.tokenizer import ControlToken, Start, Tokenizer
from tunesmith.data.traced_template import LookedInside, Part, Question, Said, Trace, TracedTemplate, filled

MOST_SHAPES: Final = 512
_MOST_CASES: Final = 8
_MOST_MESSAGES: Final = 64
_COMPARED_EVERY: Final = 1_024
_MOST_CHARACTERS: Final = 1 << 20
"""Of one row; templates are bounded in what they build, plans are not."""

Shape = tuple[tuple[str, ...], tuple[bool, ...]]
"""The role of each message, and whether it says anything; no second part where all do."""
Place = tuple[int, int]
"""In what a template wrote: how many texts stand before, and how many of its own characters since the last of them."""


@dataclass(frozen=True, slots=True)
class Section:
    """Text without control tokens that differs from row to row. It never is blank."""

    parts: tuple[Part, ...]
    start: Start
    strips_left: bool
    strips_right: bool
    around: tuple[str, int, str] | None
    """What stands before and after the only text, where that is written as it is; most sections are such."""

    def text(self, contents: Sequence[str]) -> str:
        if self.around is not None:
            before, index, after = self.around
            return f"{before}{contents[index]}{after}"
        text = filled(self.parts, contents)
        if self.strips_left:
            text = text.lstrip()
        return text.rstrip() if self.strips_right else text


Encoded = tuple[int, ...] | Section
"""Ids that are the same in every row of the shape, or a text that differs."""


@dataclass(frozen=True, slots=True)
class Plan:
    """For each answer: what stands before it, the answer with its end token, and the answer's message."""

    turns: tuple[tuple[tuple[Encoded, ...], tuple[Encoded, ...], int], ...]

    def groups(self, contents: Sequence[str], tokenizer: Tokenizer) -> list[tuple[list[int], list[int], int]]:
        """The ids before each answer, those of the answer, and the answer's message."""
        return [
            (_ids(before, contents, tokenizer), _ids(answer, contents, tokenizer), index)
            for before, answer, index in self.turns
        ]

    def lengths(self, contents: Sequence[str], tokenizer: Tokenizer) -> list[tuple[int, int, int]]:
        """How many ids ``groups`` gives."""
        return [
            (_length(before, contents, tokenizer), _length(answer, contents, tokenizer), index)
            for before, answer, index in self.turns
        ]

    def head(self, contents: Sequence[str], tokenizer: Tokenizer) -> list[int]:
        """The first ids of the row, two at least where it has so many."""
        ids: list[int] = []
        for part in chain.from_iterable(before + answer for before, answer, _ in self.turns):
            if len(ids) > 1:
                break
            ids += _ids((part,), contents, tokenizer)
        return ids


def _length(encoded: Sequence[Encoded], contents: Sequence[str], tokenizer: Tokenizer) -> int:
    length = 0
    for part in encoded:
        length += len(part) if type(part) is tuple else tokenizer.count_text(part.text(contents), part.start)  # type: ignore[union-attr]
    return length


def _ids(encoded: Sequence[Encoded], contents: Sequence[str], tokenizer: Tokenizer) -> list[int]:
    ids: list[int] = []
    for part in encoded:
        ids += part if type(part) is tuple else tokenizer.encode_text(part.text(contents), part.start)  # type: ignore[union-attr]
    return ids


Case = tuple[tuple[tuple[Question, object], ...], Plan | None]
"""What a row must answer, and the plan of rows that do; None: the template renders them, one by one."""


class Plans:
    """Those of one template and tokenizer, for the shapes that were met of late."""

    def __init__(self, template: ChatTemplate, tokenizer: Tokenizer) -> None:
        self._template, self._tokenizer = template, tokenizer
        self._traced: TracedTemplate | None = None
        self._cases: dict[Shape, list[Case]] = {}
        self._num_used = 0

    def find(self, example: ChatExample, contents: Sequence[str]) -> tuple[Shape | None, Plan | None]:
        """The plan that the row is built by; or its shape, where a plan may still be made; or neither: the row is
        rendered."""
        shape = _shape(example, contents)
        if shape is None:
            return None, None
        cases = self._cases.get(shape, ())
        for asked, plan in cases:
            if not asked or all(question.answer(contents) == answer for question, answer in asked):
                return None, plan
        return (shape, None) if len(cases) < _MOST_CASES else (None, None)

    def add(
        self, shape: Shape, contents: Sequence[str], ends: frozenset[str], is_right: Callable[[Plan], bool]
    ) -> None:
        """Make a plan from a row that was rendered, and keep it if it ``is_right``; ``ends`` are the tokens that may end
        an answer."""
        trace = Trace(contents)
        try:
            self._traced = self._traced or TracedTemplate(self._template.code, self._template.tokens)
            plan: Plan | None = _plan(self._traced, self._tokenizer, shape[0], trace, ends)
        except LookedInside:
            plan = None
        if plan is not None and not is_right(plan):
            plan = None
        if shape not in self._cases and len(self._cases) >= MOST_SHAPES:
            self._cases.clear()
        self._cases.setdefault(shape, []).append((tuple(trace.asked.items()), plan))

    def is_sampled(self) -> bool:
        """Whether this row, built by a plan, is one of those that are compared with what the template makes of it."""
        self._num_used += 1
        return self._num_used % _COMPARED_EVERY == 1


def _shape(example: ChatExample, contents: Sequence[str]) -> Shape | None:
    """None for a row that has more to it than who says what, or that is very large, or in which only blanks are said."""
    messages = example.messages
    if (
        example.tools
        or len(messages) > _MOST_MESSAGES
        or sum(map(len, contents)) > _MOST_CHARACTERS
        or any(map(str.isspace, contents))
    ):
        return None
    for message in messages:
        if message.name is not None or message.tool_calls or message.tool_call_id is not None:
            return None
    return tuple([message.role for message in messages]), () if all(contents) else tuple(map(bool, contents))


@dataclass(frozen=True, slots=True)
class _Written:
    """What a template wrote: ``said[n]`` stands between ``words[n]`` and ``words[n + 1]``."""

    words: tuple[str, ...]
    said: tuple[Said, ...]

    @classmethod
    def of(cls, parts: Sequence[Part]) -> _Written:
        words = [""]
        for part in parts:
            if isinstance(part, str):
                words[-1] += part
            else:
                words.append("")
        return cls(tuple(words), tuple(part for part in parts if isinstance(part, Said)))

    def behind(self, prompt: _Written) -> Place:
        """Where ``prompt``, with which it begins, ends."""
        count, last = len(prompt.said), prompt.words[-1]
        begins = (self.said[:count], self.words[:count]) == (prompt.said, prompt.words[:-1])
        if not begins or not self.words[count].startswith(last):
            raise LookedInside
        return count, len(last)

    def between(self, start: Place, end: Place) -> list[Part]:
        (first, begin), (last, until) = start, end
        if first == last:
            return [self.words[first][begin:until]]
        inner: list[Part] = []
        for said, words in zip(self.said[first : last - 1], self.words[first + 1 : last], strict=True):
            inner += [said, words]
        return [self.words[first][begin:], *inner, self.said[last - 1], self.words[last][:until]]


def _plan(
    traced: TracedTemplate, tokenizer: Tokenizer, roles: Sequence[str], trace: Trace, ends: frozenset[str]
) -> Plan:
    """Cut at every answer's first character and behind its end token, as ``render`` cuts a row."""
    whole = _Written.of(traced.parts(roles, trace))
    if [said.index for said in whole.said] != [index for index, text in enumerate(trace.contents) if text]:
        raise LookedInside
    answers = [index for index, role in enumerate(roles) if role == "assistant"]
    cuts: list[Place] = [(0, 0)]
    for index in answers:
        start = whole.behind(_Written.of(traced.parts(roles[:index], trace, for_answer=True)))
        cuts += [start, _end_of_answer(whole, index, start, tokenizer, ends)]
    if sorted(cuts) != cuts:
        raise LookedInside
    groups = _encoded([whole.between(*border) for border in pairwise(cuts)], tokenizer)
    return Plan(tuple(zip(groups[::2], groups[1::2], answers, strict=True)))


def _end_of_answer(whole: _Written, index: int, start: Place, tokenizer: Tokenizer, ends: frozenset[str]) -> Place:
    number = sum(said.index <= index for said in whole.said)  # of the words behind the answer's text
    is_empty = not any(said.index == index for said in whole.said)
    place = start if is_empty else max(start, (number, 0))
    end = answer_end(tokenizer, whole.words[number], place[1], ends) if place[0] == number else None
    if end is None:
        raise LookedInside
    return number, end.position


def _encoded(groups: Sequence[Sequence[Part]], tokenizer: Tokenizer) -> list[tuple[Encoded, ...]]:
    """As ``Tokenizer.encode_groups`` encodes a row, as far as that is the same in all rows of the shape."""
    encoded: list[tuple[Encoded, ...]] = []
    start: Start = "first"
    strips = False
    for group in groups:
        made, text = list[Encoded](), list[Part]()
        for part in _parts(group, tokenizer):
            if isinstance(part, ControlToken):
                made += [*_text_ids(text, start, strips, part.strips_left, tokenizer), (part.id,)]
                text, start, strips = [], "section", part.strips_right
            else:
                text.append(part)
        if _is_anything(text, strips):
            made += _text_ids(text, start, strips, False, tokenizer)
            start, strips = "inner", False
        encoded.append(_merged(made))
    return encoded


def _parts(group: Sequence[Part], tokenizer: Tokenizer) -> Iterator[Part | ControlToken]:
    for part in group:
        if isinstance(part, Said):
            yield part
        else:
            yield from tokenizer.control_parts(part)


def _is_anything(text: Sequence[Part], strips: bool) -> bool:
    return any(isinstance(part, Said) or (part.strip() if strips else part) for part in text)


def _text_ids(
    text: Sequence[Part], start: Start, strips_left: bool, strips_right: bool, tokenizer: Tokenizer
) -> list[Encoded]:
    said = [part for part in text if isinstance(part, Said)]
    around = None
    if not strips_left and not strips_right and len(said) == 1 and said == [Said(said[0].index)]:
        at = text.index(said[0])
        around = (filled(text[:at], ()), said[0].index, filled(text[at + 1 :], ()))
    section = Section(tuple(text), start, strips_left, strips_right, around)
    return [section] if said else [tuple(tokenizer.encode_text(section.text(()), start))]


def _merged(encoded: Sequence[Encoded]) -> tuple[Encoded, ...]:
    """Ids that stand side by side together."""
    merged: list[Encoded] = []
    for part in encoded:
        if isinstance(part, tuple) and merged and isinstance(last := merged[-1], tuple):
            merged[-1] = last + part
        elif part:
            merged.append(part)
    return tuple(merged)


@dataclass(frozen=True, slots=True)
class AnswerEnd:
    position: int
    token_id: int


def answer_end(tokenizer: Tokenizer, text: str, said: int, ends: frozenset[str]) -> AnswerEnd | None:
    """The first end token behind ``said``; other control tokens (a tool call's, say) belong to the answer."""
    position = said
    while found := tokenizer.first_control_token(text[position:]):
        position += found[1]
        token_id = tokenizer.control_id(found[0])
        if found[0] in ends and token_id is not None:
            return AnswerEnd(position, token_id)
    return None
