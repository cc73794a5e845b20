"""Where two rows differ: each value that is not the same, by its path, with what stands in the one and in the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

import msgspec

from tunesmith.data.findings import Row, RowPath, path_text

_MOST_CHARACTERS: Final = 160
_CONTEXT: Final = 24


@dataclass(frozen=True, slots=True)
class Difference:
    """Of long texts the part that differs, with a little of what stands around it. None: not there."""

    path: str | None
    before: str | None
    after: str | None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def differences(before: Row, after: Row, most: int = 10) -> list[Difference]:
    """The first ``most`` of them, in the order of ``before``, then those that only ``after`` has."""
    one, other = dict(_leaves(before, ())), dict(_leaves(after, ()))
    paths = [path for path in {**one, **other} if one.get(path) != other.get(path)]
    return [Difference(path_text(path), *_apart(one.get(path), other.get(path))) for path in paths[:most]]


def _leaves(value: Any, path: RowPath) -> Iterator[tuple[RowPath, str]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _leaves(item, (*path, index))
    else:
        yield path, value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _apart(before: str | None, after: str | None) -> tuple[str | None, str | None]:
    if before is None or after is None:
        return _around(before, 0, 0), _around(after, 0, 0)
    shared = _num_shared(before, after)
    ending = min(_num_shared(before[::-1], after[::-1]), min(len(before), len(after)) - shared)
    return _around(before, shared, ending), _around(after, shared, ending)


def _num_shared(one: str, other: str) -> int:
    """How many characters both begin with."""
    pairs = zip(one, other, strict=False)
    return next((place for place, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _around(text: str | None, shared: int, ending: int) -> str | None:
    """What is between the shared beginning and ending, in its surroundings, cut to what can be shown."""
    if text is None:
        return None
    start, end = max(0, shared - _CONTEXT), min(len(text), len(text) - ending + _CONTEXT)
    end = min(end, start + _MOST_CHARACTERS)
    return ("…" if start else "") + text[start:end] + ("…" if end < len(text) else "")
