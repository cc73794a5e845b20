"""Sketches and their pairs, held or in a file."""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from tunesmith.core.errors import MachineError
from tunesmith.data import near_index, said_before
from tunesmith.data.near_index import Sketches
from tunesmith.data.said_before import repeated


def token_sets(random: Random, count: int) -> list[list[bytes]]:
    """Every fourth is an edited copy of the one before, every ninth is empty."""
    made: list[list[bytes]] = []
    for number in range(count):
        fresh = [b"%d" % random.randrange(100_000) for _ in range(60)]
        made.append([] if number % 9 == 8 else made[-1][:57] + fresh[:3] if number % 4 == 3 else fresh)
    return made


@contextmanager
def sketches_of(made: list[list[bytes]]) -> Iterator[Sketches]:
    with Sketches() as sketches:
        for tokens in made:
            sketches.add(tokens)
        yield sketches


def pairs_of(made: list[list[bytes]], threshold: float) -> list[tuple[int, int]]:
    with sketches_of(made) as sketches:
        return list(sketches.pairs(range(len(made)), threshold, bytearray(len(made))))


@pytest.mark.parametrize("threshold", [0.8, 0.5])
def test_sketches_in_a_file_give_the_same_pairs(threshold: float, monkeypatch: pytest.MonkeyPatch) -> None:
    made = token_sets(Random(3), 2_500)
    held = set(pairs_of(made, threshold))
    monkeypatch.setattr(near_index, "_MOST_HELD_BYTES", 200_000)
    monkeypatch.setattr(near_index, "_READ_SKETCHES", 7)
    assert set(pairs_of(made, threshold)) == held
    copies = {(number - 1, number) for number in range(3, 2_500, 4) if made[number] and made[number - 1]}
    assert copies <= held
    with sketches_of(made) as whole, sketches_of(made[:1_300]) as half:
        met = set(whole.pairs_with(half, threshold, bytearray(2_500)))
    assert met >= {(number, number) for number in range(1_300) if made[number]}


def test_full_disk_is_told_by_the_folder_of_temporary_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near_index, "_MOST_HELD_BYTES", 1_000)
    monkeypatch.setattr("tempfile.TemporaryFile", lambda: Path("/dev/full").open("wb", 0))  # noqa: SIM115
    with pytest.raises(MachineError, match=f"disk is full: {tempfile.gettempdir()}"):
        pairs_of(token_sets(Random(3), 50), 0.8)


def test_no_pair_comes_twice() -> None:
    pairs = pairs_of(token_sets(Random(4), 600), 0.8)
    assert len(pairs) == len(set(pairs))


@pytest.mark.parametrize("at_once", [3, 50, 10_000])
def test_repeated_keys_are_found_in_parts(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(said_before, "_AT_ONCE", at_once)
    random = Random(5)
    keys = array("q", (random.randrange(-400, 400) for _ in range(500)))
    assert repeated(keys) == {key for key in keys if keys.count(key) > 1}
