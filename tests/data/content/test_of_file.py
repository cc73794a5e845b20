"""What is said in a file, looked at by one process or by several, in every row or in every n-th."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest

from tunesmith.data.content.judge import ContentFigures
from tunesmith.data.content.of_file import judge_content
from tunesmith.data.findings import Finding
from tunesmith.data.harm.find import default_filter

ODD = (
    *(
        "hel\u200blo there",
        "caf\u00c3\u00a9 au lait",
        "a \ufffd b",
        "Human: hi\nAssistant: ho",
        "<div class=a>x</div> &amp;",
    ),
    *("As an AI language model I cannot", "TODO", " ", "你好，世界，今天很好", "say “this” in your program"),
)


class Heard(list[tuple[Finding, int | None]]):
    def add(self, finding: Finding, line: int | None = None, column: int | None = None) -> None:
        self.append((finding, line))


def write(path: Path, num_rows: int) -> Path:
    random, lines = Random(4), list[str]()
    for number in range(num_rows):
        answer = random.choice(ODD) if random.random() < 0.4 else f"The answer to number {number} is quite plain."
        said = [{"role": "user", "content": f"Question {number % 1_300}?"}, {"role": "assistant", "content": answer}]
        lines.append(json.dumps({"messages": said}, ensure_ascii=random.random() < 0.5))
        lines += [random.choice(["", " ", "{broken"])] * (random.random() < 0.02)
    path.write_text("\n".join(lines), "utf-8")
    return path


def judged(path: Path, most_bytes: int) -> tuple[Heard, ContentFigures | None]:
    heard = Heard()
    return heard, judge_content(path, "chat", heard, default_filter(), most_bytes)


@pytest.mark.parametrize("most_bytes", [10_000_000, 100_000])
def test_several_processes_say_the_same_as_one(
    most_bytes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "rows.jsonl", 3_000)
    by_one = judged(path, most_bytes)
    monkeypatch.setattr("tunesmith.data.content.of_file._LEAST_BYTES", 0)
    monkeypatch.setattr("tunesmith.data.content.of_file._PART_BYTES", 9_000)
    monkeypatch.setattr("tunesmith.data.file_parts.num_cores", lambda: 3)
    assert judged(path, most_bytes) == by_one
    rules = {finding.rule for finding, _ in by_one[0]}
    assert rules >= {"invisible_character", "mojibake", "role_marker", "assistant_boilerplate", "conflicting_answers"}
    assert ("content_sampled" in rules) == (most_bytes == 100_000)


def test_lines_of_a_sample_are_those_of_the_file(tmp_path: Path) -> None:
    rows = [{"prompt": "a", "completion": "plain"}] * 400
    rows[390] = {"prompt": "a", "completion": "hel\u200blo"}
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    heard = Heard()
    judge_content(path, "prompt_completion", heard, default_filter(), path.stat().st_size // 9)
    assert [line for finding, line in heard if finding.rule == "invisible_character"] == [391]
