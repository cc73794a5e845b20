"""The starter's dialogues: always the same, always right, never what a measuring task keeps for itself."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tunesmith.data.chat_rows import read_chat
from tunesmith.data.findings import Finding
from tunesmith.starter import changes, few_shot, skills
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


def test_one_dialogue_in_sixteen_grows_into_a_long_conversation(tmp_path: Path) -> None:
    write_dialogues(tmp_path / "some.jsonl", 5, 290)
    lines = (tmp_path / "some.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert rows == list(conversations(5, 290))
    made = list(dialogues(5, 290))
    assert rows[0]["messages"][: len(made[0]["messages"])] == made[0]["messages"]
    assert 0.6 * 290 < len(rows) < 0.85 * 290
    assert sum(len(row["messages"]) > 14 for row in rows) >= 8
    assert all(m["role"] not in ("system", "developer") for row in rows for m in row["messages"][1:])


def test_a_conversation_loses_no_dialogue_and_no_tools() -> None:
    made, rows = list(dialogues(5, 290)), list(conversations(5, 290))
    assert sum(len(row["messages"]) for row in rows) == sum(len(one["messages"]) for one in made)
    assert [row["tools"] for row in rows if "tools" in row] == [one["tools"] for one in made if "tools" in one]
    called = [row for row in rows if any("tool_calls" in message for message in row["messages"])]
    assert all("tools" in row for row in called)


def test_what_is_kept_for_measuring_never_appears(many: list[dict[str, Any]]) -> None:
    text = json.dumps(many, ensure_ascii=False).lower()
    assert [word for word in ("~>", "<~", "::=", "weft", "strand", "seek") if word in text] == []


def test_messages_take_turns_and_end_with_the_assistant(many: list[dict[str, Any]]) -> None:
    for made in many:
        roles = [message["role"] for message in made["messages"]]
        turns = roles[roles[0] in ("system", "developer") :]
        if "tools" in made:
            turns = [role for role in turns if role != "tool"]
            turns = [role for place, role in enumerate(turns) if turns[place : place + 2] != ["assistant"] * 2]
        assert turns == ["user", "assistant"] * (len(turns) // 2)
        assert turns
        assert all(message["content"].strip() or message["tool_calls"] for message in made["messages"])


def test_shares_and_lengths(many: list[dict[str, Any]]) -> None:
    texts = ["\n".join(message["content"] for message in made["messages"]) for made in many]
    chinese = sum(bool(re.search("[\u4e00-\u9fff]", text)) for text in texts) / COUNT
    assert 0.28 < chinese < 0.38
    first = Counter(made["messages"][0]["role"] for made in many)
    assert 0.2 < (first["system"] + first["developer"]) / COUNT < 0.45
    assert 0.03 < first["developer"] / COUNT < 0.12
    assert 0.08 < sum("tools" in made for made in many) / COUNT < 0.12
    assert max(map(len, texts)) < 4000
    assert 150 < sum(map(len, texts)) / COUNT < 600
    prompts = {json.dumps(made["messages"][:-1], ensure_ascii=False) for made in many}
    assert len(prompts) > 0.95 * COUNT


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


# ---- tools ---------------------------------------------------------------------------------------


def with_tools(many: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [made for made in many if "tools" in made]


def test_the_product_finds_no_fault_with_the_dialogues(many: list[dict[str, Any]]) -> None:
    findings: list[Finding] = []
    for line, made in enumerate(many[:6000], 1):
        read_chat(made, line, findings)
    assert findings == []


def test_arguments_fit_the_schema_of_their_tool(many: list[dict[str, Any]]) -> None:
    kinds = {"integer": int, "string": str}
    calls = 0
    for made in with_tools(many):
        schemas = {tool["function"]["name"]: tool["function"]["parameters"] for tool in made["tools"]}
        assert len(schemas) == len(made["tools"])
        for call in (call for message in made["messages"] for call in message.get("tool_calls", [])):
            schema, arguments = schemas[call["function"]["name"]], json.loads(call["function"]["arguments"])
            assert set(schema["required"]) <= arguments.keys() <= schema["properties"].keys()
            for key, value in arguments.items():
                assert type(value) is kinds[schema["properties"][key]["type"]]
                assert value in schema["properties"][key].get("enum", [value])
            calls += 1
    assert calls > 1000


def test_arguments_were_said_by_the_user(many: list[dict[str, Any]]) -> None:
    for made in with_tools(many):
        said = ""
        for message in made["messages"]:
            said += message["content"] * (message["role"] == "user")
            for call in message.get("tool_calls", []):
                missing = [v for v in json.loads(call["function"]["arguments"]).values() if str(v) not in said]
                assert missing == [], said


def test_an_answer_after_a_tool_tells_its_result(many: list[dict[str, Any]]) -> None:
    """Nearly all values of a result are told; every answer to a result tells at least one of them."""
    told = total = 0
    for made in with_tools(many):
        messages = made["messages"]
        for place, message in enumerate(messages):
            if message["role"] == "tool" and messages[place + 1]["role"] == "assistant":
                result = json.loads(message["content"])
                values = [str(value) for key, value in result.items() if value not in ("done", "ok", "完成", "成功")]
                total += len(values)
                told += sum(value in messages[place + 1]["content"] for value in values)
    assert told / total > 0.8


def test_scenes_with_tools_are_all_there(many: list[dict[str, Any]]) -> None:
    shapes = Counter(
        "".join(m["role"][0] for m in made["messages"] if m["role"][0] in "uat") for made in with_tools(many)
    )
    assert {"uata", "uatta", "ua", "uauata", "uatauata"} <= shapes.keys()
    assert sum("error" in json.dumps(made) for made in with_tools(many)) > 20


# ---- what only demonstrations tell ---------------------------------------------------------------


@pytest.mark.parametrize("tongue", [EN, ZH], ids=["en", "zh"])
@pytest.mark.parametrize("make", dict.fromkeys(few_shot.TASKS))
def test_the_last_case_is_of_a_kind_that_was_shown(make: Any, tongue: Tongue) -> None:
    for index in range(60):
        dice = Dice(9, index)
        task: few_shot.Task = make(dice, tongue)
        kinds: list[int] = []

        def throw(kind: int, task: few_shot.Task = task, kinds: list[int] = kinds) -> tuple[str, str]:
            kinds.append(kind)
            return task.throw(kind)

        turns = few_shot.demonstrated(dice, few_shot.Task(task.kinds, throw))
        assert few_shot.FEWEST <= len(turns) - 1 <= few_shot.MOST
        assert kinds[-1] in kinds[:-1]
        assert set(range(task.kinds)) <= set(kinds[:-1])


def test_a_renamed_word_keeps_its_new_name_and_an_operator_its_meaning() -> None:
    for index in range(200):
        task = few_shot._renamed(Dice(5, index), EN)
        for kind in range(task.kinds):
            (asked, said), (again, said_again) = task.throw(kind), task.throw(kind)
            names = set(re.findall(r"[\w.#-]+", said)) - set(re.findall(r"[\w.#-]+", asked))
            assert names & (set(re.findall(r"[\w.#-]+", said_again)) - set(re.findall(r"[\w.#-]+", again)))
        operators = few_shot._operators(Dice(5, index), EN)
        for kind in range(operators.kinds):
            (asked, said), a, b = operators.throw(kind), 0, 0
            a, b = (int(number) for number in re.findall(r"(?<![\w#])\d+", asked))
            assert int(said) in {a + b, a - b, a, b, int(f"{a}{b}")}


def test_values_of_a_demonstrated_record_are_copied() -> None:
    for tongue in (EN, ZH):
        for index in range(200):
            task = few_shot._record(Dice(6, index), tongue)
            for kind in range(task.kinds):
                asked, said = task.throw(kind)
                assert any(word in said for word in re.findall(r"\w{2,}|\d", asked)) or tongue.name == "zh"


# ---- longer texts, memory, changes ---------------------------------------------------------------


@pytest.mark.parametrize("tongue", [EN, ZH], ids=["en", "zh"])
def test_what_is_read_out_stands_in_the_text(tongue: Tongue) -> None:
    none = {line.rstrip(".。") for line in tongue.phrases["qa.none"]}
    for system, turns in talks("read" + tongue.suffix):
        text = system + turns[0][0]
        for _, said in turns:
            answers = {match[1] for frame in answer_frames(tongue) if (match := re.fullmatch(frame, said, re.DOTALL))}
            assert any(
                answer.rstrip(".。") in none
                or answer.isdigit()
                or all(part in text for part in re.split("\n|, |、", answer))
                for answer in answers
            ), said


def answer_frames(tongue: Tongue) -> list[str]:
    return [re.escape(line).replace(r"\{answer\}", "(.*)") for line in tongue.phrases["qa.answer"]]


@pytest.mark.parametrize("tongue", [EN, ZH], ids=["en", "zh"])
def test_what_is_remembered_was_told_turns_before(tongue: Tongue) -> None:
    known = [line.partition(" = ")[2] for line in tongue.phrases["memory.me.ask"]]
    frames = [re.escape(line).replace(r"\{name\}", "(.*)") for line in known]
    asked_back = 0
    for _, turns in talks("remember" + tongue.suffix):
        _, said = turns[-1]
        assert len(turns) > 1
        if said in tongue.phrases["memory.none"]:
            continue
        asked_back += 1
        answers = [
            match[1] for frame in (*frames, *answer_frames(tongue)) if (match := re.fullmatch(frame, said, re.DOTALL))
        ]
        assert any(answer.rstrip(".。") in told for answer in answers for told, _ in turns[:-1]), said
    assert asked_back > 200


def test_long_texts_are_long() -> None:
    lengths = {name: [len(system) + len(turns[0][0]) for system, turns in talks(name)] for name in ("read", "read_zh")}
    assert sum(lengths["read"]) / 300 > 500
    assert sum(lengths["read_zh"]) / 300 > 200


def test_roles_come_from_the_system_message() -> None:
    for name in ("persona", "persona_zh"):
        for system, turns in talks(name):
            for asked, said in turns:
                made_up = re.findall(r"[A-Z][a-z]{5,}", said)
                assert [word for word in made_up if word not in system + asked and word not in "Please Questions"] == []


def test_changes_of_form_are_right() -> None:
    assert [changes._zh_number(n) for n in (7, 10, 12, 20, 35, 100, 105, 110, 999)] == [
        "七", "十", "十二", "二十", "三十五", "一百", "一百零五", "一百一十", "九百九十九"
    ]  # fmt: skip
    assert [changes._en_number(n) for n in (0, 13, 20, 45, 300, 517)] == [
        "zero", "thirteen", "twenty", "forty-five", "three hundred", "five hundred and seventeen"
    ]  # fmt: skip
    assert [write(2004, 3, 7) for write in changes.DATE_FORMS.values()] == [
        "2004-03-07", "7 March 2004", "March 7, 2004", "07.03.2004", "2004/03/07", "2004年3月7日"
    ]  # fmt: skip
    for index in range(200):
        asked, said = changes._hour(Dice(1, index), EN)
        hours = re.findall(r"\d+:\d+(?: [ap]m)?", asked + "\n" + said)
        assert len({time.strptime(hour, "%I:%M %p" if "m" in hour else "%H:%M") for hour in hours}) == 1
        assert len(hours) == 2
