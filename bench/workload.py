"""The work that every contender does: a model in the Hugging Face layout, the steps' examples, and their least cost.

All of it is a pure function of (shape, seed), written once into a work folder; every contender reads the
same weights and the same token rows.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tunesmith.nn.catalog import DecoderConfig, config_as_json

Mode = Literal["lora", "full"]
Order = Literal["grouped", "arrival"]

BATCH_SIZE = 16
LORA_RANK, LORA_ALPHA = 16, 32
LEARNING_RATE = {"lora": 1e-3, "full": 2e-4}
MAX_GRAD_NORM = 1.0
MAX_TOKENS, MIN_TOKENS = 512, 12
SUPERVISED_SHARE = 0.61
POOL_EXAMPLES = 800  # fifty batches: what the Transformers Trainer sorts by length at once
HELD_OUT_EXAMPLES = 8

SHAPES: dict[str, DecoderConfig] = {
    "3M": DecoderConfig("LlamaForCausalLM", 8192, 160, 432, 5, 5, 5, 32, 2048, 1e-5, 1e4, True),
    "15M": DecoderConfig("LlamaForCausalLM", 32000, 288, 768, 6, 6, 6, 48, 2048, 1e-5, 1e4, True),
    "135M": DecoderConfig("LlamaForCausalLM", 49152, 576, 1536, 30, 9, 3, 64, 2048, 1e-5, 1e4, True),
}


@dataclass(frozen=True, slots=True)
class TokenRow:
    """One example: its ids, and how many of the first ones are the prompt, which is not trained on."""

    token_ids: tuple[int, ...]
    prompt_tokens: int

    @property
    def labels(self) -> list[int]:
        return [-100] * self.prompt_tokens + list(self.token_ids[self.prompt_tokens :])


@dataclass(frozen=True, slots=True)
class Work:
    """The steps of one run, and rows that nobody trains on."""

    steps: tuple[tuple[TokenRow, ...], ...]
    held_out: tuple[TokenRow, ...]


def make_work(shape: str, order: Order, num_steps: int, seed: int = 1) -> Work:
    """``num_steps`` batches of 16. ``arrival``: as drawn. ``grouped``: of similar length, as a length-grouping
    sampler gives them, taken from evenly spaced places of the pool so that few steps stand for all lengths."""
    pool = _rows(SHAPES[shape].vocab_size, POOL_EXAMPLES + HELD_OUT_EXAMPLES, random.Random(seed))
    held_out, pool = tuple(pool[:HELD_OUT_EXAMPLES]), pool[HELD_OUT_EXAMPLES:]
    if order == "grouped":
        pool.sort(key=lambda row: len(row.token_ids))
    groups = [tuple(pool[start : start + BATCH_SIZE]) for start in range(0, POOL_EXAMPLES, BATCH_SIZE)]
    if num_steps > len(groups):
        raise SystemExit(f"--steps {num_steps}: the pool has {len(groups)} batches. Hint: ask for at most that many.")
    if order == "arrival":
        return Work(tuple(groups[:num_steps]), held_out)
    chosen = [groups[int((i + 0.5) * len(groups) / num_steps)] for i in range(num_steps)]
    return Work(tuple(_median_first(chosen, random.Random(seed))), held_out)


def write_model(shape: str, folder: Path) -> Path:
    """Random weights (bf16) with a byte-level tokenizer, once; → the folder."""
    target = folder / f"model-{shape}"
    if (target / "model.safetensors").exists():
        return target
    import torch

    from tunesmith.nn.weights import named_weights, random_decoder, write_tensors

    config = SHAPES[shape]
    target.mkdir(parents=True, exist_ok=True)
    _write_tokenizer(target)
    (target / "config.json").write_text(json.dumps({**config_as_json(config, "bfloat16"), "pad_token_id": 1}))
    decoder = random_decoder(config, torch.float32, seed=7)
    weights = {name: weight.detach().bfloat16() for name, weight in named_weights(decoder)}
    write_tensors(target / "writing.safetensors", weights)
    (target / "writing.safetensors").rename(target / "model.safetensors")
    return target


def least_flops(config: DecoderConfig, rows: Sequence[TokenRow], mode: Mode) -> float:
    """Floating-point operations that training on these rows needs at least, by any method: no padding, causal
    attention within each example, the output head at trained tokens only, no recomputation.

    Full: 6 a weight and token (2 forward, 4 backward); LoRA: 4 a frozen weight, 6 a trained one.
    """
    width, kv_width = config.num_heads * config.head_dim, config.num_kv_heads * config.head_dim
    hidden, inner = config.hidden_size, config.intermediate_size
    shapes = [(hidden, width), (hidden, kv_width), (hidden, kv_width), (width, hidden)]
    shapes += [(hidden, inner), (hidden, inner), (inner, hidden)]
    weights = config.num_layers * sum(a * b for a, b in shapes)
    pairs = config.num_layers * LORA_RANK * sum(a + b for a, b in shapes)
    per_token = 6 * weights if mode == "full" else 4 * weights + 6 * pairs
    per_trained = (6 if mode == "full" else 4) * config.vocab_size * hidden
    tokens = sum(len(row.token_ids) for row in rows)
    trained = sum(num_trained(row) for row in rows)
    seen = sum(len(row.token_ids) * (len(row.token_ids) + 1) / 2 for row in rows)
    attention = 3 * config.num_layers * 4 * width * seen  # scores and values, 2 operations each; backward twice forward
    return tokens * per_token + trained * per_trained + attention


def num_trained(row: TokenRow) -> int:
    return len(row.token_ids) - max(1, row.prompt_tokens)


def _rows(vocab_size: int, count: int, rng: random.Random) -> list[TokenRow]:
    """Log-normal lengths (median 91, mean about 116, longest 512); ids by Zipf's law, so that there is something
    to learn: which tokens are frequent."""
    tokens = range(3, vocab_size)
    frequency = [1 / (rank + 2) for rank in range(len(tokens))]
    rows = []
    for _ in range(count):
        length = round(math.exp(rng.gauss(math.log(91), 0.72)))
        length = max(MIN_TOKENS, min(MAX_TOKENS, length))
        prompt = max(1, min(length - 1, round(length * rng.gauss(1 - SUPERVISED_SHARE, 0.1))))
        rows.append(TokenRow(tuple(rng.choices(tokens, frequency, k=length)), prompt))
    return rows


def _median_first(groups: list[tuple[TokenRow, ...]], rng: random.Random) -> list[tuple[TokenRow, ...]]:
    """A middle one first (its step is timed apart), the others shuffled: the steps that count are of all lengths."""
    first = groups.pop(len(groups) // 2)
    rng.shuffle(groups)
    return [first, *groups]


def _write_tokenizer(folder: Path) -> None:
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    special = ["<|bos|>", "<|end|>", "<|unused|>"]
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: number for number, token in enumerate([*special, *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    tokenizer.save(str(folder / "tokenizer.json"))
    named = {"bos_token": "<|bos|>", "eos_token": "<|end|>", "pad_token": "<|end|>"}
    (folder / "tokenizer_config.json").write_text(
        json.dumps({**named, "tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 2048})
    )
