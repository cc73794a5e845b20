"""A fault anywhere in a line is named at its line and column; what is odd but valid is refused nowhere.

A fault takes the place of a mark in a row that is otherwise sound: so the expected place is known without reading.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tunesmith.data import judge, judge_in_parts
from tunesmith.data.clean_lines import CleanRow, read_lines, said_key, said_keys
from tunesmith.data.file_rows import file_rows
from tunesmith.data.findings import Finding
from tunesmith.data.formats import control_token_pattern, control_token_searches, read_row
from tunesmith.data.render import Renderer
from tunesmith.data.row_measures import ModelRead, RowMeasures
from tunesmith.data.statistics import DataStatistics, Tally
from tunesmith.data.validate import judge_file
from tunesmith.nn.catalog import find_folder

MARK = "\ue000"
QUOTED = f'"{MARK}"'
TEXTS = ("hello", "你好，世界", "😀 é", 'a "b" \\ c', "x: y, z {1} [2]", "tab\tline\nend", "ñ", "", "\u2028", "0")
Row = dict[str, Any]


@dataclass
class Found:
    """Everything that is found, by its line."""

    by_line: defaultdict[int, list[tuple[str, int | None, int | None, str]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    has_errors: bool = False

    def wants(self, finding: Finding) -> bool:
        return True

    def add(
        self, finding: Finding, line: int | None = None, column: int | None = None, byte_column: int | None = None
    ) -> None:
        self.by_line[line or 0].append((finding.rule, column, byte_column, finding.severity))

    def note(self, finding: Finding, line: int | None) -> None:
        self.add(finding, line)


def text(random: Random) -> str:
    return " ".join(random.choices(TEXTS, k=random.randint(1, 4))) + "."


def sound_row(random: Random) -> Row:
    messages: list[Row] = [{"role": random.choice(["system", "developer"]), "content": text(random)}]
    for _ in range(random.randint(1, 3)):
        messages += [{"role": "user", "content": text(random)}, {"role": "assistant", "content": text(random)}]
    for message in messages:
        if message["role"] == "assistant" and random.random() < 0.1:
            message["weight"] = random.choice([0, 1, 1])
    messages[-1].pop("weight", None)
    return {"messages": messages[random.randint(0, 1) :]}


def written(row: Row, random: Random) -> str:
    separators = random.choice([(", ", ": "), (",", ":"), (" , ", " : "), (",\t", ":  ")])
    return json.dumps(row, ensure_ascii=False, separators=separators)


def marked_value(key: str) -> Callable[[Row, Random], None]:
    def mark(row: Row, random: Random) -> None:
        message = random.choice(row["messages"])
        others = {name: value for name, value in message.items() if name != key}
        message.clear()
        message.update({key: MARK, **others} if random.random() < 0.5 else {**others, key: MARK})

    return mark


def marked_text(row: Row, random: Random) -> None:
    message = random.choice(row["messages"])
    at = random.randint(0, len(message["content"]))
    message["content"] = message["content"][:at] + MARK + message["content"][at:]


def marked_element(row: Row, random: Random) -> None:
    row["messages"].insert(random.randint(1, len(row["messages"]) - 1), MARK)


def marked_key(row: Row, random: Random) -> None:
    random.choice(row["messages"])[MARK] = 0


def marked_last(row: Row, random: Random) -> None:
    row["messages"].append(MARK)


def marked_end(row: Row, random: Random) -> None:
    row[MARK] = 0


@dataclass(frozen=True)
class Fault:
    """``pattern`` around the mark becomes ``fault``; the column is where the pattern began, and ``shift`` more."""

    rule: str
    mark: Callable[[Row, Random], None]
    pattern: str
    fault: str
    shift: int = 0


VALUE, COMMAS = re.escape(QUOTED), rf'\s*,\s*"{MARK}"\s*,\s*'
MEMBER = rf'"{MARK}"\s*:\s*0'
FAULTS = {
    "bad escape": Fault("invalid_json", marked_text, MARK, r"\q"),
    "cut unicode escape": Fault("invalid_json", marked_text, MARK, r"\u12G4"),
    "lone surrogate": Fault("invalid_unicode", marked_text, MARK, r"\ud83d"),
    "low surrogate": Fault("invalid_unicode", marked_text, MARK, r"\uDE00"),
    "control character": Fault("invalid_json", marked_text, MARK, "\x01"),
    "NUL": Fault("invalid_json", marked_text, MARK, "\0"),
    "raw tab": Fault("invalid_json", marked_text, MARK, "\t"),
    "bare quote": Fault("invalid_json", marked_text, MARK, '" oops', 2),
    "NaN": Fault("invalid_json", marked_value("weight"), VALUE, "NaN"),
    "infinity": Fault("invalid_json", marked_value("weight"), VALUE, "-Infinity"),
    "Python literal": Fault("invalid_json", marked_value("content"), VALUE, "None"),
    "undefined": Fault("invalid_json", marked_value("content"), VALUE, "undefined"),
    "typographic quotes": Fault("invalid_json", marked_value("content"), VALUE, "“hi”"),
    "single quotes": Fault("invalid_json", marked_value("content"), VALUE, "'hi'"),
    "leading zero": Fault("invalid_json", marked_value("weight"), VALUE, "01", 1),
    "huge number": Fault("invalid_json", marked_value("weight"), VALUE, "1e999"),
    "comment": Fault("invalid_json", marked_value("content"), VALUE, "/* no */ 1"),
    "no value": Fault("invalid_json", marked_key, MEMBER, '"weight": }', 10),
    "no colon": Fault("invalid_json", marked_key, MEMBER, '"weight" 1', 9),
    "bare key": Fault("invalid_json", marked_key, MEMBER, "weight: 1"),
    "trailing comma of an object": Fault("invalid_json", marked_key, rf",\s*{MEMBER}", ","),
    "duplicate key": Fault("duplicate_key", marked_key, MEMBER, '"role": "user"'),
    "escaped duplicate key": Fault("duplicate_key", marked_key, MEMBER, r'"\u0072ole" : "user"'),
    "missing comma": Fault("invalid_json", marked_element, COMMAS, " ", 1),
    "doubled comma": Fault("invalid_json", marked_element, COMMAS, ",,", 1),
    "trailing comma of a list": Fault("invalid_json", marked_last, rf'\s*,\s*"{MARK}"', ","),
    "extra bracket": Fault("invalid_json", marked_end, rf",\s*{MEMBER}}}", "}]", 1),
    "wrong bracket": Fault("invalid_json", marked_end, rf",\s*{MEMBER}}}", "]"),
    "second row": Fault("invalid_json", marked_end, rf",\s*{MEMBER}}}", '} {"messages": []}', 2),
    "comma behind the row": Fault("invalid_json", marked_end, rf",\s*{MEMBER}}}", "},", 1),
    "cut off": Fault("invalid_json", marked_end, rf",\s*{MEMBER}}}", ', "messa', 2),
    "wrong role": Fault("unrecognized_role", marked_value("role"), VALUE, '"asistant"'),
    "role of another type": Fault("unrecognized_role", marked_value("role"), VALUE, "7"),
    "number for text": Fault("missing_content", marked_value("content"), VALUE, "3.5"),
    "object for text": Fault("missing_content", marked_value("content"), VALUE, '{"a": [1]}'),
    "weight of two": Fault("invalid_weight", marked_value("weight"), VALUE, "2"),
    "unknown key": Fault("message_unrecognized_key", marked_key, MEMBER, '"wieght": 1'),
    "text for a message": Fault("not_an_object", marked_element, VALUE, '"hi"'),
    "message without role": Fault("message_missing_key", marked_element, VALUE, '{"content": "a"}'),
    "message without content": Fault("message_missing_key", marked_element, VALUE, '{"role": "user"}'),
    "user speaks last": Fault("last_message_not_assistant", marked_last, VALUE, '{"role": "user", "content": "a"}'),
    "silent assistant": Fault("missing_content", marked_element, rf"{VALUE}", '{"content": "", "role": "assistant"}', 12),
    "arguments twice encoded": Fault(
        "tool_arguments_not_object", marked_element, VALUE,
        r'{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"\"{}\""}}]}',
        97,
    ),
}  # fmt: skip


def mutated(name: str, random: Random) -> tuple[str, str, int]:
    """A line with this fault; the rule and the column that are expected."""
    fault, row = FAULTS[name], sound_row(random)
    fault.mark(row, random)
    line = written(row, random)
    match = re.search(fault.pattern, line)
    assert match is not None, (name, line)
    column = match.start() + 1 + fault.shift
    return line[: match.start()] + fault.fault + line[match.end() :], fault.rule, column


def check_faults(num_lines: int, path: Path) -> None:
    random = Random(7)
    names = [name for _, name in zip(range(num_lines), [*FAULTS] * (num_lines // len(FAULTS) + 1), strict=False)]
    expected = [mutated(name, random) for name in names]
    path.write_bytes("".join(line + "\n" for line, _, _ in expected).encode())
    found = Found()
    judge_file(path, found, format="chat")
    lost, wrong = [], []
    for number, (name, (line, rule, column)) in enumerate(zip(names, expected, strict=True), 1):
        errors = [each for each in found.by_line[number] if each[3] == "error"]
        named = [each for each in errors if each[0] == rule]
        if not named:
            lost.append((name, line, errors))
        elif (column, 1 + len(line[: column - 1].encode())) not in [each[1:3] for each in named]:
            wrong.append((name, line, column, named))
    assert lost == []
    assert len(wrong) <= num_lines // 1000, wrong[:3]


def test_fault_is_found_at_its_line_and_column(tmp_path: Path) -> None:
    check_faults(3_000, tmp_path / "rows.jsonl")


@pytest.mark.soak
def test_100_000_faults_are_found_at_their_lines_and_columns(tmp_path: Path) -> None:
    check_faults(100_000, tmp_path / "rows.jsonl")


def nested(depth: int) -> Any:
    return {"properties": nested(depth - 1)} if depth else [{}]


def odd_row(random: Random) -> Row:
    """Valid, and unlike what most people write."""
    row = sound_row(random)
    for message in row["messages"]:
        if random.random() < 0.2:
            message["content"] = [{"type": "text", "text": message["content"]}, {"type": "text", "text": ""}]
        if random.random() < 0.2:
            message["name"] = random.choice(["a_b", "名", ""])
        if message["role"] == "assistant" and random.random() < 0.3:
            message["weight"] = random.choice([1, 1.0])
            message["refusal"] = None
    if random.random() < 0.3:
        row["messages"][-1] = {"role": "assistant", "content": None, "refusal": "No."}
    if random.random() < 0.3:
        call = {
            "id": "c",
            "type": "function",
            "function": {"name": "f", "arguments": random.choice(["{}", ' {"a": 1e5} '])},
        }
        row["messages"][-1:] = [
            {"role": "assistant", "tool_calls": [call, {**call, "id": "d"}], "content": random.choice([None, "", "so"])},
            {"role": "tool", "tool_call_id": "d", "content": ""}, {"role": "tool", "tool_call_id": "c", "content": "3"},
            {"role": "assistant", "content": "\u200d👩‍👩‍👧‍👦"},
        ]  # fmt: skip
        row["tools"] = [{"type": "function", "function": {"name": "f", "parameters": nested(random.randint(0, 80))}}]
        row["parallel_tool_calls"] = random.choice([True, False, None])
    if random.random() < 0.2:
        row["extra"] = random.choice([10**400, -0.0, 1e-300, 12345678901234567890, [[]], {"": {}}, True])
    if random.random() < 0.2:
        row["metadata"] = {"thread": text(random), "": "\\"}
    return {key: row[key] for key in random.sample(sorted(row), len(row))}


def check_odd_rows(num_lines: int, path: Path) -> None:
    random = Random(11)
    lines = [
        json.dumps(odd_row(random), ensure_ascii=random.random() < 0.5, separators=random.choice([(",", ":"), (" ,\t", " : ")]))
        for _ in range(num_lines)
    ]  # fmt: skip
    ends = ["\n", "\r\n", "  \n", "\n\n"]
    path.write_bytes(
        b"\xef\xbb\xbf" + "".join(f"{random.choice(['', ' '])}{each}{random.choice(ends)}" for each in lines).encode()
    )
    found = Found()
    assert judge_file(path, found) == ("chat", num_lines)
    assert [each for line in found.by_line.values() for each in line if each[3] == "error"] == []


def test_odd_but_valid_row_is_not_refused(tmp_path: Path) -> None:
    check_odd_rows(3_000, tmp_path / "rows.jsonl")


@pytest.mark.soak
def test_none_of_100_000_odd_but_valid_rows_is_refused(tmp_path: Path) -> None:
    check_odd_rows(100_000, tmp_path / "rows.jsonl")


def test_clean_lines_and_strict_reading_agree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random(3)
    lines = [mutated(random.choice([*FAULTS]), random)[0] if random.random() < 0.1 else written(sound_row(random), random)
             for _ in range(1_500)]  # fmt: skip
    lines += random.sample(lines, 50)
    (tmp_path / "rows.jsonl").write_bytes("".join(line + "\n" for line in lines).encode())
    fast, strict = (Tally(), Found()), (Tally(), Found())
    judge_file(tmp_path / "rows.jsonl", fast[1], tally=fast[0])
    monkeypatch.setattr(judge, "read_lines", lambda lines, searches: lines)
    judge_file(tmp_path / "rows.jsonl", strict[1], tally=strict[0])
    assert fast[1].by_line == strict[1].by_line
    assert fast[0].statistics() == strict[0].statistics()


def hard_lines(random: Random, num_lines: int) -> list[str]:
    """Sound rows, faults, odd ones, rows of other formats alone and in runs, ignored keys, blank lines, long lines."""
    lines: list[str] = []
    while len(lines) < num_lines:
        kind = random.random()
        if kind < 0.08:
            lines.append(mutated(random.choice([*FAULTS]), random)[0])
        elif kind < 0.1:
            lines += ['{"prompt": "a", "completion": "b"}'] * random.choice([1, 2, 4])
        elif kind < 0.14:
            lines.append(json.dumps({**sound_row(random), random.choice("xyz"): len(lines)}))
        elif kind < 0.16:
            lines.append(random.choice(["", "  ", "\r", "[1]", "null"]))
        elif kind < 0.17:
            lines.append(
                json.dumps({"messages": [{"role": "assistant", "content": "long " * random.randint(1, 9_000)}]})
            )
        elif kind < 0.2 and lines:
            lines.append(random.choice(lines))
        else:
            lines.append(written(sound_row(random), random))
    return lines


def judged(path: Path, processes: int) -> tuple[object, ...]:
    tally, found, read = Tally(), Found(), bytearray()
    said = judge_file(path, found, update=read.extend, tally=tally, processes=processes)
    return said, found.by_line, tally.num_rows and tally.statistics(), bytes(read)


@pytest.mark.parametrize("head", [b"", b"\xef\xbb\xbf", b"\n\n"])
@pytest.mark.parametrize("format", ["chat", "prompt_completion"])
def test_one_process_and_several_find_the_same(
    head: bytes, format: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judge_in_parts, "_PART_BYTES", 5_000)
    path = tmp_path / "rows.jsonl"
    lines = hard_lines(Random(5), 1_200)
    if format == "prompt_completion":
        lines = [json.dumps({"prompt": line, "completion": "b" * (index % 7)}) for index, line in enumerate(lines)]
    path.write_bytes(head + "\n".join(lines).encode())
    several = judged(path, 3)
    assert several == judged(path, 1)
    assert several[0] == (format, sum(not line.isspace() and line != "" for line in lines))
    assert several[3] == path.read_bytes()


def test_several_processes_judge_a_file_of_bad_rows_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge_in_parts, "_PART_BYTES", 50_000)
    random, path = Random(6), tmp_path / "rows.jsonl"
    lines = [written(sound_row(random), random) for _ in range(150)]
    lines += [mutated(random.choice([*FAULTS]), random)[0] for _ in range(600)] + ["", " "]
    lines += [written(sound_row(random), random) for _ in range(300)]
    path.write_bytes("\n".join(lines).encode())
    several = judged(path, 2)
    assert several == judged(path, 1)
    assert several[0] == ("chat", 1_050)


def test_rows_of_another_format_between_others_are_no_change_of_format(tmp_path: Path) -> None:
    ours, foreign = written(sound_row(Random(1)), Random(1)), '{"prompt": "a", "completion": "b"}'
    (tmp_path / "rows.jsonl").write_text("\n".join([ours, foreign] * 8))
    found = Found()
    judge_file(tmp_path / "rows.jsonl", found)
    rules = {line: [rule for rule, *_ in said] for line, said in found.by_line.items() if line % 2 == 0}
    assert rules == {line: ["missing_messages_list"] for line in range(2, 17, 2)}


@pytest.mark.parametrize(
    "line",
    [
        r'{"messages": [{"role": "user", "content": "a", "content": "b"}, {"role": "assistant", "content": "c"}]}',
        r'{"messages": [{"role": "user", "content": "\u0022\u0022\u0022\u0022", "content": "b"}, {"role": "assistant", "content": "\u0022\u0022\u0022\u0022"}]}',
        r'{"messages": [], "messages": [{"role": "assistant", "content": "c"}]}',
        r'{"messages": [{"role": "assistant", "content": "c"}]}{"messages": [{"role": "assistant", "content": "d"}]}',
        r'{"messages": [{"role": "assistant", "content": "\u003cs>"}]}',
        r'{"messages": [{"role": "assistant", "content": "[\/INST]"}]}',
        r'{"messages": [{"role": "assistant", "content": ""}]}',
        r'{"messages": [{"role": "assistant", "content": "a"}, {"role": "user", "content": "a"}]}',
        r'{"messages": [{"role": "assistant", "content": "\ud800"}]}',
        r'{"messages": [{"role": "assistant", "content": "a"}], "metadata": {"a": "b", "a": "c"}}',
        r'{"messages": [{"role": "assistant", "content": "a"}], "metadata": {"a": 1}}',
        r'{"messages": [{"role": "assistant", "content": "a", "weight": 0}]}',
        r'{"messages": [{"role": "assistant", "content": "a", "weight": 1.0}]}',
        r'{"messages": [{"role": "assistant", "content": "a", "weight": true}]}',
        r'{"messages": [{"role": "assistant", "content": "a", "weight": 0, "weight": 1}]}',
        r'{"messages": [{"role": "assistant", "content": "weight", "content": "weight", "weight": 1}]}',
        r'{"messages": [{"role": "user", "content": "a", "weight": 1}, {"role": "assistant", "content": "a"}]}',
        r'{"messages": []}',
    ],
)  # fmt: skip
def test_line_of_which_something_is_to_be_said_is_not_clean(line: str) -> None:
    clean = b'{"messages": [{"role": "assistant", "content": "a \\"b\\" \\u4f60 [1]"}], "metadata": {"a\\"": "\\n"}}\n'
    before, strict, after = read_lines([clean, line.encode() + b"\n", clean], control_token_searches())
    assert (len(before), strict, len(after)) == (1, line.encode() + b"\n", 1)


def chat_line(*contents: str, more: str = "") -> bytes:
    """A row of the user's and the assistant's turns, with contents as they stand in JSON."""
    roles = ("user", "assistant")
    said = [f'{{"role": "{roles[at % 2]}", "content": "{content}"{more}}}' for at, content in enumerate(contents)]
    return f'{{"messages": [{", ".join(said)}]}}\n'.encode()


@pytest.mark.parametrize("first", ["a", "a" * 3_000, r"\"" * 500, r"\n" * 500, r"\\u0022" * 30], ids=range(5))
def test_key_written_twice_is_found_whatever_stands_around_it(first: str) -> None:
    twice = chat_line(first, "b", more=', "content": "c"')
    hiding = chat_line(r"\u0022" * 4 + first, r"\u0022" * 4)
    both = chat_line(r"\u0022" * 4 + first, r"\u0022" * 4, more=r', "content": "\u0022\u0022\u0022\u0022"')
    lines = [chat_line(first, "c"), hiding, twice, hiding, chat_line(first, "c"), both, chat_line("a", first)]
    strict = [each for each in read_lines(lines, control_token_searches()) if isinstance(each, bytes)]
    assert strict == [each for each in strict if each in (hiding, twice, both)]
    assert {twice, both} <= set(strict)


def test_weights_of_some_rows_between_others_are_read_at_once() -> None:
    plain, quoting = chat_line("a", "b"), chat_line("a", r"b \"c\"")
    weighed = [quoting.replace(b'"}]', f'", "weight": {weight}}}, {SPOKEN}]'.encode()) for weight in (0, 1)]
    lines = [plain, *weighed, quoting, plain, *weighed]
    (rows,) = read_lines(lines, control_token_searches())
    assert not isinstance(rows, bytes)
    strict = [read_row(json.loads(line), 1, "chat", control_token_pattern())[0] for line in lines]
    assert [row.example(1) for row in rows] == strict
    assert said_keys(rows) == list(map(said_key, strict))


SPOKEN = '{"role": "assistant", "content": "d", "weight": 1}'


@pytest.mark.parametrize("weight", ["", ', "weight": 1', ', "weight": 0'])
def test_weighed_answers_say_the_same_whether_read_at_once_or_strictly(weight: str) -> None:
    asked = r'{"messages": [{"role": "user", "content": "weight"}, {"role": "assistant", "content": "a \"weight\""'
    line = asked + weight + '}, {"role": "assistant", "content": "b", "weight": 1}]}\n'
    ((row,),) = read_lines([line.encode()], control_token_searches())
    assert isinstance(row, CleanRow)
    strict, _ = read_row(json.loads(line), 1, "chat", control_token_pattern())
    assert row.example(1) == strict
    assert said_keys([row]) == [said_key(strict)]


def test_rows_of_an_array_know_their_places_whatever_stands_between_them(tmp_path: Path) -> None:
    random = Random(5)
    texts = [
        json.dumps(
            {"a": random.choice(["é", "你好", "x", "𝄞"]) * random.randrange(4)},
            ensure_ascii=False,
            indent=random.choice([None, 1]),
        )
        for _ in range(60)
    ]
    content = (
        "["
        + "".join(each + random.choice([",", " , ", ",\n", "\n\n,", ",\n\n  "]) for each in texts).rstrip(" ,\n")
        + "]"
    )
    (tmp_path / "rows.json").write_text(content, encoding="utf-8")
    at, wanted = 0, []
    for each in texts:
        at = content.index(each, at)
        line_start = content.rfind("\n", 0, at) + 1
        wanted.append((content.count("\n", 0, at) + 1, at - line_start + 1, len(content[line_start:at].encode()) + 1))
        at += len(each)
    assert [
        (row.line, row.column, row.byte_column) for row in file_rows(tmp_path / "rows.json", lambda _: None)
    ] == wanted


def test_value_that_spans_lines_is_not_clean() -> None:
    lines = [
        b'{"messages": [{"role": "assistant", "content": "a"}]}{"messages": [\n',
        b'{"role": "assistant", "content": "a"}]}\n',
    ]
    assert list(read_lines(lines, control_token_searches())) == lines


@pytest.mark.parametrize("max_seq_len", [None, 120])
def test_one_process_and_several_measure_the_same(
    max_seq_len: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judge_in_parts, "_MEASURED_PART_BYTES", 5_000)
    random, path = Random(7), tmp_path / "rows.jsonl"
    lines = [written(sound_row(random), random) for _ in range(600)]
    lines += random.sample(lines, 5)
    lines.insert(
        300, json.dumps({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "<s>"}]})
    )
    path.write_text("\n".join(lines))
    model = ModelRead(Renderer.load(find_folder("starter")), 2_048, max_seq_len)

    def measured(processes: int) -> tuple[object, ...]:
        tally, found, unfit = Tally(max_seq_len), Found(), list[int]()
        measures = RowMeasures(found, model, tally, unfit.append)
        judge_file(path, found, tally=tally, processes=processes, measures=measures)
        return tally.statistics(), found.by_line, unfit, measures.num_unfit

    by_one = measured(1)
    assert measured(3) == by_one
    figures = by_one[0]
    assert isinstance(figures, DataStatistics)
    assert figures.tokens is not None
    assert figures.tokens.lengths.max > 120
    assert bool(figures.tokens.over_length_costs) == (max_seq_len is not None)
