"""Slots for keys and values: nobody's tokens are lost or seen by others, and the bound holds while caches change."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tunesmith.infer.slots import SMALLEST, Slot, Slots
from tunesmith.nn.attention import KVCache

LAYERS, HEADS, WIDTH = 3, 2, 4
TOKEN_BYTES = LAYERS * 2 * HEADS * WIDTH * 4


def model(context: int = 4096) -> Any:
    return type(
        "Model",
        (),
        {
            "config": SimpleNamespace(max_position_embeddings=context),
            "device": torch.device("cpu"),
            "new_cache": lambda self, n, capacity: KVCache(LAYERS, n, HEADS, capacity, WIDTH, torch.float32, "cpu"),
        },
    )()


def write(slots: Slots, slot: Slot, value: float, length: int) -> None:
    for number, layer in enumerate(slots.pools[slot.model, slot.capacity].cache.layers):
        layer[:, slot.index, :, slot.length : length] = value + number
    slot.length = length


def held(slots: Slots, slot: Slot) -> list[torch.Tensor]:
    return [layer[:, slot.index] for layer in slots.pools[slot.model, slot.capacity].cache.layers]


def check(slots: Slots, values: dict[Slot, float]) -> None:
    """Each slot holds its own value up to its length, and zeros lie everywhere else."""
    for slot, value in values.items():
        assert slots.pools[slot.model, slot.capacity].slots[slot.index] is slot
        for number, layer in enumerate(held(slots, slot)):
            assert bool((layer[:, :, : slot.length] == value + number).all())
            assert not layer[:, :, slot.length :].any()
    for pool in slots.pools.values():
        assert all(not layer[:, len(pool.slots) :].any() for layer in pool.cache.layers)
    assert slots.num_tokens == sum(slot.length for slot in values)
    assert slots.num_bytes <= slots.peak_bytes <= slots.max_bytes


@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    moves=st.lists(
        st.tuples(st.sampled_from("take grow release copy".split()), st.integers(0, 9), st.integers(1, 700))
    ),
    room=st.integers(300, 4000),
)
def test_slots_keep_what_they_hold_whatever_comes_and_goes(moves: list[tuple[str, int, int]], room: int) -> None:
    slots, one = Slots(room * TOKEN_BYTES), model()
    values: dict[Slot, float] = {}
    for number, (kind, which, tokens) in enumerate(moves):
        chosen = list(values)[which % len(values)] if values else None
        if kind == "take":
            slot = slots.take(one, tokens)
            if slot is not None:
                values[slot] = float(100 * (number + 1))
                write(slots, slot, values[slot], tokens)
        elif chosen is not None and kind == "grow" and slots.extend(chosen, chosen.length + tokens):
            write(slots, chosen, values[chosen], chosen.length + tokens)
        elif chosen is not None and kind == "release":
            slots.release(chosen)
            del values[chosen]
        elif chosen is not None and kind == "copy":
            slot = slots.take(one, chosen.length)
            if slot is not None:
                values[slot] = values[chosen]
                slots.copy(chosen, slot, chosen.length)
        check(slots, values)


def test_place_of_a_longer_stream_is_zero_beyond_the_one_that_takes_it() -> None:
    slots, one = Slots(10**9), model()
    first, second = slots.take(one, 100), slots.take(one, 100)
    assert first is not None
    assert second is not None
    write(slots, first, 5.0, 90)
    write(slots, second, 8.0, 20)
    slots.release(first)
    check(slots, {second: 8.0})


@pytest.mark.parametrize("room", [150, 300, 1000, 5000])
def test_longest_text_fits_and_can_be_reached_token_by_token(room: int) -> None:
    slots, one = Slots(room * TOKEN_BYTES), model()
    longest = slots.longest(one)
    assert longest == min(room * LAYERS // (LAYERS + 1), 4096)
    slot = slots.take(one, 1)
    assert slot is not None
    for length in range(1, longest + 1):
        assert slots.extend(slot, length)
        write(slots, slot, 7.0, length)
    check(slots, {slot: 7.0})
    assert room == 5000 or not slots.extend(slot, longest + 1)


def test_streams_of_one_size_lie_in_one_cache_and_joining_rarely_moves_them() -> None:
    slots, one = Slots(10**9), model()
    made = []
    for _ in range(32):
        made.append(slots.take(one, 100))
    ((key, pool),) = slots.pools.items()
    assert key == (one, SMALLEST)
    assert [slot.index for slot in pool.slots] == list(range(32))


def test_room_of_streams_that_left_is_given_back() -> None:
    slots, one = Slots(10**9), model()
    made = [slots.take(one, 100) for _ in range(32)]
    full = slots.num_bytes
    for slot in made[3:]:
        assert slot is not None
        slots.release(slot)
    assert slots.num_bytes <= full / 4
    for slot in made[:3]:
        assert slot is not None
        slots.release(slot)
    assert slots.num_bytes == 0
