"""The starter's dialogues: always the same, always right, never what a measuring task keeps for itself."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tunesmith.starter import skills
from tunesmith.starter.dialogues import SKILLS, conversations, dialogue, dialogues, write_dialogues
from tunesmith.starter.dice import MAKERS, Dice
from tunesmith.starter.lexicon_en import EN
from tunesmith.starter.lexicon_zh import ZH
from tunesmith.starter.names import is_reserved
from tunesmith.starter.notations import Notation, Query
from tunesmith.starter.skills import Talk
from tunesmith.starter.tongue import Tongue

COUNT = 20_000
SKILL = {name: function for name, _, function in SKILLS}


@pytest.fixture(scope="module")
def many() -> list[dict[str, Any]]:
    return list(dialogues(7, COUNT))


def talks(name: str, count: int = 300) -> list[Talk]:
    return [SKILL[name](Dice(3, index)) for index in range(count)]


def test_the_same_seed_and_index_give_the_same_dialogue(tmp_path: Path) -> None:
    made = list(dialogues(5, 50))
    assert made == [dialogue(5, index) for index in range(50)]
    assert made != list(dialogues(6, 50))


def test_one_dialogue_in_twelve_grows_into_a_long_conversation(tmp_path: Path) -> None:
    write_dialogues(tmp_path / "some.jsonl", 5, 190)
    lines = (tmp_path / "some.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert rows == list(conversations(5, 190))
    assert len(rows) == 120
    made = list(dialogues(5, 190))
    assert rows[1] == made[8]
    assert rows[0]["messages"][: len(made[0]["messages"])] == made[0]["messages"]
    assert sum(len(rows[i]["messages"]) for i in range(0, 120, 12)) / 10 > 8
    assert all(m["role"] != "system" for row in rows for m in row["messages"][1:])


def test_what_is_kept_for_measuring_never_appears(many: list[dict[str, Any]]) -> None:
    text = "\n".join(message["content"] for made in many for message in made["messages"]).lower()
    assert [word for word in ("~>", "<~", "::=", "weft", "strand", "seek") if word in text] == []


def test_messages_take_turns_and_end_with_the_assistant(many: list[dict[str, Any]]) -> None:
    for made in many:
        roles = [message["role"] for message in made["messages"]]
        turns = roles[roles[0] == "system" :]
        assert turns == ["user", "assistant"] * (len(turns) // 2)
        assert turns
        assert all(message["content"].strip() for message in made["messages"])


def test_shares_and_lengths(many: list[dict[str, Any]]) -> None:
    texts = ["\n".join(message["content"] for message in made["messages"]) for made in many]
    chinese = sum(bool(re.search("[\u4e00-\u9fff]", text)) for text in texts) / COUNT
    assert 0.15 < chinese < 0.30
    assert 0.2 < sum(made["messages"][0]["role"] == "system" for made in many) / COUNT < 0.45
    assert max(map(len, texts)) < 4000
    assert 150 < sum(map(len, texts)) / COUNT < 600
    assert len(set(texts[:10_000])) > 9_000


def test_every_line_is_filled(many: list[dict[str, Any]]) -> None:
    slots = re.compile(r"\{(person|place|work|org|thing|nouns|role|question|text|spot|adjective|answer)\}")
    for made in many[:5000]:
        assert not any(slots.search(message["content"]) for message in made["messages"])


@pytest.mark.parametrize("maker", sorted(set(MAKERS) - {"day", "time", "code", "day_zh", "email"}))
def test_names_are_made_of_free_words(maker: str) -> None:
    for index in range(400):
        made = MAKERS[maker](Dice(11, index))
        words = re.findall(r"[^\W\d_]{2,}", made)
        assert [word for word in words if is_reserved(word)] == []


def test_text_answers_stand_in_the_text() -> None:
    for tongue, name in ((EN, "answer"), (ZH, "answer_zh")):
        none = {line.rstrip(".。") for line in tongue.phrases["qa.none"]}
        frames = [re.escape(line).replace(r"\{answer\}", "(.*)") for line in tongue.phrases["qa.answer"][::-1]]
        for _, turns in talks(name):
            for _, said in turns:
                found = next(match[1] for frame in frames if (match := re.fullmatch(frame, said)))
                assert found.rstrip(".。") in none or found.rstrip(".。") in turns[0][0]


@pytest.mark.parametrize("name", ["lookup", "lookup_zh", "extract", "extract_zh"])
def test_looked_up_and_extracted_spans_are_copied(name: str) -> None:
    for _, turns in talks(name):
        for _, said in turns:
            if set("[<*{(_") & set(said):
                continue
            assert all(part in turns[0][0] for part in re.split(", |、", said))


def test_json_answers_parse_and_hold_what_was_said() -> None:
    seen = 0
    for name in ("records", "records_zh"):
        for system, turns in talks(name):
            for asked, said in turns:
                if said[0] not in "{[":
                    continue
                seen += 1
                assert all(str(value) in asked + system for value in leaves(json.loads(said)))
    assert seen > 300


def leaves(value: object) -> list[object]:
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in leaves(inner)]
    return [leaf for inner in value for leaf in leaves(inner)] if isinstance(value, list) else [value]


@pytest.mark.parametrize("tongue", [EN, ZH], ids=["en", "zh"])
def test_list_answers(tongue: Tongue) -> None:
    assert skills._list_answer("sort", ["b", "c", "a"], "b", 1, "-", ", ") == "a, b, c"
    assert skills._list_answer("sortnum", ["10", "9"], "9", 1, "-", ", ") == "9, 10"
    assert skills._list_answer("dedupe", ["b", "a", "b"], "b", 1, "-", ", ") == "b, a"
    assert skills._list_answer("numbered", ["b", "a"], "b", 1, "-", ", ") == "1. b\n2. a"
    for index in range(300):
        asked, said = skills._list_task(Dice(2, index), tongue)
        if said.rstrip(".") not in {"Yes", "No", "有", "没有"}:
            assert all(part in asked for part in re.findall(r"[^\W\d_]{2,}", said))


def test_copies_are_copies() -> None:
    for name in ("copy", "copy_zh"):
        for system, turns in talks(name):
            if system:
                assert all(asked == said for asked, said in turns)
                continue
            ((asked, said),) = turns
            letters = set(said.lower()) - set(asked.lower())
            assert len(letters) < 4


def test_sums_are_right() -> None:
    signs = {"+": lambda a, b: a + b, "-": lambda a, b: a - b, "times": lambda a, b: a * b}
    found = Counter[str]()
    for _, turns in talks("arithmetic", 1500):
        for asked, said in turns:
            if match := re.search(r"(\d+) (\+|-|times) (\d+)", asked):
                found[match[2]] += 1
                assert int(said) == signs[match[2]](int(match[1]), int(match[3]))
            elif match := re.match(r"How many letters has the word (\w+)\?", asked):
                assert int(said) == len(match[1])
            elif match := re.match(r"Which number is larger, (\d+) or (\d+)\?", asked):
                assert int(said) == max(int(match[1]), int(match[2]))
    assert min(found.values()) > 5


def test_labels_come_from_the_prompt() -> None:
    for name in ("classify", "classify_zh"):
        for system, turns in talks(name):
            assert all(said in system + turns[0][0] for _, said in turns)


@pytest.mark.parametrize("name", ["understand", "understand_zh"])
def test_records_hold_the_names_of_their_question(name: str) -> None:
    """Nearly all capitalised words of a question are names, and the record spells them alike."""
    right = total = 0
    for _, turns in talks(name, 500):
        asked, said = turns[-1]
        names = re.findall(r"\b[A-Z][a-z]{6,}\b", asked.rstrip().split("\n")[-1])
        total += len(names)
        right += sum(name in said or name.upper() in said for name in names)
    assert right / max(total, 1) > 0.7


def test_a_shape_means_what_its_frame_asks() -> None:
    for tongue in (EN, ZH):
        for number, shape in enumerate(tongue.shapes):
            for index in range(20):
                dice = Dice(number, index)
                question, query = tongue.question(dice, shape, tongue.row(dice, shape))
                missing = [it for it in values(query) if it not in question and it not in tongue_words(tongue)]
                assert missing == [], question


def tongue_words(tongue: Tongue) -> set[str]:
    return {cell for rows in tongue.tables.values() for row in rows for cell in row.values()}


def values(query: Query) -> list[str]:
    found = []
    for _, _, value in query.conditions:
        found += values(value) if isinstance(value, Query) else [value]
    return found


def test_a_notation_keeps_values_and_its_own_way() -> None:
    for index in range(400):
        notation = Notation(Dice(4, index))
        query = Query("list", "book", (("author", "=", "Orla Brenk"), ("year", ">", "1990")))
        written = notation.write(query)
        assert "Orla Brenk" in written
        assert "1990" in written
        assert notation.write(query) == written
        assert notation.write(query).replace("Brenk", "Stoul") == notation.write(
            Query("list", "book", (("author", "=", "Orla Stoul"), ("year", ">", "1990")))
        )
