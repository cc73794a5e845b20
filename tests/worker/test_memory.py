"""The memory formula against what training really takes, in a process of its own: never too little, not far too much."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tunesmith.core.machine import cpu_has_fast_bf16
from tunesmith.nn.catalog import DecoderConfig, config_as_json, locate
from tunesmith.nn.shapes import shape_of
from tunesmith.specs.fine_tune import FineTuneSpec
from tunesmith.specs.memory import DataFacts, estimate
from tunesmith.specs.resolve import Facts, resolve

# The estimate may be this many times the peak, beside a constant for the allocator's moods.
MOST_TOO_MUCH, SPARE_BYTES = 1.6, 256 << 20
SHAPES = {
    "15M": DecoderConfig("LlamaForCausalLM", 32000, 288, 768, 6, 6, 6, 48, 2048, 1e-5, 1e4, True),
    "135M": DecoderConfig("LlamaForCausalLM", 49152, 576, 1536, 30, 9, 3, 64, 2048, 1e-5, 1e4, True),
}

TRAIN = """
import json, sys
from pathlib import Path
import torch
from tunesmith.worker.child import train
from tunesmith.worker.protocol import Order
class Silent:
    def tell(self, *_, **__): pass
    def was_asked(self, *_): return False
torch.set_num_threads(1)
train(Order.of(json.load(sys.stdin)), Silent())
lines = Path("/proc/self/status").read_text().splitlines()
print(next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")))
"""


@pytest.fixture(scope="module")
def base_of(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Callable[[str], Path]:
    """A base model of a shape, its weights in bf16, with the tiny one's tokenizer."""

    def make(shape: str) -> Path:
        import torch

        from tunesmith.nn.weights import named_weights, random_decoder, write_tensors

        if shape == "tiny":
            return tiny_base
        folder = tmp_path_factory.mktemp("base") / shape
        folder.mkdir()
        for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
            (folder / name).write_bytes((tiny_base / name).read_bytes())
        (folder / "config.json").write_text(json.dumps(config_as_json(SHAPES[shape], "bfloat16")))
        decoder = random_decoder(SHAPES[shape], torch.float32, 7)
        write_tensors(folder / "model.safetensors", {n: w.detach().bfloat16() for n, w in named_weights(decoder)})
        return folder

    return make


def peak_and_estimate(folder: Path, base: Path, **given: Any) -> tuple[int, int]:
    """Train two steps, as moments are there from the second on, on 20 examples of about 250 tokens each."""
    long = "".join(chr(97 + i * 7 % 26) for i in range(230))
    rows = [
        {"messages": [{"role": "user", "content": f"{n}"}, {"role": "assistant", "content": f"{n}{long}"}]}
        for n in range(20)
    ]
    folder.mkdir()
    (folder / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    asked = {"base_model": "b", "training_file": "t.jsonl", "max_steps": 2, "compile": False, **given}
    order = {
        "spec": asked, "base_model": "b", "base_location": str(base), "training_file": "t.jsonl", "validation_file": None,
        "lease_seconds": 60, "parent_pid": 0, "num_threads": 1, "offline": True,
    }  # fmt: skip
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", TRAIN],
        input=json.dumps(order),
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    shape = shape_of(locate(str(base)))
    data = DataFacts(num_examples=20, longest_example_tokens=260, total_tokens=20 * 250, has_validation=False)
    facts = Facts(
        20,
        260,
        250.0,
        False,
        2048,
        shape.hidden_size,
        shape.num_parameters,
        ("q_proj", "lm_head"),
        "cpu",
        cpu_has_fast_bf16(),
        True,
    )
    settings = resolve(FineTuneSpec.model_validate(asked), facts)
    return int(done.stdout), estimate(shape, settings, data).total_bytes


QUICK = [
    ("tiny", "lora", "fp32", 20, 8192),
    ("15M", "lora", "bf16", 20, 4096),
]
SLOW = [
    ("tiny", "none", "bf16", 20, 8192),
    ("15M", "lora", "fp32", 20, 8192),
    ("15M", "none", "fp32", 20, 4096),
    ("15M", "none", "bf16", 4, 512),
    ("135M", "lora", "bf16", 4, 1024),
    ("135M", "lora", "fp32", 8, 2048),
    ("135M", "none", "bf16", 2, 512),
    ("135M", "none", "fp32", 4, 1024),
]  # fmt: skip


def check(tmp_path: Path, base_of: Callable[[str], Path], case: tuple[str, str, str, int, int]) -> None:
    shape, adapter, precision, batch_size, tokens = case
    given = {"adapter": adapter, "precision": precision, "batch_size": batch_size, "micro_batch_tokens": tokens}
    peak, estimated = peak_and_estimate(tmp_path / "run", base_of(shape), **given)
    print(f"{case}: peak {peak / 2**20:,.0f} MiB, estimated {estimated / 2**20:,.0f} MiB, {estimated / peak:.2f}")
    assert peak <= estimated <= MOST_TOO_MUCH * peak + SPARE_BYTES


@pytest.mark.parametrize("case", QUICK, ids=lambda case: "-".join(map(str, case)))
def test_the_estimate_is_never_too_little_and_not_far_too_much(
    tmp_path: Path, base_of: Callable[[str], Path], case: tuple[str, str, str, int, int]
) -> None:
    check(tmp_path, base_of, case)


@pytest.mark.soak
@pytest.mark.parametrize("case", SLOW, ids=lambda case: "-".join(map(str, case)))
def test_the_estimate_holds_for_larger_shapes_every_weight_and_both_types(
    tmp_path: Path, base_of: Callable[[str], Path], case: tuple[str, str, str, int, int]
) -> None:
    check(tmp_path, base_of, case)
