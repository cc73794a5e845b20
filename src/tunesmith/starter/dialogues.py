"""The dialogues that the starter is pre-trained on, made up one by one.

Takes a seed and a number; gives chat dialogues (``{"messages": [...]}``, some with ``"tools"``), each a pure function of the seed and
its index. They practise what fine-tuning builds on: copying names, numbers and quoted strings that were never seen
before into the right place of an answer whose form the prompt decides.
"""

from __future__ import annotations

import json
import re
from bisect import bisect
from collections.abc import Callable, Iterator
from itertools import accumulate, islice
from pathlib import Path
from typing import Any

from tunesmith.starter import reading, skills
from tunesmith.starter.changes import change_form
from tunesmith.starter.dice import Dice
from tunesmith.starter.few_shot import few_shot
from tunesmith.starter.lexicon_en import EN
from tunesmith.starter.lexicon_zh import ZH
from tunesmith.starter.skills import Talk, Turn
from tunesmith.starter.tongue import Tongue
from tunesmith.starter.tool_talk import tool_talk

Skill = Callable[[Dice], Talk]

KEPT_OUT = re.compile(r"~>|<~|::=|weft|strand|seek", re.IGNORECASE)
"""What a measuring task keeps for itself: no dialogue holds any of it."""


CHAIN_EVERY = 16
CHAIN_LENGTH = 14


def dialogue(seed: int, index: int) -> dict[str, Any]:
    """Dialogue number ``index`` of this seed: its ``messages``, and ``tools`` where it has some."""
    attempt = 0
    while KEPT_OUT.search(json.dumps(made := _made(Dice(seed, index, attempt)), ensure_ascii=False)):
        attempt += 1
    return made


def dialogues(seed: int, count: int) -> Iterator[dict[str, Any]]:
    """The first ``count`` dialogues of this seed."""
    return (dialogue(seed, index) for index in range(count))


def conversations(seed: int, count: int) -> Iterator[dict[str, Any]]:
    """The first ``count`` dialogues, one in ``CHAIN_EVERY`` grown into a long conversation by those after it.

    What follows in a conversation has no system message and no tools of its own; a dialogue that has stays by
    itself. So the model sees long texts, many turns deep, and learns that each answer looks to the question
    before it.
    """
    made = dialogues(seed, count)
    for number, opening in enumerate(made):
        followers = list(islice(made, CHAIN_LENGTH - 1)) if number % CHAIN_EVERY == 0 else []
        parts = [opening, *filter(_stands_alone, followers)]
        yield {**opening, "messages": [message for part in parts for message in part["messages"]]}
        yield from (follower for follower in followers if not _stands_alone(follower))


def write_dialogues(path: str | Path, seed: int, count: int) -> None:
    """Write the conversations made of the first ``count`` dialogues of this seed as JSON lines."""
    with Path(path).open("w", encoding="utf-8") as file:
        for made in conversations(seed, count):
            file.write(json.dumps(made, ensure_ascii=False) + "\n")


def _stands_alone(made: dict[str, Any]) -> bool:
    return made["messages"][0]["role"] == "user" and "tools" not in made


def _skill(function: Callable[[Dice, Tongue], Talk], tongue: Tongue) -> Skill:
    return lambda dice: function(dice, tongue)


_SHARES: dict[str, tuple[float, float, Callable[[Dice, Tongue], Talk]]] = {
    "greet": (1.8, 0.9, skills.greet),
    "persona": (2.2, 1.3, reading.persona),
    "remember": (2.6, 1.4, reading.remember),
    "answer": (6.0, 3.0, skills.answer),
    "read": (3.4, 1.8, reading.read),
    "lookup": (3.0, 1.3, skills.lookup),
    "extract": (4.5, 2.2, skills.extract),
    "records": (5.0, 2.4, skills.records),
    "lists": (3.5, 1.6, skills.lists),
    "rewrite": (3.2, 1.4, skills.rewrite),
    "copy": (6.5, 2.8, skills.copy),
    "understand": (12.0, 5.0, skills.understand),
    "few_shot": (8.5, 4.0, few_shot),
    "arithmetic": (2.0, 0.9, skills.arithmetic),
    "change": (3.0, 1.5, change_form),
    "classify": (2.2, 1.1, skills.classify),
    "prose": (2.5, 1.3, skills.prose),
    "translate": (1.0, 0.9, skills.translate),
}
"""What is practised: the share in English, the share in Chinese, the skill."""

SKILLS: tuple[tuple[str, float, Skill], ...] = tuple(
    (name + tongue.suffix, shares[place], _skill(function, tongue))
    for place, tongue in enumerate((EN, ZH))
    for name, (*shares, function) in _SHARES.items()
)
_BOUNDS = tuple(accumulate(weight for _, weight, _ in SKILLS))
TOOLS_SHARE = 0.1
_ZH_SHARE = sum(zh for _, zh, _ in _SHARES.values()) / _BOUNDS[-1]
WITHOUT_TOOLS = (
    "greet",
    "answer",
    "lookup",
    "extract",
    "rewrite",
    "copy",
    "arithmetic",
    "change",
    "prose",
    "translate",
)


def _made(dice: Dice) -> dict[str, Any]:
    if dice.chance(TOOLS_SHARE):
        return _with_tools(dice, ZH if dice.chance(_ZH_SHARE) else EN)
    name, system, turns = _draw(dice)
    if not system:
        if len(turns) == 1 and dice.chance(0.06):
            turns = [*turns, *_more(dice)]
        if dice.chance(0.16):
            system = (ZH if name.endswith("_zh") else EN).say(dice, "system.any")
    return {"messages": [*_opening(dice, system), *(message for turn in turns for message in _exchange(turn))]}


def _with_tools(dice: Dice, tongue: Tongue) -> dict[str, Any]:
    def plain_turn() -> Turn:
        system, turns = _SHARES[dice.pick(WITHOUT_TOOLS)][2](dice, tongue)
        return turns[0] if not system else plain_turn()

    made = tool_talk(dice, tongue, plain_turn)
    return {"messages": [*_opening(dice, made.system), *made.messages], "tools": made.tools}


def _opening(dice: Dice, system: str) -> list[dict[str, Any]]:
    """The system message; in a share of the dialogues its role has the newer name."""
    return [{"role": "developer" if dice.chance(0.2) else "system", "content": system}] if system else []


def _draw(dice: Dice) -> tuple[str, str, list[Turn]]:
    name, _, function = SKILLS[bisect(_BOUNDS, dice.roll() * _BOUNDS[-1])]
    return name, *function(dice)


def _more(dice: Dice) -> list[Turn]:
    """The turns of another talk that needs no system message."""
    while (drawn := _draw(dice))[1]:
        pass
    return drawn[2]


def _exchange(turn: Turn) -> tuple[dict[str, str], dict[str, str]]:
    asked, answered = turn
    return {"role": "user", "content": asked}, {"role": "assistant", "content": answered}
