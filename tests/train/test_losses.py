"""The loss of a step is the weighted mean over all its trained tokens, however it is computed."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from tunesmith.data.examples import TokenizedExample
from tunesmith.nn.attention import Borders
from tunesmith.nn.catalog import locate
from tunesmith.nn.lora import AdapterConfig, add_adapter
from tunesmith.nn.transformer import Decoder
from tunesmith.nn.weights import load_decoder
from tunesmith.train import losses
from tunesmith.train.batches import make_batch


@pytest.fixture
def decoder(tiny_base: Path) -> Decoder:
    return load_decoder(locate(str(tiny_base)), torch.float32, train_all=True)


def example(line: int, length: int, weights: dict[int, float]) -> TokenizedExample:
    token_ids = tuple((line * 37 + place * 11) % 380 + 3 for place in range(length))
    return TokenizedExample(line, token_ids, tuple(weights.get(place, 0.0) for place in range(length)))


MIXED = [
    example(1, 9, {5: 1.0, 6: 1.0, 8: 1.0}),
    example(2, 6, {}),
    example(3, 12, dict.fromkeys(range(1, 10), 0.25) | {10: 1.0, 11: 1.0}),
    example(4, 5, {4: 1.0}),
]


def plain_mean_loss(decoder: Decoder, examples: list[TokenizedExample]) -> Tensor:
    """Each example alone, every logit, weights over their sum."""
    total, weight = torch.zeros(()), 0.0
    for row in examples:
        hidden_TH = decoder(torch.tensor(row.token_ids), Borders.of([len(row.token_ids)]))
        logits_TV = decoder.logits(hidden_TH)[:-1]
        each_T = F.cross_entropy(logits_TV, torch.tensor(row.token_ids[1:]), reduction="none")
        total = total + (each_T * torch.tensor(row.loss_weights[1:])).sum()
        weight += sum(row.loss_weights[1:])
    return total / weight


def computed(decoder: Decoder, examples: list[TokenizedExample], budget: int) -> tuple[float, dict[str, Tensor]]:
    decoder.zero_grad()
    batch = make_batch(examples, budget)
    loss = sum(losses.backward(decoder, micro, batch.total_weight).loss for micro in batch.micro_batches)
    return loss / batch.total_weight, gradients(decoder)


def gradients(decoder: Decoder) -> dict[str, Tensor]:
    return {name: p.grad.clone() for name, p in decoder.named_parameters() if p.grad is not None}


def farthest(left: dict[str, Tensor], right: dict[str, Tensor]) -> float:
    """The largest difference of two gradients, relative to the largest entry."""
    assert left.keys() == right.keys()
    scale = max(float(g.abs().max()) for g in right.values())
    return max(float((left[name] - right[name]).abs().max()) for name in left) / scale


@pytest.mark.parametrize("budget", [1, 14, 1000])
def test_loss_and_gradients_are_those_of_the_plain_weighted_mean(decoder: Decoder, budget: int) -> None:
    loss, found = computed(decoder, MIXED, budget)
    decoder.zero_grad()
    reference = plain_mean_loss(decoder, MIXED)
    reference.backward()
    assert loss == pytest.approx(float(reference.detach()), rel=1e-6)
    assert farthest(found, gradients(decoder)) < 2e-6


def test_the_heads_chunks_do_not_change_the_result(decoder: Decoder, monkeypatch: pytest.MonkeyPatch) -> None:
    whole_loss, whole = computed(decoder, MIXED, 1000)
    monkeypatch.setattr(losses, "CHUNK_ELEMENTS", 2 * decoder.config.vocab_size)
    loss, found = computed(decoder, MIXED, 1000)
    assert loss == pytest.approx(whole_loss, rel=1e-6)
    assert farthest(found, whole) < 2e-6


def test_weights_are_a_mean_not_a_sum(decoder: Decoder) -> None:
    one, two = example(1, 6, {5: 1.0}), example(2, 6, {5: 1.0})
    half = example(2, 6, {5: 0.5})
    (a, _), (b, _), (both, _) = (computed(decoder, rows, 1000) for rows in ([one], [two], [one, half]))
    assert both == pytest.approx((a + 0.5 * b) / 1.5, rel=1e-6)


def test_a_common_factor_of_all_weights_changes_nothing(decoder: Decoder) -> None:
    full, full_gradient = computed(decoder, [example(1, 8, {6: 1.0, 7: 1.0})], 1000)
    tenth, tenth_gradient = computed(decoder, [example(1, 8, {6: 0.1, 7: 0.1})], 1000)
    assert tenth == pytest.approx(full, rel=1e-6)
    assert farthest(tenth_gradient, full_gradient) < 2e-6


def test_a_micro_batch_of_weight_zero_adds_nothing(decoder: Decoder) -> None:
    (micro,) = make_batch([example(2, 6, {})], 1000).micro_batches
    assert losses.backward(decoder, micro, 3.0) == losses.LossSums(0.0, 0.0, 0, 0)
    assert gradients(decoder) == {}
    assert losses.token_losses(decoder, micro).losses_M.numel() == 0


def test_an_example_of_weight_zero_changes_no_gradient(decoder: Decoder) -> None:
    rows = [row for row in MIXED if row.line != 2]
    without_loss, without = computed(decoder, rows, 1000)
    loss, found = computed(decoder, MIXED, 1000)
    assert loss == pytest.approx(without_loss, rel=1e-6)
    assert farthest(found, without) < 2e-6


def test_an_adapter_on_the_head_alone_is_trained(decoder: Decoder) -> None:
    add_adapter(decoder, AdapterConfig(2, 4.0, ("lm_head",)), seed=0)
    loss, found = computed(decoder, MIXED, 1000)
    decoder.zero_grad()
    reference = plain_mean_loss(decoder, MIXED)
    reference.backward()
    assert loss == pytest.approx(float(reference.detach()), rel=1e-6)
    assert found.keys() == {"lm_head.lora_A", "lm_head.lora_B"}
    assert farthest(found, gradients(decoder)) < 2e-6


def test_token_losses_are_each_tokens_own_and_leave_no_gradient(decoder: Decoder) -> None:
    (micro,) = make_batch(MIXED, 1000).micro_batches
    found = losses.token_losses(decoder, micro)
    mean = float((found.losses_M * micro.weights_M).sum() / micro.weights_M.sum())
    assert mean == pytest.approx(float(plain_mean_loss(decoder, MIXED).detach()), rel=1e-6)
    assert gradients(decoder) == {}


def test_a_token_is_right_when_it_is_the_likeliest(decoder: Decoder) -> None:
    start = (5, 6, 7)
    hidden_TH = decoder(torch.tensor(start), Borders.of([3]))
    likeliest = int(decoder.logits(hidden_TH)[-1].argmax())
    for last, right in ((likeliest, 1), ((likeliest + 1) % 384, 0)):
        (micro,) = make_batch([TokenizedExample(1, (*start, last), (0.0, 0.0, 0.0, 1.0))], 64).micro_batches
        assert losses.backward(decoder, micro, 1.0).num_right == right
        assert losses.token_losses(decoder, micro).right_M.tolist() == [bool(right)]
