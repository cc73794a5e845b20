"""Whatever is given becomes one file that validates; every piece is made into a row or told, and nothing is changed."""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tunesmith.core.errors import Problems, UserError
from tunesmith.data.importers.convert import MOST_KEPT, Conversion, ConvertOptions, NothingMade, convert
from tunesmith.data.importers.plain_chat import is_plain_chat
from tunesmith.data.importers.source import ReadOptions
from tunesmith.data.importers.unpacking import Limits, PackedTooTightly
from tunesmith.data.validate import validate_file
from tunesmith.data.versions import read_version

Row = dict[str, Any]
Write = Callable[..., Path]


def chat(question: str = "q", answer: str = "a") -> Row:
    return {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}


def lines(rows: list[Any]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(name: str, content: Any, encoding: str = "utf-8") -> Path:
        path = tmp_path / "in" / name
        path.parent.mkdir(exist_ok=True, parents=True)
        content = lines(content) if isinstance(content, list) else content
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return write


def converted(out: Path, *paths: Path, **said: Any) -> tuple[Conversion, list[Row]]:
    read = {key: said.pop(key) for key in ("format", "mapping", "encoding", "limits") if key in said}
    done = convert(paths, out, ConvertOptions(read=ReadOptions(**read), **said))
    return done, [json.loads(line) for line in out.read_bytes().splitlines()]


def rules(conversion: Conversion) -> dict[str, int]:
    return {left.rule: left.count for left in conversion.left}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out" / "train.jsonl"


def test_plain_chat_lines_pass_byte_for_byte(write: Write, out: Path) -> None:
    content = '{"messages": [{"content":"\\u4f60好 \\"x\\"", "role":"user"},{"role":"assistant","content":"b"}]}\r\n'
    converted(out, write("a.jsonl", content * 3))
    assert out.read_bytes() == content.strip().encode().replace(b"\r", b"").join([b"", b"\n"]) * 3


def test_rows_that_are_not_plain_keep_their_place(write: Write, out: Path) -> None:
    odd = {**chat("2"), "tools": [{"type": "function", "function": {"name": "f"}}]}
    done, rows = converted(out, write("a.jsonl", [chat("1"), odd, chat("3"), "broken", chat("4")]))
    assert [row["messages"][0]["content"] for row in rows] == ["1", "2", "3", "4"]
    assert rules(done) == {"not_an_object": 1}
    assert done.left[0].first[0].place.line == 4


def test_version_says_what_was_made_of_what(write: Write, out: Path) -> None:
    path = write("a.jsonl", [chat(), {"messages": []}])
    converted(out, path, licence="CC0-1.0", source="our desk")
    version = read_version(out)
    assert version is not None
    assert version.sha256 == sha256(out.read_bytes()).hexdigest()
    assert (version.parents[0].sha256, version.num_rows) == (sha256(path.read_bytes()).hexdigest(), 1)
    assert (version.licence, version.source) == ("CC0-1.0", "our desk")
    [operation] = version.operations
    assert operation.counts == {"made": 1, "left_out": 1, "left_out.missing_messages_list": 1}


def test_out_is_never_replaced_unasked_and_never_the_input(write: Write, out: Path) -> None:
    path = write("a.jsonl", [chat()])
    converted(out, path)
    with pytest.raises(UserError, match="exists"):
        converted(out, path)
    with pytest.raises(UserError, match="changed in place"):
        convert([path], path, ConvertOptions(overwrite=True))
    with pytest.raises(UserError, match="stands in a folder"):
        convert([path.parent], path.parent / "b.jsonl", ConvertOptions())
    assert len(converted(out, path, overwrite=True)[1]) == 1


def test_nothing_is_written_where_no_row_is_made(write: Write, out: Path) -> None:
    with pytest.raises(NothingMade) as nothing:
        converted(out, write("a.jsonl", [{"messages": []}, 3]))
    assert rules(nothing.value.conversion) == {"missing_messages_list": 1, "not_an_object": 1}
    assert not out.exists()
    assert list(out.parent.iterdir()) == []


def test_bomb_leaves_nothing_behind(write: Write, out: Path) -> None:
    packed = gzip.compress(lines([chat()]).encode() * 100_000)
    with pytest.raises(PackedTooTightly):
        converted(out, write("a.jsonl.gz", packed), limits=Limits(ratio_from_bytes=1_000_000, most_ratio=50))
    assert list(out.parent.iterdir()) == []


def test_format_that_changes_midway_is_told_with_its_line(write: Write, out: Path) -> None:
    rows = [{"instruction": "i", "output": "o"}] * 120 + [chat()] * 5
    done, made = converted(out, write("a.jsonl", rows))
    [left] = done.left
    assert (len(made), left.rule, left.count) == (120, "mixed_formats", 5)
    assert left.first[0].message.endswith("in a alpaca file")
    assert left.first[4].message.endswith("the first of them is line 121")


def test_files_that_give_other_rows_are_told(write: Write, out: Path) -> None:
    other = write("b.jsonl", [{"prompt": "a", "completion": "b"}] * 2)
    done, rows = converted(out, write("a.jsonl", [chat()]), other)
    assert len(rows) == 1
    assert rules(done) == {"mixed_formats": 2}


def test_first_places_are_kept_and_all_are_counted(write: Write, out: Path) -> None:
    rows = [chat()] + [{"messages": []}] * (MOST_KEPT + 5)
    [left] = converted(out, write("a.jsonl", rows))[0].left
    assert (left.count, len(left.first)) == (MOST_KEPT + 5, MOST_KEPT)


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-8-sig", "big5", "shift_jis"])
def test_other_encodings_are_read_and_said(encoding: str, write: Write, out: Path) -> None:
    question = "これはひらがなの文章です。" if encoding == "shift_jis" else "請問貨物何時到達？謝謝您的回答。"
    done, rows = converted(out, write("a.jsonl", lines([chat(question, "好")] * 5), encoding))
    assert rows == [chat(question, "好")] * 5
    told = {"utf-8-sig": set(), "utf-16": {"encoding_taken"}}.get(encoding, {"encoding_guessed"})
    assert {note.rule for note in done.notes} == told


def test_encoding_that_is_said_is_taken(write: Write, out: Path) -> None:
    path = write("a.jsonl", lines([chat("Größe")]), "latin-1")
    assert converted(out, path, encoding="latin-1")[1] == [chat("Größe")]
    with pytest.raises(UserError, match="not known"):
        converted(out, path, encoding="klingon", overwrite=True)


def test_a_guessed_encoding_is_told_with_words_to_judge_it_by(write: Write, out: Path) -> None:
    path = write("a.csv", "question;answer\nKde je pobočka číslo 5, prosím?;Na náměstí, děkuji.\n", "cp1250")
    [note] = converted(out, path)[0].notes
    assert note.rule == "encoding_guessed"
    assert 'read as WINDOWS-1250, the file has words such as "pobočka", "číslo", "prosím"' in note.message
    assert "--encoding" in note.message
    [note] = converted(out, path, encoding="cp1250", overwrite=True)[0].notes
    assert note.rule == "encoding_taken"


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv"])
def test_a_line_of_another_encoding_does_not_garble_the_others(name: str, write: Write, out: Path) -> None:
    good, bad = chat("Où est le café ?", "là"), chat("Où est l’autre café ?", "là")
    if name == "a.csv":
        head, *pieces = ["question,answer\n", *(f"{q},là\n" for q in ("Où est le café ?", "Où est l’autre café ?"))]
    else:
        head, pieces = "", [lines([good]), lines([bad])]
    content = head.encode() + pieces[0].encode() * 5 + pieces[1].encode("cp1252") + pieces[0].encode()
    done, rows = converted(out, write(name, content))
    assert rows == [good] * 6
    assert rules(done) == {"not_utf8": 1}


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("question", ["Où est le café ?", "Where is it?", "这是什么？", "Где офис?"])
def test_utf_16_without_a_mark_is_read(question: str, encoding: str, write: Write, out: Path) -> None:
    _, rows = converted(out, write("a.csv", f"question,answer\n{question},好\n{question},é\n", encoding))
    assert rows == [chat(question, "好"), chat(question, "é")]


@pytest.mark.parametrize("format", [None, "table"])
def test_a_row_with_a_null_character_is_left_out_alone(format: Any, write: Write, out: Path) -> None:
    path = write("a.csv", "question,answer\n1,2\n3,4\0\n5,6\n")
    done, rows = converted(out, path, format=format)
    assert rows == [chat("1", "2"), chat("5", "6")]
    assert [(left.rule, left.first[0].place.line) for left in done.left] == [("null_character", 3)]


def test_lines_of_json_with_null_characters_are_left_out_alone(write: Write, out: Path) -> None:
    rows = lines([chat("1"), chat("a\0b"), chat("\\u0000"), chat("2"), chat("cut")]).replace("cut", "c\0t")
    done, made = converted(out, write("a.jsonl", rows))
    assert made == [chat("1"), chat("\\u0000"), chat("2")]
    assert rules(done) == {"null_character": 1, "invalid_json": 1}


def test_bytes_that_are_no_text_make_no_rows(write: Write, out: Path) -> None:
    with pytest.raises(NothingMade) as nothing:
        converted(out, write("a.bin", bytes(range(256)) * 20))
    assert "it is no text" in nothing.value.conversion.sources[0].reason


@pytest.mark.parametrize("content", ["", "\n\n", " "])
def test_an_empty_file_is_said_to_be_empty(content: str, write: Write, out: Path) -> None:
    with pytest.raises(NothingMade, match="No row could be made") as nothing:
        converted(out, write("a.jsonl", content))
    assert rules(nothing.value.conversion) == {"empty_file": 1}
    assert "the file is empty" in nothing.value.hint


def test_an_empty_folder_is_said_to_hold_no_file(tmp_path: Path, out: Path) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(NothingMade) as nothing:
        converted(out, tmp_path / "in")
    assert "no file stands there" in nothing.value.hint


def test_json_that_the_fixer_mends_says_so(write: Write, out: Path) -> None:
    row = "{'messages': [{'role': 'user', 'content': 'q'}, {'role': 'assistant', 'content': 'a'}]}\n"
    done, _ = converted(out, write("a.jsonl", lines([chat()]) + row + '{"messages": [}\n'))
    assert [("data fix" in left.hint) for left in done.left[0].first] == [True, False]


def test_a_message_without_content_is_not_said_to_have_null(write: Write, out: Path) -> None:
    rows = [chat(), {"messages": [{"role": "user"}, {"role": "assistant", "content": "a"}]}]
    [left] = converted(out, write("a.jsonl", rows))[0].left
    assert left.first[0].message == "the message has no content"


def test_a_name_to_fill_that_stands_nowhere_is_told(write: Write, out: Path) -> None:
    done, _ = converted(out, write("a.jsonl", [chat("by {{author}}")]), fills={"auther": "Ada", "zzz": "x"})
    told = sorted(note.message for note in done.notes if note.rule == "fill_unused")
    assert ["did you mean --fill author=…?" in told[0], "nothing was filled" in told[1]] == [True, True]


def test_columns_that_nothing_takes_along_are_counted(write: Write, out: Path) -> None:
    path = write("a.csv", "Frage,Antwort,Preis\n1,2,3\n4,5,\n6,7,8\n")
    done, rows = converted(out, path)
    assert rows == [chat("1", "2"), chat("4", "5"), chat("6", "7")]
    assert [(note.message, note.count) for note in done.notes] == [('the column "Preis" is not taken along', 2)]


def test_placeholders_are_told_and_filled(write: Write, out: Path) -> None:
    path = write("a.jsonl", [chat("I am {{name}}", "by <AUTHOR>, <br> in HTML")])
    done, _ = converted(out, path)
    assert sorted(note.rule for note in done.notes) == ["placeholder", "placeholder"]
    done, rows = converted(out, path, fills={"name": "Weft", "author": "艾达"}, overwrite=True)
    assert rows == [chat("I am Weft", "by 艾达, <br> in HTML")]
    assert not done.notes


def test_lost_characters_in_the_source_are_told(write: Write, out: Path) -> None:
    done, _ = converted(out, write("a.jsonl", [chat("caf\ufffd")]))
    assert [note.rule for note in done.notes] == ["replacement_character"]


def test_archive_folder_and_file_become_one_file(write: Write, out: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("b.csv", "question,answer\n1,2\n")
        archive.writestr("c.md", "# no rows")
    write("d.json", json.dumps([{"instruction": "i", "output": "o"}]))
    done, rows = converted(out, tmp_path / "a.zip", tmp_path / "in")
    assert [(source.name, source.format, source.made) for source in done.sources] == [
        ("a.zip!b.csv", "question_answer", 1), ("a.zip!c.md", "unknown", 0), ("in/d.json", "alpaca", 1),
    ]  # fmt: skip
    assert rules(done) == {"unknown_format": 1}
    assert len(rows) == 2


def test_table_that_nothing_tells_of_asks_for_its_mapping(write: Write, out: Path) -> None:
    path = write("a.csv", "red,blue\n" + "one two,three four\nfive six,seven eight\n" * 20)
    with pytest.raises(NothingMade) as nothing:
        converted(out, path)
    [left] = nothing.value.conversion.left
    assert left.rule == "mapping_needed"
    assert "--mapping" in left.first[0].hint
    done, rows = converted(out, path, mapping="user=red,assistant=blue")
    assert rows[0] == chat("one two", "three four")
    assert done.sources[0].mapping is not None
    with pytest.raises(Problems, match="green"):
        converted(out, path, mapping="user=green,assistant=blue", overwrite=True)


def test_format_that_is_said_is_taken(write: Write, out: Path) -> None:
    path = write("a.jsonl", [{"messages": [{"role": "user", "content": "2+2?"}]}])
    assert converted(out, path, format="reinforcement")[0].format == "reinforcement"
    with pytest.raises(NothingMade) as nothing:
        converted(out, path, format="alpaca", overwrite=True)
    assert rules(nothing.value.conversion) == {"missing_keys": 1}


def test_text_is_parted_by_what_parts_it(write: Write, out: Path) -> None:
    parts = {"a.txt": "one\ntwo\n", "b.txt": "one\n1\n\ntwo\n", "c.txt": "one\n\n1\n<|endoftext|>\ntwo\n"}
    for name, content in parts.items():
        _, rows = converted(out, write(name, content), overwrite=True)
        assert [row["completion"].split()[0] for row in rows] == ["one", "two"]
        assert all(row["prompt"] == "" for row in rows)


texts = st.text('a 1"\\{}<>\n水🙂\ufffd', max_size=6)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)
roles = st.sampled_from(
    ["user", "assistant", "system", "tool", "human", "gpt", "function_call", "observation", "developer"]
)
calls = st.just([{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}])
messages = st.lists(
    st.fixed_dictionaries(
        {"role": roles, "content": texts | anything},
        optional={"weight": st.sampled_from([0, 1, 2, None]), "tool_calls": calls | anything, "tool_call_id": texts},
    )
    | st.fixed_dictionaries({"from": roles, "value": texts | st.just('{"name": "f", "arguments": {}}')}),
    max_size=5,
)  # fmt: skip
answers = texts | messages | st.fixed_dictionaries({"role": roles, "content": texts})
records = st.one_of(
    st.fixed_dictionaries({"messages": messages | anything}, optional={"tools": anything, "label": st.booleans(), "key": anything}),
    st.fixed_dictionaries({"conversations": messages}, optional={"tools": anything | texts, "system": anything}),
    st.fixed_dictionaries({"prompt": texts | messages, "completion": texts | messages}, optional={"metadata": anything}),
    st.fixed_dictionaries({"instruction": texts, "output": anything | texts}, optional={"history": anything, "input": texts}),
    st.fixed_dictionaries({"chosen": answers, "rejected": answers}, optional={"prompt": texts | messages, "system": texts}),
    st.fixed_dictionaries({"input": st.fixed_dictionaries({"messages": messages}), "preferred_output": messages, "non_preferred_output": messages}),
    st.fixed_dictionaries({"question": texts, "answer": texts}, optional={"label": texts}),
    st.fixed_dictionaries({"text": texts}, optional={"label": texts | st.booleans()}),
    st.dictionaries(texts, anything, max_size=3),
)  # fmt: skip


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(rows=st.lists(records | anything, min_size=1, max_size=6))
def test_whatever_is_converted_validates_and_all_is_accounted_for(rows: list[Any], tmp_path: Path) -> None:
    path, out = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    path.write_text(lines(rows))
    try:
        done = convert([path], out, ConvertOptions(overwrite=True))
    except NothingMade as nothing:
        done = nothing.conversion
    assert done.num_rows + done.num_left > 0
    if done.num_rows == 0 or done.version is None:
        return
    assert done.num_rows == len(out.read_bytes().splitlines())
    assert {problem.rule for problem in validate_file(out, done.format).errors} <= {"wrong_method"}


chat_lines = st.lists(
    st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant", "system", "tool"]), "content": texts | st.none()}),
    max_size=4,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(chat_lines, st.none() | st.dictionaries(texts, texts, max_size=2), st.booleans())
def test_plain_line_is_one_that_the_long_way_finds_right(said: list[Row], metadata: Any, ascii: bool) -> None:
    from tunesmith.data.importers.checked import error_of

    row = {"messages": said} | ({"metadata": metadata} if metadata is not None else {})
    if is_plain_chat(json.dumps(row, ensure_ascii=ascii).encode()):
        assert error_of(row, "chat") is None


@pytest.mark.parametrize(
    "line",
    [
        '{"messages":[{"role":"user","role" : "system","content":"a"},{"role":"assistant","content":"b"}]}',
        '{"messages":[],"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}',
        '{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}],"metadata":{"a\\\\":"","a\\\\":""}}',
        '{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":""}]}',
        '{"messages":[{"role":"user","content":"{{name}}"},{"role":"assistant","content":"b"}]}',
        '{"messages":[{"role":"user","content":"\\uD83D"},{"role":"assistant","content":"b"}]}',
    ],
)
def test_line_with_something_hidden_is_not_plain(line: str) -> None:
    assert not is_plain_chat(line.encode())


def test_rows_after_many_broken_ones_are_made(write: Write, out: Path) -> None:
    done, rows = converted(out, write("a.jsonl", "{broken\n" * 150 + lines([chat()] * 3)))
    assert (len(rows), rules(done)) == (3, {"invalid_json": 150})


def test_mail_in_a_folder_is_read_as_one(write: Write, out: Path) -> None:
    ask = "From: Ana <ana@a.example>\nTo: help@b.example\nSubject: Tea\nMessage-ID: <1@a>\nDate: Mon, 3 Mar 2025 10:00:00 +0000\n\nIs there tea?\n"
    reply = (
        "From: Bo <help@b.example>\nTo: ana@a.example\nSubject: Re: Tea\nMessage-ID: <2@b>\nIn-Reply-To: <1@a>\n"
        "Date: Mon, 3 Mar 2025 11:00:00 +0000\n\nYes, green tea.\n"
    )
    write("1.eml", ask)
    folder = write("2.eml", reply).parent
    done, rows = converted(out, folder)
    assert [source.format for source in done.sources] == ["mail"]
    assert rows[0]["messages"][0]["content"].strip() == "Is there tea?"


def test_ratings_of_continue_are_found_in_the_folder(write: Write, out: Path) -> None:
    said = {"prompt": "<user>\nhi", "completion": "hello", "sessionId": "s"}
    write("chatFeedback.jsonl", [{**said, "feedback": False, "eventName": "chatFeedback"}])
    path = write("chatInteraction.jsonl", [{**said, "eventName": "chatInteraction"}, {**said, "prompt": "<user>\nyo"}])
    done, rows = converted(out, path.parent)
    assert len(rows) == 1
    assert done.sources[0].format == "continue"
    assert done.num_left == 2
