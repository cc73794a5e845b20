#!/usr/bin/env python3
"""Generation speed: our engine beside transformers' generate and PEFT's, greedy, 64 prompt tokens and 64 new ones.

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
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import measure
import tables
from train import listed, write
from workload import SHAPES, write_model

PROMPT_TOKENS = 64
MAX_STREAMS = 16
NUM_ADAPTERS = 4
CACHE_BYTES = 1 << 30


@dataclass(frozen=True)
class Scenario:
    """How many requests, who answers them (the first is what the others are compared with), on how many adapters, and
    each request's share of the new tokens, in turn."""

    requests: int
    contenders: tuple[str, ...]
    adapters: int = 0
    shares: tuple[float, ...] = (1.0,)

    def lengths(self, new_tokens: int) -> list[int]:
        return [max(1, round(self.shares[i % len(self.shares)] * new_tokens)) for i in range(self.requests)]


SCENARIOS = {
    "1 stream": Scenario(1, ("ours", "scheduler", "transformers")),
    "16 streams": Scenario(16, ("ours", "scheduler", "transformers")),
    "16 streams, one adapter": Scenario(16, ("scheduler", "peft"), adapters=1),
    "16 streams, 4 adapters": Scenario(16, ("scheduler", "peft"), adapters=NUM_ADAPTERS),
    "48 requests, 16 at once": Scenario(
        48, ("scheduler", "transformers"), shares=(0.25, 1.0, 0.5, 0.125, 0.75, 0.375, 0.5)
    ),
}
COLUMNS = (
    "scenario",
    "contender",
    "tok/s median [min, max]",
    "first ÷ it",
    "RSS GiB",
    "tokens equal to the first's",
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
            for scenario in options.scenarios:
                names = SCENARIOS[scenario].contenders
                for name in names if number % 2 else names[::-1]:
                    result = run_child(name, shape, scenario, "bfloat16", options, work)
                    runs.append({"shape": shape, "round": number, **result})
                    speed = runs[-1]["new_tokens"] / runs[-1]["seconds"]
                    print(f"round {number}, {shape}, {scenario}, {name}: {speed:,.1f} tokens/s", flush=True)
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
    parser.add_argument("--scenarios", type=chosen_scenarios, default=list(SCENARIOS),
                        help=f"some of: {'; '.join(SCENARIOS)}, parted by semicolons (default: all)")  # fmt: skip
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


def chosen_scenarios(text: str) -> list[str]:
    names = [name.strip() for name in text.split(";")]
    if unknown := [name for name in names if name not in SCENARIOS]:
        raise argparse.ArgumentTypeError(f"there is no scenario {unknown[0]!r}")
    return names


def estimate(options: argparse.Namespace) -> float:
    """Seconds: two calls each (one warms up), at the speed of the slower contender, and the process around it."""
    a_second = {"3M": (200, 1000), "15M": (80, 400), "135M": (20, 70)}
    seconds = 0.0
    for scenario in (SCENARIOS[name] for name in options.scenarios):
        tokens = sum(scenario.lengths(options.new_tokens))
        calls = sum(2 * tokens / a_second[shape][scenario.requests > 1] for shape in options.shapes)
        seconds += len(scenario.contenders) * (calls + 8 * len(options.shapes))
    return options.rounds * seconds + 30


def run_child(name: str, shape: str, scenario: str, dtype: str, options: Any, work: Path) -> dict[str, Any]:
    asked = {"contender": name, "shape": shape, "scenario": scenario, "dtype": dtype, "new_tokens": options.new_tokens}
    result = measure.run_child("generate.py", {**asked, "work": str(work)}, work)
    return {**asked, **result}


def check_same_tokens(shape: str, options: Any, work: Path) -> None:
    """In fp32 all agree token for token, or there is nothing to compare."""
    for scenario in options.scenarios:
        first, *others = SCENARIOS[scenario].contenders
        expected = run_child(first, shape, scenario, "float32", options, work)["tokens"]
        for name in others:
            found = run_child(name, shape, scenario, "float32", options, work)["tokens"]
            if found != expected:
                share = equal_share(found, expected)
                sys.exit(f"{shape}, {scenario}: in fp32 only {share:.1%} of {name}'s greedy tokens are {first}'s.")
        print(f"{shape}, {scenario}: in fp32 all give the same {sum(map(len, expected))} tokens.", flush=True)


# --- in the contender's process ------------------------------------------------------------------------------------


def run_contender(request: Mapping[str, Any]) -> None:
    """Load, call once to warm up, call again and time it."""
    import torch

    folder = write_model(request["shape"], Path(request["work"]))
    scenario = SCENARIOS[request["scenario"]]
    rng = random.Random(3)
    vocab = SHAPES[request["shape"]].vocab_size
    prompts = [[rng.randrange(3, vocab) for _ in range(PROMPT_TOKENS)] for _ in range(scenario.requests)]
    asked = list(zip(prompts, scenario.lengths(request["new_tokens"]), strict=True))
    adapters = [write_adapter(folder, number) for number in range(scenario.adapters)]
    call = MAKE[request["contender"]](folder, getattr(torch, request["dtype"]), asked, adapters)
    call()
    start = measure.moment()
    tokens = call()
    end = measure.moment()
    if [len(stream) for stream in tokens] != [length for _, length in asked]:
        raise RuntimeError(f"streams of {[len(stream) for stream in tokens]} tokens")
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


def write_adapter(base: Path, number: int) -> Path:
    """LoRA of rank 16 on every projection in the blocks, in PEFT's format: random, and large enough to matter."""
    import torch

    from tunesmith.nn.catalog import read_folder
    from tunesmith.nn.lora import AdapterConfig, add_adapter, save_adapter, target_kinds
    from tunesmith.nn.weights import linear_layers, load_decoder

    folder = base / f"adapter-{number}"
    if not (folder / "adapter_model.safetensors").is_file():
        decoder = load_decoder(read_folder(base, str(base)), torch.float32)
        config = AdapterConfig(16, 32.0, tuple(kind for kind in target_kinds(decoder) if kind != "lm_head"))
        add_adapter(decoder, config, seed=number)
        for layer in linear_layers(decoder).values():
            if layer.lora_B is not None:
                layer.lora_B.data.normal_(0.0, 0.02, generator=torch.Generator().manual_seed(number))
        folder.mkdir(parents=True, exist_ok=True)
        save_adapter(folder, decoder, config, str(base))
    return folder


# Prompts, each with the number of tokens to make.
Asked = Sequence[tuple[list[int], int]]
Call = Callable[[], list[list[int]]]


def make_ours(folder: Path, dtype: Any, asked: Asked, adapters: Sequence[Path]) -> Call:
    """As a user gets it: the model loaded as `tunesmith chat` loads it, then the engine's generate; no stop token."""
    from tunesmith.infer.engine import generate
    from tunesmith.infer.loaded import load_model
    from tunesmith.infer.sampling import Sampling

    model, prompts = load_model(str(folder), dtype), [prompt for prompt, _ in asked]
    sampling = Sampling(max_new_tokens=asked[0][1])
    return lambda: [done.token_ids for done in generate(model.decoder, prompts, sampling)]


def make_scheduler(folder: Path, dtype: Any, asked: Asked, adapters: Sequence[Path]) -> Call:
    """As the serving process runs it, without the process: every request handed in at once, adapters in turn."""
    from tunesmith.infer.loaded import load_model
    from tunesmith.infer.sampling import Sampling
    from tunesmith.infer.scheduler import GenerationRequest, Scheduler

    scheduler = Scheduler(load_model(str(folder), dtype).decoder, max_streams=MAX_STREAMS, max_cache_bytes=CACHE_BYTES)
    for adapter in adapters:
        scheduler.add_adapter(adapter.name, adapter)

    def call() -> list[list[int]]:
        heard = [Heard() for _ in asked]
        for number, (prompt, length) in enumerate(asked):
            name = adapters[number % len(adapters)].name if adapters else None
            request = GenerationRequest(tuple(prompt), Sampling(max_new_tokens=length), name)
            scheduler.submit(request, heard[number])
        while scheduler.step():
            pass
        return [each.ids for each in heard]

    return call


class Heard:
    """A listener that keeps the tokens."""

    def __init__(self) -> None:
        self.ids: list[int] = []

    def token(self, step: Any) -> None:
        self.ids.append(step.token_id)

    def finished(self, reason: str) -> None:
        pass

    def failed(self, error: Exception) -> None:
        raise error


def make_transformers(folder: Path, dtype: Any, asked: Asked, adapters: Sequence[Path]) -> Call:
    """generate() with its default, the dynamic cache; batches of 16 as they come (equally long prompts, so no padding),
    each until its longest answer is made; what others made beyond their own length does not count."""
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype).eval()
    return lambda: [
        tokens for start in range(0, len(asked), MAX_STREAMS) for tokens in batch(model, asked[start:][:MAX_STREAMS])
    ]


def make_peft(folder: Path, dtype: Any, asked: Asked, adapters: Sequence[Path]) -> Call:
    """The same through PEFT, its adapters in the model's type; several are mixed by ``adapter_names``."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype)
    first, *others = adapters
    options: Any = {"autocast_adapter_dtype": False}
    model = PeftModel.from_pretrained(base, first, adapter_name=first.name, **options).to(dtype).eval()
    for other in others:
        model.load_adapter(other, adapter_name=other.name, **options)
    model.to(dtype)
    names = [adapters[number % len(adapters)].name for number in range(len(asked))]
    mixed = {"adapter_names": names} if others else {}
    return lambda: batch(model, asked, **mixed)


def batch(model: Any, asked: Asked, **more: Any) -> list[list[int]]:
    import torch

    ids = torch.tensor([prompt for prompt, _ in asked])
    options = {"do_sample": False, "max_new_tokens": max(n for _, n in asked), "eos_token_id": None, "pad_token_id": 1}
    with torch.inference_mode():
        made = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), **options, **more)
    return [row[:length] for row, (_, length) in zip(made[:, ids.shape[1] :].tolist(), asked, strict=True)]


MAKE = {"ours": make_ours, "scheduler": make_scheduler, "transformers": make_transformers, "peft": make_peft}


# --- the table -----------------------------------------------------------------------------------------------------


def table(document: Mapping[str, Any]) -> str:
    lines = [tables.head(document, "Generation"), ""]
    lines += [f"{document['prompt_tokens']} prompt tokens, {document['new_tokens']} new ones, greedy, bf16."]
    runs = document["runs"]
    for shape in dict.fromkeys(run["shape"] for run in runs):
        lines += ["", f"## {shape}", "", "| " + " | ".join(COLUMNS) + " |", "|" + " --- |" * len(COLUMNS)]
        for scenario in dict.fromkeys(run["scenario"] for run in runs):
            names = SCENARIOS[scenario].contenders
            first = chosen(runs, shape, scenario, names[0])
            lines += [row(scenario, name, chosen(runs, shape, scenario, name), first) for name in names]
    return "\n".join(lines) + "\n"


def chosen(runs: Sequence[Mapping[str, Any]], shape: str, scenario: str, name: str) -> list[Mapping[str, Any]]:
    wanted = (shape, scenario, name)
    return [run for run in runs if (run["shape"], run["scenario"], run["contender"]) == wanted]


def row(scenario: str, name: str, runs: Sequence[Mapping[str, Any]], first: Sequence[Mapping[str, Any]]) -> str:
    speeds = [run["new_tokens"] / run["seconds"] for run in runs]
    ratios = [run["seconds"] / own["seconds"] for run, own in zip(runs, first, strict=True)]
    cells = [
        scenario,
        name,
        f"{median(speeds):,.1f} [{min(speeds):,.1f}, {max(speeds):,.1f}]",
        f"{median(ratios):.2f}",
        f"{median(run['peak_rss_bytes'] for run in runs) / tables.GIB:.2f}",
        f"{equal_share(runs[0]['tokens'], first[0]['tokens']):.0%}",
        f"{median(run['others_cores'] + run['steal_cores'] for run in runs):.2f}",
    ]
    return "| " + " | ".join(cells) + " |"


def equal_share(a: Sequence[Sequence[int]], b: Sequence[Sequence[int]]) -> float:
    pairs = [(x, y) for one, other in zip(a, b, strict=True) for x, y in zip(one, other, strict=True)]
    return sum(x == y for x, y in pairs) / len(pairs)


if __name__ == "__main__":
    main()
