"""Attention inside documents, never across: checked against the plain formula in double precision."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tunesmith.nn import attention
from tunesmith.nn.attention import BUCKET_FILL, Borders, KVCache, attend, attend_cached, attend_continued

HEADS, KV_HEADS, WIDTH = 4, 2, 8
STREAMS = [[1], [7], [1, 1, 1], [5, 3, 9], [9, 8, 8, 2, 1], [3, 12, 4, 11, 12, 1, 30]]


def qkv(num_tokens: int, seed: int = 0, kv_heads: int = KV_HEADS) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return tuple(  # type: ignore[return-value]
        torch.randn(num_tokens, heads, WIDTH, generator=generator) for heads in (HEADS, kv_heads, kv_heads)
    )


def plain(q: Tensor, k: Tensor, v: Tensor, lengths: list[int], window: int = 10**6) -> Tensor:
    """softmax(q k / √D) v, document by document, token by token, in double precision."""
    out, start = torch.empty_like(q, dtype=torch.float64), 0
    for length in lengths:
        for t in range(start, start + length):
            for head in range(q.shape[1]):
                group = head * k.shape[1] // q.shape[1]
                first = max(start, t + 1 - window)
                keys, values = k[first : t + 1, group].double(), v[first : t + 1, group].double()
                out[t, head] = (keys @ q[t, head].double() * WIDTH**-0.5).softmax(0) @ values
        start += length
    return out


@pytest.fixture(params=["products", "fused"])
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(attention, "PRODUCTS_MAX_LENGTH", 512 if request.param == "products" else 0)
    return str(request.param)


@pytest.mark.parametrize("lengths", STREAMS, ids=str)
@pytest.mark.parametrize("kv_heads", [1, 2, 4])
def test_attention_equals_the_plain_formula(kernel: str, lengths: list[int], kv_heads: int) -> None:
    q, k, v = qkv(sum(lengths), kv_heads=kv_heads)
    torch.testing.assert_close(
        attend(q, k, v, Borders.of(lengths)).double(), plain(q, k, v, lengths), rtol=0, atol=1e-6
    )


@pytest.mark.parametrize("lengths", [[20], [3, 12, 4, 11, 12, 1, 30]], ids=str)
@pytest.mark.parametrize("window", [1, 3, 12, 29, 30])
@pytest.mark.parametrize("run", [1, 4, 512])
def test_windowed_attention_equals_the_plain_formula(
    kernel: str, lengths: list[int], window: int, run: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attention, "WINDOW_RUN", run)
    monkeypatch.setattr(attention, "BLOCK_TOKENS", run)
    q, k, v = qkv(sum(lengths))
    out = attend(q, k, v, Borders.of(lengths), window)
    torch.testing.assert_close(out.double(), plain(q, k, v, lengths, window), rtol=0, atol=1e-6)


@pytest.mark.parametrize("window", [None, 9])
def test_masks_of_many_lengths_take_no_more_memory(window: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention, "BLOCK_TOKENS", 8)
    attention._triangle.cache_clear()
    for length in range(1, 60):
        attend(*qkv(length), Borders.of([length]), window)
    assert attention._triangle.cache_info().currsize == (1 if window is None else 2)
    assert attention._triangle(8, 2, torch.float32, is_upper=True).numel() == 8 * 2 * 8


@pytest.mark.parametrize("window", [None, 3])
def test_what_is_made_for_inference_serves_training_too(window: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention, "KEPT_MAX_LENGTH", 4)
    attention._triangle.cache_clear()
    with torch.inference_mode():
        borders = Borders.of([5, 9])
        attend(*qkv(14), borders, window)
    grads = []
    for known in (borders, Borders.of([5, 9])):
        inputs = [x.requires_grad_() for x in qkv(14)]
        grads.append(torch.autograd.grad(attend(*inputs, known, window).square().sum(), inputs))
    torch.testing.assert_close(grads[0], grads[1], rtol=0, atol=0)


@pytest.mark.parametrize("window", [1, 3, 8, 9, 10, 100])
def test_windowed_attention_over_a_cache_sees_the_last_entries_only(window: int) -> None:
    lengths = [4, 9, 2]
    cache = cache_of(*qkv(15)[1:], lengths, [0, 1, 2], capacity=12)
    q, k, v = qkv(3, seed=1)
    keys, values, grown = cache.append(0, k, v)
    out = attend_cached(q, keys, values, grown, window)
    for stream, length in enumerate(grown.tolist()):
        seen = slice(max(0, length - window), length)
        own = (x[stream, :, seen].transpose(0, 1) for x in (keys, values))
        expected = plain(q[stream].expand(min(length, window), -1, -1), *own, [min(length, window)])[-1]
        torch.testing.assert_close(out[stream].double(), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("lengths", STREAMS, ids=str)
def test_both_kernels_give_the_same_gradients(lengths: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    gradients = []
    for limit in (0, 512):
        monkeypatch.setattr(attention, "PRODUCTS_MAX_LENGTH", limit)
        inputs = [x.requires_grad_() for x in qkv(sum(lengths))]
        attend(*inputs, Borders.of(lengths)).square().sum().backward()
        gradients.append([x.grad for x in inputs])
    torch.testing.assert_close(gradients[0], gradients[1], rtol=0, atol=5e-6)


def test_neighbours_do_not_change_a_document(kernel: str) -> None:
    lengths, own = [5, 6, 9], slice(5, 11)
    q, k, v = qkv(20)
    changed = [x.clone() for x in (q, k, v)]
    for x in changed:
        x[:5], x[11:] = 100.0, float("nan")
    before, after = attend(q, k, v, Borders.of(lengths)), attend(*changed, Borders.of(lengths))
    assert torch.equal(before[own], after[own])
    assert not torch.equal(before[:5], after[:5])


def test_later_tokens_do_not_change_earlier_ones(kernel: str) -> None:
    q, k, v = qkv(20)
    changed = [torch.cat([x[:14], x[14:] + 3]) for x in (q, k, v)]
    before, after = attend(q, k, v, Borders.of([8, 12])), attend(*changed, Borders.of([8, 12]))
    assert torch.equal(before[:14], after[:14])


def test_no_gradient_flows_across_a_border(kernel: str) -> None:
    q, k, v = (x.requires_grad_() for x in qkv(20))
    attend(q, k, v, Borders.of([5, 6, 9]))[5:11].sum().backward()
    for x in (q, k, v):
        assert x.grad is not None
        assert bool((x.grad[:5] == 0).all())
        assert bool((x.grad[11:] == 0).all())
    assert v.grad is not None
    assert bool((v.grad[5:11] != 0).all())


@pytest.mark.parametrize("lengths", STREAMS, ids=str)
def test_positions_start_anew_in_each_document(lengths: list[int]) -> None:
    assert Borders.of(lengths).positions_T.tolist() == [place for length in lengths for place in range(length)]


@pytest.mark.parametrize("lengths", STREAMS[2:], ids=str)
def test_buckets_hold_every_token_once_with_little_filling(lengths: list[int]) -> None:
    borders = Borders.of(lengths)
    tokens = torch.cat([bucket.index_NL.view(-1)[bucket.place_t] for bucket in borders.buckets])
    assert tokens[borders.restore_T].tolist() == list(range(sum(lengths)))
    for bucket in borders.buckets:
        assert len(bucket.place_t) >= BUCKET_FILL * bucket.index_NL.numel()


def cache_of(k: Tensor, v: Tensor, lengths: list[int], streams: list[int], capacity: int) -> KVCache:
    cache = KVCache(1, len(lengths), KV_HEADS, capacity, WIDTH, torch.float32, "cpu")
    cache.store(0, k, v, lengths, streams)
    cache.lengths_N = torch.tensor([lengths[streams.index(stream)] for stream in range(len(lengths))])
    return cache


def test_cached_attention_equals_the_last_row_of_a_pass() -> None:
    lengths, streams = [4, 9, 2], [2, 0, 1]
    q, k, v = qkv(15)
    news = [qkv(3, seed=1)[i] for i in range(3)]
    cache = cache_of(k, v, lengths, streams, capacity=12)
    out = attend_cached(news[0], *cache.append(0, news[1], news[2]))
    start = 0
    for length, stream in zip(lengths, streams, strict=True):
        grown = [
            torch.cat([old[start : start + length], new[stream][None]])
            for old, new in zip((q, k, v), news, strict=True)
        ]
        expected = attend(*grown, Borders.of([length + 1]))[-1]
        torch.testing.assert_close(out[stream], expected, rtol=0, atol=1e-6)
        start += length


def test_entries_past_a_streams_length_are_not_seen() -> None:
    cache = cache_of(*qkv(9)[1:], [3, 6], [0, 1], capacity=8)
    q, k, v = qkv(2, seed=1)
    before = attend_cached(q, *cache.append(0, k, v))
    cache.layers[0][:, 0, :, 4:] = 1e4
    assert torch.equal(attend_cached(q, *cache.append(0, k, v)), before)


@pytest.mark.parametrize("window", [None, 1, 7, 300])
@pytest.mark.parametrize("start", [0, 1, 200, 399])
@pytest.mark.parametrize("is_by_kernel", [False, True])
def test_end_of_a_document_is_attended_as_in_the_whole(
    start: int, window: int | None, is_by_kernel: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    q, k, v = qkv(400)
    expected = attend(q, k, v, Borders.of([400]), window)[start:]
    if is_by_kernel:
        monkeypatch.setattr(attention, "PRODUCTS_MAX_LENGTH", 0)
    found = attend_continued(q[start:], k.transpose(0, 1), v.transpose(0, 1), window)
    torch.testing.assert_close(found, expected, rtol=0, atol=2e-6)
