"""A decoder laid out for generation: the same function as ``Decoder``, in fewer and faster steps.

``prepare(decoder)`` gives the fast form of the weights and adapters as they are now, made once and kept
until one of them changes. Projections that read the same input become one product (q, k and v; gate
and up); in bf16 on a CPU its weight is put into oneDNN's own layout, which reads twice as fast when
there are few tokens. Elsewhere the decoder's own projections are called and nothing is copied.

Adapters stay apart from the weights: adding them in would round them away in bf16. The decoder's own A goes
below the weight, so that one product gives ``W x`` and ``A x``, and B follows. Adapters that share the base
(``PreparedDecoder.adapter``) are products of their own on their rows, whatever mixture of them is in a pass.

A pass (``run``) takes what many streams need next, together: one token each of some, pieces of the prompts of others.

In fp32 the logits are the decoder's but for the last bits; in bf16 log-probabilities differ from the
decoder's by as much as both differ from fp32 (0.01 nats on average): a rotation is rounded once, not
three times, and an adapter's scale is rounded with B.

Shapes: T tokens, N streams, H query heads, K key/value heads, G = H / K, D head width, V vocabulary, L keys
that a query may see, R ranks of all adapters of a pass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from typing import Protocol, TypeAlias
from weakref import WeakKeyDictionary, ref

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tunesmith.nn.attention import Borders, KVCache, attend, attend_continued
from tunesmith.nn.catalog import DecoderConfig, ForeignConfig
from tunesmith.nn.transformer import CausalModel, Decoder, Layer, Linear, rope_tables

# The number of rows that oneDNN's layout is chosen for; others run on it too.
PACKED_FOR_ROWS = 16
# Rows of one adapter from which on it multiplies them alone; fewer are multiplied by all adapters of the pass at once,
# which reads more and calls less (measured: 16 rows of 4 adapters cost 50 µs a projection, not 110).
ALONE_FROM_ROWS = 32

Product = Callable[[Tensor], Tensor]
# A [R, in] and scale · Bᵀ [R, out].
Pair = tuple[Tensor, Tensor]
# Of each weight: where its numbers lie and how often they were written; of each projection: its adapter's scale.
Stamp = tuple[tuple[tuple[int, int], ...], tuple[float, ...]]

# One for each row, None where the row has none; empty where no row has one.
Adapters: TypeAlias = "Sequence[PreparedAdapter | None]"

_kept: WeakKeyDictionary[Decoder, _Kept] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Steps:
    """One token each of some streams of a cache, in rising order; its ``lengths_N`` say where they go."""

    cache: KVCache
    streams: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Tokens of one stream's prompt that follow the ``start`` ones which the cache already has."""

    cache: KVCache
    stream: int
    start: int
    num_tokens: int


class PreparedModel(Protocol):
    """What generation asks of a model.

    ``run`` takes the rows of all steps, then those of all chunks, and one adapter (or None) for each row;
    it writes keys and values and leaves the caches' ``lengths_N`` alone.
    """

    @property
    def config(self) -> DecoderConfig | ForeignConfig: ...
    @property
    def device(self) -> torch.device: ...
    @property
    def reads_chunks(self) -> bool:
        """Whether a prompt may come in several chunks."""

    def run(
        self, tokens_T: Tensor, steps: Sequence[Steps], chunks: Sequence[Chunk], adapters: Adapters = ()
    ) -> Tensor: ...
    def prefill(self, tokens_T: Tensor, borders: Borders, cache: KVCache, streams: Sequence[int]) -> Tensor: ...
    def decode(self, tokens_N: Tensor, cache: KVCache) -> Tensor: ...
    def logits(self, hidden_NH: Tensor, adapters: Adapters = ()) -> Tensor: ...
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
    reads_chunks = False

    def __init__(self, model: CausalModel) -> None:
        self.config, self.device = model.config, model.device
        self.prefill, self.decode, self.new_cache = model, model.decode, model.new_cache
        self._model = model

    def run(self, tokens_T: Tensor, steps: Sequence[Steps], chunks: Sequence[Chunk], adapters: Adapters = ()) -> Tensor:
        """A decode step per cache, of all its streams: what is written for those that have none comes after their
        tokens, and is written again. Then the prompts."""
        sizes = [len(step.streams) for step in steps] + [sum(chunk.num_tokens for chunk in chunks)]
        *tokens, prompts_T = tokens_T.split(sizes)
        hidden = [self._step(*each) for each in zip(tokens, steps, strict=True)]
        row = 0
        for cache, run in groupby(chunks, lambda chunk: chunk.cache):
            run_of_cache = list(run)
            lengths = [chunk.num_tokens for chunk in run_of_cache]
            borders = Borders.of(lengths, self.device)
            part_T = prompts_T[row : row + sum(lengths)]
            hidden.append(self._model(part_T, borders, cache, [chunk.stream for chunk in run_of_cache]))
            row += sum(lengths)
        return torch.cat(hidden)

    def logits(self, hidden_NH: Tensor, adapters: Adapters = ()) -> Tensor:
        return self._model.logits(hidden_NH)

    def _step(self, tokens_N: Tensor, step: Steps) -> Tensor:
        lengths_N, streams = step.cache.lengths_N, torch.tensor(step.streams, device=self.device)
        all_tokens = torch.zeros_like(lengths_N).index_copy_(0, streams, tokens_N)
        hidden_NH = self._model.decode(all_tokens, step.cache)
        step.cache.lengths_N = lengths_N
        return hidden_NH.index_select(0, streams)


class PreparedDecoder:
    """Made by ``prepare``; holds no reference to the decoder, only to what it needs of it."""

    reads_chunks = True

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
        names = {id(module): name for name, module in decoder.named_modules()}
        groups = [group for layer in decoder.model.layers if isinstance(layer, Layer) for group in _groups(layer)]
        self._sites = [[(names[id(p)], p.weight.shape[0]) for p in group] for group in (*groups, [decoder.lm_head])]
        self._stack = AdapterStack(())
        cos, sin = rope_tables(self.config, self.dtype, self.device)
        self._cos, self._sin = torch.cat((cos, cos), -1), torch.cat((-sin, sin), -1)

    def run(self, tokens_T: Tensor, steps: Sequence[Steps], chunks: Sequence[Chunk], adapters: Adapters = ()) -> Tensor:
        """→ hidden_TH after the last norm, in the order of the tokens: first all steps', then all chunks'."""
        places = [step.cache.lengths_N[list(step.streams)] for step in steps]
        places += [torch.arange(c.start, c.start + c.num_tokens, device=self.device) for c in chunks]
        return self._run(tokens_T, torch.cat(places), self._parts(steps, chunks), adapters)

    def prefill(self, tokens_T: Tensor, borders: Borders, cache: KVCache, streams: Sequence[int]) -> Tensor:
        """Whole prompts → hidden_TH after the last norm; their keys and values are stored for ``streams``."""
        return self._run(tokens_T, borders.positions_T, [_Documents(borders, [(cache, streams)])])

    def decode(self, tokens_N: Tensor, cache: KVCache) -> Tensor:
        """One token per stream of the cache → hidden_NH; the cache's lengths move on by one."""
        steps = Steps(cache, tuple(range(len(cache.lengths_N))))
        hidden_NH = self._run(tokens_N, cache.lengths_N, [_Step(steps, self.dtype)])
        cache.lengths_N = cache.lengths_N + 1
        return hidden_NH

    def logits(self, hidden_NH: Tensor, adapters: Adapters = ()) -> Tensor:
        logits_NV = self._head(hidden_NH)
        _adapt(self._spans(adapters), len(self._sites) - 1, hidden_NH, logits_NV)
        return logits_NV

    def new_cache(self, num_streams: int, capacity: int) -> KVCache:
        c = self.config
        return KVCache(c.num_layers, num_streams, c.num_kv_heads, capacity, c.head_dim, self.dtype, self.device)

    @torch.no_grad()
    def adapter(self, pairs: Mapping[str, tuple[Tensor, Tensor]], scale: float) -> PreparedAdapter:
        """An adapter's pairs (A, B) by the names of their projections, laid out for ``run`` and ``logits``."""
        unknown = pairs.keys() - {name for site in self._sites for name, _ in site}
        if unknown:
            raise ValueError(f"there is no projection {sorted(unknown)[0]}")
        return PreparedAdapter([_side_pair(site, pairs, scale, self.dtype, self.device) for site in self._sites])

    def _parts(self, steps: Sequence[Steps], chunks: Sequence[Chunk]) -> list[_Part]:
        parts: list[_Part] = [_Step(step, self.dtype) for step in steps]
        for is_first, run in groupby(chunks, lambda chunk: chunk.start == 0):
            if is_first:
                parts.append(_Documents.of(list(run), self.device))
            else:
                parts += [_Continuation(chunk) for chunk in run]
        return parts

    def _run(self, tokens_T: Tensor, positions_T: Tensor, parts: Sequence[_Part], adapters: Adapters = ()) -> Tensor:
        cos, sin = (table.index_select(0, positions_T)[:, None] for table in (self._cos, self._sin))
        this_pass = _Pass(cos, sin, parts, self._spans(adapters))
        hidden_TH = self._embed_tokens(tokens_T).to(self.dtype)
        for index, layer in enumerate(self._layers):
            hidden_TH = layer(hidden_TH, index, this_pass)
        normed_TH: Tensor = self._norm(hidden_TH)
        return normed_TH

    def _spans(self, adapters: Adapters) -> list[_Span]:
        """Long runs of one adapter alone; what lies between them by all of its adapters at once."""
        runs = [(adapter, len(list(run))) for adapter, run in groupby(adapters)]
        ends = accumulate(length for _, length in runs)
        spans: list[_Span] = []
        few: list[tuple[PreparedAdapter | None, int]] = []
        for (adapter, length), end in zip(runs, ends, strict=True):
            if length < ALONE_FROM_ROWS and len(runs) > 1:
                few.append((adapter, length))
            else:
                self._add_few(spans, few, end - length)
                if adapter is not None:
                    spans.append(_Span(end - length, end, adapter.pairs, None))
                few = []
        self._add_few(spans, few, len(adapters))
        return spans

    def _add_few(self, spans: list[_Span], few: Sequence[tuple[PreparedAdapter | None, int]], end: int) -> None:
        used = tuple(dict.fromkeys(adapter for adapter, _ in few if adapter is not None))
        if not used:
            return
        start = end - sum(length for _, length in few)
        if len(used) == 1 and all(adapter is not None for adapter, _ in few):
            spans.append(_Span(start, end, used[0].pairs, None))
            return
        self._stack = self._stack.holding(used)
        rows = [adapter for adapter, length in few for _ in range(length)]
        spans.append(_Span(start, end, self._stack.pairs, self._stack.masks(rows, self.device)))


class PreparedAdapter:
    """An adapter's pairs, one for each product of the decoder (None where it has none): A [R, in] and
    scale · Bᵀ [R, out]. Compared by identity."""

    def __init__(self, pairs: Sequence[Pair | None]) -> None:
        self.pairs = pairs


class AdapterStack:
    """Several adapters below each other: two products give what each would; a mask lets each row see its own."""

    def __init__(self, adapters: Sequence[PreparedAdapter]) -> None:
        self.adapters = tuple(adapters)
        by_site = list(zip(*(adapter.pairs for adapter in adapters), strict=True))
        self._ranks = [tuple(0 if pair is None else pair[0].shape[0] for pair in pairs) for pairs in by_site]
        self.pairs = [_below_each_other(pairs) for pairs in by_site]

    def holding(self, used: Sequence[PreparedAdapter]) -> AdapterStack:
        """This one, or a new one; adapters that are not used now stay while they are no more than the others."""
        if set(used) <= set(self.adapters) and len(self.adapters) <= 2 * len(used):
            return self
        others = [adapter for adapter in self.adapters if adapter not in used]
        return AdapterStack((*used, *others[: len(used) // 2]))

    def masks(self, rows: Sequence[PreparedAdapter | None], device: torch.device) -> list[Tensor | None]:
        """[rows, R] for each product: True at ranks of other adapters than the row's. Shared by products of like ranks."""
        place = {adapter: number for number, adapter in enumerate(self.adapters)}
        own_N = torch.tensor([-1 if adapter is None else place[adapter] for adapter in rows], device=device)
        made: dict[tuple[int, ...], Tensor] = {}
        for ranks in self._ranks:
            if ranks not in made:
                owners_R = torch.arange(len(ranks), device=device).repeat_interleave(torch.tensor(ranks, device=device))
                made[ranks] = owners_R[None] != own_N[:, None]
        return [made[ranks] if any(ranks) else None for ranks in self._ranks]


@dataclass(frozen=True, slots=True)
class _Span:
    """Rows ``start`` … ``end`` of a pass and what is added to their products."""

    start: int
    end: int
    pairs: Sequence[Pair | None]
    masks: Sequence[Tensor | None] | None


def _adapt(spans: Sequence[_Span], site: int, x_TI: Tensor, y_TO: Tensor) -> None:
    """Add the adapters' part to ``y`` in place. What a row's own adapter did not give is set to zero, not multiplied
    by it: another's overflow stays its own."""
    for span in spans:
        pair = span.pairs[site]
        if pair is None:
            continue
        is_whole = span.end - span.start == len(x_TI)
        x, y = (x_TI, y_TO) if is_whole else (x_TI[span.start : span.end], y_TO[span.start : span.end])
        low_rank = F.linear(x, pair[0])
        mask = span.masks[site] if span.masks is not None else None
        if mask is not None:
            low_rank.masked_fill_(mask, 0)
        y.addmm_(low_rank, pair[1])


def _side_pair(
    site: Sequence[tuple[str, int]], pairs: Mapping[str, tuple[Tensor, Tensor]], scale: float,
    dtype: torch.dtype, device: torch.device,
) -> Pair | None:  # fmt: skip
    found = [pairs.get(name) for name, _ in site]
    downs = [pair[0] for pair in found if pair is not None]
    if not downs:
        return None
    ups = _blocks([(width, None if pair is None else pair[1]) for (_, width), pair in zip(site, found, strict=True)])
    return torch.cat(downs).to(device, dtype), (scale * ups).to(device, dtype)


def _below_each_other(pairs: Sequence[Pair | None]) -> Pair | None:
    found = [pair for pair in pairs if pair is not None]
    return (torch.cat([down for down, _ in found]), torch.cat([up for _, up in found])) if found else None


def _groups(layer: Layer) -> list[list[Linear]]:
    """A layer's projections, those of one input together, in the order in which a pass comes to them."""
    attention, mlp = layer.self_attn, layer.mlp
    qkv = [attention.q_proj, attention.k_proj, attention.v_proj]
    return [qkv, [attention.o_proj], [mlp.gate_proj, mlp.up_proj], [mlp.down_proj]]


class _PreparedLayer:
    def __init__(self, layer: Layer, dtype: torch.dtype, packed: bool) -> None:
        attention, mlp = layer.self_attn, layer.mlp
        self._width = attention.head_dim
        self._heads = attention.q_proj.weight.shape[0] // self._width
        self._kv_heads = attention.k_proj.weight.shape[0] // self._width
        self._inner = mlp.gate_proj.weight.shape[0]
        self._q_norm, self._k_norm, self._window = attention.q_norm, attention.k_norm, attention.window
        self._attention_norm, self._mlp_norm = layer.input_layernorm, layer.post_attention_layernorm
        self._products = [_product(group, dtype, packed) for group in _groups(layer)]

    def __call__(self, hidden_TH: Tensor, index: int, this_pass: _Pass) -> Tensor:
        all_heads = self._multiply(0, index, self._attention_norm(hidden_TH), this_pass)
        all_heads = all_heads.view(hidden_TH.shape[0], -1, self._width)
        q_and_k, v = all_heads.split((self._heads + self._kv_heads, self._kv_heads), 1)
        if self._q_norm is not None and self._k_norm is not None:
            q, k = q_and_k.split((self._heads, self._kv_heads), 1)
            q_and_k = torch.cat((self._q_norm(q), self._k_norm(k)), 1)
        q, k = this_pass.rotate(q_and_k).split((self._heads, self._kv_heads), 1)
        attended_TH = this_pass.attend(index, q, k, v, self._window).flatten(1)
        hidden_TH = hidden_TH + self._multiply(1, index, attended_TH, this_pass)
        gate, up = self._multiply(2, index, self._mlp_norm(hidden_TH), this_pass).split(self._inner, 1)
        return hidden_TH + self._multiply(3, index, F.silu(gate).mul_(up), this_pass)

    def _multiply(self, number: int, index: int, x_TI: Tensor, this_pass: _Pass) -> Tensor:
        y_TO = self._products[number](x_TI)
        if this_pass.spans:
            _adapt(this_pass.spans, index * len(self._products) + number, x_TI, y_TO)
        return y_TO


class _Part(Protocol):
    """Some rows of a pass: what they may see, and where their keys and values go."""

    num_rows: int

    def attend(self, index: int, q_THD: Tensor, k_TKD: Tensor, v_TKD: Tensor, window: int | None) -> Tensor: ...


class _Pass:
    """What all layers share: cosines [T, 1, D], sines with the sign that each half needs, parts and adapters."""

    def __init__(self, cos: Tensor, sin: Tensor, parts: Sequence[_Part], spans: Sequence[_Span]) -> None:
        self._cos, self._sin, self._parts, self.spans = cos, sin, parts, spans
        self._sizes = [part.num_rows for part in parts]

    def rotate(self, x_THD: Tensor) -> Tensor:
        return torch.addcmul(x_THD * self._cos, x_THD.roll(x_THD.shape[-1] // 2, -1), self._sin)

    def attend(self, index: int, q_THD: Tensor, k_TKD: Tensor, v_TKD: Tensor, window: int | None) -> Tensor:
        if len(self._parts) == 1:
            return self._parts[0].attend(index, q_THD, k_TKD, v_TKD, window)
        each = zip(self._parts, *(x.split(self._sizes) for x in (q_THD, k_TKD, v_TKD)), strict=True)
        return torch.cat([part.attend(index, q, k, v, window) for part, q, k, v in each])


class _Documents:
    """Prompts from their first token on."""

    def __init__(self, borders: Borders, places: Sequence[tuple[KVCache, Sequence[int]]]) -> None:
        """``places``: runs of the documents' streams, cache by cache."""
        self.num_rows = sum(borders.lengths)
        self._borders, self._places = borders, places

    @staticmethod
    def of(chunks: Sequence[Chunk], device: torch.device) -> _Documents:
        places = [(cache, [chunk.stream for chunk in run]) for cache, run in groupby(chunks, lambda chunk: chunk.cache)]
        return _Documents(Borders.of([chunk.num_tokens for chunk in chunks], device), places)

    def attend(self, index: int, q_THD: Tensor, k_TKD: Tensor, v_TKD: Tensor, window: int | None) -> Tensor:
        document = row = 0
        for cache, streams in self._places:
            lengths = self._borders.lengths[document : document + len(streams)]
            rows = slice(row, row + sum(lengths))
            cache.store(index, k_TKD[rows], v_TKD[rows], lengths, streams)
            document, row = document + len(streams), rows.stop
        return attend(q_THD, k_TKD, v_TKD, self._borders, window)


class _Continuation:
    """The next tokens of a prompt whose beginning is in the cache."""

    def __init__(self, chunk: Chunk) -> None:
        self._chunk, self.num_rows = chunk, chunk.num_tokens

    def attend(self, index: int, q_THD: Tensor, k_TKD: Tensor, v_TKD: Tensor, window: int | None) -> Tensor:
        chunk = self._chunk
        chunk.cache.store(index, k_TKD, v_TKD, [chunk.num_tokens], [chunk.stream], chunk.start)
        k_KLD, v_KLD = chunk.cache.layers[index][:, chunk.stream, :, : chunk.start + chunk.num_tokens].unbind(0)
        return attend_continued(q_THD, k_KLD, v_KLD, window)


class _Step:
    """One token each of some streams: where the new keys go, and what each stream may see.

    Attention runs over the places of all streams up to the last one that is asked for: those between that are not
    get a neighbour's query, and what comes of it is dropped.
    """

    def __init__(self, steps: Steps, dtype: torch.dtype) -> None:
        cache = steps.cache
        device = cache.lengths_N.device
        streams_N = torch.tensor(steps.streams, device=device)
        self.num_rows, self._num_places = len(steps.streams), steps.streams[-1] + 1
        self._layers, self._rows, self._dtype = cache.layers, cache.next_rows(streams_N), dtype
        self._streams_N = streams_N if self._num_places > self.num_rows else None
        self._query_of_place = torch.zeros(self._num_places, dtype=torch.long, device=device)
        self._query_of_place[streams_N] = torch.arange(self.num_rows, device=device)
        self._lengths_N = torch.zeros_like(self._query_of_place)
        self._lengths_N[streams_N] = cache.lengths_N.index_select(0, streams_N)
        self._shortest, longest = (int(length) for length in self._lengths_N.aminmax())
        self._used = longest + 1
        self._masks: dict[tuple[int | None, int], Tensor | None] = {}

    def _mask(self, window: int | None, group: int) -> Tensor | None:
        """[N, 1, G, L]: −inf at keys that are not there yet or have left the window; None where every stream sees all.
        Made once for all layers that see the same."""
        if (window, group) not in self._masks:
            self._masks[window, group] = self._make_mask(window, group)
        return self._masks[window, group]

    def _make_mask(self, window: int | None, group: int) -> Tensor | None:
        if window is not None and window >= self._used:
            window = None
        if window is None and self._shortest + 1 == self._used:
            return None
        places, newest = torch.arange(self._used, device=self._lengths_N.device)[None], self._lengths_N[:, None]
        hidden_NL = places > newest
        if window is not None:
            hidden_NL |= places <= newest - window
        mask_NL = torch.zeros(hidden_NL.shape, dtype=self._dtype, device=hidden_NL.device)
        return mask_NL.masked_fill_(hidden_NL, float("-inf"))[:, None, None].expand(-1, 1, group, -1)

    def attend(self, index: int, q_NHD: Tensor, k_NKD: Tensor, v_NKD: Tensor, window: int | None) -> Tensor:
        """The heads of a group are the queries of one key/value head: the fused kernel shares its reads."""
        layer, (_, heads, width), kv_heads = self._layers[index], q_NHD.shape, k_NKD.shape[1]
        layer.view(-1, width).index_copy_(0, self._rows, torch.cat((k_NKD, v_NKD), 1).view(-1, width))
        k, v = layer[:, : self._num_places, :, : self._used].unbind(0)
        if self._streams_N is not None:
            q_NHD = q_NHD.index_select(0, self._query_of_place)
        q_NKGD = q_NHD.reshape(-1, kv_heads, heads // kv_heads, width)
        mask = self._mask(window, heads // kv_heads)
        out_NHD = F.scaled_dot_product_attention(q_NKGD, k, v, attn_mask=mask).reshape(-1, heads, width)
        return out_NHD if self._streams_N is None else out_NHD.index_select(0, self._streams_N)


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
    scaled = [None if layer.lora_B is None else layer.lora_scale * layer.lora_B for layer in layers]
    return _blocks([(layer.weight.shape[0], up) for layer, up in zip(layers, scaled, strict=True)])


def _blocks(parts: Sequence[tuple[int, Tensor | None]]) -> Tensor:
    """Of each part's width and B: Bᵀ in its rows and columns, zero elsewhere, fp32."""
    ranks = [0 if up is None else up.shape[1] for _, up in parts]
    blocks = torch.zeros(sum(ranks), sum(width for width, _ in parts))
    row = column = 0
    for (width, up), rank in zip(parts, ranks, strict=True):
        if up is not None:
            blocks[row : row + rank, column : column + width] = up.t()
        row, column = row + rank, column + width
    return blocks
