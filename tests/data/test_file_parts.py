"""The lines of a file in parts: each once, in order, with its number."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import msgspec
import pytest

from tunesmith.data.file_parts import in_parts, num_processes
from tunesmith.data.file_rows import LineBatch

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="children are forked on Linux only")


def numbered(batches: Iterator[LineBatch]) -> bytes:
    return msgspec.msgpack.encode([(batch.first_line, batch.lines) for batch in batches])


@pytest.mark.parametrize("part_bytes", [1, 7, 100, 5_000])
@pytest.mark.parametrize("end", ["", "\n", "\n\n\n"])
def test_each_line_is_in_one_part_with_its_number(part_bytes: int, end: str, tmp_path: Path) -> None:
    random, path, read = Random(part_bytes), tmp_path / "rows.jsonl", bytearray()
    lines = [f"{number} " + "x" * random.choice([0, 3, 40, 700]) for number in range(1, 120)]
    path.write_text("\n".join(lines) + end)
    found = []
    for answer in in_parts(path, numbered, 2, part_bytes, read.extend, is_numbered=True):
        for first, its_lines in msgspec.msgpack.decode(answer, type=list[tuple[int, list[bytes]]]):
            found += list(enumerate(its_lines, first))
    assert found == list(enumerate(path.read_bytes().splitlines(keepends=True), 1))
    assert read == path.read_bytes()


def test_empty_file_has_no_parts(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").touch()
    assert list(in_parts(tmp_path / "rows.jsonl", numbered, 2, 100, is_numbered=True)) == []


def test_array_is_no_work_for_several(tmp_path: Path) -> None:
    (tmp_path / "rows.json").write_text('[{"a": 1},\n{"a": 2}]')
    assert num_processes(tmp_path / "rows.json", 0) == 1
