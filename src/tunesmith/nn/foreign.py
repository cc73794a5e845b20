"""Causal models that our decoder does not know, through the ``transformers`` library behind the decoder's call.

Takes a ``ForeignConfig`` (checked in nn.catalog); gives a ``ForeignDecoder``. The library builds the layers
from its own config class and computes them; reading weights, projections (so that adapters fit), attention
and the KV cache are ours. No code of a model's folder is ever run. Each loaded model is probed: documents
packed together must not see each other, and attention must be the library's own; otherwise it is refused.

``transformers`` is imported inside the functions that need it: it takes seconds, and is an extra.

Shapes as in nn.attention, plus B queries of one block.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from tunesmith.core.errors import UserError
from tunesmith.nn.attention import Borders, KVCache, attend, attend_cached
from tunesmith.nn.catalog import BaseModel, ForeignConfig
from tunesmith.nn.transformer import CausalModel, Linear
from tunesmith.nn.weights import base_tensors, fill

# Names under which the library finds our attention; the second also checks the rule of each layer's mask.
ATTENTION, PROBED_ATTENTION = "tunesmith", "tunesmith_probed"
# Queries attended at once where scores are capped or a window is shorter than the document.
QUERY_BLOCK = 512
# Old spellings that the library's config classes turn into today's.
_OLD_KEYS = frozenset(
    "rope_theta rope_scaling rope_parameters partial_rotary_factor sliding_window_pattern rope_local_base_freq".split()
)
_LAYER_TYPES = {"full_attention", "sliding_attention"}
# What attention functions are handed that does not change the result for us.
_HARMLESS_ARGUMENTS = frozenset(
    "position_ids cache_position use_cache output_attentions output_hidden_states output_router_logits return_dict "
    "past_key_values position_embeddings is_causal dropout".split()
)
_CANNOT_BUILD = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    IndexError,
    RuntimeError,
    ImportError,
    ArithmeticError,
    AssertionError,
)


class ForeignDecoder(CausalModel):
    """A causal language model of the library. Trained weights are kept in fp32 and cast where they are used.

    Dropout of the config is not applied, as in our own decoder.
    """

    config: ForeignConfig

    def __init__(self, config: ForeignConfig, compute_dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.compute_dtype = compute_dtype
        whole, unread = _build(config)
        self.config = replace(config, tie_word_embeddings=bool(whole.config.tie_word_embeddings))
        if unread:
            self.remarks = (f"{config.architecture}: not read from its config: {', '.join(unread)}",)
        _use_our_projections(whole)
        self.model: nn.Module = whole.model
        self.lm_head: Linear = whole.lm_head
        if self.config.tie_word_embeddings:
            self.tie_head()
        self.model.get_submodule("embed_tokens").register_forward_hook(lambda _, __, out: out.to(self.compute_dtype))
        self._library_config = whole.config
        # In a tuple: the head's mathematics without the layers is no submodule, so no weight is named twice.
        self._head_only = (_head_only(whole),)
        # Layers, key/value heads and their width, as the probe found them.
        self._cache_shape = (0, 0, 0)

    def forward(
        self,
        tokens_T: Tensor,
        borders: Borders,
        cache: KVCache | None = None,
        streams: Sequence[int] = (),
        at_M: Tensor | None = None,
    ) -> Tensor:
        hidden_TH = self._run(tokens_T, borders.positions_T, _Pass(borders, cache, streams))
        return hidden_TH if at_M is None else hidden_TH.index_select(0, at_M)

    def decode(self, tokens_N: Tensor, cache: KVCache) -> Tensor:
        hidden_NH = self._run(tokens_N, cache.lengths_N, _Pass(None, cache, ()))
        cache.lengths_N = cache.lengths_N + 1
        return hidden_NH

    def logits(self, hidden_NH: Tensor) -> Tensor:
        logits_NV: Tensor = self._head_only[0](inputs_embeds=hidden_NH[None], use_cache=False).logits[0]
        return logits_NV

    def new_cache(self, num_streams: int, capacity: int) -> KVCache:
        layers, heads, width = self._cache_shape
        return KVCache(layers, num_streams, heads, capacity, width, self.compute_dtype, self.device)

    def _run(self, tokens_T: Tensor, positions_T: Tensor, this_pass: _Pass) -> Tensor:
        arguments = {
            "input_ids": tokens_T[None], "position_ids": positions_T[None], "use_cache": False, "tunesmith": this_pass,
        }  # fmt: skip
        cast = {
            name: weight.to(self.compute_dtype)
            for name, weight in self.model.named_parameters()
            if weight.dtype != self.compute_dtype and self._is_cast_for_the_library(name)
        }
        if cast:
            out = torch.func.functional_call(self.model, cast, (), arguments)
        else:
            out = self.model(**arguments)
        hidden_TH: Tensor = out.last_hidden_state[0].to(self.compute_dtype)
        return hidden_TH

    def _is_cast_for_the_library(self, name: str) -> bool:
        """Projections cast their own weights, and of the embeddings only the rows that are used are cast."""
        owner = self.model.get_submodule(name.rpartition(".")[0])
        return not isinstance(owner, Linear | nn.Embedding)


@dataclass(slots=True)
class _Pass:
    """What every layer of one pass shares; ``layers`` collects each layer's key/value heads and width."""

    borders: Borders | None
    cache: KVCache | None
    streams: Sequence[int]
    layers: dict[int, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rule:
    """How scores become weights: factor, soft cap (Gemma Team 2024), and how many keys back a query sees."""

    scale: float
    softcap: float | None
    window: int | None

    def is_plain(self, width: int) -> bool:
        """Our own decoder's rule, but for the window, which it has too."""
        return self.scale == width**-0.5 and self.softcap is None

    def cuts(self, length: int) -> bool:
        return self.window is not None and self.window < length


def load_foreign(
    base: BaseModel, compute_dtype: torch.dtype, device: torch.device | str = "cpu", *, train_all: bool = False
) -> ForeignDecoder:
    """The base model's weights, in fp32 where all of them are trained, in the compute type otherwise."""
    decoder = empty_foreign(base.config, compute_dtype)
    tensors = base_tensors(base)
    if decoder.config.tie_word_embeddings:
        head, embeddings = tensors.pop("lm_head.weight", None), tensors.get("model.embed_tokens.weight")
        if head is not None and embeddings is not None and not torch.equal(head, embeddings):
            raise UserError(
                f"{base.folder}: the config says that the output head is tied, and the file holds another one.",
                "set tie_word_embeddings to false in config.json, or take a complete model",
            )
    fill(decoder, tensors, str(base.folder), torch.float32 if train_all else compute_dtype, device)
    decoder.to(device)
    decoder.requires_grad_(train_all)
    probe(decoder)
    return decoder


def empty_foreign(config: object, compute_dtype: torch.dtype = torch.float32) -> ForeignDecoder:
    """The model without weights (they lie on the meta device). Raises UserError where the library has no such model."""
    if not isinstance(config, ForeignConfig):
        raise TypeError(f"{type(config).__name__} belongs to our own decoder")
    return ForeignDecoder(config, compute_dtype)


# Building


def _build(config: ForeignConfig) -> tuple[Any, tuple[str, ...]]:
    """The library's model on the meta device with its tables computed, and the keys that were left unread."""
    try:
        from huggingface_hub.errors import StrictDataclassError
        from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, AttentionInterface, AttentionMaskInterface
        from transformers.models.auto.configuration_auto import CONFIG_MAPPING
    except ImportError as error:
        raise UserError(
            f"{config.architecture} goes through transformers, which is missing or of another version: {error}.",
            "pip install 'tunesmith[transformers]'",
        ) from None
    AttentionInterface.register(ATTENTION, _attention)
    AttentionInterface.register(PROBED_ATTENTION, _attention)
    AttentionMaskInterface.register(PROBED_ATTENTION, _mask_rule)
    config_class: Any = None
    model_class: Any = None
    if config.model_type in CONFIG_MAPPING:
        # These mappings import a family's module when it is asked for by index; their .get() does not.
        config_class = CONFIG_MAPPING[config.model_type]
        model_class = MODEL_FOR_CAUSAL_LM_MAPPING.get(config_class, None)
    if getattr(model_class, "__name__", "") != config.architecture:
        raise UserError(
            f"The architecture {config.architecture} (model_type {config.model_type}) is not supported: "
            "neither our decoder nor transformers has it as a causal language model.",
            "choose another base model; code that a model brings along is never run",
        )
    if not model_class._supports_attention_backend:
        raise _refusal(config, "its attention does not go through the library's attention interface")
    try:
        settings, unread = _known_settings(config, config_class)
        library_config = config_class(**settings)
        with torch.device("meta"):
            whole = model_class._from_config(library_config, attn_implementation=ATTENTION, dtype=torch.float32)
        _check_layout(whole, config)
        _compute_tables(whole, config)
    except (*_CANNOT_BUILD, StrictDataclassError) as error:
        raise UserError(
            f"{config.architecture} cannot be built from its config: {str(error).strip():.300}.",
            "mend config.json, or take another base model",
        ) from error
    return whole.eval(), unread


def _known_settings(config: ForeignConfig, config_class: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Only what the library's config class has, under its names or older ones."""
    raw = json.loads(config.settings)
    known = {*vars(config_class()), *config_class.attribute_map, *_OLD_KEYS} - {"auto_map", "name_or_path"}
    settings = {key: value for key, value in raw.items() if key in known and not key.startswith("_")}
    harmless = {"attn_implementation", "cache_implementation"}
    return settings, tuple(sorted(k for k in set(raw) - set(settings) - harmless if not k.startswith("_")))


def _check_layout(whole: Any, config: ForeignConfig) -> None:
    model, head = getattr(whole, "model", None), getattr(whole, "lm_head", None)
    types = set(getattr(whole.config, "layer_types", None) or ())
    reason = ""
    if not isinstance(getattr(model, "embed_tokens", None), nn.Embedding) or type(head) is not nn.Linear:
        reason = "its layout is not model.embed_tokens, model.layers and lm_head"
    elif any(weight.dim() > 2 for weight in whole.parameters()):
        reason = "it has weights of more than two dimensions: convolutions, or experts in another layout than on disk"
    elif not types <= _LAYER_TYPES:
        reason = f"it has layers of the kinds {', '.join(sorted(types - _LAYER_TYPES))}"
    elif len(list(whole.state_dict())) != len(list(whole.named_parameters(remove_duplicate=False))):
        reason = "it keeps state that is no weight"
    if reason:
        raise _refusal(config, reason, "cannot be used")


def _compute_tables(whole: Any, config: ForeignConfig) -> None:
    """Tables such as rotary frequencies follow from the config; the library's own initialization computes them."""
    for name, module in whole.named_modules():
        tables = {key: t for key, t in module.named_buffers(recurse=False) if t.is_meta}
        for key, table in tables.items():
            unset = torch.full(table.shape, float("nan")) if table.is_floating_point() else torch.zeros(table.shape)
            setattr(module, key, nn.Buffer(unset.to(table.dtype), persistent=False))
        if tables:
            whole._init_weights(module)
        for key in tables:
            if not bool(torch.isfinite(getattr(module, key)).all()):
                raise _refusal(config, f"its table {name}.{key} cannot be computed from the config", "cannot be used")


def _use_our_projections(whole: nn.Module) -> None:
    for owner in list(whole.modules()):
        for name, layer in list(owner.named_children()):
            if type(layer) is nn.Linear:
                with torch.device("meta"):
                    setattr(owner, name, _Projection(layer.in_features, layer.out_features, layer.bias is not None))


class _Projection(Linear):
    """Our projection for the library's [1, T, H]."""

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = super().forward(x.flatten(0, -2))
        return y.view(*x.shape[:-1], y.shape[-1])


class _Given(nn.Module):
    """Stands where the layers were and hands on what it is given as the last hidden state."""

    def forward(self, inputs_embeds: Tensor, **_: object) -> Any:
        from transformers.modeling_outputs import BaseModelOutputWithPast

        return BaseModelOutputWithPast(last_hidden_state=inputs_embeds)


def _head_only(whole: Any) -> Any:
    """The library's own way from hidden state to logits (scaling, soft caps), with the layers taken out."""
    shell = copy.copy(whole)
    shell._modules = {**whole._modules, "model": _Given()}
    return shell


# Attention


def _attention(
    module: nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: object, scaling: float | None = None,
    sliding_window: int | None = None, softcap: float | None = None, tunesmith: _Pass | None = None, **others: object,
) -> tuple[Tensor, None]:  # fmt: skip
    """What the library calls in place of its attention: [1, H, T, D] → [1, T, H, D], inside documents only."""
    unknown = sorted(k for k, v in others.items() if v is not None and k not in _HARMLESS_ARGUMENTS)
    layer = getattr(module, "layer_idx", None)
    if tunesmith is None or unknown or not isinstance(layer, int):
        raise _Unfit(f"its attention needs {', '.join(unknown)}" if unknown else "its layers do not hand borders on")
    if others.get("is_causal") is False or not getattr(module, "is_causal", True):
        raise _Unfit("its attention looks ahead")
    if key.shape != value.shape or layer in tunesmith.layers:
        raise _Unfit("its keys and values have different shapes, or a layer attends twice")
    if callable(attention_mask):
        _check_window(attention_mask, sliding_window)
    tunesmith.layers[layer] = (key.shape[1], key.shape[3])
    rule = Rule(query.shape[3] ** -0.5 if scaling is None else scaling, softcap or None, sliding_window or None)
    q_THD, k_TKD, v_TKD = (x[0].transpose(0, 1) for x in (query, key, value))
    return _attend(q_THD, k_TKD, v_TKD, layer, rule, tunesmith)[None], None


def _attend(q_THD: Tensor, k_TKD: Tensor, v_TKD: Tensor, layer: int, rule: Rule, this_pass: _Pass) -> Tensor:
    borders, cache = this_pass.borders, this_pass.cache
    if borders is not None:
        if cache is not None:
            cache.store(layer, k_TKD, v_TKD, borders.lengths, this_pass.streams)
        if rule.is_plain(q_THD.shape[2]):
            return attend(q_THD, k_TKD, v_TKD, borders, rule.window)
        return _attend_by_rule(q_THD, k_TKD, v_TKD, borders, rule)
    if cache is None:
        raise ValueError("a pass needs borders or a cache")
    return _by_rule_cached(q_THD, *cache.append(layer, k_TKD, v_TKD), rule)


def _attend_by_rule(q_THD: Tensor, k_TKD: Tensor, v_TKD: Tensor, borders: Borders, rule: Rule) -> Tensor:
    if not borders.buckets:
        return _by_rule(q_THD[None], k_TKD[None], v_TKD[None], rule)[0]
    pieces = []
    for bucket in borders.buckets:
        flat, shape = bucket.index_NL.view(-1), bucket.index_NL.shape
        q, k, v = (x.index_select(0, flat).view(*shape, *x.shape[1:]) for x in (q_THD, k_TKD, v_TKD))
        pieces.append(_by_rule(q, k, v, rule).flatten(0, 1).index_select(0, bucket.place_t))
    return torch.cat(pieces).index_select(0, borders.restore_T)


def _by_rule(q_NLHD: Tensor, k_NLKD: Tensor, v_NLKD: Tensor, rule: Rule) -> Tensor:
    q, k, v = (x.transpose(1, 2) for x in (q_NLHD, k_NLKD, v_NLKD))
    length = q.shape[2]
    if rule.softcap is None and not rule.cuts(length):
        grouped = q.shape[1] != k.shape[1]
        out = F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=rule.scale, enable_gqa=grouped)
        return out.transpose(1, 2)
    pieces = []
    for start in range(0, length, QUERY_BLOCK):
        end = min(start + QUERY_BLOCK, length)
        first = 0 if rule.window is None else max(0, start - rule.window + 1)
        places = torch.arange(first, end, device=q.device)
        queries = torch.arange(start, end, device=q.device)[:, None]
        hidden = places > queries
        if rule.window is not None:
            hidden = hidden | (places <= queries - rule.window)
        block = (q[:, :, start:end], k[:, :, first:end], v[:, :, first:end], hidden, rule)
        # Long documents: only one block's scores are held at a time, in the backward pass too.
        keep = length <= QUERY_BLOCK or not torch.is_grad_enabled()
        pieces.append(_scored(*block) if keep else checkpoint(_scored, *block, use_reentrant=False))
    return torch.cat(pieces, dim=2).transpose(1, 2)


def _by_rule_cached(q_NHD: Tensor, k_NKCD: Tensor, v_NKCD: Tensor, lengths_N: Tensor, rule: Rule) -> Tensor:
    if rule.is_plain(q_NHD.shape[2]):
        return attend_cached(q_NHD, k_NKCD, v_NKCD, lengths_N, rule.window)
    places = torch.arange(k_NKCD.shape[2], device=q_NHD.device)[None]
    hidden = places >= lengths_N[:, None]
    if rule.window is not None:
        hidden = hidden | (places < lengths_N[:, None] - rule.window)
    return _scored(q_NHD[:, :, None], k_NKCD, v_NKCD, hidden[:, None, None], rule)[:, :, 0]


def _scored(q_NHBD: Tensor, k_NKCD: Tensor, v_NKCD: Tensor, hidden: Tensor, rule: Rule) -> Tensor:
    """Softmax in fp32 over capped and masked scores; ``hidden`` broadcasts to N × H × B × C."""
    n, heads, queries, width = q_NHBD.shape
    kv_heads = k_NKCD.shape[1]
    group = heads // kv_heads
    q = q_NHBD.reshape(n, kv_heads, group * queries, width)
    scores = (q @ k_NKCD.transpose(2, 3)).view(n, heads, queries, -1) * rule.scale
    if rule.softcap is not None:
        scores = torch.tanh(scores / rule.softcap) * rule.softcap
    weights = scores.float().masked_fill(hidden, float("-inf")).softmax(-1).to(v_NKCD.dtype)
    out_NHBD: Tensor = (weights.view(n, kv_heads, group * queries, -1) @ v_NKCD).view(n, heads, queries, width)
    return out_NHBD


# Probing


class _Unfit(Exception):
    """Why a model's attention cannot be ours; becomes a refusal."""


def probe(decoder: ForeignDecoder) -> None:
    """Refuse a model whose documents would see each other in a pack, or whose attention is not what ours computes.

    A few tokens on the real weights: the library's attention = ours; no derivative crosses a border or runs
    back in time, exactly; packed = alone; cached = uncached. Raises UserError.
    """
    size = decoder.config.vocab_size
    first, second = (
        torch.tensor([(7 * i + 3) % size for i in r], device=decoder.device) for r in (range(5), range(5, 12))
    )
    try:
        _probe_attention(decoder, second)
        _probe_borders(decoder, first, second)
        _probe_packing(decoder, first, second)
    except _Unfit as unfit:
        raise _refusal(decoder.config, str(unfit)) from unfit
    except torch.OutOfMemoryError:
        raise
    except _CANNOT_BUILD as error:
        raise _refusal(decoder.config, f"a pass over a few tokens fails: {error!s:.200}", "cannot be used") from error


def _probe_attention(decoder: ForeignDecoder, tokens: Tensor) -> None:
    borders = Borders.of([tokens.numel()], decoder.device)
    with torch.no_grad():
        with _attention_of_library(decoder, PROBED_ATTENTION):
            this_pass = _Pass(borders, None, ())
            ours = decoder._run(tokens, borders.positions_T, this_pass)
        if set(this_pass.layers) != set(range(decoder.config.num_layers)):
            raise _Unfit("some of its layers do not go through the library's attention interface")
        if len(set(this_pass.layers.values())) > 1:
            raise _Unfit("its layers have different numbers or widths of heads")
        decoder._cache_shape = (len(this_pass.layers), *this_pass.layers[0])
        with _attention_of_library(decoder, "eager"):
            theirs = decoder(tokens, borders)
    _check_same(decoder, ours, theirs, "its attention is not the one that ours computes")


def _probe_borders(decoder: ForeignDecoder, first: Tensor, second: Tensor) -> None:
    """The derivative of one token's result by every token's embedding: exactly zero outside its own past."""
    leaves: list[Tensor] = []

    def keep(module: nn.Module, inputs: object, out: Tensor) -> Tensor:
        leaves.append(out.detach().requires_grad_())
        return leaves[-1]

    handle = decoder.model.get_submodule("embed_tokens").register_forward_hook(keep)
    try:
        with torch.enable_grad():
            tokens = torch.cat((first, second))
            hidden_TH = decoder(tokens, Borders.of([len(first), len(second)], decoder.device))
            for place in (2, len(first) + 3):
                start = 0 if place < len(first) else len(first)
                weights = torch.linspace(-1, 2, hidden_TH.shape[1], device=decoder.device, dtype=hidden_TH.dtype)
                (slope,) = torch.autograd.grad((hidden_TH[place] * weights).sum(), leaves, retain_graph=True)
                reached = slope.flatten(0, -2).abs().sum(-1) != 0
                if bool(reached[:start].any()) or bool(reached[place + 1 :].any()):
                    raise _Unfit("what one token becomes depends on another document or on later tokens")
    finally:
        handle.remove()


def _probe_packing(decoder: ForeignDecoder, first: Tensor, second: Tensor) -> None:
    device, lengths = decoder.device, [len(first), len(second)]
    with torch.no_grad():
        packed = decoder(torch.cat((first, second)), Borders.of(lengths, device)).split(lengths)
        for document, together in zip((first, second), packed, strict=True):
            alone = decoder(document, Borders.of([len(document)], device))
            _check_same(decoder, together, alone, "a packed document is not computed as it is alone")
        cache = decoder.new_cache(2, max(lengths))
        lengths = [length - 1 for length in lengths]
        decoder(torch.cat((first[:-1], second[:-1])), Borders.of(lengths, device), cache, range(2))
        cache.lengths_N = torch.tensor(lengths, device=device)
        last = decoder.decode(torch.stack((first[-1], second[-1])), cache)
    uncached = torch.stack([document[-1] for document in packed])
    _check_same(decoder, last, uncached, "it keeps state beside keys and values")


def _check_same(decoder: ForeignDecoder, ours: Tensor, theirs: Tensor, otherwise: str) -> None:
    error = (ours.float() - theirs.float()).norm() / theirs.float().norm()
    if not float(error) < (1e-4 if decoder.compute_dtype == torch.float32 else 0.2):
        raise _Unfit(f"{otherwise} (they differ by {float(error):.1g})")


def _mask_rule(*args: object, mask_function: Callable[..., Tensor], **others: object) -> Callable[..., Tensor]:
    """In place of a T × T mask: the rule itself, so that a layer's window can be compared with it."""
    return mask_function


def _check_window(sees: Callable[..., Tensor], window: int | None) -> None:
    """The library's mask and the window that it hands to attention must say the same."""
    query = torch.tensor(1 << 30)
    oldest = 0 if window is None else int(query) - window + 1
    zero = torch.tensor(0)
    seen = [bool(sees(zero, zero, query, query + key)) for key in (oldest - int(query) - 1, oldest - int(query), 1)]
    if seen[1:] != [True, False] or (window is not None and seen[0]):
        raise _Unfit("its mask is not the causal one, or not the window, that ours computes")


@contextmanager
def _attention_of_library(decoder: ForeignDecoder, implementation: str) -> Iterator[None]:
    decoder._library_config._attn_implementation = implementation
    try:
        yield
    finally:
        decoder._library_config._attn_implementation = ATTENTION


def _refusal(config: ForeignConfig, reason: str, verdict: str = "cannot be packed safely") -> UserError:
    return UserError(
        f"{config.architecture} {verdict}: {reason}.",
        "choose a base model whose only state is attention, such as Llama, Phi-3, InternLM or Gemma",
    )
