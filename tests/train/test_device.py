"""The machine as training sees it."""

from __future__ import annotations

import ctypes
from types import SimpleNamespace

import pytest
import torch

from tunesmith.train import device

MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1  # of malloc.h


@pytest.mark.parametrize(("most_bytes", "threshold_bytes"), [(2**31 - 1, 2**31 - 1), (32 << 20, 32 << 20), (0, None)])
def test_freed_memory_is_kept_up_to_what_the_c_library_takes(
    most_bytes: int, threshold_bytes: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before 2.35, glibc refuses large thresholds; setting the other option alone would make things worse."""
    options: dict[int, int] = {}

    def mallopt(option: int, value: int) -> int:
        if option == MMAP_THRESHOLD and value > most_bytes:
            return 0
        options[option] = value
        return 1

    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace(mallopt=mallopt))
    device.keep_freed_memory()
    assert options.get(MMAP_THRESHOLD) == threshold_bytes
    assert (TRIM_THRESHOLD in options) == (threshold_bytes is not None)


def test_a_c_library_without_the_switch_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    library = SimpleNamespace()
    monkeypatch.setattr(ctypes, "CDLL", lambda _: library)
    device.prepare()
    assert vars(library) == {}
    assert torch.are_deterministic_algorithms_enabled()  # what else there is to prepare is prepared
