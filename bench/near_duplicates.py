#!/usr/bin/env python3
"""Near duplicates among texts, beside datasketch (MinHash and MinHashLSH).

    python bench/near_duplicates.py --rounds 5

Texts are word sequences by Zipf's law (log-normal lengths, median 90 words), and for every tenth a copy with 5 % of its
words replaced. Both are given the same shingles (pairs of neighbouring words, as bytes), the same number of
permutations and the same threshold, and both end with the pairs that they hold for near. Timed are the sketches, the
index and its questions and, for ours, the comparison of every candidate's shingles, which datasketch leaves to its
caller; beside it the same with the making of shingles. In turn, round by round; a first round warms up and is not
counted. Recall is the share of the edited copies that were paired with what they copy, of all and of those whose
shingles' true Jaccard similarity reaches the threshold; a false hit is a pair that does not reach it.
"""

from __future__ import annotations

import argparse
import os
import random
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import measure
import tables
from train import write
from tunesmith.data.near_index import NUM_PERM, Sketches
from tunesmith.data.similarity import jaccard, shingles

THRESHOLD = 0.8
EDITED_SHARE = 0.05
NAMES = ("ours", "datasketch", "datasketch, in bulk")
COLUMNS = (
    "what", "seconds, median [min, max]", "÷ ours", "processor s", "processor ÷ ours", "texts/s", "with shingles, seconds", "with shingles ÷ ours",
    "recall of edited copies", "of those at the threshold", "pairs", "false hits", "others' cores",
)  # fmt: skip
Pairs = set[tuple[int, int]]


def main() -> None:
    # One core each: rensa would take all.
    os.environ["RAYON_NUM_THREADS"] = "1"
    options = _options()
    texts, copies = make_texts(options.texts, options.seed)
    runs = [run for number in range(options.rounds + 1) for run in _round(number, texts, copies)]
    document = {**measure.document("near_duplicates", runs), "texts": len(texts), "threshold": THRESHOLD}
    document["versions"] = {**document["versions"], **_versions()}
    text = table(document)
    print("\n" + text)
    write(document, text, options.out, "near-duplicates")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured (default: 5)")
    parser.add_argument("--texts", type=int, default=5_000, help="how many, before copies are added (default: 5,000)")
    parser.add_argument("--seed", type=int, default=1, help="of the texts (default: 1)")
    parser.add_argument("--out", type=Path, default=Path("runs/bench/results"),
                        help="where the table and the raw numbers go (default: runs/bench/results)")  # fmt: skip
    return parser.parse_args()


def make_texts(count: int, seed: int) -> tuple[list[str], Pairs]:
    """The texts, and which of them is an edited copy of which."""
    chance = random.Random(seed)
    words = [f"{chance.randrange(36**5):x}" for _ in range(20_000)]
    weights = [1 / rank for rank in range(1, len(words) + 1)]
    made = []
    for _ in range(count):
        length = max(20, min(500, round(chance.lognormvariate(4.5, 0.7))))
        made.append(chance.choices(words, weights, k=length))
    copies: Pairs = set()
    for number in range(0, count, 10):
        copy = list(made[number])
        for place in chance.sample(range(len(copy)), max(1, round(EDITED_SHARE * len(copy)))):
            copy[place] = chance.choice(words)
        copies.add((number, len(made)))
        made.append(copy)
    return [" ".join(text) for text in made], copies


def _round(number: int, texts: Sequence[str], copies: Pairs) -> list[dict[str, Any]]:
    works: Mapping[str, Callable[[Sequence[list[bytes]]], Pairs]] = {
        "ours": of_ours, "datasketch": of_datasketch, "datasketch, in bulk": of_datasketch_in_bulk,
    }  # fmt: skip
    runs = []
    for name in NAMES if number % 2 else NAMES[::-1]:
        started = time.perf_counter()
        made = [list(dict.fromkeys(shingles(text))) for text in texts]
        making = time.perf_counter() - started
        start = measure.moment()
        pairs = works[name](made)
        run = measure.disturbance(start, measure.moment())
        sets = [frozenset(one) for one in made]
        near = {(one, other) for one, other in copies if jaccard(sets[one], sets[other]) >= THRESHOLD}
        false = sum(jaccard(sets[one], sets[other]) < THRESHOLD for one, other in pairs)
        runs.append({
            "what": name, "round": number, **run, "with_shingles_seconds": run["wall_seconds"] + making,
            "recall": len(pairs & copies) / len(copies), "recall_at_threshold": len(pairs & near) / len(near), "num_pairs": len(pairs), "num_false": false,
        })  # fmt: skip
        print(f"round {number}, {name}: {run['wall_seconds']:.2f} s, {len(pairs):,} pairs", flush=True)
    return runs


def of_ours(made: Sequence[list[bytes]]) -> Pairs:
    sketches = Sketches()
    for one in made:
        sketches.add(one)
    candidates = set(sketches.pairs(range(len(made)), THRESHOLD, bytearray(len(made))))
    return {
        (earlier, later) for earlier, later in candidates if jaccard(set(made[earlier]), set(made[later])) >= THRESHOLD
    }


def of_datasketch(made: Sequence[list[bytes]]) -> Pairs:
    """A sketch a text, by ``update_batch``."""
    from datasketch import MinHash

    sketches = []
    for one in made:
        sketch = MinHash(num_perm=NUM_PERM)
        sketch.update_batch(one)
        sketches.append(sketch)
    return _asked(sketches)


def of_datasketch_in_bulk(made: Sequence[list[bytes]]) -> Pairs:
    """``MinHash.bulk``, which makes the permutations once."""
    from datasketch import MinHash

    return _asked(MinHash.bulk(made, num_perm=NUM_PERM))


def _asked(sketches: Sequence[Any]) -> Pairs:
    from datasketch import MinHashLSH

    index = MinHashLSH(threshold=THRESHOLD, num_perm=NUM_PERM)
    found: Pairs = set()
    for number, sketch in enumerate(sketches):
        found.update((earlier, number) for earlier in index.query(sketch))
        index.insert(number, sketch)
    return found


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {name: version(name) for name in ("rensa", "datasketch", "numpy")}


def table(document: Mapping[str, Any]) -> str:
    runs = [run for run in document["runs"] if run["round"] > 0]
    lines = [
        tables.head(document, f"Near duplicates among {document['texts']:,} texts, {NUM_PERM} permutations"), "",
        "| " + " | ".join(COLUMNS) + " |", "|" + " --- |" * len(COLUMNS),
    ]  # fmt: skip
    lines += ["| " + " | ".join(_row(name, runs, document["texts"])) + " |" for name in NAMES]
    return "\n".join(lines) + "\n"


def _row(name: str, runs: Sequence[Mapping[str, Any]], num_texts: int) -> list[str]:
    chosen = [run for run in runs if run["what"] == name]
    seconds = [run["wall_seconds"] for run in chosen]
    return [
        name,
        f"{median(seconds):.2f} [{min(seconds):.2f}, {max(seconds):.2f}]",
        f"{_ratio(chosen, runs, 'wall_seconds'):.1f}",
        f"{median(run['cpu_seconds'] for run in chosen):.2f}",
        f"{_ratio(chosen, runs, 'cpu_seconds'):.1f}",
        f"{num_texts / median(seconds):,.0f}",
        f"{median(run['with_shingles_seconds'] for run in chosen):.2f}",
        f"{_ratio(chosen, runs, 'with_shingles_seconds'):.1f}",
        f"{chosen[0]['recall']:.3f}",
        f"{chosen[0]['recall_at_threshold']:.3f}",
        f"{chosen[0]['num_pairs']:,}",
        f"{chosen[0]['num_false']:,}",
        f"{median(run['others_cores'] for run in chosen):.2f}",
    ]


def _ratio(chosen: Sequence[Mapping[str, Any]], runs: Sequence[Mapping[str, Any]], what: str) -> float:
    ours = {run["round"]: run[what] for run in runs if run["what"] == "ours"}
    return median(run[what] / ours[run["round"]] for run in chosen)


if __name__ == "__main__":
    main()
