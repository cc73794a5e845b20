"""Forward and backward by hand against autograd's own, in fp64, and compiled layers against plain ones."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from tunesmith.nn import attention, gradients
from tunesmith.nn.attention import Borders
from tunesmith.nn.catalog import DecoderConfig
from tunesmith.nn.weights import random_decoder
from tunesmith.train.device import can_compile

CONFIG = DecoderConfig("LlamaForCausalLM", 50, 16, 24, 2, 4, 2, 4, 64, 1e-5, 1e4, tie_word_embeddings=True)


def random(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(sum(shape)))


def test_norm_has_the_values_and_gradients_of_the_formula(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradients, "TILE_ROWS", 4)  # three tiles, the last one short
    x, weight, flow = random(10, 6).requires_grad_(), random(6).requires_grad_(), random(10, 6)
    plain = x * (x.square().mean(-1, keepdim=True) + 1e-3).rsqrt() * weight
    wanted = torch.autograd.grad(plain, (x, weight), flow)
    ours = gradients.rms_norm(x, weight, 1e-3)
    torch.testing.assert_close(ours, plain)
    torch.testing.assert_close(torch.autograd.grad(ours, (x, weight), flow), wanted)


def test_norm_leaves_its_input_alone() -> None:
    x = torch.ones(3, 4)
    gradients.rms_norm(x, torch.full((4,), 2.0), 0.0)
    assert torch.equal(x, torch.ones(3, 4))


def test_rotation_has_the_values_and_gradients_of_the_formula() -> None:
    x, angles, flow = random(5, 3, 8).requires_grad_(), random(5, 1, 4), random(5, 3, 8)
    cos, sin = angles.cos(), angles.sin()
    first, second = x.chunk(2, -1)
    plain = torch.cat((first * cos - second * sin, second * cos + first * sin), -1)
    ours = gradients.rotate(x, cos, sin)
    torch.testing.assert_close(ours, plain)
    torch.testing.assert_close(torch.autograd.grad(ours, x, flow), torch.autograd.grad(plain, x, flow))
    torch.testing.assert_close(gradients.rotate(x.detach(), cos, sin), plain.detach())


@pytest.mark.parametrize("heads", [(4, 4), (6, 2), (3, 1)])
@pytest.mark.parametrize("lengths", [(7,), (40,), (5, 6, 1, 6, 20, 19), (5, 33, 6, 50), (60, 45)])
def test_attention_has_the_values_and_gradients_of_documents_alone(
    heads: tuple[int, int], lengths: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attention, "KEPT_MAX_LENGTH", 32)  # longer ones are weighed again in the backward pass
    monkeypatch.setattr(attention, "BLOCK_TOKENS", 8)
    q, k, v = (random(sum(lengths), h, 4).requires_grad_() for h in (heads[0], heads[1], heads[1]))
    flow = random(sum(lengths), heads[0], 4)
    ours = attention.attend(q, k, v, Borders.of(lengths))
    plain = torch.cat([alone(*parts) for parts in zip(*(x.split(lengths) for x in (q, k, v)), strict=True)])
    torch.testing.assert_close(ours, plain)
    wanted = torch.autograd.grad(plain, (q, k, v), flow)
    torch.testing.assert_close(torch.autograd.grad(ours, (q, k, v), flow), wanted)


def test_a_second_derivative_is_refused_not_wrong() -> None:
    """By hand there is the first derivative only; what it saves carries no history."""
    x, weight = random(10, 6).requires_grad_(), random(6).requires_grad_()
    heads = [random(10, 2, 4).requires_grad_() for _ in range(3)]
    outs = (gradients.rms_norm(x, weight, 1e-3), attention.attend(*heads, Borders.of([4, 6])))
    for out, of in zip(outs, (x, heads[0]), strict=True):
        (first,) = torch.autograd.grad(out.square().sum(), of, create_graph=True)
        with pytest.raises(RuntimeError, match="once_differentiable"):
            first.square().sum().backward()


def alone(q_LHD: Tensor, k_LKD: Tensor, v_LKD: Tensor) -> Tensor:
    group = q_LHD.shape[1] // k_LKD.shape[1]
    k, v = (x.repeat_interleave(group, 1).transpose(0, 1) for x in (k_LKD, v_LKD))
    return F.scaled_dot_product_attention(q_LHD.transpose(0, 1), k, v, is_causal=True).transpose(0, 1)


def test_the_last_layer_at_some_positions_gives_their_rows() -> None:
    decoder = random_decoder(CONFIG, torch.float32, seed=1)
    tokens, borders, at = torch.arange(14), Borders.of([5, 9]), torch.tensor([2, 3, 13])
    torch.testing.assert_close(decoder(tokens, borders, at_M=at), decoder(tokens, borders)[at], rtol=1e-5, atol=1e-6)


@pytest.mark.skipif(not can_compile(), reason="there is no C++ compiler here")
def test_compiled_layers_have_the_gradients_of_plain_ones() -> None:
    results = []
    for compiled in (False, True):
        decoder = random_decoder(CONFIG, torch.float32, seed=3)
        if compiled:
            decoder.compile_layers()
        hidden = decoder(torch.arange(14), Borders.of([5, 9]))
        decoder.logits(hidden).square().mean().backward()
        results.append({name: weight.grad for name, weight in decoder.named_parameters()})
    assert len(results[0]) == len(results[1]) > 10
    for name, gradient in results[0].items():
        torch.testing.assert_close(results[1][name], gradient, rtol=1e-4, atol=1e-6)


def test_backward_from_a_tensor_is_backward_with_its_gradient() -> None:
    x, flow = random(3, 4).requires_grad_(), random(3, 4)
    gradients.backward_from(x.square(), flow)
    torch.testing.assert_close(x.grad, 2 * x.detach() * flow)


def test_gate_has_the_values_and_gradients_of_the_formula() -> None:
    gate, up, flow = random(5, 6).requires_grad_(), (2 * random(5, 6)).detach().requires_grad_(), random(5, 6)
    plain, ours = F.silu(gate) * up, gradients.gated(gate, up)
    torch.testing.assert_close(ours, plain)
    wanted = torch.autograd.grad(plain, (gate, up), flow)
    torch.testing.assert_close(torch.autograd.grad(ours, (gate, up), flow), wanted)
