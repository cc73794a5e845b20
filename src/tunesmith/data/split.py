"""One Dataset → a training and a validation part.

Which side an example takes depends on the seed and on what the example says, not on where it stands:
duplicates and near duplicates stay together, and rows added later move few of the others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from hashlib import blake2b

from tunesmith.core.errors import UserError
from tunesmith.data.duplicates import Joined, near_groups
from tunesmith.data.examples import Dataset, Example
from tunesmith.data.formats import fingerprint
from tunesmith.data.similarity import Said, said_by_example


def split(dataset: Dataset, validation_split: float, seed: int) -> tuple[Dataset, Dataset]:
    """Training and validation part, each in the file's order and with at least one example.

    ``validation_split`` is the validation part's share, between 0 and 1. Raises UserError where the
    examples cannot be shared out: too few, or all of them duplicates of one.
    """
    if not 0 < validation_split < 1:
        raise UserError(
            f"validation_split is {validation_split}, not between 0 and 1.", "choose 0.1 to hold back a tenth"
        )
    groups = _groups(dataset.examples)
    if len(groups) < 2:
        raise UserError(
            f"{dataset.path} has {len(groups)} distinct example{'' if len(groups) == 1 else 's'}, too few to hold any "
            "back for validation.",
            "add examples, or train without validation_split",
        )
    wanted = max(1, round(validation_split * len(dataset.examples)))
    held_back = set(_choose(groups, wanted, seed))
    alike = _joined(dataset.examples, groups)
    if len(alike) < len(groups):
        together = _choose(alike, wanted, seed) if len(alike) > 1 else []
        # Where nearly everything is alike, a fair share matters more than that nothing near is on both sides.
        if 2 * len(together) >= len(held_back) and len(together) <= 2 * len(held_back):
            held_back = set(together)
    return (
        _part(dataset, (index for index in range(len(dataset.examples)) if index not in held_back)),
        _part(dataset, sorted(held_back)),
    )


def _groups(examples: tuple[Example, ...]) -> dict[bytes, list[int]]:
    """The places of the examples that say the same."""
    groups: defaultdict[bytes, list[int]] = defaultdict(list)
    for index, example in enumerate(examples):
        groups[fingerprint(example)].append(index)
    return groups


def _joined(examples: tuple[Example, ...], groups: dict[bytes, list[int]]) -> dict[bytes, list[int]]:
    """Groups that are near duplicates of one another as one, under the key of the one that comes first."""
    keys = list(groups)
    joined = Joined(len(keys))

    def said(number: int) -> Said:
        return said_by_example(examples[groups[keys[number]][0]])

    for one, other in near_groups(range(len(keys)), said, keys.__getitem__):
        joined.join(one, other)
    together: defaultdict[bytes, list[int]] = defaultdict(list)
    for number, key in enumerate(keys):
        together[keys[joined.root(number)]] += groups[key]
    return together


def _choose(groups: dict[bytes, list[int]], wanted: int, seed: int) -> list[int]:
    """Whole groups, in an order drawn by the seed, as long as they fit; the smallest where none does."""
    salt = str(seed).encode()
    drawn = [groups[key] for key in sorted(groups, key=lambda key: blake2b(salt + b":" + key).digest())]
    chosen: list[int] = []
    num_chosen = 0
    for group in drawn:
        if len(chosen) + len(group) <= wanted and num_chosen < len(drawn) - 1:
            chosen += group
            num_chosen += 1
    return chosen or min(drawn, key=len)


def _part(dataset: Dataset, places: Iterable[int]) -> Dataset:
    return replace(dataset, examples=tuple(dataset.examples[place] for place in places))
