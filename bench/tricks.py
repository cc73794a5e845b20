#!/usr/bin/env python3
"""What each trick of the engine gives: a training step with all of them, and with one taken away, in turn.

    python bench/tricks.py --pairs 15M-lora,135M-lora --rounds 3

One process a pair, the same batches in every variant, round after round; a trick's figure is the median over rounds
of the speed with it ÷ the speed without it. Compiling is the other way round: with it ÷ without. Peak memory of each
variant is not told apart here: a process keeps what it once had.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

import measure
from train import listed, write
from workload import BATCH_SIZE, LORA_ALPHA, LORA_RANK, MAX_TOKENS, SHAPES, make_work, write_model

Plant = Callable[[], Any]


def main() -> None:
    if len(sys.argv) == 2 and sys.argv[1].startswith("{"):
        measure.hand_back(run_variants(json.loads(sys.argv[1])))
        return
    options = parse_options()
    work = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    runs = []
    for shape, mode in options.pairs:
        write_model(shape, work)
        request = {"shape": shape, "mode": mode, "rounds": options.rounds, "steps": options.steps, "work": str(work)}
        runs.append({**request, "work": "", **measure.run_child("tricks.py", request, work)})
        print(f"{shape}, {mode}: measured", flush=True)
    document = measure.document("tricks", runs)
    text = table(document)
    print("\n" + text)
    write(document, text, options.out, "tricks")


def parse_options() -> argparse.Namespace:
    pairs = {f"{shape}-{mode}": (shape, mode) for shape in SHAPES for mode in ("lora", "full")}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=listed("--pairs", list(pairs)), default=["15M-lora", "135M-lora"],
                        help="shape and mode (default: 15M-lora,135M-lora)")  # fmt: skip
    parser.add_argument("--rounds", type=int, default=3, help="how often each variant runs (default: 3)")
    parser.add_argument("--steps", type=int, default=2, help="steps of a variant in a round (default: 2)")
    parser.add_argument("--work", type=Path, default=Path("runs/bench"), help="where it works (default: runs/bench)")
    parser.add_argument("--out", type=Path, default=Path("runs/bench/results"),
                        help="where the table and the raw numbers go (default: runs/bench/results)")  # fmt: skip
    options = parser.parse_args()
    options.pairs = [pairs[name] for name in options.pairs]
    return options


def run_variants(request: dict[str, Any]) -> dict[str, Any]:
    """→ seconds of each variant in each round, all over the same steps."""
    import torch

    from tunesmith.data.examples import TokenizedExample
    from tunesmith.nn.catalog import locate
    from tunesmith.nn.lora import AdapterConfig, add_adapter, target_kinds
    from tunesmith.nn.weights import load_decoder
    from tunesmith.train import device, losses
    from tunesmith.train.batches import make_batch

    device.prepare()
    lora = request["mode"] == "lora"
    base = locate(str(Path(request["work"]) / f"model-{request['shape']}"))
    decoder = load_decoder(base, torch.bfloat16, train_all=not lora)
    if lora:
        kinds = tuple(kind for kind in target_kinds(decoder) if kind != "lm_head")
        add_adapter(decoder, AdapterConfig(LORA_RANK, LORA_ALPHA, kinds), seed=1)
    steps = []
    for rows in make_work(request["shape"], "arrival", request["steps"]).steps:
        weights = [(0.0,) * row.prompt_tokens + (1.0,) * (len(row.token_ids) - row.prompt_tokens) for row in rows]
        steps.append([TokenizedExample(0, r.token_ids, w) for r, w in zip(rows, weights, strict=True)])

    def run(budget_tokens: int = 4096) -> float:
        batches = [make_batch(examples, budget_tokens) for examples in steps]
        started = time.perf_counter()
        for batch in batches:
            for micro in batch.micro_batches:
                losses.backward(decoder, micro, batch.total_weight)
            decoder.zero_grad(set_to_none=True)
        return time.perf_counter() - started

    plain_layers = [(layer.before, layer.after) for layer in decoder.model.layers]
    decoder.compile_layers()
    compiled_layers = [(layer.before, layer.after) for layer in decoder.model.layers]

    def use(layers: list[Any]) -> None:
        for layer, (before, after) in zip(decoder.model.layers, layers, strict=True):
            layer.before, layer.after = before, after

    @contextmanager
    def compiled() -> Iterator[None]:
        use(compiled_layers)
        yield
        use(plain_layers)

    use(plain_layers)
    variants: dict[str, tuple[Plant, int]] = {
        "all": (lambda: patch.dict({}), 4096),
        **{name: (plant, 4096) for name, plant in TAKEN_AWAY.items()},
        f"full micro-batches ({BATCH_SIZE} examples, not 4)": (lambda: patch.dict({}), 512),
        "compiled layers": (compiled, 4096),
    }
    seconds: dict[str, list[float]] = {name: [] for name in variants}
    for plant, budget in variants.values():  # once each to warm up
        with plant():
            run(budget)
    for number in range(request["rounds"]):
        names = list(variants)
        for name in names if number % 2 == 0 else names[::-1]:
            plant, budget = variants[name]
            with plant():
                seconds[name].append(run(budget))
    return {"seconds": seconds, "tokens": sum(len(e.token_ids) for examples in steps for e in examples)}


# --- one trick taken away ------------------------------------------------------------------------------------------


def fused_attention() -> Any:
    """The library's fused kernel for each document instead of our products."""
    from tunesmith.nn import attention

    return patch.object(attention, "PRODUCTS_MAX_LENGTH", 0)


def attention_in_one_block() -> Any:
    from tunesmith.nn import attention

    return patch.object(attention, "BLOCK_TOKENS", MAX_TOKENS)


def norm_by_autograd() -> Any:
    import torch.nn.functional as F

    from tunesmith.nn import transformer

    def plain(x: Any, weight: Any, eps: float) -> Any:
        return F.rms_norm(x, (x.shape[-1],), weight.to(x.dtype), eps)

    return patch.object(transformer, "rms_norm", plain)


def rotation_by_autograd() -> Any:
    import torch

    from tunesmith.nn import transformer

    def plain(x: Any, cos: Any, sin: Any) -> Any:
        first, second = x.chunk(2, dim=-1)
        return torch.cat((first * cos - second * sin, second * cos + first * sin), dim=-1)

    return patch.object(transformer, "rotate", plain)


def cross_entropy_by_autograd() -> Any:
    """The library's loss in fp32, a chunk of 32 MiB at a time, and autograd's gradient of it."""
    import torch.nn.functional as F

    from tunesmith.train import losses

    def plain(decoder: Any, micro: Any, total_weight: float) -> None:
        hidden = decoder(micro.tokens_T, micro.borders, at_M=micro.at_M)
        leaf = hidden.detach().requires_grad_()
        rows = max(1, (1 << 23) // decoder.config.vocab_size)
        for start in range(0, micro.at_M.numel(), rows):
            chunk = slice(start, start + rows)
            logits = decoder.logits(leaf[chunk]).float()
            loss = F.cross_entropy(logits, micro.targets_M[chunk], reduction="none")
            logits.detach().argmax(-1)
            ((loss * micro.weights_M[chunk]).sum() / total_weight).backward()
        hidden.backward(leaf.grad)

    return patch.object(losses, "backward", plain)


def head_at_every_token() -> Any:
    """The output head and the loss at prompt tokens too, with weight 0."""
    import torch

    from tunesmith.train import losses

    original = losses.backward

    def everywhere(decoder: Any, micro: Any, total_weight: float) -> Any:
        count = micro.tokens_T.numel()
        targets, weights = micro.tokens_T.roll(-1), torch.zeros(count)
        weights[micro.at_M] = micro.weights_M
        whole = type(micro)(
            micro.tokens_T, micro.borders, torch.arange(count), targets, weights, torch.zeros(count), micro.lines
        )
        return original(decoder, whole, total_weight)

    return patch.object(losses, "backward", everywhere)


def last_layer_at_every_token() -> Any:
    from tunesmith.nn.transformer import Decoder

    original = Decoder.forward

    def whole(self: Any, tokens: Any, borders: Any, cache: Any = None, streams: Any = (), at_M: Any = None) -> Any:
        hidden = original(self, tokens, borders, cache, streams)
        return hidden if at_M is None else hidden.index_select(0, at_M)

    return patch.object(Decoder, "forward", whole)


@contextmanager
def memory_handed_back() -> Iterator[None]:
    """glibc as it comes: buffers of 32 MiB and more, and what is free at the end, go back to the system."""
    libc = ctypes.CDLL(None)
    libc.mallopt(-1, 64 << 20)
    libc.mallopt(-3, 32 << 20)
    yield
    libc.mallopt(-1, 2**31 - 1)
    libc.mallopt(-3, 2**31 - 1)


TAKEN_AWAY: dict[str, Plant] = {
    "attention by products, not the fused kernel": fused_attention,
    "attention in blocks": attention_in_one_block,
    "norms by hand": norm_by_autograd,
    "rotations by hand": rotation_by_autograd,
    "cross-entropy by hand": cross_entropy_by_autograd,
    "output head at trained tokens only": head_at_every_token,
    "last layer at trained tokens only": last_layer_at_every_token,
    "freed memory kept": memory_handed_back,
}


def table(document: dict[str, Any]) -> str:
    lines = [
        f"# What each trick gives: {document['date']}, {document['machine']}",
        "",
        ", ".join(f"{name} {number}" for name, number in document["versions"].items()) + ".",
        "bf16, eager, 16 examples a step in arrival order; how it was measured: bench/tricks.py.",
        "",
        "| trick | " + " | ".join(f"{run['shape']}, {run['mode']}" for run in document["runs"]) + " |",
        "| --- |" + " ---: |" * len(document["runs"]),
    ]
    speeds = [f"{run['tokens'] / median(run['seconds']['all']):,.0f} tokens/s" for run in document["runs"]]
    lines.append("| all of them, not compiled | " + " | ".join(speeds) + " |")
    for name in document["runs"][0]["seconds"]:
        if name != "all":
            lines.append(f"| {name} | " + " | ".join(_gain(run["seconds"], name) for run in document["runs"]) + " |")
    return "\n".join(lines) + "\n"


def _gain(seconds: dict[str, list[float]], name: str) -> str:
    """``1.10 [1.08, 1.12]``: speed with the trick ÷ without it, by round."""
    pairs = list(zip(seconds[name], seconds["all"], strict=True))
    gains = [whole / other if name == "compiled layers" else other / whole for other, whole in pairs]
    return f"{median(gains):.2f} [{min(gains):.2f}, {max(gains):.2f}]"


if __name__ == "__main__":
    main()
