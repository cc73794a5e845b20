"""The machine as training sees it: device, number types, threads, and what equality of bits depends on."""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
from typing import Literal

import torch

from tunesmith.core.machine import cpu_has_fast_bf16

# Of malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
DTYPES = {"bf16": torch.bfloat16, "fp32": torch.float32}


def choose_device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def has_fast_bf16(device: torch.device) -> bool:
    """Whether matrix products in bf16 run on instructions of their own."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    return cpu_has_fast_bf16()


def can_compile() -> bool:
    """Whether ``torch.compile`` finds what it needs on a CPU: a C++ compiler."""
    return any(shutil.which(name) for name in (os.environ.get("CXX"), "g++", "clang++") if name)


def kind(device: torch.device) -> Literal["cpu", "cuda"]:
    return "cuda" if device.type == "cuda" else "cpu"


def prepare(num_threads: int | None = None) -> None:
    """Fix what equality of bits needs: thread count (None keeps it) and deterministic kernels."""
    if num_threads is not None and num_threads != torch.get_num_threads():
        torch.set_num_threads(num_threads)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    # Not use_deterministic_algorithms: that sets the compiler too, and takes a second to import it.
    torch.set_deterministic_debug_mode("warn")
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    keep_freed_memory()


def keep_freed_memory(most_bytes: int = 2**31 - 1) -> None:
    """Let the C library keep what is freed, up to so much at the heap's end: a step's large buffers would go back to
    the system and be faulted in again by the next, which takes up to a quarter of a small model's step. Buffers of
    more than a quarter of that always go back. Only glibc has this switch."""
    try:
        set_option = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    largest = 2**31 - 1 if most_bytes >= 2**31 - 1 else most_bytes // 4
    # Before 2.35 no threshold above 32 MiB is taken; the other option alone would hold it at 128 KiB.
    if any(set_option(_M_MMAP_THRESHOLD, size) for size in (largest, 32 << 20)):
        set_option(_M_TRIM_THRESHOLD, most_bytes)


def fingerprint(device: torch.device, precision: str) -> dict[str, str | int]:
    """Everything that bit equality depends on beside the spec and the data; saved with each checkpoint."""
    return {
        "torch": str(torch.__version__),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        "machine": platform.machine(),
        "kernels": torch.backends.cpu.get_cpu_capability(),
        "num_threads": torch.get_num_threads(),
        "precision": precision,
    }
