"""Attention inside documents, never across: borders of an unpadded token stream, and the KV cache.

Shapes: T tokens of the stream, H query heads, K key/value heads, G = H / K, D head width, N documents
of one bucket, L tokens of its longest document.

Documents of similar length are gathered into buckets and attended in one batched product. A shorter
document is filled up on the right: under a causal mask no real query sees the filling, so the result
is that of the document alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

# On a CPU, streams of documents up to this length are attended by batched products: a step of training is a
# quarter faster than with the fused kernel (measured up to 2,048).
PRODUCTS_MAX_LENGTH = 8192
# Weights of documents up to this length are kept for the backward pass; longer ones are computed again.
KEPT_MAX_LENGTH = 512
# Queries that are scored together: smaller blocks compute less of what the mask hides, larger ones
# make fewer and better products (measured: 128 … 192 are best).
BLOCK_TOKENS = 192
# Queries that the fused kernel takes at once under a sliding window that is narrower than this.
WINDOW_RUN = 512
# A bucket's shortest document is at least this share of its longest.
BUCKET_FILL = 0.8


@dataclass(frozen=True, slots=True)
class Bucket:
    """Documents of similar length. ``index_NL`` points into the stream; ``place_t`` finds the real tokens in N × L."""

    num_documents: int
    length: int
    index_NL: Tensor
    place_t: Tensor


@dataclass(frozen=True, slots=True)
class BucketLayout:
    """One bucket as rows of single heads: N · K groups of L · G queries (G side by side) and of L keys.

    The rows point into the stream's [T · H] and [T · K] heads; ``filling_rows`` are the queries of no
    document; each block is a slice of a group's queries and the end of the keys that they may see;
    ``is_kept`` says whether their weights are kept for the backward pass.
    """

    num_groups: int
    query_rows: Tensor
    key_rows: Tensor
    filling_rows: Tensor
    blocks: tuple[tuple[slice, int], ...]
    is_kept: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """How a stream's heads are laid out for products, and back."""

    group: int
    buckets: tuple[BucketLayout, ...]
    restore_queries: Tensor
    restore_keys: Tensor


@dataclass(frozen=True, slots=True)
class Borders:
    """Where documents end in a stream: their lengths, each token's position in its document, buckets.

    A stream of one document has no buckets. ``restore_T`` puts the buckets' tokens back in stream order.
    """

    lengths: tuple[int, ...]
    positions_T: Tensor
    buckets: tuple[Bucket, ...]
    restore_T: Tensor
    _layouts: dict[tuple[int, int], Layout] = field(default_factory=dict, compare=False, repr=False)

    def layout(self, heads: int, kv_heads: int) -> Layout:
        """Where the products of so many heads find their rows; made once and shared by all layers."""
        if (heads, kv_heads) not in self._layouts:
            self._layouts[heads, kv_heads] = _layout(self, heads, kv_heads)
        return self._layouts[heads, kv_heads]

    @staticmethod
    def of(lengths: Sequence[int], device: torch.device | str = "cpu") -> Borders:
        positions = torch.cat([torch.arange(length) for length in lengths])
        buckets, restore = _buckets(tuple(lengths), device)
        return Borders(tuple(lengths), positions.to(device), buckets, restore.to(device))


def attend(q_THD: Tensor, k_TKD: Tensor, v_TKD: Tensor, borders: Borders, window: int | None = None) -> Tensor:
    """Causal attention inside each document of the stream: → out_THD. With a ``window``, a token sees
    that many tokens of its document, itself the last."""
    if window is not None and window >= max(borders.lengths):
        window = None
    if q_THD.device.type != "cpu" or max(borders.lengths) > PRODUCTS_MAX_LENGTH:
        return _attend_by_kernel(q_THD, k_TKD, v_TKD, borders, window)
    layout = borders.layout(q_THD.shape[1], k_TKD.shape[1])
    out_THD: Tensor = _Products.apply(q_THD, k_TKD, v_TKD, layout, window)  # type: ignore[no-untyped-call]
    return out_THD


def attend_cached(
    q_NHD: Tensor, k_NKCD: Tensor, v_NKCD: Tensor, lengths_N: Tensor, window: int | None = None
) -> Tensor:
    """One query per stream over its cached keys; entries at or past ``lengths_N`` are masked out, and
    those that have left the ``window``."""
    n, heads, width = q_NHD.shape
    kv_heads, capacity = k_NKCD.shape[1], k_NKCD.shape[2]
    q = q_NHD.view(n, kv_heads, heads // kv_heads, width)
    scores = (q @ k_NKCD.transpose(2, 3)).float() * width**-0.5
    places = torch.arange(capacity, device=q.device)[None]
    hidden = places >= lengths_N[:, None]
    if window is not None and window < capacity:
        hidden = hidden | (places < lengths_N[:, None] - window)
    weights = scores.masked_fill(hidden[:, None, None], float("-inf")).softmax(-1).to(v_NKCD.dtype)
    out_NHD: Tensor = (weights @ v_NKCD).reshape(n, heads, width)
    return out_NHD


def attend_continued(q_THD: Tensor, k_KLD: Tensor, v_KLD: Tensor, window: int | None = None) -> Tensor:
    """Causal attention of the last T of a document's L tokens over all of them: → out_THD. Without a gradient."""
    num_tokens, heads, width = q_THD.shape
    kv_heads, length = k_KLD.shape[:2]
    group, start = heads // kv_heads, length - num_tokens
    if q_THD.device.type != "cpu" or length > PRODUCTS_MAX_LENGTH:
        queries, keys = (torch.arange(first, length, device=q_THD.device) for first in (start, 0))
        visible_TL = keys[None] <= queries[:, None]
        if window is not None:
            visible_TL &= keys[None] > queries[:, None] - window
        k, v = (x.repeat_interleave(group, dim=0) for x in (k_KLD, v_KLD))
        return F.scaled_dot_product_attention(q_THD.transpose(0, 1), k, v, attn_mask=visible_TL).transpose(0, 1)
    q = q_THD.view(num_tokens, kv_heads, group, width).transpose(0, 1).reshape(kv_heads, -1, width)
    out = torch.empty_like(q)
    for rows, end in _blocks(num_tokens, group):
        seen = _seen(start + rows.start // group, start + end, window)
        out[:, rows] = torch.bmm(_weights(q[:, rows], k_KLD[:, seen], group, window), v_KLD[:, seen])
    return out.view(kv_heads, num_tokens, group, width).transpose(0, 1).reshape(q_THD.shape)


class KVCache:
    """Keys and values of up to ``num_streams`` streams of up to ``capacity`` tokens, layer by layer.

    Kept as [layer][2, N, K, C, D]; ``lengths_N`` counts the tokens of each stream, and there may be room for more
    streams than it names. The decoder writes into it: ``store`` at prefill, ``append`` at each decode step; the
    engine moves ``lengths_N`` on. What no stream has written is zero.
    """

    def __init__(
        self, num_layers: int, num_streams: int, num_kv_heads: int, capacity: int, head_dim: int,
        dtype: torch.dtype, device: torch.device | str,
    ) -> None:  # fmt: skip
        shape = (2, num_streams, num_kv_heads, capacity, head_dim)
        self.layers = [torch.zeros(shape, dtype=dtype, device=device) for _ in range(num_layers)]
        self.lengths_N = torch.zeros(num_streams, dtype=torch.long, device=device)

    def store(
        self, layer: int, k_TKD: Tensor, v_TKD: Tensor, lengths: Sequence[int], streams: Sequence[int], start: int = 0
    ) -> None:
        """Write runs of tokens into their streams' places, from place ``start`` on."""
        row = 0
        for length, stream in zip(lengths, streams, strict=True):
            places = slice(start, start + length)
            self.layers[layer][0, stream, :, places] = k_TKD[row : row + length].transpose(0, 1)
            self.layers[layer][1, stream, :, places] = v_TKD[row : row + length].transpose(0, 1)
            row += length

    def append(self, layer: int, k_NKD: Tensor, v_NKD: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Write one token per stream; → the keys, values and lengths to attend over."""
        num_streams = k_NKD.shape[0]
        rows = torch.arange(num_streams, device=k_NKD.device)
        self.layers[layer][0, rows, :, self.lengths_N] = k_NKD
        self.layers[layer][1, rows, :, self.lengths_N] = v_NKD
        used = int(self.lengths_N.max()) + 1
        k_NKCD, v_NKCD = self.layers[layer][:, :num_streams, :, :used].unbind(0)
        return k_NKCD, v_NKCD, self.lengths_N + 1

    def next_rows(self, streams_N: Tensor) -> Tensor:
        """Where these streams' next keys and values go in a layer seen as rows of D: [N · 2 · K], in that order."""
        _, num_places, kv_heads, capacity, _ = self.layers[0].shape
        heads = torch.arange(2 * num_places * kv_heads, device=self.lengths_N.device).view(2, num_places, kv_heads)
        heads_N2K = heads.index_select(1, streams_N).transpose(0, 1)
        return (heads_N2K * capacity + self.lengths_N.index_select(0, streams_N)[:, None, None]).reshape(-1)

    @property
    def num_bytes(self) -> int:
        return sum(layer.nbytes for layer in self.layers)


class _Products(torch.autograd.Function):
    """Attention by batched products, bucket by bucket, forward and backward by hand.

    Queries of one key/value head lie side by side, token by token, so no key is repeated; a block of
    ``BLOCK_TOKENS`` queries meets only the keys that it may see. Rows that fill a short document up give
    no gradient. Gathering, not scattering, in both directions: every sum has one fixed order.
    """

    @staticmethod
    def forward(ctx: Any, q_THD: Tensor, k_TKD: Tensor, v_TKD: Tensor, layout: Layout, window: int | None) -> Tensor:
        width = q_THD.shape[-1]
        q_rows, k_rows, v_rows = (x.reshape(-1, width) for x in (q_THD, k_TKD, v_TKD))
        is_trained = any(ctx.needs_input_grad)
        saved: list[Tensor] = []
        outs: list[Tensor] = []
        for bucket in layout.buckets:
            q = q_rows.index_select(0, bucket.query_rows).view(bucket.num_groups, -1, width)
            k = k_rows.index_select(0, bucket.key_rows).view(bucket.num_groups, -1, width)
            v = v_rows.index_select(0, bucket.key_rows).view(bucket.num_groups, -1, width)
            out, weights = torch.empty_like(q), []
            for rows, end in bucket.blocks:
                seen = _seen(rows.start // layout.group, end, window)
                block = _weights(q[:, rows], k[:, seen], layout.group, window)
                out[:, rows] = torch.bmm(block, v[:, seen])
                if is_trained and bucket.is_kept:
                    weights.append(block)
            outs.append(out.view(-1, width))
            if is_trained:
                saved += [q, k, v, *weights]
        if is_trained:
            ctx.layout, ctx.window = layout, window
            ctx.save_for_backward(*saved)
        return _restored(outs, layout.restore_queries).view(q_THD.shape)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
        layout: Layout = ctx.layout
        saved = iter(ctx.saved_tensors)
        shape, width = grads[0].shape, grads[0].shape[-1]
        grad_rows = grads[0].reshape(-1, width)
        grads_q, grads_k, grads_v = [], [], []
        for bucket in layout.buckets:
            q, k, v = next(saved), next(saved), next(saved)
            grad = grad_rows.index_select(0, bucket.query_rows)
            if bucket.filling_rows.numel():
                grad.index_fill_(0, bucket.filling_rows, 0)
            grad = grad.view(q.shape)
            grad_q, grad_k, grad_v = torch.empty_like(q), torch.zeros_like(k), torch.zeros_like(v)
            for rows, end in bucket.blocks:
                seen = _seen(rows.start // layout.group, end, ctx.window)
                kept = next(saved) if bucket.is_kept else None
                weights = _weights(q[:, rows], k[:, seen], layout.group, ctx.window) if kept is None else kept
                grad_v[:, seen] += torch.bmm(weights.transpose(1, 2), grad[:, rows])
                grad_weights = torch.bmm(grad[:, rows], v[:, seen].transpose(1, 2))
                scores = torch._softmax_backward_data(grad_weights, weights, -1, weights.dtype)
                grad_q[:, rows] = torch.bmm(scores, k[:, seen])
                grad_k[:, seen] += torch.bmm(scores.transpose(1, 2), q[:, rows])
            grads_q.append(grad_q.mul_(width**-0.5).view(-1, width))
            grads_k.append(grad_k.mul_(width**-0.5).view(-1, width))
            grads_v.append(grad_v.view(-1, width))
        num_kv = (shape[0], -1, width)
        return (
            _restored(grads_q, layout.restore_queries).view(shape),
            _restored(grads_k, layout.restore_keys).view(num_kv),
            _restored(grads_v, layout.restore_keys).view(num_kv),
            None,
            None,
        )


def _restored(pieces: list[Tensor], index: Tensor) -> Tensor:
    return (torch.cat(pieces) if len(pieces) > 1 else pieces[0]).index_select(0, index)


def _seen(start: int, end: int, window: int | None) -> slice:
    """The keys that queries ``start`` … ``end`` may see."""
    return slice(0 if window is None else max(0, start - window + 1), end)


def _weights(q: Tensor, k: Tensor, group: int, window: int | None) -> Tensor:
    """Softmax of the scores of a block's queries over the keys that ``_seen`` gives them; the last stands at the last."""
    num_rows, num_keys = q.shape[1], k.shape[1]
    num_queries = num_rows // group
    scores = torch.baddbmm(q[:, :, :1], q, k.transpose(1, 2), beta=0, alpha=q.shape[-1] ** -0.5)
    ahead = _triangle(BLOCK_TOKENS, group, q.dtype, is_upper=True)
    scores[:, :, num_keys - num_queries :] += ahead[:, :num_rows, :num_queries]
    num_left = 0 if window is None else max(0, num_keys - window)  # keys that have left the last query's window
    if num_left:
        left = _triangle(BLOCK_TOKENS, group, q.dtype, is_upper=False)
        scores[:, num_rows - num_left * group :, :num_left] += left[:, : num_left * group, :num_left]
    return torch.softmax(scores, -1)


@lru_cache(maxsize=8)
def _triangle(size: int, group: int, dtype: torch.dtype, *, is_upper: bool) -> Tensor:
    """[1, size · G, size]: −inf above the diagonal, or on it and below. Its corner is the mask of any smaller block."""
    above = torch.ones(size, size, dtype=torch.bool).triu(1)
    mask = torch.zeros(size, size, dtype=dtype).masked_fill_(above if is_upper else ~above, float("-inf"))
    return mask.repeat_interleave(group, 0)[None]


def _attend_by_kernel(q_THD: Tensor, k_TKD: Tensor, v_TKD: Tensor, borders: Borders, window: int | None) -> Tensor:
    """The same through the library's fused attention: on a GPU, and for long documents."""
    if not borders.buckets:
        return _causal(q_THD[None], k_TKD[None], v_TKD[None], window)[0]
    pieces = []
    for bucket in borders.buckets:
        flat, shape = bucket.index_NL.view(-1), bucket.index_NL.shape
        q, k, v = (x.index_select(0, flat).view(*shape, *x.shape[1:]) for x in (q_THD, k_TKD, v_TKD))
        pieces.append(_causal(q, k, v, window).flatten(0, 1).index_select(0, bucket.place_t))
    return torch.cat(pieces).index_select(0, borders.restore_T)


def _causal(q_NLHD: Tensor, k_NLKD: Tensor, v_NLKD: Tensor, window: int | None) -> Tensor:
    q, k, v = (x.transpose(1, 2) for x in (q_NLHD, k_NLKD, v_NLKD))
    grouped = q.shape[1] != k.shape[1]
    if window is not None and window < q.shape[2]:
        return _windowed(q, k, v, window).transpose(1, 2)
    return F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=grouped).transpose(1, 2)


def _windowed(q_NHLD: Tensor, k_NKLD: Tensor, v_NKLD: Tensor, window: int) -> Tensor:
    """A run of queries at a time with the keys that they can see: no mask is wider than the run and the window."""
    length, group = q_NHLD.shape[2], q_NHLD.shape[1] // k_NKLD.shape[1]
    run, pieces = max(window, WINDOW_RUN), []
    for start in range(0, length, run):
        end = min(start + run, length)
        places = _seen(start, end, window)
        # Heads are repeated here: with a mask, the fused kernels of a GPU take no groups.
        k, v = (x[:, :, places].repeat_interleave(group, dim=1) for x in (k_NKLD, v_NKLD))
        queries = torch.arange(start, end, device=k.device)[:, None]
        keys = torch.arange(places.start, end, device=k.device)[None]
        visible = (keys <= queries) & (keys > queries - window)
        pieces.append(F.scaled_dot_product_attention(q_NHLD[:, :, start:end], k, v, attn_mask=visible))
    return torch.cat(pieces, dim=2)


def _layout(borders: Borders, heads: int, kv_heads: int) -> Layout:
    group = heads // kv_heads
    whole = Bucket(1, borders.lengths[0], torch.arange(borders.lengths[0])[None], torch.arange(borders.lengths[0]))
    num_tokens = borders.positions_T.numel()
    restore_queries = torch.empty(num_tokens * heads, dtype=torch.long)
    restore_keys = torch.empty(num_tokens * kv_heads, dtype=torch.long)
    buckets = []
    query_start = key_start = 0
    for bucket in borders.buckets or (whole,):
        real_NL = torch.zeros(bucket.num_documents * bucket.length, dtype=torch.bool)
        real_NL[bucket.place_t] = True
        head = torch.arange(kv_heads)[None, :, None]
        keys = bucket.index_NL[:, None] * kv_heads + head  # N, K, L
        queries = (bucket.index_NL[:, None] * heads + head * group)[..., None] + torch.arange(group)  # N, K, L, G
        real_keys = real_NL.view(-1, 1, bucket.length).expand(keys.shape).reshape(-1)
        real_queries = real_NL.view(-1, 1, bucket.length, 1).expand(queries.shape).reshape(-1)
        restore_keys[keys.view(-1)[real_keys]] = real_keys.nonzero()[:, 0] + key_start
        restore_queries[queries.view(-1)[real_queries]] = real_queries.nonzero()[:, 0] + query_start
        key_start, query_start = key_start + keys.numel(), query_start + queries.numel()
        filling = (~real_queries).nonzero()[:, 0]
        blocks = _blocks(bucket.length, group)
        num_groups = bucket.num_documents * kv_heads
        is_kept = bucket.length <= KEPT_MAX_LENGTH
        buckets.append(BucketLayout(num_groups, queries.view(-1), keys.view(-1), filling, blocks, is_kept))
    return Layout(group, tuple(buckets), restore_queries, restore_keys)


def _blocks(length: int, group: int) -> tuple[tuple[slice, int], ...]:
    """Rows of queries and the end of the keys that they see, in equal blocks of at most BLOCK_TOKENS."""
    step = -(-length // -(-length // BLOCK_TOKENS))
    ends = [min(length, start + step) for start in range(0, length, step)]
    return tuple((slice((end - 1) // step * step * group, end * group), end) for end in ends)


def _buckets(lengths: tuple[int, ...], device: torch.device | str) -> tuple[tuple[Bucket, ...], Tensor]:
    if len(lengths) == 1:
        return (), torch.arange(lengths[0])
    starts = [0]
    for length in lengths:
        starts.append(starts[-1] + length)
    groups: list[list[int]] = []
    for document in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        if not groups or lengths[document] < BUCKET_FILL * lengths[groups[-1][0]]:
            groups.append([])
        groups[-1].append(document)
    stream = torch.cat([starts[d] + torch.arange(lengths[d]) for group in groups for d in group])
    return tuple(_bucket(group, lengths, starts, device) for group in groups), torch.argsort(stream)


def _bucket(group: list[int], lengths: tuple[int, ...], starts: list[int], device: torch.device | str) -> Bucket:
    length = lengths[group[0]]
    index = torch.empty(len(group), length, dtype=torch.long)
    places = []
    for row, document in enumerate(group):
        own = torch.arange(lengths[document])
        index[row] = starts[document]
        index[row, : lengths[document]] += own
        places.append(row * length + own)
    return Bucket(len(group), length, index.to(device), torch.cat(places).to(device))
