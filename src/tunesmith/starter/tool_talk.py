"""Dialogues with tools: the assistant calls a declared function, reads its result and answers from it.

Takes the dice and a ``Tongue``; gives a ``ToolTalk``: the declared ``tools`` and the messages, both in the shape of
OpenAI's chat format. Names of functions, parameters and result fields are thrown anew for each dialogue, partly from
made-up words, so that they must be read from the declaration.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tunesmith.starter.dice import Dice, blocks, fill
from tunesmith.starter.lexicon_tools import PHRASES, TOOLS
from tunesmith.starter.skills import Turn
from tunesmith.starter.tongue import Tongue

Message = dict[str, Any]


@dataclass(frozen=True)
class ToolTalk:
    """``messages`` without a system message; ``system`` may be empty."""

    tools: list[dict[str, Any]]
    system: str
    messages: list[Message]


@dataclass(frozen=True)
class Slot:
    """A parameter or a result field: what fills it, the names it may have, what it is for."""

    name: str
    maker: str
    names: tuple[str, ...]
    about: str = ""

    @property
    def options(self) -> tuple[str, ...]:
        """The values of a parameter that has a few only."""
        return tuple(self.maker[1:].split("|")) if self.maker.startswith("=") else ()

    @property
    def is_number(self) -> bool:
        return self.maker in NUMBERS


RANGES = {"degrees": (1, 35, 1), "percent": (1, 20, 5), "seconds": (60, 400, 1), "span": (5, 240, 1)}
NUMBERS = ("small", "amount", "count", "year", *RANGES)


@dataclass(frozen=True)
class Kind:
    """A kind of tool: what it takes and gives, ways to ask for it and to tell its result."""

    names: tuple[str, ...]
    about: str
    needs: tuple[Slot, ...]
    may: tuple[Slot, ...]
    gives: tuple[Slot, ...]
    asks: tuple[str, ...]
    """Name every needed slot and nothing of ``may``."""
    asks_more: tuple[str, ...]
    """Name the slot of ``may`` too."""
    misses: tuple[str, ...]
    """Requests without the last needed slot, then the question for it and the user's reply: three texts each."""
    says: tuple[str, ...]


@dataclass(frozen=True)
class Tool:
    """A kind of tool under the names of this dialogue."""

    kind: Kind
    name: str
    keys: dict[str, str]

    def declared(self) -> dict[str, Any]:
        kind = self.kind
        schema = {
            "type": "object",
            "properties": {self.keys[slot.name]: _schema(slot) for slot in (*kind.needs, *kind.may)},
            "required": [self.keys[slot.name] for slot in kind.needs],
        }
        function = {"name": self.name, "description": kind.about, "parameters": schema}
        return {"type": "function", "function": function}


@dataclass(frozen=True)
class Case:
    """One use of a tool: what is asked, the arguments, what comes back, how it is told."""

    asked: str
    arguments: str
    result: str
    said: str
    values: dict[str, str]


def tool_talk(dice: Dice, tongue: Tongue, plain_turn: Callable[[], Turn]) -> ToolTalk:
    """One request or two, with one to five tools declared; ``plain_turn`` gives a talk that needs none of them."""
    kinds = dice.sample(_kinds(tongue.name), dice.number(1, 5) if dice.chance(0.5) else dice.number(1, 3))
    tools = _named(dice, kinds)
    scene = dice.pick(SCENES)
    messages = scene(dice, tongue, tools, plain_turn)
    system = _say(dice, tongue, "system") if dice.chance(0.3) else ""
    return ToolTalk([tool.declared() for tool in dice.shuffled(tools)], system, messages)


def _one_call(dice: Dice, tongue: Tongue, tools: list[Tool], plain_turn: Callable[[], Turn]) -> list[Message]:
    tool = tools[0]
    case = _case(dice, tongue, tool)
    return [_user(case.asked), *_called(dice, [(tool, case)], 1)]


def _two_calls(dice: Dice, tongue: Tongue, tools: list[Tool], plain_turn: Callable[[], Turn]) -> list[Message]:
    """Two requests in one message, both called at once."""
    pair = [(tool, _case(dice, tongue, tool)) for tool in (tools[0], dice.pick(tools))]
    while pair[0][1].arguments == pair[1][1].arguments:
        pair[1] = pair[1][0], _case(dice, tongue, pair[1][0])
    joint = _say(dice, tongue, "and")
    return [_user(pair[0][1].asked + joint + pair[1][1].asked), *_called(dice, pair, 1, tongue.gap)]


def _one_after_the_other(
    dice: Dice, tongue: Tongue, tools: list[Tool], plain_turn: Callable[[], Turn]
) -> list[Message]:
    first, second = tools[0], dice.pick(tools)
    one, other = _case(dice, tongue, first), _case(dice, tongue, second)
    turns = [_user(one.asked), *_called(dice, [(first, one)], 1)]
    if dice.chance(0.3):
        turns += _plain(plain_turn())
    return [*turns, _user(other.asked), *_called(dice, [(second, other)], 2)]


def _missing(dice: Dice, tongue: Tongue, tools: list[Tool], plain_turn: Callable[[], Turn]) -> list[Message]:
    """The user leaves something out; the assistant asks for it before it calls."""
    able = [tool for tool in tools if tool.kind.misses]
    if not able:
        return _one_call(dice, tongue, tools, plain_turn)
    tool = dice.pick(able)
    case = _case(dice, tongue, tool)
    asked, wanted, reply = (fill(dice, text, {}, case.values) for text in dice.pick(tool.kind.misses).split(" | "))
    plain_case = _case(dice, tongue, tool, case.values)
    return [_user(asked), _assistant(wanted), _user(reply), *_called(dice, [(tool, plain_case)], 1)]


def _fails(dice: Dice, tongue: Tongue, tools: list[Tool], plain_turn: Callable[[], Turn]) -> list[Message]:
    """The tool gives an error, which the assistant tells."""
    tool = tools[0]
    case = _case(dice, tongue, tool)
    error, _, said = _say(dice, tongue, "errors").partition(" | ")
    result = json.dumps({dice.pick(("error", "message", "fault")): error}, ensure_ascii=False)
    failed = Case(case.asked, case.arguments, result, said, case.values)
    return [_user(case.asked), *_called(dice, [(tool, failed)], 1)]


def _no_tool(dice: Dice, tongue: Tongue, tools: list[Tool], plain_turn: Callable[[], Turn]) -> list[Message]:
    """Nothing to call: a plain answer, or the word that no tool is there for it."""
    if dice.chance(0.6):
        return _plain(plain_turn())
    declared = {tool.kind.names for tool in tools}
    others = [kind for kind in _kinds(tongue.name) if kind.names not in declared]
    (other,) = _named(dice, [dice.pick(others)])
    return [_user(_case(dice, tongue, other).asked), _assistant(_say(dice, tongue, "no_tool"))]


SCENES = (
    *(_one_call,) * 9, *(_two_calls,) * 3, *(_one_after_the_other,) * 2, *(_missing,) * 3, *(_fails,) * 2,
    *(_no_tool,) * 3,
)  # fmt: skip


def _called(dice: Dice, uses: list[tuple[Tool, Case]], first: int, gap: str = " ") -> list[Message]:
    """The calls, their results and the answer."""
    ids = [f"call_{number}" for number in range(first, first + len(uses))]
    calls = [
        {"id": name, "type": "function", "function": {"name": tool.name, "arguments": case.arguments}}
        for name, (tool, case) in zip(ids, uses, strict=True)
    ]
    results = [
        {"role": "tool", "tool_call_id": name, "content": case.result}
        for name, (_, case) in zip(ids, uses, strict=True)
    ]
    said = gap.join(case.said for _, case in uses)
    return [{"role": "assistant", "content": "", "tool_calls": calls}, *results, _assistant(said)]


def _case(dice: Dice, tongue: Tongue, tool: Tool, values: dict[str, str] | None = None) -> Case:
    """With ``values`` the case that has them, without what may be left out."""
    kind = tool.kind
    more = values is None and bool(kind.asks_more) and dice.chance(0.4)
    slots = (*kind.needs, *kind.may, *kind.gives)
    values = values or {slot.name: _make(dice, tongue, slot) for slot in slots}
    taken = (*kind.needs, *kind.may) if more else kind.needs
    arguments = {tool.keys[slot.name]: _value(slot, values) for slot in taken}
    result: dict[str, Any] = {tool.keys[slot.name]: _value(slot, values) for slot in kind.gives}
    if dice.chance(0.2):
        result = {tool.keys[kind.needs[0].name]: _value(kind.needs[0], values), **result}
    asked, said = dice.pick(kind.asks_more if more else kind.asks), dice.pick(kind.says)
    return Case(
        fill(dice, asked, {}, values),
        json.dumps(arguments, ensure_ascii=False),
        json.dumps(result, ensure_ascii=False),
        fill(dice, said, {}, values),
        values,
    )


def _named(dice: Dice, kinds: list[Kind]) -> list[Tool]:
    """The tools with their names and the names of their fields; some of each are made up."""
    tools = []
    for kind in kinds:
        name, roll = dice.pick(kind.names), dice.roll()
        if roll < 0.25:
            name = f"{dice.lower_word()}_{name}"
        elif roll < 0.4:
            name = f"{name}_{dice.lower_word()}"
        elif roll < 0.5:
            name = dice.lower_word()
        elif roll < 0.6:
            head, *rest = name.split("_")
            name = head + "".join(part.capitalize() for part in rest)
        keys: dict[str, str] = {}
        for slot in (*kind.needs, *kind.may, *kind.gives):
            key = dice.lower_word() if dice.chance(0.15) else dice.pick(slot.names)
            while key in keys.values():
                key = dice.lower_word()
            keys[slot.name] = key
        tools.append(Tool(kind, name, keys))
    return tools


def _schema(slot: Slot) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "integer" if slot.is_number else "string"}
    if slot.options:
        schema["enum"] = list(slot.options)
    return {**schema, "description": slot.about}


def _make(dice: Dice, tongue: Tongue, slot: Slot) -> str:
    if slot.options:
        return dice.pick(slot.options)
    if slot.maker in RANGES:
        low, high, step = RANGES[slot.maker]
        return str(dice.number(low, high) * step)
    if slot.maker in tongue.words:
        return tongue.fill(dice, dice.pick(tongue.words[slot.maker]))
    return tongue.make(dice, slot.maker)


def _value(slot: Slot, values: dict[str, str]) -> int | str:
    return int(values[slot.name]) if slot.is_number else values[slot.name]


def _user(text: str) -> Message:
    return {"role": "user", "content": text}


def _assistant(text: str) -> Message:
    return {"role": "assistant", "content": text}


def _plain(turn: Turn) -> list[Message]:
    asked, said = turn
    return [_user(asked), _assistant(said)]


def _say(dice: Dice, tongue: Tongue, phrase: str) -> str:
    """One of the phrases; an underscore stands for a blank at its ends."""
    return dice.pick(_phrases(tongue.name)[phrase]).replace("_", " ")


@lru_cache(maxsize=2)
def _phrases(language: str) -> dict[str, tuple[str, ...]]:
    return blocks(PHRASES[language])


@lru_cache(maxsize=2)
def _kinds(language: str) -> tuple[Kind, ...]:
    return tuple(_kind(head, lines) for head, lines in blocks(TOOLS[language]).items())


def _kind(head: str, lines: tuple[str, ...]) -> Kind:
    """The first word of a line tells what it is about; see ``lexicon_tools``."""
    found: dict[str, list[str]] = {}
    for line in lines:
        word, _, text = line.partition(" ")
        found.setdefault(word, []).append(text)
    (about,) = found["about"]
    needs, may, gives = (tuple(map(_slot, found.get(word, ()))) for word in ("need", "may", "gives"))
    asks, more, misses, says = (tuple(found.get(word, ())) for word in ("ask", "more", "miss", "say"))
    return Kind(tuple(head.split()), about, needs, may, gives, asks, more, misses, says)


def _slot(text: str) -> Slot:
    field, names, *about = text.split(" ", 2)
    name, _, maker = field.partition(":")
    return Slot(name, maker, tuple(names.split(",")), about[0] if about else "")
