"""What this machine has, found out without torch: memory, and whether its processor is fast in bf16.

A container's limits count as the machine's.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")
_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Memory:
    """Of the device that trains: the GPU's where there is one, the machine's otherwise."""

    total_bytes: int
    free_bytes: int
    is_gpu: bool = False


def read_memory() -> Memory:
    """Now. Raises OSError where the system tells nothing."""
    return _gpu_memory() or _main_memory()


def device_name(*, is_gpu: bool) -> str:
    """Of what trains, for people."""
    if is_gpu:
        return _asked_of_gpu("name") or "GPU"
    return f"CPU, {num_cores()} cores" if num_cores() > 1 else "CPU, 1 core"


def cpu_has_fast_bf16() -> bool:
    """Whether matrix products in bf16 run on instructions of their own."""
    return bool(_cpu_flags() & {"avx512_bf16", "amx_bf16", "bf16", "svebf16"})


def num_cores() -> int:
    """Those that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def resident_bytes(pid: int) -> int:
    """Memory that a process has taken; 0 once it is gone."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_bytes().split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _main_memory() -> Memory:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        kib = {line.split(":")[0]: int(line.split()[1]) for line in lines}
        total, free = kib["MemTotal"] << 10, kib["MemAvailable"] << 10
    except (OSError, KeyError, ValueError):  # not Linux: what is free is not told
        total = free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = _number(_CGROUP / "memory.max")
    if limit is not None and limit < total:
        total, free = limit, min(free, max(0, limit - _cgroup_in_use()))
    return Memory(total, free)


def _cgroup_in_use() -> int:
    """Without the file cache that gives way."""
    used, cache = _number(_CGROUP / "memory.current") or 0, 0
    with suppress(OSError, ValueError):
        for line in (_CGROUP / "memory.stat").read_text(encoding="ascii").splitlines():
            name, _, value = line.partition(" ")
            cache += int(value) if name in ("inactive_file", "active_file") else 0
    return max(0, used - cache)


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _gpu_memory() -> Memory | None:
    said = _asked_of_gpu("memory.total,memory.free")
    try:
        total, free = (int(value) for value in (said or "").split(","))
    except ValueError:
        return None
    return Memory(total * _MIB, free * _MIB, is_gpu=True)


def _asked_of_gpu(fields: str) -> str | None:
    """What NVIDIA's own program says of the first card; None where there is none."""
    program = shutil.which("nvidia-smi")
    if program is None or os.environ.get("CUDA_VISIBLE_DEVICES") == "":
        return None
    command = [program, f"--query-gpu={fields}", "--format=csv,noheader,nounits"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout
        return said.splitlines()[0].strip()
    except (OSError, subprocess.SubprocessError, IndexError):
        return None


def _cpu_flags() -> set[str]:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith(("flags", "Features")):
                    return set(line.partition(":")[2].split())
    except OSError:
        return set()
    return set()
