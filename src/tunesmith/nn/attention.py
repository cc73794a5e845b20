"""Attention inside documents, never across: borders of an unpadded token stream, and the KV cache.

Shapes: T tokens of the stream, H query heads, K key/value heads, G = H / K, D head width, N documents
of one bucket, L tokens of its longest document.

Documents of similar length are gathered into buckets and attended in one batched product. A shorter
document is filled up on the right: under a causal mask no real query sees the filling, so the result
is that of the document alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

# On a CPU the batched products beat the fused kernel up to about this length (measured).
BMM_MAX_LENGTH = 512
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
class Borders:
    """Where documents end in a stream: their lengths, each token's position in its document, buckets.

    A stream of one document has no buckets. ``restore_T`` puts the buckets' tokens back in stream order.
    """

    lengths: tuple[int, ...]
    positions_T: Tensor
    buckets: tuple[Bucket, ...]
    restore_T: Tensor

    @staticmethod
    def of(lengths: Sequence[int], device: torch.device | str = "cpu") -> Borders:
        positions = torch.cat([torch.arange(length) for length in lengths])
        buckets, restore = _buckets(tuple(lengths), device)
        return Borders(tuple(lengths), positions.to(device), buckets, restore.to(device))


def attend(q_THD: Tensor, k_TKD: Tensor, v_TKD: Tensor, borders: Borders) -> Tensor:
    """Causal attention inside each document of the stream: → out_THD."""
    if not borders.buckets:
        return _causal(q_THD[None], k_TKD[None], v_TKD[None])[0]
    pieces = []
    for bucket in borders.buckets:
        flat, shape = bucket.index_NL.view(-1), bucket.index_NL.shape
        q, k, v = (x.index_select(0, flat).view(*shape, *x.shape[1:]) for x in (q_THD, k_TKD, v_TKD))
        pieces.append(_causal(q, k, v).flatten(0, 1).index_select(0, bucket.place_t))
    return torch.cat(pieces).index_select(0, borders.restore_T)


def attend_cached(q_NHD: Tensor, k_NKCD: Tensor, v_NKCD: Tensor, lengths_N: Tensor) -> Tensor:
    """One query per stream over its cached keys; entries at or past ``lengths_N`` are masked out."""
    n, heads, width = q_NHD.shape
    kv_heads, capacity = k_NKCD.shape[1], k_NKCD.shape[2]
    q = q_NHD.view(n, kv_heads, heads // kv_heads, width)
    scores = (q @ k_NKCD.transpose(2, 3)).float() * width**-0.5
    hidden = torch.arange(capacity, device=q.device)[None] >= lengths_N[:, None]
    weights = scores.masked_fill(hidden[:, None, None], float("-inf")).softmax(-1).to(v_NKCD.dtype)
    out_NHD: Tensor = (weights @ v_NKCD).reshape(n, heads, width)
    return out_NHD


class KVCache:
    """Keys and values of up to ``num_streams`` streams of up to ``capacity`` tokens, layer by layer.

    Kept as [layer][2, N, K, C, D]; ``lengths_N`` counts the tokens of each stream. The decoder writes
    into it: ``store`` at prefill, ``append`` at each decode step; the engine moves ``lengths_N`` on.
    """

    def __init__(
        self, num_layers: int, num_streams: int, num_kv_heads: int, capacity: int, head_dim: int,
        dtype: torch.dtype, device: torch.device | str,
    ) -> None:  # fmt: skip
        shape = (2, num_streams, num_kv_heads, capacity, head_dim)
        self.layers = [torch.zeros(shape, dtype=dtype, device=device) for _ in range(num_layers)]
        self.lengths_N = torch.zeros(num_streams, dtype=torch.long, device=device)

    def store(self, layer: int, k_TKD: Tensor, v_TKD: Tensor, lengths: Sequence[int], streams: Sequence[int]) -> None:
        """Write whole documents of a stream of tokens into their places."""
        start = 0
        for length, stream in zip(lengths, streams, strict=True):
            self.layers[layer][0, stream, :, :length] = k_TKD[start : start + length].transpose(0, 1)
            self.layers[layer][1, stream, :, :length] = v_TKD[start : start + length].transpose(0, 1)
            start += length

    def append(self, layer: int, k_NKD: Tensor, v_NKD: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Write one token per stream; → the keys, values and lengths to attend over."""
        rows = torch.arange(k_NKD.shape[0], device=k_NKD.device)
        self.layers[layer][0, rows, :, self.lengths_N] = k_NKD
        self.layers[layer][1, rows, :, self.lengths_N] = v_NKD
        used = int(self.lengths_N.max()) + 1
        return self.layers[layer][0, :, :, :used], self.layers[layer][1, :, :, :used], self.lengths_N + 1

    def next_rows(self) -> Tensor:
        """Where the next keys and values go in a layer seen as rows of D: [N · 2 · K], in that order."""
        _, n, kv_heads, capacity, _ = self.layers[0].shape
        heads = torch.arange(2 * n * kv_heads, device=self.lengths_N.device).view(2, n, kv_heads).transpose(0, 1)
        return (heads * capacity + self.lengths_N[:, None, None]).reshape(-1)

    def keep(self, streams: Tensor) -> None:
        """Drop the streams that have ended, keeping those at the given places."""
        self.layers = [layer.index_select(1, streams) for layer in self.layers]
        self.lengths_N = self.lengths_N.index_select(0, streams)


def _causal(q_NLHD: Tensor, k_NLKD: Tensor, v_NLKD: Tensor) -> Tensor:
    if q_NLHD.device.type == "cpu" and q_NLHD.shape[1] <= BMM_MAX_LENGTH:
        return _causal_by_products(q_NLHD, k_NLKD, v_NLKD)
    q, k, v = (x.transpose(1, 2) for x in (q_NLHD, k_NLKD, v_NLKD))
    grouped = q.shape[1] != k.shape[1]
    return F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=grouped).transpose(1, 2)


def _causal_by_products(q_NLHD: Tensor, k_NLKD: Tensor, v_NLKD: Tensor) -> Tensor:
    n, length, heads, width = q_NLHD.shape
    kv_heads = k_NLKD.shape[2]
    group = heads // kv_heads
    q = (
        q_NLHD.view(n, length, kv_heads, group, width)
        .permute(0, 2, 3, 1, 4)
        .reshape(n * kv_heads, group * length, width)
    )
    k = k_NLKD.permute(0, 2, 3, 1).reshape(n * kv_heads, width, length)
    v = v_NLKD.transpose(1, 2).reshape(n * kv_heads, length, width)
    mask = _causal_mask(length, group, q.dtype, q.device)
    weights = torch.baddbmm(mask, q, k, alpha=width**-0.5).softmax(-1)
    out = torch.bmm(weights, v).view(n, kv_heads, group, length, width)
    return out.permute(0, 3, 1, 2, 4).reshape(n, length, heads, width)


@lru_cache(maxsize=32)
def _causal_mask(length: int, group: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    hidden = torch.ones(length, length, dtype=torch.bool, device=device).triu(1)
    mask = torch.zeros(length, length, dtype=dtype, device=device).masked_fill(hidden, float("-inf"))
    return mask.repeat(group, 1)[None]


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
