"""What is not found: kinds that nobody looks for, and how much of the others was missed where it could be counted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tunesmith.data.personal.kinds import KINDS

NEVER_LOOKED_FOR: Final = (
    "ages, nationalities, employers, health, beliefs, and whatever else tells who someone is together with other facts",
    "places without a street or a number (towns, countries), and names of organisations",
    "names in scripts other than Latin and Chinese",
    "national ids of countries that docs/personal_data.md does not list",
    "what images and sounds show; only texts are read",
)
MEASURED_RECALL: Final = {
    "name": "0.69 of the names in English sentences of many nations (Presidio's research set), all in Chinese sentences with "
    "a word before them; far fewer in tweets",
    "address": "0.73 of the addresses in English sentences (the same set), all in Chinese ones of common shape",
}


def not_covered(kinds: Iterable[str], num_recognizers: int) -> tuple[str, ...]:
    """Sentences for the report of a cleaning that looked for these kinds."""
    looked_for = frozenset(kinds)
    said = []
    if left := [kind for kind in KINDS if kind not in looked_for]:
        said.append("Not looked for, as asked: " + ", ".join(left) + ".")
    for kind, recall in MEASURED_RECALL.items():
        if kind in looked_for and not num_recognizers:
            said.append(f"Found without a named-entity model, {KINDS[kind].what} are missed at times: {recall}.")
    said.append("Nobody looks for " + "; ".join(NEVER_LOOKED_FOR) + ".")
    said.append("How much is found in this data: tunesmith data canaries FILE.")
    return tuple(said)
