"""Where streams keep their keys and values: slots of a few capacities, together never above a bound.

Takes how many tokens a stream needs room for; gives it a slot, or says that there is no room. Slots of one
capacity lie in one KV cache, so that a decode step attends to them together; capacities double, so a stream's slot
is at most half empty beyond ``SMALLEST``. A stream that outgrows its slot moves to the next capacity; one that
leaves is replaced by the last of its cache. Caches are laid out anew layer by layer, so that only one layer is there
twice, and the bound holds meanwhile too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from tunesmith.nn.attention import KVCache
from tunesmith.nn.prepared import Chunk, PreparedModel, Steps

# Tokens of the smallest slot.
SMALLEST = 128

Key = tuple[PreparedModel, int]


@dataclass(slots=True, eq=False)
class Slot:
    """One stream's place: which model's cache of which capacity, the how-manieth in it, and the tokens it holds."""

    model: PreparedModel
    capacity: int = 0
    index: int = 0
    length: int = 0


@dataclass(slots=True, eq=False)
class Pool:
    """The slots of one capacity: the cache, which may have room for more, and who is in it."""

    cache: KVCache
    slots: list[Slot] = field(default_factory=list)

    @property
    def num_places(self) -> int:
        return self.cache.layers[0].shape[1]


class Slots:
    def __init__(self, max_bytes: int) -> None:
        self.max_bytes, self.peak_bytes = max_bytes, 0
        self.pools: dict[Key, Pool] = {}
        # Adapters of foreign models are models of their own, which come and go.
        self._shapes: WeakKeyDictionary[PreparedModel, tuple[int, int]] = WeakKeyDictionary()

    @property
    def num_bytes(self) -> int:
        return sum(pool.cache.num_bytes for pool in self.pools.values())

    @property
    def num_tokens(self) -> int:
        return sum(slot.length for pool in self.pools.values() for slot in pool.slots)

    def longest(self, model: PreparedModel) -> int:
        """The most tokens that one stream can keep when it is alone, up to the model's context."""
        return min(model.config.max_position_embeddings, self._settled_bytes(model) // self._shape(model)[1])

    def take(self, model: PreparedModel, num_tokens: int) -> Slot | None:
        """An empty slot for so many tokens, or None: there is no room now."""
        slot = Slot(model)
        return slot if self._seat(slot, num_tokens) else None

    def extend(self, slot: Slot, num_tokens: int) -> bool:
        """Make the slot hold so many tokens; → False where there is no room now."""
        return num_tokens <= slot.capacity or self._seat(slot, num_tokens)

    def copy(self, source: Slot, target: Slot, num_tokens: int) -> None:
        """The first tokens of one stream become another's."""
        old, new = self._pool(source).cache, self._pool(target).cache
        for of, to in zip(old.layers, new.layers, strict=True):
            to[:, target.index, :, :num_tokens] = of[:, source.index, :, :num_tokens]
        target.length = num_tokens

    def release(self, slot: Slot) -> None:
        """Give the place back, zeroed: what it held, were it not finite, would reach its next owner through the mask."""
        pool = self._pool(slot)
        last = pool.slots.pop()
        for layer in pool.cache.layers:
            if last is not slot:
                layer[:, slot.index, :, : last.length] = layer[:, last.index, :, : last.length]
                layer[:, slot.index, :, last.length : slot.length] = 0
            layer[:, last.index, :, : last.length] = 0
        if last is not slot:
            pool.slots[slot.index] = last
            last.index = slot.index
        key = (slot.model, slot.capacity)
        if not pool.slots:
            del self.pools[key]
        elif len(pool.slots) <= pool.num_places // 4:
            self._arrange({key: (_with_spare(len(pool.slots)), pool.slots)})

    def drop_all(self) -> None:
        """Every slot and its memory; nothing is read from them any more."""
        self.pools.clear()

    def steps(self, slots: Sequence[Slot]) -> Steps:
        """The next token of each of these, all of one cache and in its order."""
        pool = self._pool(slots[0])
        pool.cache.lengths_N = torch.tensor([slot.length for slot in pool.slots], device=slots[0].model.device)
        return Steps(pool.cache, tuple(slot.index for slot in slots))

    def chunk(self, slot: Slot, num_tokens: int) -> Chunk:
        return Chunk(self._pool(slot).cache, slot.index, slot.length, num_tokens)

    def _seat(self, slot: Slot, num_tokens: int) -> bool:
        key = (slot.model, self._capacity(slot.model, num_tokens))
        pool = self.pools.get(key)
        if pool is not None and len(pool.slots) < pool.num_places:
            self._move_in(slot, key, pool)
            return True
        return self._add_places(slot, key, is_tight=False) or (
            self._trim() and self._add_places(slot, key, is_tight=True)
        )

    def _move_in(self, slot: Slot, key: Key, pool: Pool) -> None:
        new = Slot(slot.model, key[1], len(pool.slots))
        pool.slots.append(new)
        if slot.capacity:
            self.copy(slot, new, slot.length)
            self.release(slot)
        pool.slots[new.index] = slot
        slot.capacity, slot.index, slot.length = new.capacity, new.index, new.length

    def _add_places(self, slot: Slot, key: Key, *, is_tight: bool) -> bool:
        members = [*self.pools[key].slots, slot] if key in self.pools else [slot]
        plan = {key: (len(members) if is_tight else _with_spare(len(members)), members)}
        if slot.capacity:
            old = self._pool(slot)
            left = [other for other in old.slots if other is not slot]
            plan[slot.model, slot.capacity] = (len(left) if is_tight else old.num_places, left)
        return self._arrange(plan)

    def _trim(self) -> bool:
        """Give back the places that nobody is in."""
        for key, pool in list(self.pools.items()):
            if len(pool.slots) < pool.num_places:
                self._arrange({key: (len(pool.slots), pool.slots)})
        return True

    def _arrange(self, plan: Mapping[Key, tuple[int, list[Slot]]]) -> bool:
        """Lay caches of one model out anew with so many places and these slots; → False where the bound forbids it."""
        model = next(iter(plan))[0]
        num_layers, token_bytes = self._shape(model)
        after = sum(places * capacity for (_, capacity), (places, _) in plan.items()) * token_bytes
        before = sum(self.pools[key].cache.num_bytes for key in plan if key in self.pools)
        others = self.num_bytes - before
        if others + after > self._settled_bytes(model):
            return False
        self.peak_bytes = max(self.peak_bytes, others + max(before + after // num_layers, after + before // num_layers))
        old = {key: pool.cache.layers for key, pool in self.pools.items()}
        caches = {key: model.new_cache(0, key[1]) for key in plan}
        for index in range(num_layers):
            fresh = {
                key: _laid_out(index, places, key, slots, caches[key], old) for key, (places, slots) in plan.items()
            }
            for key, layer in fresh.items():
                caches[key].layers[index] = layer
                if key in old:
                    old[key][index] = layer
        for key, (_, slots) in plan.items():
            self.pools[key] = Pool(caches[key], slots)
            for number, slot in enumerate(slots):
                slot.capacity, slot.index = key[1], number
            if not slots:
                del self.pools[key]
        return True

    def _capacity(self, model: PreparedModel, num_tokens: int) -> int:
        capacity = SMALLEST
        while capacity < num_tokens:
            capacity *= 2
        return min(capacity, max(self.longest(model), num_tokens))

    def _settled_bytes(self, model: PreparedModel) -> int:
        """What caches may hold between changes, so that there is room for one layer more while they change."""
        num_layers, _ = self._shape(model)
        return self.max_bytes * num_layers // (num_layers + 1)

    def _shape(self, model: PreparedModel) -> tuple[int, int]:
        """Layers, and bytes of a token in all of them."""
        if model not in self._shapes:
            cache = model.new_cache(1, 1)
            self._shapes[model] = len(cache.layers), cache.num_bytes
        return self._shapes[model]

    def _pool(self, slot: Slot) -> Pool:
        return self.pools[slot.model, slot.capacity]


def _laid_out(
    index: int, num_places: int, key: Key, slots: Sequence[Slot], like: KVCache, old: Mapping[Key, list[Tensor]]
) -> Tensor:
    """One layer of a cache with the slots' keys and values in their order."""
    two, _, heads, capacity, width = like.layers[index].shape
    layer = torch.zeros(
        (two, num_places, heads, capacity, width), dtype=like.layers[index].dtype, device=like.layers[index].device
    )
    for number, slot in enumerate(slots):
        if slot.length:
            source = old[slot.model, slot.capacity][index]
            layer[:, number, :, : slot.length] = source[:, slot.index, :, : slot.length]
    return layer


def _with_spare(num_slots: int) -> int:
    return num_slots + num_slots // 2
