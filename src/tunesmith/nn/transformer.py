"""The decoder: ``forward(tokens_T, borders) → hidden_TH``, one function of a typed config.

It works on unpadded token streams, so no product is spent on padding. Trained weights are kept in
fp32 and cast where they are used; frozen ones are kept in the compute type. Names of modules and
tensors are those of the Hugging Face layout, so that weights load without renaming.

Shapes: T tokens, H hidden width, V vocabulary. Source: Touvron et al. 2023 (Llama), Su et al. 2021 (RoPE).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from tunesmith.nn.architectures import LinearRope, Llama3Rope, YarnRope
from tunesmith.nn.attention import Borders, KVCache, attend, attend_cached
from tunesmith.nn.catalog import DecoderConfig, ForeignConfig
from tunesmith.nn.gradients import gated, rms_norm, rotate


class CausalModel(nn.Module):
    """What training, generation and evaluation ask of a model; ``Decoder`` and ``foreign.ForeignDecoder`` are the two.

    ``remarks`` is what a person should hear before it is used.
    """

    config: DecoderConfig | ForeignConfig
    compute_dtype: torch.dtype
    lm_head: Linear
    remarks: tuple[str, ...] = ()
    activation_checkpointing = False

    def forward(
        self,
        tokens_T: Tensor,
        borders: Borders,
        cache: KVCache | None = None,
        streams: Sequence[int] = (),
        at_M: Tensor | None = None,
    ) -> Tensor:
        """→ hidden_TH after the last norm, or hidden_MH at the positions ``at_M`` alone. With a cache, keys and
        values are stored for ``streams``."""
        raise NotImplementedError

    def decode(self, tokens_N: Tensor, cache: KVCache) -> Tensor:
        """One token per stream of the cache → hidden_NH; the cache's lengths move on by one."""
        raise NotImplementedError

    def logits(self, hidden_NH: Tensor) -> Tensor:
        raise NotImplementedError

    def new_cache(self, num_streams: int, capacity: int) -> KVCache:
        raise NotImplementedError

    def compile_layers(self) -> None:
        """Compile what all layers share; only where ``can_compile`` was said."""
        raise NotImplementedError

    @property
    def embedding_weight(self) -> nn.Parameter:
        return self.get_parameter("model.embed_tokens.weight")

    @property
    def device(self) -> torch.device:
        return self.embedding_weight.device

    def tie_head(self) -> None:
        """The output head uses the embeddings' weight."""
        self.lm_head.weight = self.embedding_weight


class Decoder(CausalModel):
    """The models we know. Build it with ``weights.load_decoder`` or ``weights.random_decoder``.

    With ``activation_checkpointing`` a backward pass computes each layer's activations again instead of keeping
    them (Chen et al. 2016): less memory, a third more time.
    """

    config: DecoderConfig

    def __init__(self, config: DecoderConfig, compute_dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.config = config
        self.compute_dtype = compute_dtype
        self.model = Stack(config)
        self.lm_head = Linear(config.hidden_size, config.vocab_size, bias=False)
        if config.tie_word_embeddings:
            self.tie_head()
        self._rope: tuple[Tensor, Tensor] | None = None

    def forward(
        self,
        tokens_T: Tensor,
        borders: Borders,
        cache: KVCache | None = None,
        streams: Sequence[int] = (),
        at_M: Tensor | None = None,
    ) -> Tensor:
        """→ hidden_TH after the last norm, or hidden_MH at the positions ``at_M`` alone: what the last layer
        would compute for the others is left out. With a cache, keys and values are stored for ``streams``."""
        positions = _Positions(*self._rotations(borders.positions_T), borders, cache, streams)
        is_recomputed = self.activation_checkpointing and torch.is_grad_enabled()
        hidden: Tensor = self.model(tokens_T, positions, self.compute_dtype, at_M, is_recomputed)
        return hidden

    def decode(self, tokens_N: Tensor, cache: KVCache) -> Tensor:
        """One token per stream of the cache → hidden_NH; the cache's lengths move on by one."""
        positions = _Positions(*self._rotations(cache.lengths_N), None, cache, ())
        hidden_NH: Tensor = self.model(tokens_N, positions, self.compute_dtype, None)
        cache.lengths_N = cache.lengths_N + 1
        return hidden_NH

    def compile_layers(self) -> None:
        """Compile what lies before and after attention. All layers share the compiled code."""
        if torch.are_deterministic_algorithms_enabled():
            from torch._inductor import config as compiler  # seconds to import, for this alone

            compiler.deterministic = True
        before: Any = torch.compile(before_attention, dynamic=True)
        after: Any = torch.compile(after_attention, dynamic=True)
        for layer in self.model.layers:
            if isinstance(layer, Layer):
                layer.before, layer.after = before, after

    def logits(self, hidden_NH: Tensor) -> Tensor:
        logits_NV: Tensor = self.lm_head(hidden_NH)
        return logits_NV

    def new_cache(self, num_streams: int, capacity: int) -> KVCache:
        c = self.config
        device = self.model.embed_tokens.weight.device
        return KVCache(c.num_layers, num_streams, c.num_kv_heads, capacity, c.head_dim, self.compute_dtype, device)

    def _rotations(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        if self._rope is None or self._rope[0].device != positions.device:
            self._rope = rope_tables(self.config, self.compute_dtype, positions.device)
        return self._rope[0].index_select(0, positions), self._rope[1].index_select(0, positions)


class Stack(nn.Module):
    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.embed_tokens = Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(Layer(config, index) for index in range(config.num_layers))
        self.norm = RMSNorm(config.hidden_size, config.rms_norm_eps)

    def forward(
        self,
        tokens_T: Tensor,
        positions: _Positions,
        dtype: torch.dtype,
        at_M: Tensor | None,
        is_recomputed: bool = False,
    ) -> Tensor:
        hidden = self.embed_tokens(tokens_T).to(dtype)
        last = len(self.layers) - 1
        for number, layer in enumerate(self.layers):
            arguments = (hidden, positions, at_M if number == last else None)
            if is_recomputed:
                # Nothing in a layer is random, so there is no generator to put back.
                hidden = checkpoint(layer, *arguments, use_reentrant=False, preserve_rng_state=False)
            else:
                hidden = layer(*arguments)
        normed: Tensor = self.norm(hidden)
        return normed


class Layer(nn.Module):
    def __init__(self, config: DecoderConfig, index: int) -> None:
        super().__init__()
        self.input_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.self_attn = Attention(config, index)
        self.post_attention_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.mlp = GatedMLP(config)
        self.before, self.after = before_attention, after_attention

    def forward(self, hidden_TH: Tensor, positions: _Positions, at_M: Tensor | None = None) -> Tensor:
        q, k, v = self.before(self, hidden_TH, positions.cos, positions.sin)
        attended_TH = positions.attend(self.self_attn.index, q, k, v, self.self_attn.window).flatten(1)
        if at_M is not None:
            hidden_TH, attended_TH = hidden_TH.index_select(0, at_M), attended_TH.index_select(0, at_M)
        return self.after(self, hidden_TH, attended_TH)


def before_attention(layer: Layer, hidden_TH: Tensor, cos_TD: Tensor, sin_TD: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """→ rotated queries, rotated keys and values, one row a token and head."""
    return layer.self_attn.project(layer.input_layernorm(hidden_TH), cos_TD, sin_TD)


def after_attention(layer: Layer, hidden_TH: Tensor, attended_TH: Tensor) -> Tensor:
    hidden_TH = hidden_TH + layer.self_attn.o_proj(attended_TH)
    out_TH: Tensor = hidden_TH + layer.mlp(layer.post_attention_layernorm(hidden_TH))
    return out_TH


class Attention(nn.Module):
    def __init__(self, config: DecoderConfig, index: int) -> None:
        super().__init__()
        hidden, width, bias = config.hidden_size, config.head_dim, config.qkv_bias
        self.index, self.head_dim, self.window = index, width, config.window_of(index)
        self.q_proj = Linear(hidden, config.num_heads * width, bias)
        self.k_proj = Linear(hidden, config.num_kv_heads * width, bias)
        self.v_proj = Linear(hidden, config.num_kv_heads * width, bias)
        self.o_proj = Linear(config.num_heads * width, hidden, config.o_bias)
        self.q_norm = RMSNorm(width, config.rms_norm_eps) if config.qk_norm else None
        self.k_norm = RMSNorm(width, config.rms_norm_eps) if config.qk_norm else None

    def project(self, x_TH: Tensor, cos_TD: Tensor, sin_TD: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        q, k, v = (p(x_TH).unflatten(1, (-1, self.head_dim)) for p in (self.q_proj, self.k_proj, self.v_proj))
        if self.q_norm is not None and self.k_norm is not None:
            q, k = self.q_norm(q.flatten(0, 1)).view_as(q), self.k_norm(k.flatten(0, 1)).view_as(k)
        return rotate(q, cos_TD, sin_TD), rotate(k, cos_TD, sin_TD), v


class GatedMLP(nn.Module):
    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.gate_proj = Linear(config.hidden_size, config.intermediate_size, config.mlp_bias)
        self.up_proj = Linear(config.hidden_size, config.intermediate_size, config.mlp_bias)
        self.down_proj = Linear(config.intermediate_size, config.hidden_size, config.mlp_bias)

    def forward(self, x_TH: Tensor) -> Tensor:
        out_TH: Tensor = self.down_proj(gated(self.gate_proj(x_TH), self.up_proj(x_TH)))
        return out_TH


class Embedding(nn.Module):
    def __init__(self, num_tokens: int, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(num_tokens, width))

    def forward(self, tokens_T: Tensor) -> Tensor:
        return F.embedding(tokens_T, self.weight)


class RMSNorm(nn.Module):
    """Root-mean-square norm, computed in fp32 with the weight rounded to the input's type."""

    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        return rms_norm(x, self.weight, self.eps)


class Linear(nn.Module):
    """A projection, with a LoRA pair beside its weight where ``nn.lora`` put one."""

    def __init__(self, num_in: int, num_out: int, bias: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(num_out, num_in))
        self.bias = nn.Parameter(torch.empty(num_out)) if bias else None
        self.lora_A: nn.Parameter | None = None
        self.lora_B: nn.Parameter | None = None
        self.lora_scale = 0.0

    def forward(self, x: Tensor) -> Tensor:
        bias = None if self.bias is None else self.bias.to(x.dtype)
        y = F.linear(x, self.weight.to(x.dtype), bias)
        if self.lora_A is None or self.lora_B is None:
            return y
        low_rank = F.linear(x, self.lora_A.to(x.dtype))
        return y.addmm_(low_rank, self.lora_B.to(x.dtype).t(), alpha=self.lora_scale)


class _Positions:
    """What every layer of one pass shares: rotations, borders, and the cache if there is one."""

    def __init__(
        self, cos_TD: Tensor, sin_TD: Tensor, borders: Borders | None, cache: KVCache | None, streams: Sequence[int]
    ) -> None:
        self.cos, self.sin = cos_TD[:, None], sin_TD[:, None]
        self.borders, self.cache, self.streams = borders, cache, streams

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor, window: int | None) -> Tensor:
        if self.borders is not None:
            if self.cache is not None:
                self.cache.store(layer, k, v, self.borders.lengths, self.streams)
            return attend(q, k, v, self.borders, window)
        if self.cache is None:
            raise ValueError("a pass needs borders or a cache")
        return attend_cached(q, *self.cache.append(layer, k, v), window)


def rope_tables(config: DecoderConfig, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cosines and sines, [positions, D / 2], computed in fp32."""
    positions = torch.arange(config.max_position_embeddings, device=device).float()
    angles = positions[:, None] * _frequencies(config, device)[None]
    scale = config.rope_scaling.attention_factor if isinstance(config.rope_scaling, YarnRope) else 1.0
    return (angles.cos() * scale).to(dtype), (angles.sin() * scale).to(dtype)


def _frequencies(config: DecoderConfig, device: torch.device) -> Tensor:
    """Radians a token, [D / 2], falling; scaled where the config asks for a longer context."""
    exponents = torch.arange(0, config.head_dim, 2, dtype=torch.int64, device=device).float() / config.head_dim
    plain = 1.0 / (config.rope_theta**exponents)
    match config.rope_scaling:
        case None:
            return plain
        case LinearRope(factor):
            return plain / factor
        case Llama3Rope() as rope:
            turns = plain * (rope.original_max_position_embeddings / (2 * math.pi))
            kept = (turns - rope.low_freq_factor) / (rope.high_freq_factor - rope.low_freq_factor)
            return _between(plain / rope.factor, plain, kept.clamp(0, 1))
        case YarnRope() as rope:
            return _between(plain / rope.factor, plain, _yarn_kept(rope, config, len(plain), device))


def _between(stretched: Tensor, plain: Tensor, kept: Tensor) -> Tensor:
    return stretched * (1 - kept) + plain * kept


def _yarn_kept(rope: YarnRope, config: DecoderConfig, num_pairs: int, device: torch.device) -> Tensor:
    """How much of each plain frequency stays: 1 for the fast ones, 0 for the slow, falling in a straight line."""

    def pair_that_turns(times: float) -> float:
        context = rope.original_max_position_embeddings
        return config.head_dim * math.log(context / (times * 2 * math.pi)) / (2 * math.log(config.rope_theta))

    first, last = pair_that_turns(rope.beta_fast), pair_that_turns(rope.beta_slow)
    if rope.truncate:
        first, last = math.floor(first), math.ceil(last)
    first, last = max(first, 0), min(last, config.head_dim - 1)
    width = last - first or 0.001
    return 1 - ((torch.arange(num_pairs, dtype=torch.float32, device=device) - first) / width).clamp(0, 1)
