"""A decoder laid out for generation: the same function as ``Decoder``, in fewer and faster steps.

``prepare(decoder)`` gives the fast form of the weights and adapters as they are now, made once and kept
until one of them changes. Projections that read the same input become one product (q, k and v; gate
and up); in bf16 on a CPU its weight is put into oneDNN's own layout, which reads twice as fast when
there are few tokens. Elsewhere the decoder's own projections are called and nothing is copied.

Adapters stay apart from the weights: adding them in would round them away in bf16. A goes below the
weight, so that one product gives ``W x`` and ``A x``, and B follows.

In fp32 the logits are the decoder's but for the last bits; in bf16 log-probabilities differ from the
decoder's by as much as both differ from fp32 (0.01 nats on average): a rotation is rounded once, not
three times, and an adapter's scale is rounded with B.

Shapes: T tokens, N streams, H query heads, K key/value heads, G = H / K, D head width, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol
from weakref import WeakKeyDictionary, ref

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tunesmith.nn.attention import Borders, KVCache, attend
from tunesmith.nn.catalog import DecoderConfig, ForeignConfig
from tunesmith.nn.transformer import CausalModel, Decoder, Layer, Linear, rope_tables

# The number of rows that oneDNN's layout is chosen for; others run on it too.
PACKED_FOR_ROWS = 16

Product = Callable[[Tensor], Tensor]
# Of each weight: where its numbers lie and how often they were written; of each projection: its adapter's scale.
Stamp = tuple[tuple[tuple[int, int], ...], tuple[float, ...]]

_kept: WeakKeyDictionary[Decoder, _Kept] = WeakKeyDictionary()


class PreparedModel(Protocol):
    """What generation asks of a model."""

    @property
    def config(self) -> DecoderConfig | ForeignConfig: ...
    @property
    def device(self) -> torch.device: ...
    def prefill(self, tokens_T: Tensor, borders: Borders, cache: KVCache, streams: Sequence[int]) -> Tensor: ...
    def decode(self, tokens_N: Tensor, cache: KVCache) -> Tensor: ...
    def logits(self, hidden_NH: Tensor) -> Tensor: ...
    def new_cache(self, num_streams: int, capacity: int) -> KVCache: ...


def prepare(decoder: CausalModel) -> PreparedModel:
    """The model's fast form; the one made before if no weight and no adapter has changed since.

    A model that goes through ``transformers`` has none and works as it is.
    """
    if not isinstance(decoder, Decoder):
        return _AsItIs(decoder)
    kept = _kept.get(decoder)
    if kept is None or not kept.is_of(decoder):
        _kept.pop(decoder, None)
        weights = tuple(ref(weight) for weight in decoder.parameters())
        kept = _kept[decoder] = _Kept(weights, _stamp(decoder), PreparedDecoder(decoder))
    return kept.prepared


@dataclass(frozen=True, slots=True)
class _Kept:
    """Weights are known by reference: memory that one has left may be given to the next."""

    weights: tuple[ref[nn.Parameter], ...]
    stamp: Stamp
    prepared: PreparedDecoder

    def is_of(self, decoder: Decoder) -> bool:
        now = tuple(decoder.parameters())
        same = len(now) == len(self.weights) and all(old() is new for old, new in zip(self.weights, now, strict=True))
        return same and self.stamp == _stamp(decoder)


def _stamp(decoder: Decoder) -> Stamp:
    scales = tuple(module.lora_scale for module in decoder.modules() if isinstance(module, Linear))
    return tuple((weight.data_ptr(), weight._version) for weight in decoder.parameters()), scales


class _AsItIs:
    def __init__(self, model: CausalModel) -> None:
        self.config, self.device = model.config, model.device
        self.prefill, self.decode, self.logits, self.new_cache = model, model.decode, model.logits, model.new_cache


class PreparedDecoder:
    """Made by ``prepare``; holds no reference to the decoder, only to what it needs of it."""

    @torch.no_grad()
    def __init__(self, decoder: Decoder) -> None:
        self.config, self.dtype = decoder.config, decoder.compute_dtype
        self.device = decoder.model.embed_tokens.weight.device
        packed = can_pack(self.dtype, self.device)
        self._embed_tokens = decoder.model.embed_tokens
        layers = (layer for layer in decoder.model.layers if isinstance(layer, Layer))
        self._layers = [_PreparedLayer(layer, self.dtype, packed) for layer in layers]
        self._norm = decoder.model.norm
        self._head = _product([decoder.lm_head], self.dtype, packed)
        cos, sin = rope_tables(self.config, self.dtype, self.device)
        self._cos, self._sin = torch.cat((cos, cos), -1), torch.cat((-sin, sin), -1)

    def prefill(self, tokens_T: Tensor, borders: Borders, cache: KVCache, streams: Sequence[int]) -> Tensor:
        """Whole prompts → hidden_TH after the last norm; their keys and values are stored for ``streams``."""
        return self._run(tokens_T, _Prefill(*self._rotations(borders.positions_T), borders, cache, streams))

    def decode(self, tokens_N: Tensor, cache: KVCache) -> Tensor:
        """One token per stream of the cache → hidden_NH; the cache's lengths move on by one."""
        hidden_NH = self._run(tokens_N, _Step(*self._rotations(cache.lengths_N), cache))
        cache.lengths_N = cache.lengths_N + 1
        return hidden_NH

    def logits(self, hidden_NH: Tensor) -> Tensor:
        return self._head(hidden_NH)

    def new_cache(self, num_streams: int, capacity: int) -> KVCache:
        c = self.config
        return KVCache(c.num_layers, num_streams, c.num_kv_heads, capacity, c.head_dim, self.dtype, self.device)

    def _run(self, tokens_T: Tensor, tokens: _Prefill | _Step) -> Tensor:
        hidden_TH = self._embed_tokens(tokens_T).to(self.dtype)
        for index, layer in enumerate(self._layers):
            hidden_TH = layer(hidden_TH, index, tokens)
        normed_TH: Tensor = self._norm(hidden_TH)
        return normed_TH

    def _rotations(self, positions_T: Tensor) -> tuple[Tensor, Tensor]:
        return self._cos.index_select(0, positions_T)[:, None], self._sin.index_select(0, positions_T)[:, None]


class _PreparedLayer:
    def __init__(self, layer: Layer, dtype: torch.dtype, packed: bool) -> None:
        attention, mlp = layer.self_attn, layer.mlp
        self._width = attention.head_dim
        self._heads = attention.q_proj.weight.shape[0] // self._width
        self._kv_heads = attention.k_proj.weight.shape[0] // self._width
        self._inner = mlp.gate_proj.weight.shape[0]
        self._q_norm, self._k_norm, self._window = attention.q_norm, attention.k_norm, attention.window
        self._attention_norm, self._mlp_norm = layer.input_layernorm, layer.post_attention_layernorm
        self._qkv = _product([attention.q_proj, attention.k_proj, attention.v_proj], dtype, packed)
        self._out = _product([attention.o_proj], dtype, packed)
        self._gate_up = _product([mlp.gate_proj, mlp.up_proj], dtype, packed)
        self._down = _product([mlp.down_proj], dtype, packed)

    def __call__(self, hidden_TH: Tensor, index: int, tokens: _Prefill | _Step) -> Tensor:
        all_heads = self._qkv(self._attention_norm(hidden_TH)).view(hidden_TH.shape[0], -1, self._width)
        q_and_k, v = all_heads.split((self._heads + self._kv_heads, self._kv_heads), 1)
        if self._q_norm is not None and self._k_norm is not None:
            q, k = q_and_k.split((self._heads, self._kv_heads), 1)
            q_and_k = torch.cat((self._q_norm(q), self._k_norm(k)), 1)
        q, k = tokens.rotate(q_and_k).split((self._heads, self._kv_heads), 1)
        hidden_TH = hidden_TH + self._out(tokens.attend(index, q, k, v, self._window).flatten(1))
        gate, up = self._gate_up(self._mlp_norm(hidden_TH)).split(self._inner, 1)
        return hidden_TH + self._down(F.silu(gate).mul_(up))


class _Rotated:
    """Cosines [T, 1, D], and sines with the sign that each half needs."""

    def __init__(self, cos: Tensor, sin: Tensor) -> None:
        self._cos, self._sin = cos, sin

    def rotate(self, x_THD: Tensor) -> Tensor:
        return torch.addcmul(x_THD * self._cos, x_THD.roll(x_THD.shape[-1] // 2, -1), self._sin)


class _Prefill(_Rotated):
    """What all layers share in a pass over whole prompts."""

    def __init__(self, cos: Tensor, sin: Tensor, borders: Borders, cache: KVCache, streams: Sequence[int]) -> None:
        super().__init__(cos, sin)
        self._borders, self._cache, self._streams = borders, cache, streams

    def attend(self, index: int, q_THD: Tensor, k_TKD: Tensor, v_TKD: Tensor, window: int | None) -> Tensor:
        self._cache.store(index, k_TKD, v_TKD, self._borders.lengths, self._streams)
        return attend(q_THD, k_TKD, v_TKD, self._borders, window)


class _Step(_Rotated):
    """What all layers share in a decode step: where the new keys go, and what each stream may see."""

    def __init__(self, cos: Tensor, sin: Tensor, cache: KVCache) -> None:
        super().__init__(cos, sin)
        self._layers, self._rows = cache.layers, cache.next_rows()
        self._lengths_N, self._dtype = cache.lengths_N, cos.dtype
        self._shortest, longest = (int(length) for length in cache.lengths_N.aminmax())
        self._used = longest + 1
        self._masks: dict[int | None, Tensor | None] = {}

    def _mask(self, window: int | None) -> Tensor | None:
        """[N, keys]: −inf at keys that are not there yet or have left the window; None where every stream sees all."""
        if window is not None and window >= self._used:
            window = None
        if window not in self._masks:
            self._masks[window] = None
            if window is not None or self._shortest + 1 < self._used:
                places, newest = torch.arange(self._used, device=self._lengths_N.device)[None], self._lengths_N[:, None]
                hidden_NC = places > newest
                if window is not None:
                    hidden_NC |= places <= newest - window
                mask_NC = torch.zeros(hidden_NC.shape, dtype=self._dtype, device=hidden_NC.device)
                self._masks[window] = mask_NC.masked_fill_(hidden_NC, float("-inf"))
        return self._masks[window]

    def attend(self, index: int, q_NHD: Tensor, k_NKD: Tensor, v_NKD: Tensor, window: int | None) -> Tensor:
        """The heads of a group are the queries of one key/value head: the fused kernel shares its reads."""
        layer, (n, heads, width), kv_heads = self._layers[index], q_NHD.shape, k_NKD.shape[1]
        layer.view(-1, width).index_copy_(0, self._rows, torch.cat((k_NKD, v_NKD), 1).view(-1, width))
        k, v = layer[:, :, :, : self._used].unbind(0)
        q_NKGD = q_NHD.reshape(n, kv_heads, heads // kv_heads, width)
        mask = self._mask(window)
        if mask is not None:
            mask = mask[:, None, None].expand(n, 1, heads // kv_heads, self._used)
        return F.scaled_dot_product_attention(q_NKGD, k, v, attn_mask=mask).reshape(n, heads, width)


def can_pack(dtype: torch.dtype, device: torch.device) -> bool:
    """Whether this build of torch and this CPU run bf16 products on oneDNN's own layout."""
    ops = torch.ops.mkldnn
    there = hasattr(ops, "_reorder_linear_weight") and hasattr(ops, "_linear_pointwise")
    right = device.type == "cpu" and dtype == torch.bfloat16
    return right and there and torch.backends.mkldnn.is_available() and bool(ops._is_mkldnn_bf16_supported())


def _product(layers: Sequence[Linear], dtype: torch.dtype, packed: bool) -> Product:
    """One product for projections of the same input; outputs side by side."""
    if packed:
        return _packed(layers, dtype)
    if len(layers) == 1:
        return layers[0]
    return lambda x: torch.cat([layer(x) for layer in layers], -1)


def _packed(layers: Sequence[Linear], dtype: torch.dtype) -> Product:
    """``W x + b`` with all A's below all W's; then the B's, block by block, with their scales in them."""
    downs = [layer.lora_A for layer in layers if layer.lora_A is not None]
    weight = _reordered(torch.cat([part.to(dtype) for part in (*(layer.weight for layer in layers), *downs)]))
    num_out = sum(layer.weight.shape[0] for layer in layers)
    bias = _biases(layers, sum(down.shape[0] for down in downs), dtype)
    multiply = torch.ops.mkldnn._linear_pointwise.default

    def plain(x: Tensor) -> Tensor:
        y: Tensor = multiply(x, weight, bias, "none", [], "")
        return y

    if not downs:
        return plain
    ups = _block_diagonal(layers).to(dtype)

    def adapted(x: Tensor) -> Tensor:
        y = plain(x)
        return torch.addmm(y[:, :num_out], y[:, num_out:], ups)

    return adapted


def _reordered(weight: Tensor) -> Tensor:
    packed: Tensor = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), PACKED_FOR_ROWS)
    return packed


def _biases(layers: Sequence[Linear], num_more: int, dtype: torch.dtype) -> Tensor | None:
    """All biases, with zeros where there is none; None where no layer has one."""
    if all(layer.bias is None for layer in layers):
        return None
    parts = [torch.zeros(layer.weight.shape[0]) if layer.bias is None else layer.bias.float() for layer in layers]
    return torch.cat([*parts, torch.zeros(num_more)]).to(dtype)


def _block_diagonal(layers: Sequence[Linear]) -> Tensor:
    """[all ranks, all outputs]: scale · Bᵀ of each adapted layer in its rows and columns, fp32."""
    ranks = [0 if layer.lora_A is None else layer.lora_A.shape[0] for layer in layers]
    blocks = torch.zeros(sum(ranks), sum(layer.weight.shape[0] for layer in layers))
    row = column = 0
    for layer, rank in zip(layers, ranks, strict=True):
        num_out = layer.weight.shape[0]
        if layer.lora_B is not None:
            blocks[row : row + rank, column : column + num_out] = layer.lora_scale * layer.lora_B.t()
        row, column = row + rank, column + num_out
    return blocks
