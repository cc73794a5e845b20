"""A body without the values that were refused, so that the rest of it can be judged all the same."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from tunesmith.specs.wire_job import SETTINGS


def without(values: Mapping[str, Any], places: Iterable[str | None]) -> dict[str, Any] | None:
    """A copy without what stands at ``places`` (``hyperparameters.n_epochs``); None where nothing stands at one of them:
    then it is not known what the body would be."""
    left = copy.deepcopy(dict(values))
    for place in dict.fromkeys(places):
        if not (place and any(_take_out(left, each.split(".")) for each in _spellings(place))):
            return None
    return left


def setting_of(place: str) -> str:
    """The setting that a place of the body is about: ``hyperparameters.n_epochs`` is ``num_epochs``."""
    *above, last = place.split(".")
    return SETTINGS.get(last, last) if "hyperparameters" in above else place.split(".")[0]


def _spellings(place: str) -> tuple[str, ...]:
    """Problems with the method's hyperparameters are told by the older place's name too."""
    return (place, f"method.supervised.{place}") if place.startswith("hyperparameters.") else (place,)


def _take_out(body: dict[str, Any], steps: list[str]) -> bool:
    """The innermost named value on the way goes: a list goes whole."""
    holder, key = None, ""
    inner: Any = body
    for step in steps:
        if not isinstance(inner, dict) or step not in inner:
            break
        holder, key, inner = inner, step, inner[step]
    if holder is None:
        return False
    del holder[key]
    return True
