"""The certificate passes on a sound engine, and every one of its checks catches a defect planted in the engine."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from tunesmith.nn import attention, catalog, lora, transformer
from tunesmith.nn.attention import Borders
from tunesmith.train import batches, checkpoint, losses, mathematics
from tunesmith.train.device import can_compile
from tunesmith.train.mathematics import CHECKS, COMPILED, Check, Finding, Subject, architectures, judge, plan
from tunesmith.train.optim import Optimizer

CPU = torch.device("cpu")
SUBJECTS = {subject.name: subject for subject in (*architectures(CPU), *mathematics.other_shapes(CPU))}
BY_NAME = {check.name: check for check in (*CHECKS, COMPILED)}

Plant = Callable[[pytest.MonkeyPatch], None]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def subject() -> Subject:
    return architectures(CPU)[0]


# ---- a sound engine ------------------------------------------------------------------------------


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
@pytest.mark.parametrize("name", SUBJECTS)
def test_sound_engine_passes(name: str, check: Check) -> None:
    finding = judge(check, SUBJECTS[name])
    assert finding.passed, finding
    assert 0 <= finding.figure <= finding.limit


@pytest.mark.soak
def test_compiled_engine_passes(subject: Subject) -> None:
    finding = judge(COMPILED, subject)
    assert finding.passed, finding
    assert finding.figure > 0  # compiled code sums in another order; 0 would mean that nothing was compiled


def test_fp32_is_far_from_its_limit() -> None:
    """So that another machine's order of summation does not fail it."""
    findings = [judge(check, subject) for check, subject in plan(CPU) if check.limit == mathematics.ROUNDING]
    assert max(finding.figure for finding in findings) < mathematics.ROUNDING / 3


def test_plain_run_has_every_architecture_and_every_quick_check() -> None:
    cases = {(check.name, subject.name) for check, subject in plan(CPU)}
    assert len(cases) == len(CHECKS) * len(tuple(catalog.ARCHITECTURES))
    assert not any(check.is_slow for check, _ in plan(CPU))


def test_whole_run_adds_shapes_and_the_compiler() -> None:
    plain, whole = plan(CPU), plan(CPU, whole=True)
    assert {(c.name, s.name) for c, s in plain} < {(c.name, s.name) for c, s in whole}
    assert {s.name for _, s in whole} == {*SUBJECTS, *(s.name for s in mathematics.foreign_models(CPU))}
    assert (COMPILED in {check for check, _ in whole}) == can_compile()


def test_same_model_is_made_every_time(subject: Subject) -> None:
    one, same = subject.make(torch.float32).state_dict(), subject.make(torch.float32).state_dict()
    assert all(torch.equal(one[name], same[name]) for name in one)


def test_norms_and_biases_of_the_models_are_not_trivial() -> None:
    for subject in SUBJECTS.values():
        vectors = {name: w for name, w in subject.make(torch.float32).named_parameters() if w.dim() == 1}
        assert vectors
        assert [name for name, w in vectors.items() if bool((w == w[0]).all())] == []


def test_nothing_is_left_behind(subject: Subject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mathematics.tempfile, "tempdir", str(tmp_path))
    assert judge(BY_NAME["checkpoint"], subject).passed
    assert list(tmp_path.iterdir()) == []


# ---- planted defects -----------------------------------------------------------------------------


def one_document(monkeypatch: pytest.MonkeyPatch) -> None:
    """The borders of a packed row are lost."""

    class Borderless:
        @staticmethod
        def of(lengths: list[int], device: Any = "cpu") -> Borders:
            return Borders.of([sum(lengths)], device)

    monkeypatch.setattr(batches, "Borders", Borderless)


def attention_across(monkeypatch: pytest.MonkeyPatch) -> None:
    """Positions start anew with each example, but attention looks back over the border."""
    monkeypatch.setattr(
        transformer, "attend", lambda q, k, v, borders, window: attention._causal(q[None], k[None], v[None], window)[0]
    )


def neighbours_target(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loss falls on a neighbour's target."""
    original = losses.backward

    def backward(decoder: Any, micro: Any, total: float) -> Any:
        return original(decoder, replace(micro, targets_M=micro.targets_M.roll(1)), total)

    monkeypatch.setattr(losses, "backward", backward)


def mean_of_means(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each micro-batch divides by its own weight instead of the step's."""
    original = losses.backward
    monkeypatch.setattr(losses, "backward", lambda d, micro, total: original(d, micro, float(micro.weights_M.sum())))


def lost_micro_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gradient of all but the last micro-batch is forgotten."""
    original = losses.backward

    def forgetful(decoder: Any, micro: Any, total: float) -> Any:
        decoder.zero_grad(set_to_none=True)
        return original(decoder, micro, total)

    monkeypatch.setattr(losses, "backward", forgetful)


def sees_the_future(monkeypatch: pytest.MonkeyPatch) -> None:
    """A block of queries has no causal mask."""
    original = attention._triangle
    monkeypatch.setattr(attention, "_triangle", lambda *shape, **side: torch.zeros_like(original(*shape, **side)))


def detached_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Recomputed layers pass no gradient on."""
    monkeypatch.setattr(transformer, "checkpoint", lambda layer, x, *rest, **_: layer(x.detach(), *rest))


def recomputed_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second computation of a layer is not the first."""
    original, calls = transformer.checkpoint, [0]

    def drifting(layer: Any, *arguments: Any, **how: Any) -> Any:
        def run(*arguments: Any) -> Tensor:
            calls[0] += 1
            out: Tensor = layer(*arguments) * (1 + 1e-3 * calls[0])
            return out

        return original(run, *arguments, **how)

    monkeypatch.setattr(transformer, "checkpoint", drifting)


def adapter_not_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    """LoRA's B starts with a value."""
    original = lora._attach
    monkeypatch.setattr(lora, "_attach", lambda layer, down, up, scale: original(layer, down, up + 1e-6, scale))


def merged_at_another_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    def merge(decoder: Any) -> None:
        for layer in lora.linear_layers(decoder).values():
            layer.lora_scale *= 1.001
        lora.merge_adapter(decoder)

    monkeypatch.setattr(mathematics, "merge_adapter", merge)


def merge_that_forgets(monkeypatch: pytest.MonkeyPatch) -> None:
    def merge(decoder: Any) -> None:
        for layer in lora.linear_layers(decoder).values():
            layer.lora_A = layer.lora_B = None

    monkeypatch.setattr(mathematics, "merge_adapter", merge)


def flipped_bit_on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    original = checkpoint.save

    def save(folder: Path, state: Any, keep: int) -> Path:
        path = original(folder, state, keep) / checkpoint.OPTIMIZER
        data = bytearray(path.read_bytes())
        data[-1] ^= 1
        path.write_bytes(data)
        return path

    monkeypatch.setattr(checkpoint, "save", save)


def flipped_bit_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A single bit of a single number changes after its file's hash was found right."""
    original = checkpoint.read_tensors

    def read(path: Path) -> dict[str, Tensor]:
        tensors = original(path)
        next(iter(tensors.values())).view(torch.uint8).view(-1)[0] ^= 1
        return tensors

    monkeypatch.setattr(checkpoint, "read_tensors", read)


def lost_moments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Optimizer, "load_state", lambda self, state: None)


def cache_off_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest key is written over the one before it."""
    original = attention.KVCache.next_rows
    monkeypatch.setattr(attention.KVCache, "next_rows", lambda self, streams: original(self, streams) - 1)


def cache_of_a_neighbour(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streams are stored in each other's places."""
    original = attention.KVCache.store
    monkeypatch.setattr(
        attention.KVCache, "store", lambda self, layer, k, v, lengths, streams, start=0: original(
            self, layer, k, v, lengths, [*streams[1:], streams[0]], start
        )
    )  # fmt: skip


def rough_norm(of: torch.dtype, change: Callable[[Tensor], Tensor]) -> Plant:
    """The norm's kernel is wrong for one number type."""

    def plant(monkeypatch: pytest.MonkeyPatch) -> None:
        original = transformer.RMSNorm.forward

        def forward(self: Any, x: Tensor) -> Tensor:
            out = original(self, x)
            return change(out) if x.dtype == of else out

        monkeypatch.setattr(transformer.RMSNorm, "forward", forward)

    return plant


def miscompiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A compiler whose code is off by a thousandth; it takes no half minute."""

    def compile_wrongly(self: Any) -> None:
        self.register_forward_hook(lambda module, arguments, out: out * 1.001)

    monkeypatch.setattr(transformer.Decoder, "compile_layers", compile_wrongly)


DEFECTS: list[tuple[str, Plant]] = [
    ("packing", one_document),
    ("packing", attention_across),
    ("packing", neighbours_target),
    ("micro-batching", mean_of_means),
    ("micro-batching", lost_micro_batch),
    ("long documents", sees_the_future),
    ("activation checkpointing", detached_layers),
    ("activation checkpointing", recomputed_otherwise),
    ("adapter at step 0", adapter_not_zero),
    ("merged adapter", merged_at_another_scale),
    ("merged adapter", merge_that_forgets),
    ("checkpoint", flipped_bit_on_disk),
    ("checkpoint", flipped_bit_in_memory),
    ("checkpoint", lost_moments),
    ("generated tokens", cache_off_by_one),
    ("generated tokens", cache_of_a_neighbour),
    ("generated logits", cache_off_by_one),
    ("generated logits", cache_of_a_neighbour),
    ("fp32", rough_norm(torch.float32, lambda out: out.bfloat16().float())),
    ("bf16", rough_norm(torch.bfloat16, lambda out: out * 1.25)),
    ("compiled", miscompiled),
]


def defect_name(value: object) -> str:
    return value if isinstance(value, str) else str(getattr(value, "__name__", value))


@pytest.mark.parametrize(("check", "plant"), DEFECTS, ids=defect_name)
def test_planted_defect_is_caught(check: str, plant: Plant, subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    finding = judge(BY_NAME[check], subject)
    assert not finding.passed, finding
    assert (finding.error, finding.figure > finding.limit) == ("", True)  # measured, not stumbled over


def test_every_check_has_a_planted_defect() -> None:
    assert {check for check, _ in DEFECTS} == set(BY_NAME)


# ---- figures -------------------------------------------------------------------------------------


def finding_of(measure: Callable[[Subject], float], subject: Subject) -> Finding:
    return judge(Check("c", "claim", "meaning", "advice", 1e-3, measure), subject)


@pytest.mark.parametrize(("figure", "passed"), [(0.0, True), (1e-3, True), (2e-3, False), (math.nan, False)])
def test_figure_up_to_its_limit_passes(figure: float, passed: bool, subject: Subject) -> None:
    assert finding_of(lambda _: figure, subject).passed is passed


def test_engine_that_raises_has_failed(subject: Subject) -> None:
    def broken(_: Subject) -> float:
        raise RuntimeError("no\nkernel")

    finding = finding_of(broken, subject)
    assert (finding.passed, finding.figure, finding.error) == (False, math.inf, "RuntimeError: no kernel")
    assert json.loads(json.dumps(finding.as_json(), allow_nan=False))["figure"] is None


@pytest.mark.parametrize(
    ("ours", "reference", "figure"),
    [
        ([1.0, 2.0], [1.0, 4.0], 0.5),
        ([0.0], [0.0], 0.0),
        ([1.0], [0.0], math.inf),
        ([math.nan], [1.0], math.inf),
        ([1.0], [1.0, 1.0], math.inf),
    ],
)
def test_relative_error(ours: list[float], reference: list[float], figure: float) -> None:
    assert mathematics.relative_error({"a": torch.tensor(ours)}, {"a": torch.tensor(reference)}) == figure


def test_missing_tensor_is_infinitely_wrong() -> None:
    one = {"a": torch.ones(1)}
    assert (
        mathematics.relative_error({}, one) == mathematics.num_different_values({**one, "b": one["a"]}, one) == math.inf
    )


def test_bits_are_compared_not_values() -> None:
    zero, negative_zero = {"a": torch.tensor([0.0, 1.0])}, {"a": torch.tensor([-0.0, 1.0])}
    assert mathematics.num_different_values(zero, negative_zero) == 1
    assert mathematics.num_different_values(zero, zero) == 0
