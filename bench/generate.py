#!/usr/bin/env python3
"""Generation speed: our engine beside transformers' generate, greedy, 64 prompt tokens and 64 new ones.

    python bench/generate.py --shapes 15M,135M --rounds 3

Each contender in a process of its own, in turn. In fp32 both must give the same tokens; in bf16 the share of
equal tokens is reported. See bench/README.md.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import measure
import tables
from train import listed, write
from workload import SHAPES, write_model

PROMPT_TOKENS = 64
CONTENDERS = ("ours", "transformers")
STREAMS = (1, 16)
COLUMNS = (
    "contender",
    "streams",
    "tok/s median [min, max]",
    "ours ÷ it",
    "RSS GiB",
    "tokens equal to ours",
    "others' cores",
)


def main() -> None:
    if len(sys.argv) == 2 and sys.argv[1].startswith("{"):
        run_contender(json.loads(sys.argv[1]))
        return
    options = parse_options()
    work = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    print("llama.cpp is left out: it reads GGUF files, and the engine does not write them.")
    print(f"About {estimate(options) / 60:.0f} minutes on two quiet cores.", flush=True)
    runs = []
    for shape in options.shapes:
        check_same_tokens(shape, options, work)
        for number in range(1, options.rounds + 1):
            names = CONTENDERS if number % 2 else CONTENDERS[::-1]
            for name, streams in [(name, streams) for streams in STREAMS for name in names]:
                result = run_child(name, shape, streams, "bfloat16", options, work)
                runs.append({"shape": shape, "round": number, **result})
                speed = runs[-1]["new_tokens"] / runs[-1]["seconds"]
                print(f"round {number}, {shape}, {name}, {streams} streams: {speed:,.1f} tokens/s", flush=True)
    document = {
        **measure.document("generate", runs),
        "prompt_tokens": PROMPT_TOKENS,
        "new_tokens": options.new_tokens,
    }
    text = table(document)
    print("\n" + text)
    write(document, text, options.out, "generate")


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--shapes", type=listed("--shapes", list(SHAPES)), default="15M,135M", help="(default: 15M,135M)"
    )
    parser.add_argument("--rounds", type=int, default=3, help="how often each contender runs (default: 3)")
    parser.add_argument("--new-tokens", type=int, default=64, help="tokens that each stream makes (default: 64)")
    parser.add_argument("--quick", action="store_true", help="only show that it works: 3M, 1 round, 8 new tokens")
    parser.add_argument(
        "--work", type=Path, default=Path("runs/bench"), help="weights and caches (default: runs/bench)"
    )
    parser.add_argument("--out", type=Path, default=Path("runs/bench/results"),
                        help="where the table and the raw numbers go (default: runs/bench/results)")  # fmt: skip
    options = parser.parse_args()
    if options.quick:
        options.shapes, options.rounds, options.new_tokens = ["3M"], 1, 8
    return options


def estimate(options: argparse.Namespace) -> float:
    """Seconds: two calls each (one warms up), at the speed of the slower contender, and the process around it."""
    a_second = {"3M": (200, 2000), "15M": (80, 700), "135M": (20, 130)}
    calls = sum(2 * options.new_tokens * n / a_second[s][n > 1] for s in options.shapes for n in STREAMS)
    return options.rounds * len(CONTENDERS) * (calls + 8 * len(STREAMS) * len(options.shapes)) + 30


def run_child(name: str, shape: str, streams: int, dtype: str, options: Any, work: Path) -> dict[str, Any]:
    asked = {"contender": name, "shape": shape, "streams": streams, "dtype": dtype, "new_tokens": options.new_tokens}
    result = measure.run_child("generate.py", {**asked, "work": str(work)}, work)
    return {**asked, **result}


def check_same_tokens(shape: str, options: Any, work: Path) -> None:
    """In fp32 the two agree token for token, or there is nothing to compare."""
    ours, theirs = (run_child(name, shape, 2, "float32", options, work)["tokens"] for name in CONTENDERS)
    if ours != theirs:
        sys.exit(
            f"{shape}: in fp32 only {equal_share(ours, theirs):.1%} of the greedy tokens are equal to transformers'."
        )
    print(f"{shape}: greedy tokens in fp32 equal transformers', all {sum(map(len, ours))}.", flush=True)


# --- in the contender's process ------------------------------------------------------------------------------------


def run_contender(request: Mapping[str, Any]) -> None:
    """Load, call once to warm up, call again and time it."""
    import torch

    folder = write_model(request["shape"], Path(request["work"]))
    rng = random.Random(3)
    vocab = SHAPES[request["shape"]].vocab_size
    prompts = [[rng.randrange(3, vocab) for _ in range(PROMPT_TOKENS)] for _ in range(request["streams"])]
    make = make_ours if request["contender"] == "ours" else make_transformers
    call = make(folder, getattr(torch, request["dtype"]), prompts, request["new_tokens"])
    call()
    start = measure.moment()
    tokens = call()
    end = measure.moment()
    if any(len(stream) != request["new_tokens"] for stream in tokens):
        raise RuntimeError(f"streams of {[len(stream) for stream in tokens]} tokens, not {request['new_tokens']}")
    measure.hand_back(
        {
            "tokens": tokens,
            "new_tokens": sum(map(len, tokens)),
            "seconds": end.wall - start.wall,
            "peak_rss_bytes": measure.peak_rss_bytes(),
            "threads": torch.get_num_threads(),
            **measure.disturbance(start, end),
        }
    )


def make_ours(folder: Path, dtype: Any, prompts: list[list[int]], new_tokens: int) -> Callable[[], list[list[int]]]:
    """As a user gets it: the model loaded as `tunesmith chat` loads it, then the engine's generate; no stop token."""
    from tunesmith.infer.engine import generate
    from tunesmith.infer.loaded import load_model
    from tunesmith.infer.sampling import Sampling

    model = load_model(str(folder), dtype)
    return lambda: [done.token_ids for done in generate(model.decoder, prompts, Sampling(max_new_tokens=new_tokens))]


def make_transformers(
    folder: Path, dtype: Any, prompts: list[list[int]], new_tokens: int
) -> Callable[[], list[list[int]]]:
    """generate() with its default, the dynamic cache; all streams in one batch (equally long, so no padding)."""
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype).eval()
    ids = torch.tensor(prompts)
    options = {"do_sample": False, "max_new_tokens": new_tokens, "eos_token_id": None, "pad_token_id": 1}

    def call() -> list[list[int]]:
        with torch.inference_mode():
            made = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), **options)
        return made[:, ids.shape[1] :].tolist()

    return call


# --- the table -----------------------------------------------------------------------------------------------------


def table(document: Mapping[str, Any]) -> str:
    lines = [tables.head(document, "Generation"), ""]
    lines += [f"{document['prompt_tokens']} prompt tokens, {document['new_tokens']} new ones, greedy, bf16."]
    runs = document["runs"]
    for shape in dict.fromkeys(run["shape"] for run in runs):
        lines += ["", f"## {shape}", "", "| " + " | ".join(COLUMNS) + " |", "|" + " --- |" * len(COLUMNS)]
        for streams in STREAMS:
            ours = chosen(runs, shape, streams, "ours")
            lines += [row(name, streams, chosen(runs, shape, streams, name), ours) for name in CONTENDERS]
    return "\n".join(lines) + "\n"


def chosen(runs: Sequence[Mapping[str, Any]], shape: str, streams: int, name: str) -> list[Mapping[str, Any]]:
    wanted = (shape, streams, name)
    return [run for run in runs if (run["shape"], run["streams"], run["contender"]) == wanted]


def row(name: str, streams: int, runs: Sequence[Mapping[str, Any]], ours: Sequence[Mapping[str, Any]]) -> str:
    speeds = [run["new_tokens"] / run["seconds"] for run in runs]
    ratios = [run["seconds"] / own["seconds"] for run, own in zip(runs, ours, strict=True)]
    cells = [
        name,
        str(streams),
        f"{median(speeds):,.1f} [{min(speeds):,.1f}, {max(speeds):,.1f}]",
        f"{median(ratios):.2f}",
        f"{median(run['peak_rss_bytes'] for run in runs) / tables.GIB:.2f}",
        f"{equal_share(runs[0]['tokens'], ours[0]['tokens']):.0%}",
        f"{median(run['others_cores'] + run['steal_cores'] for run in runs):.2f}",
    ]
    return "| " + " | ".join(cells) + " |"


def equal_share(a: Sequence[Sequence[int]], b: Sequence[Sequence[int]]) -> float:
    pairs = [(x, y) for one, other in zip(a, b, strict=True) for x, y in zip(one, other, strict=True)]
    return sum(x == y for x, y in pairs) / len(pairs)


if __name__ == "__main__":
    main()
