#!/usr/bin/env python3
"""Training speed and memory: our engine beside TRL and the Transformers Trainer, on the same work.

    python bench/train.py --pairs 15M-lora,135M-lora,135M-full --rounds 3

Every contender runs in a process of its own, in turn, round after round; what is compared is compared within
a round. Says first how long it will take. See bench/README.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import measure
import tables
from contenders import COMPILED, CONTENDERS, DEFAULTS, SLOW, VARIANTS
from workload import SHAPES, least_flops, make_work

DEFAULT_PAIRS = "15M-lora,135M-lora,135M-full"
DEFAULT_STEPS = {"3M": 12, "15M": 12, "135M": 5}
# For the estimate only: FLOP/s that least_flops comes to, as measured once on two Zen 4 cores, and seconds around it.
GUESSED_RATE = {
    "ours-eager": (1.4e11, 2.0e11, 6), "ours-compiled": (1.4e11, 2.0e11, 14), "ours-default": (1.4e11, 1.9e11, 6),
    "trainer-tuned": (0.8e11, 1.6e11, 11), "trl-grouped": (0.27e11, 0.7e11, 13), "trl-packed": (0.27e11, 0.85e11, 13),
    "trainer-default": (0.3e11, 0.55e11, 11), "trl-default": (0.09e11, 0.36e11, 13),
    "trainer-tuned-8": (0.8e11, 1.6e11, 11), "trainer-tuned-4": (0.8e11, 1.6e11, 11), "trainer-autocast": (0.8e11, 1.6e11, 11),
    "trainer-compiled": (0.8e11, 1.6e11, 40),
}  # fmt: skip


def main() -> None:
    options = parse_options()
    pairs = [tuple(pair.split("-")) for pair in options.pairs]
    options.work.mkdir(parents=True, exist_ok=True)
    work = options.work.resolve()
    facts = {shape: measure.run_child("contenders.py", request("prepare", shape, "lora", 1, work), work) for shape in
             dict.fromkeys(shape for shape, _ in pairs)}  # fmt: skip
    contenders = list(options.contenders)
    if not all(fact["can_compile"] for fact in facts.values()) and "ours-compiled" in contenders:
        print("ours-compiled is left out: there is no C++ compiler here.")
        contenders.remove("ours-compiled")
    plan = plan_of(pairs, contenders, options)
    seconds = estimate(plan)
    print(f"{len(plan)} runs of one process each, about {seconds / 60:.0f} minutes on two quiet cores.", flush=True)
    if options.budget is not None and seconds > options.budget:
        sys.exit(
            f"That is more than --budget {options.budget:.0f} s. Hint: fewer --rounds, --pairs, --contenders or --steps."
        )
    if options.estimate_only:
        return
    runs = run_all(plan, work)
    document = measure.document("train", runs)
    text = tables.training(document)
    print("\n" + text)
    write(document, text, options.out, "train")


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known_pairs = [f"{shape}-{mode}" for shape in SHAPES for mode in ("lora", "full")]
    parser.add_argument("--pairs", type=listed("--pairs", known_pairs), default=DEFAULT_PAIRS,
                        help=f"shape and mode, of {', '.join(known_pairs)} (default: {DEFAULT_PAIRS})")  # fmt: skip
    parser.add_argument("--shapes", type=listed("--shapes", list(SHAPES)), help="instead of --pairs: every shape …")
    parser.add_argument("--modes", type=listed("--modes", ["lora", "full"]), help="… in every one of these modes")
    parser.add_argument("--contenders", type=listed("--contenders", list(CONTENDERS)), default=",".join(name for name in CONTENDERS if name not in VARIANTS),
                        help=f"of {', '.join(CONTENDERS)} (default: all but the last four)")  # fmt: skip
    parser.add_argument("--rounds", type=int, default=3, help="how often each contender runs (default: 3)")
    parser.add_argument("--slow-rounds", type=int, default=1, help="the same for TRL and the untuned (default: 1)")
    parser.add_argument("--steps", type=int, help="steps of a run, the first timed apart (default: 12; 135M: 5)")
    parser.add_argument("--peer-steps", type=int, default=2, help="steps of the untuned contenders (default: 2)")
    parser.add_argument("--quick", action="store_true", help="only show that it works: 3M LoRA, 1 round, 2 steps")
    parser.add_argument("--budget", type=float, help="seconds; stop before the start if the estimate is above")
    parser.add_argument("--estimate-only", action="store_true", help="say how long it would take, and stop")
    parser.add_argument(
        "--work", type=Path, default=Path("runs/bench"), help="weights and caches (default: runs/bench)"
    )
    parser.add_argument("--out", type=Path, default=Path("runs/bench/results"),
                        help="where the table and the raw numbers go (default: runs/bench/results)")  # fmt: skip
    options = parser.parse_args()
    if options.quick:
        options.pairs, options.rounds, options.steps, options.shapes = ["3M-lora"], 1, 2, None
    if options.shapes or options.modes:
        shapes, modes = options.shapes or ["15M", "135M"], options.modes or ["lora"]
        options.pairs = [f"{shape}-{mode}" for shape in shapes for mode in modes]
    if min(options.rounds, options.slow_rounds + 1) < 1 or min(options.steps or 2, options.peer_steps) < 2:
        parser.error("a run needs at least one round and two steps: the first step is timed apart")
    return options


def listed(option: str, known: Sequence[str]) -> Any:
    def parse(text: str) -> list[str]:
        names = [name for name in text.split(",") if name]
        unknown = [name for name in names if name not in known]
        if unknown or not names:
            raise argparse.ArgumentTypeError(
                f"{option} knows {', '.join(known)}; not {', '.join(unknown) or 'nothing'}"
            )
        return names

    return parse


def plan_of(pairs: Sequence[Sequence[str]], contenders: Sequence[str], options: Any) -> list[dict[str, Any]]:
    """Every run in its order: a pair's rounds one after another, within a round each contender once, the matmul
    rate in their midst; the order turns from round to round. A compiled run is preceded once by one that fills
    the cache of compiled code."""
    plan = []
    for shape, mode in pairs:
        steps = options.steps or DEFAULT_STEPS[shape]
        for name in (name for name in contenders if name in COMPILED):
            plan.append({"contender": name, "shape": shape, "mode": mode, "steps": min(steps, 3), "round": 0})
        for number in range(1, options.rounds + 1):
            turn = (number - 1) % len(contenders)
            names = [*contenders[turn:], *contenders[:turn]]
            names = [name for name in names if name not in SLOW or number <= options.slow_rounds]
            names.insert(len(names) // 2, "peak")
            for name in names:
                own = min(steps, options.peer_steps) if name in DEFAULTS else steps
                plan.append({"contender": name, "shape": shape, "mode": mode, "steps": own, "round": number})
    return plan


def estimate(plan: Sequence[Mapping[str, Any]]) -> float:
    """Seconds, guessed from the work's least operations and rates measured once."""
    seconds = 0.0
    for run in plan:
        if run["contender"] == "peak":
            seconds += 4
            continue
        small, large, around = GUESSED_RATE[run["contender"]]
        rate = large if run["shape"] == "135M" else small
        order = "arrival" if run["contender"] in DEFAULTS else "grouped"
        rows = [row for step in make_work(run["shape"], order, run["steps"]).steps for row in step]
        seconds += around + least_flops(SHAPES[run["shape"]], rows, run["mode"]) / rate
        seconds += 40 if run["round"] == 0 else 0
    return seconds


def run_all(plan: Sequence[Mapping[str, Any]], work: Path) -> list[dict[str, Any]]:
    runs = []
    for number, run in enumerate(plan, 1):
        asked = request(run["contender"], run["shape"], run["mode"], run["steps"], work)
        result = {**run, **measure.run_child("contenders.py", asked, work)}
        runs.append(result)
        print(f"[{number}/{len(plan)}] {tables.one_line(result)}", flush=True)
    return runs


def request(contender: str, shape: str, mode: str, steps: int, work: Path) -> dict[str, Any]:
    return {"contender": contender, "shape": shape, "mode": mode, "steps": steps, "work": str(work)}


def write(document: Mapping[str, Any], text: str, out: Path, what: str) -> None:
    out.mkdir(parents=True, exist_ok=True)
    name = f"{document['date']}-{document['machine']}-{what}"
    if (out / f"{name}.json").exists():
        name += time.strftime("-%H%M%S")
    (out / f"{name}.json").write_text(json.dumps(document, indent=1) + "\n")
    (out / f"{name}.md").write_text(text)
    print(f"\nWritten: {out / name}.md and .json")


if __name__ == "__main__":
    main()
