"""The dialogues that the starter is pre-trained on, made up one by one.

Takes a seed and a number; gives chat dialogues (``{"messages": [...]}``), each a pure function of the seed and
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

from tunesmith.starter import skills
from tunesmith.starter.dice import Dice
from tunesmith.starter.lexicon_en import EN
from tunesmith.starter.lexicon_zh import ZH
from tunesmith.starter.skills import Talk, Turn
from tunesmith.starter.tongue import Tongue

Skill = Callable[[Dice], Talk]

KEPT_OUT = re.compile(r"~>|<~|::=|weft|strand|seek", re.IGNORECASE)
"""What a measuring task keeps for itself: no dialogue holds any of it."""


CHAIN_EVERY = 12
CHAIN_LENGTH = 8


def dialogue(seed: int, index: int) -> dict[str, Any]:
    """Dialogue number ``index`` of this seed."""
    attempt = 0
    while _kept_out(messages := _messages(Dice(seed, index, attempt))):
        attempt += 1
    return {"messages": messages}


def dialogues(seed: int, count: int) -> Iterator[dict[str, Any]]:
    """The first ``count`` dialogues of this seed."""
    return (dialogue(seed, index) for index in range(count))


def conversations(seed: int, count: int) -> Iterator[dict[str, Any]]:
    """The first ``count`` dialogues, one in ``CHAIN_EVERY`` grown into a long conversation by those after it.

    What follows in a conversation has no system message of its own. So the model sees texts as long as
    its context, many turns deep, and learns that each answer looks to the question before it.
    """
    made = dialogues(seed, count)
    for number, opening in enumerate(made):
        messages = list(opening["messages"])
        if number % CHAIN_EVERY == 0:
            for follower in islice(made, CHAIN_LENGTH - 1):
                messages += (
                    [m for m in follower["messages"] if m["role"] != "system"] if _stands_alone(follower) else []
                )
        yield {"messages": messages}


def write_dialogues(path: str | Path, seed: int, count: int) -> None:
    """Write the conversations made of the first ``count`` dialogues of this seed as JSON lines."""
    with Path(path).open("w", encoding="utf-8") as file:
        for made in conversations(seed, count):
            file.write(json.dumps(made, ensure_ascii=False) + "\n")


def _stands_alone(made: dict[str, Any]) -> bool:
    return bool(made["messages"][0]["role"] != "system")


def _skill(function: Callable[[Dice, Tongue], Talk], tongue: Tongue) -> Skill:
    return lambda dice: function(dice, tongue)


SKILLS: tuple[tuple[str, float, Skill], ...] = (
    ("greet", 2.0, _skill(skills.greet, EN)),
    ("answer", 10.0, _skill(skills.answer, EN)),
    ("lookup", 4.0, _skill(skills.lookup, EN)),
    ("extract", 7.0, _skill(skills.extract, EN)),
    ("records", 8.0, _skill(skills.records, EN)),
    ("lists", 5.0, _skill(skills.lists, EN)),
    ("rewrite", 5.0, _skill(skills.rewrite, EN)),
    ("copy", 7.0, _skill(skills.copy, EN)),
    ("understand", 22.0, _skill(skills.understand, EN)),
    ("arithmetic", 3.0, _skill(skills.arithmetic, EN)),
    ("classify", 3.0, _skill(skills.classify, EN)),
    ("prose", 4.0, _skill(skills.prose, EN)),
    ("translate", 1.5, _skill(skills.translate, EN)),
    ("greet_zh", 0.5, _skill(skills.greet, ZH)),
    ("answer_zh", 3.0, _skill(skills.answer, ZH)),
    ("lookup_zh", 1.0, _skill(skills.lookup, ZH)),
    ("extract_zh", 2.0, _skill(skills.extract, ZH)),
    ("records_zh", 2.0, _skill(skills.records, ZH)),
    ("lists_zh", 1.3, _skill(skills.lists, ZH)),
    ("rewrite_zh", 1.0, _skill(skills.rewrite, ZH)),
    ("copy_zh", 1.7, _skill(skills.copy, ZH)),
    ("understand_zh", 4.0, _skill(skills.understand, ZH)),
    ("arithmetic_zh", 0.7, _skill(skills.arithmetic, ZH)),
    ("classify_zh", 0.8, _skill(skills.classify, ZH)),
    ("prose_zh", 1.2, _skill(skills.prose, ZH)),
    ("translate_zh", 1.0, _skill(skills.translate, ZH)),
)
_BOUNDS = tuple(accumulate(weight for _, weight, _ in SKILLS))


def _messages(dice: Dice) -> list[dict[str, str]]:
    name, system, turns = _draw(dice)
    if not system:
        if len(turns) == 1 and dice.chance(0.06):
            turns = [*turns, *_more(dice)]
        if dice.chance(0.16):
            system = (ZH if name.endswith("_zh") else EN).say(dice, "system.any")
    opening = [{"role": "system", "content": system}] if system else []
    return opening + [message for turn in turns for message in _exchange(turn)]


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


def _kept_out(messages: list[dict[str, str]]) -> bool:
    return any(KEPT_OUT.search(message["content"]) for message in messages)
