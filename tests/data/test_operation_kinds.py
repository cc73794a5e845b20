"""Each kind of operation as its process runs it: settings as JSON and files in; files, counts and lists out."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tunesmith.core.errors import Problems
from tunesmith.data.operation_kinds import RUNS
from tunesmith.data.operations import Done, Input, Workbench
from tunesmith.data.validate import validate_file
from tunesmith.specs.data_operations import KINDS, parse_settings
from tunesmith.specs.operation_answers import ABOUT

TABLE = b"ticket,ask,reply\n1,How do I log in?,Press the blue button.\n2,Where is it?,\n3,Who are you?,I am the help desk.\n"
MAPPING = {"user": "ask", "assistant": "reply", "thread": "ticket"}


class Bench:
    """A folder as an operation's process has one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shares: list[float] = []

    def run(self, kind: str, *contents: bytes, names: tuple[str, ...] = (), **settings: Any) -> Done:
        inputs = []
        for index, content in enumerate(contents):
            name = names[index] if names else f"data{index}.jsonl"
            path = self.folder / f"{index}{Path(name).suffix}"
            path.write_bytes(content)
            inputs.append(Input(path, name, sha256(content).hexdigest()))
        out = self.folder / f"out{len(list(self.folder.glob('out*')))}"
        out.mkdir()
        return RUNS[kind](parse_settings(kind, settings), inputs, Workbench(out, self.shares.append, b"key"))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def items(done: Done) -> list[dict[str, Any]]:
    return [] if done.items is None else [json.loads(line) for line in done.items.read_bytes().splitlines()]


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_every_kind_that_may_be_asked_for_can_be_run() -> None:
    assert RUNS.keys() == KINDS.keys()


def test_preview_of_a_table_shows_columns_and_why_a_row_is_left_out(bench: Bench) -> None:
    done = bench.run("preview_import", TABLE, names=("desk.csv",), mapping=MAPPING)
    assert done.result is not None
    assert (done.result["format"], done.result["columns"]) == ("table", ["ticket", "ask", "reply"])
    assert done.result["mapping"] == {**MAPPING, "output": "chat"}
    shown = items(done)
    assert [each["row"] is not None for each in shown] == [True, False, True]
    assert shown[0]["row"]["messages"][1]["content"] == "Press the blue button."
    assert shown[1]["place"].startswith("desk.csv, line 3")
    assert done.outputs == ()


def test_preview_of_columns_that_say_nothing_asks_for_a_mapping(bench: Bench) -> None:
    table = b"a,b\n" + b"".join(b"%d,%d\n" % (n, n) for n in range(30))
    done = bench.run("preview_import", table, names=("numbers.csv",))
    assert done.result is not None
    assert (done.result["is_sure"], done.result["columns"]) == (False, ["a", "b"])
    assert {"a": "0", "b": "0"} in [each["record"] for each in items(done)]


def test_table_in_a_known_format_shows_its_columns_and_a_mapping_all_the_same(bench: Bench) -> None:
    done = bench.run("preview_import", b"question,answer\nWhy?,So.\nWho?,I.\n", names=("desk.csv",))
    assert done.result is not None
    told = {key: done.result[key] for key in ("format", "is_sure", "columns", "holder", "delimiter", "has_header")}
    assert told == {
        "format": "question_answer", "is_sure": True, "columns": ["question", "answer"], "holder": "delimited",
        "delimiter": ",", "has_header": True,
    }  # fmt: skip
    assert done.result["mapping"] == {"output": "chat", "user": "question", "assistant": "answer"}


@pytest.mark.parametrize("name", ["desk.csv", "desk.jsonl"])
def test_format_that_is_chosen_shows_its_columns_and_a_mapping_too(bench: Bench, name: str) -> None:
    table = b"instruction,output,note\nWhy?,So.,a\nWho?,I.,b\n"
    lines = (
        b'{"instruction": "Why?", "output": "So.", "note": "a"}\n{"instruction": "Who?", "output": "I.", "note": "b"}\n'
    )
    done = bench.run("preview_import", table if name.endswith("csv") else lines, names=(name,), format="dolly")
    assert done.result is not None
    assert (done.result["format"], done.result["columns"]) == ("dolly", ["instruction", "output", "note"])
    assert done.result["mapping"] == {"output": "chat", "user": "instruction", "assistant": "output"}
    assert items(done)[0]["row"]["messages"][0]["content"] == "Why?"


def test_conversations_have_no_columns_to_map(bench: Bench) -> None:
    done = bench.run("preview_import", ALIKE, format="chat")
    assert done.result is not None
    assert (done.result["columns"], done.result["mapping"]) == ([], None)


def test_labels_of_a_chosen_classification_are_listed_too(bench: Bench) -> None:
    table = b"text,label\n" + b"".join(b"text number %d,%s\n" % (n, b"good" if n % 2 else b"bad") for n in range(20))
    done = bench.run("preview_import", table, names=("kinds.csv",), format="classification", list_labels=True)
    assert "good" in items(done)[0]["row"]["messages"][0]["content"]


def test_delimiter_and_header_are_taken_as_given(bench: Bench) -> None:
    mapping = {"user": "column 1", "assistant": "column 2"}
    given = {"delimiter": "bar", "header": False, "mapping": mapping}
    done = bench.run("convert", b"Why?|So, so.\nWho?|I.\n", names=("desk.csv",), **given)
    assert [row["messages"][1]["content"] for row in rows(done.outputs[0].path)] == ["So, so.", "I."]


def test_labels_are_listed_in_a_system_message_where_asked(bench: Bench) -> None:
    table = b"text,label\n" + b"".join(b"text number %d,%s\n" % (n, b"good" if n % 2 else b"bad") for n in range(20))
    done = bench.run("convert", table, names=("kinds.csv",), list_labels=True)
    system = rows(done.outputs[0].path)[0]["messages"][0]
    assert (system["role"], "good" in system["content"], "bad" in system["content"]) == ("system", True, True)


def test_preview_shows_rows_though_many_pieces_before_them_give_none(bench: Bench) -> None:
    table = b"question,answer\n" + b",nobody asks\n" * 300 + b"Why?,So.\n" * 30
    done = bench.run("preview_import", table, names=("desk.csv",))
    assert [each["row"] is not None for each in items(done)] == [False] * 8 + [True] * 12


def test_file_that_gives_no_row_is_named_as_people_know_it(bench: Bench) -> None:
    with pytest.raises(Problems, match=r"of desk.csv: nothing is written.") as caught:
        bench.run("convert", b"question,answer\n,nobody asks\n", names=("desk.csv",))
    assert "--" not in caught.value.hint


OPEN = b"question,answer\nI am {{name}}.,By <AUTHOR> and {{ Name }}.\nWho?,{{name}}\nWhy?,<br>\n"


def test_names_left_open_are_counted_and_filled_in_a_preview_and_a_file(bench: Bench) -> None:
    seen = bench.run("preview_import", OPEN, names=("desk.csv",), fill={"{{Name}}": "织机"})
    assert seen.result is not None
    names = [(each["name"], each["written"], each["num_rows"]) for each in seen.result["open_names"]]
    assert sorted(names) == [("author", "<AUTHOR>", 1), ("name", "{{ Name }}", 1), ("name", "{{name}}", 2)]
    assert (seen.result["notes"], seen.counts["rows_seen"]) == ([], 3)
    assert items(seen)[0]["row"]["messages"][0]["content"] == "I am 织机."
    made = bench.run("convert", OPEN, names=("desk.csv",), fill={"NAME": "织机"})
    assert made.result is not None
    assert made.result["open_names"] == [{"name": "author", "written": "<AUTHOR>", "num_rows": 1}]
    assert rows(made.outputs[0].path)[0]["messages"][1]["content"] == "By <AUTHOR> and 织机."


def test_continue_gives_prompts_and_what_was_refused_where_asked(bench: Bench) -> None:
    events = b"".join(
        json.dumps({"prefix": f"def f{n}(", "suffix": "", "completion": "x): pass", "accepted": taken}).encode() + b"\n"
        for n, taken in enumerate((True, False))
    )
    asked = {"format": "continue", "continue_output": "prompt_completion"}
    done = bench.run("convert", events, names=("autocomplete.jsonl",), **asked)
    more = bench.run("convert", events, names=("autocomplete.jsonl",), **asked, refused=True)
    assert [row["completion"] for row in rows(done.outputs[0].path)] == ["x): pass"]
    assert more.counts["rows_written"] == 2


def test_converted_rows_validate_and_what_gave_none_is_counted(bench: Bench) -> None:
    done = bench.run("convert", TABLE, names=("desk.csv",), mapping=MAPPING, licence="CC0-1.0")
    (output,) = done.outputs
    assert (output.name, done.counts["rows_written"], done.counts["left_out"]) == ("desk.jsonl", 2, 1)
    assert validate_file(output.path).errors == ()
    assert [(each.file, each.line) for each in done.problems] == [("desk.csv", 3)]
    assert [parent.name for parent in output.version.parents] == ["desk.csv"]
    assert (output.version.licence, output.version.num_rows) == ("CC0-1.0", 2)


def test_several_files_become_one_in_their_order(bench: Bench) -> None:
    chat = b'{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}\n'
    shared = b'{"conversations": [{"from": "human", "value": "c"}, {"from": "gpt", "value": "d"}]}\n'
    done = bench.run("convert", chat, shared, names=("one.jsonl", "two.jsonl"), filename="both.jsonl")
    (output,) = done.outputs
    assert [row["messages"][0]["content"] for row in rows(output.path)] == ["a", "c"]
    assert output.name == "both.jsonl"
    assert done.result is not None
    assert [each["name"] for each in done.result["sources"]] == ["one.jsonl", "two.jsonl"]


def test_nothing_made_tells_every_reason(bench: Bench) -> None:
    with pytest.raises(Problems) as refused:
        bench.run("convert", b"\x00\x01\x02" * 99, names=("what.bin",))
    assert [problem.file for problem in refused.value.problems] == ["what.bin"]


@pytest.mark.parametrize(
    "settings", [{"format": "word"}, {"filename": "../x.jsonl"}, {"filename": "x.csv"}, {"mee": []}]
)
def test_settings_that_do_not_fit_are_refused_with_their_place(settings: dict[str, Any]) -> None:
    with pytest.raises(Problems) as refused:
        parse_settings("convert", settings)
    assert refused.value.problems[0].path == f"settings.{next(iter(settings))}"


def chats(*pairs: tuple[str, str]) -> bytes:
    return b"".join(
        json.dumps({"messages": [{"role": "user", "content": q}, {"role": "assistant", "content": a}]}).encode() + b"\n"
        for q, a in pairs
    )


PERSONAL = chats(
    ("My mail is dana.lopez@gmail.com, please help.", "We wrote to dana.lopez@gmail.com."),
    ("What is the weather like?", "It rains in the hills and the sun shines at the sea."),
    ("Write to ops@tunesmith-example.org instead.", "Done."),
)


def test_personal_data_is_listed_with_an_id_for_each_place_and_each_value(bench: Bench) -> None:
    done = bench.run("find_personal_data", PERSONAL, kinds=["email"])
    found = items(done)
    assert [(each["line"], each["value"]) for each in found[:2]] == [(1, "dana.lopez@gmail.com")] * 2
    assert found[0]["id"] != found[1]["id"]
    assert found[0]["value_id"] == found[1]["value_id"] != found[2]["value_id"]
    assert done.result is not None
    assert (done.result["num_found"], done.result["num_rows"], done.result["kinds"]) == (3, 2, {"email": 3})


def test_what_is_found_and_what_is_nobodys_are_those_of_the_clean_up(bench: Bench) -> None:
    content = chats(("Mail dana.lopez@gmail.com or help@example.com.", "[EMAIL] and help@example.com it is."))
    found = bench.run("find_personal_data", content, kinds=["email"])
    cleaned = bench.run("clean", content, kinds=["email"])
    assert found.result is not None
    assert cleaned.result is not None
    assert found.result["kinds"] == cleaned.result["found"]
    assert found.result["left_as_nobodys"] == cleaned.result["left_as_nobodys"]
    assert [(each["value"], each["is_nobodys"]) for each in items(found)][:2] == [
        ("dana.lopez@gmail.com", False),
        ("help@example.com", True),
    ]


def test_exact_copies_are_told_from_those_that_differ_in_spelling(bench: Bench) -> None:
    long = "Please tell me when the shop in the old town opens on Sundays in the winter of this year"
    done = bench.run(
        "find_duplicates", chats((long, "At ten."), (long, "At ten."), ("Why?", "So."), (long.upper(), "At ten."))
    )
    other = bench.run("find_duplicates", chats((long, "At ten."), (long, "At ten."), ("Why?", "So.")))
    assert [[group["is_exact"] for group in items(each)] for each in (done, other)] == [[False], [True]]


def test_what_was_rejected_stays_in_its_row_or_everywhere(bench: Bench) -> None:
    content = PERSONAL + chats(("And dana.lopez@gmail.com?", "Tell ops@tunesmith-example.org."))
    found = items(bench.run("find_personal_data", content, kinds=["email"]))
    decisions = {found[0]["id"]: "reject", found[2]["value_id"]: "reject"}
    done = bench.run("clean", content, names=("chats.jsonl",), kinds=["email"], decisions=decisions)
    (output,) = done.outputs
    texts = [message["content"] for row in rows(output.path) for message in row["messages"]]
    assert texts[0] == "My mail is dana.lopez@gmail.com, please help."
    assert texts[4] == "Write to ops@tunesmith-example.org instead."
    assert texts[6:] == ["And [EMAIL]?", "Tell ops@tunesmith-example.org."]
    assert (output.name, done.counts["rows_written"], done.counts["rows_changed"]) == ("chats.clean.jsonl", 4, 1)
    assert "dana" not in json.dumps(output.version.as_json())


def test_surrogates_are_the_same_in_every_file_of_a_project(bench: Bench) -> None:
    first, second = (bench.run("clean", PERSONAL, policy="surrogate").outputs[0] for _ in range(2))
    assert first.path.read_bytes() == second.path.read_bytes()
    assert b"dana.lopez" not in first.path.read_bytes()


def test_recall_is_measured_on_values_planted_in_these_rows(bench: Bench) -> None:
    done = bench.run("measure_recall", PERSONAL, kinds=["email", "card"], per_kind=20)
    assert done.result is not None
    assert {each["kind"]: each["planted"] for each in done.result["kinds"]} == {"email": 20, "card": 20}
    assert all(each["low"] <= each["recall"] <= each["high"] for each in done.result["kinds"])


ALIKE = chats(
    *((f"Where is parcel {n}?", "It is on its way.") for n in range(3)),
    ("How do I change the colour of the small lamp?", "Turn the knob at its back to the left until it clicks."),
    ("How do I change the colour of the small lamp?", "Turn the knob at its back to the left until it clicks."),
)


def test_groups_of_duplicates_are_listed_with_their_rows_and_a_rejected_one_stays(bench: Bench) -> None:
    found = bench.run("find_duplicates", ALIKE, near=False)
    (cluster,) = items(found)
    assert [(row["line"], row["is_kept"]) for row in cluster["rows"]] == [(4, True), (5, False)]
    removed = bench.run("deduplicate", ALIKE, near=False)
    kept = bench.run("deduplicate", ALIKE, near=False, decisions={cluster["id"]: "reject"})
    assert [done.counts["rows_written"] for done in (removed, kept)] == [4, 5]


def test_split_keeps_rows_that_say_the_same_on_one_side(bench: Bench) -> None:
    content = chats(*((f"Question number {n} about topic {n * 7}?", f"Answer {n * 31}.") for n in range(40))) + ALIKE
    done = bench.run("split", content, names=("all.jsonl",), share=0.3, seed=1)
    training, validation = (rows(output.path) for output in done.outputs)
    assert len(training) + len(validation) == 45
    assert not {json.dumps(row) for row in training} & {json.dumps(row) for row in validation}
    assert [output.name for output in done.outputs] == ["all.train.jsonl", "all.validation.jsonl"]


def test_comparison_lists_what_came_went_and_changed(bench: Bench) -> None:
    before = chats(("a b c d e f g h", "one two three four"), ("gone", "and away"), ("same", "as ever"))
    after = chats(("a b c d e f g h", "one two three five"), ("same", "as ever"), ("a new question", "a new answer"))
    done = bench.run("compare", before, after)
    assert done.result == {"same": 1, "moved": 0, "added": 1, "removed": 1, "changed": 1}
    listed = {each["change"]: each for each in items(done)}
    assert (listed["changed"]["line"], listed["changed"]["other_line"]) == (1, 1)
    assert listed["removed"]["before"]["messages"][0]["content"] == "gone"
    assert listed["added"]["row"]["messages"][0]["content"] == "a new question"


def test_a_person_is_found_in_every_file_and_erased_from_one(bench: Bench) -> None:
    found = bench.run("find_person", PERSONAL, ALIKE, PERSONAL, said=["dana.lopez@gmail.com"])
    assert found.result == {"rows_of_inputs": [1, 0, 1]}
    assert [(each["input"], each["line"]) for each in items(found)] == [(0, 1), (2, 1)]
    erased = bench.run("erase_person", PERSONAL, said=["dana.lopez@gmail.com"])
    assert len(rows(erased.outputs[0].path)) == 2
    assert "dana" not in json.dumps(erased.outputs[0].version.as_json())


def test_what_is_told_of_each_kind_is_what_it_gives(bench: Bench) -> None:
    said = ["dana.lopez@gmail.com"]
    asked: dict[str, tuple[list[bytes], dict[str, Any]]] = {
        "preview_import": ([ALIKE], {}), "convert": ([ALIKE], {}), "find_personal_data": ([PERSONAL], {}),
        "measure_recall": ([PERSONAL], {"per_kind": 2}), "clean": ([PERSONAL], {}), "find_duplicates": ([ALIKE], {}),
        "deduplicate": ([ALIKE], {}), "split": ([ALIKE], {"share": 0.4}), "compare": ([ALIKE, ALIKE.replace(b"small", b"large", 1)], {}),
        "find_person": ([PERSONAL], {"said": said}), "erase_person": ([PERSONAL], {"said": said}),
    }  # fmt: skip
    with_a_model = {"preview_generation", "generate_examples", "add_examples"}  # see test_generation
    assert asked.keys() | with_a_model == ABOUT.keys() == KINDS.keys()
    for kind, (contents, settings) in asked.items():
        done = bench.run(kind, *contents, **settings)
        assert (kind, set(done.result or ())) == (kind, set(ABOUT[kind].result))
        assert (kind, {name for item in items(done) for name in item}) == (kind, set(ABOUT[kind].items))
        assert ABOUT[kind].makes.startswith("no file") == (not done.outputs)


def test_mailboxes_are_read_as_one_by_the_names_that_people_gave_them(bench: Bench) -> None:
    head = b"From x Mon Jan  5 09:00:00 2026\nDate: Mon, 05 Jan 2026 09:00:00 +0000\nSubject: Card\n"
    asked = head + b"From: ann@mail.example\nMessage-ID: <1@x>\n\nWhere is my card?\n"
    told = head + b"From: bo@mail.example\nMessage-ID: <2@x>\nIn-Reply-To: <1@x>\n\nIn the post.\n"
    done = bench.run("convert", asked, told, names=("INBOX", "Gesendet"))
    assert done.result is not None
    assert "Answers are those of bo@mail.example, who wrote the sent mail." in done.result["notes"]
    (row,) = rows(done.outputs[0].path)
    assert (row["messages"][1]["content"], row["metadata"]["source"]) == ("In the post.", "Gesendet")
