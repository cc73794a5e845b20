"""The machine as its operating system tells it: processor, memory, disk, graphics cards. No torch here.

Everything is read from files below one root, ``/`` unless a test brings a tree of its own. What the
system does not tell is None. Limits of a container (cgroups, version 1 and 2) are honoured.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

# Instructions that decide how fast a training step is.
CPU_FEATURES = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "bf16", "sve", "svebf16")
FAST_BF16 = frozenset({"avx512_bf16", "amx_bf16", "bf16", "svebf16"})
_VENDORS: Mapping[str, Literal["NVIDIA", "AMD"]] = {"0x10de": "NVIDIA", "0x1002": "AMD"}
# PCI classes of displays and 3D controllers (0x03…) and of processing accelerators (0x12…).
_CARD_CLASSES = ("0x03", "0x12")
_NO_LIMIT = 1 << 60


@dataclass(frozen=True, slots=True)
class Cpu:
    """``usable_cores`` is what this process may use: its affinity and its container's quota."""

    model: str
    usable_cores: float
    features: tuple[str, ...]

    @property
    def has_fast_bf16(self) -> bool:
        return bool(FAST_BF16 & set(self.features))


@dataclass(frozen=True, slots=True)
class Memory:
    """``is_limited`` where a container's limit is below the machine's memory."""

    total_bytes: int | None
    available_bytes: int | None
    is_limited: bool


@dataclass(frozen=True, slots=True)
class Disk:
    path: str
    free_bytes: int


@dataclass(frozen=True, slots=True)
class Card:
    """A graphics card or accelerator on the PCI bus, whether or not anything can use it."""

    vendor: Literal["NVIDIA", "AMD"]
    pci_id: str


@dataclass(frozen=True, slots=True)
class Machine:
    system: str
    cpu: Cpu
    memory: Memory
    cards: tuple[Card, ...]
    nvidia_driver: str | None
    has_amd_driver: bool

    def as_json(self) -> dict[str, object]:
        return {**asdict(self), "cpu": {**asdict(self.cpu), "has_fast_bf16": self.cpu.has_fast_bf16}}


def read_machine(root: Path = Path("/")) -> Machine:
    return Machine(
        system=f"{platform.system()} {platform.release()}, {platform.machine()}",
        cpu=_cpu(root),
        memory=_memory(root),
        cards=_cards(root),
        nvidia_driver=_nvidia_driver(root),
        has_amd_driver=(root / "sys/module/amdgpu").is_dir() and (root / "dev/kfd").exists(),
    )


def read_disk(path: Path) -> Disk:
    """Free space where ``path`` lies or would lie, in bytes that this user may fill."""
    there = next(place for place in (path, *path.parents) if place.exists())
    return Disk(str(path), shutil.disk_usage(there).free)


# ---- processor -----------------------------------------------------------------------------------


def _cpu(root: Path) -> Cpu:
    info = _first_values(_text(root / "proc/cpuinfo"))
    flags = set((info.get("flags") or info.get("Features") or "").split())
    model = info.get("model name") or info.get("Model") or platform.processor() or platform.machine()
    return Cpu(model, _usable_cores(root), tuple(feature for feature in CPU_FEATURES if feature in flags))


def _usable_cores(root: Path) -> float:
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min([float(allowed), *_quotas(root)])


def _quotas(root: Path) -> Iterator[float]:
    """Cores that a container's quota pays for."""
    for group in _groups(root, ""):
        if match := re.match(r"(\d+) (\d+)", _text(group / "cpu.max")):
            yield round(int(match[1]) / int(match[2]), 2)
    for group in _groups(root, "cpu"):
        quota, period = _number(group / "cpu.cfs_quota_us"), _number(group / "cpu.cfs_period_us")
        if quota and period:
            yield round(quota / period, 2)


# ---- memory --------------------------------------------------------------------------------------


def _memory(root: Path) -> Memory:
    info = _first_values(_text(root / "proc/meminfo"))
    total, available = _kibibytes(info.get("MemTotal")), _kibibytes(info.get("MemAvailable"))
    if total is None and "SC_PHYS_PAGES" in os.sysconf_names:
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limits = [(limit, used) for limit, used in _memory_limits(root) if total is None or limit < total]
    if limits:
        total = min(limit for limit, _ in limits)
        available = min(max(0, limit - used) for limit, used in limits + ([(available, 0)] if available else []))
    return Memory(total, available, bool(limits))


def _memory_limits(root: Path) -> Iterator[tuple[int, int]]:
    """Bytes that a container may use, and those in use that the system cannot take back (its file cache it can)."""
    names = (("", "memory.max", "memory.current"), ("memory", "memory.limit_in_bytes", "memory.usage_in_bytes"))
    for controller, limit_name, used_name in names:
        for group in _groups(root, controller):
            limit, used = _number(group / limit_name), _number(group / used_name)
            if limit is not None and 0 < limit < _NO_LIMIT:
                cache = re.search(r"^(?:total_)?inactive_file (\d+)", _text(group / "memory.stat"), re.MULTILINE)
                yield limit, max(0, (used or 0) - (int(cache[1]) if cache else 0))


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """The control groups that this process is in, innermost first; ``controller`` "" means version 2."""
    base = root / "sys/fs/cgroup" / controller
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, names, path = [*line.split(":", 2), "", ""][:3]
        if controller in names.split(","):
            own = base / path.lstrip("/")
            inside = [place for place in (own, *own.parents) if place == base or base in place.parents]
            yield from inside if own.is_dir() else [base]


# ---- graphics cards ------------------------------------------------------------------------------


def _cards(root: Path) -> tuple[Card, ...]:
    folder = root / "sys/bus/pci/devices"
    cards = []
    for device in sorted(folder.iterdir()) if folder.is_dir() else ():
        vendor = _VENDORS.get(_text(device / "vendor").strip())
        if vendor and _text(device / "class").startswith(_CARD_CLASSES):
            cards.append(Card(vendor, _text(device / "device").strip().removeprefix("0x")))
    return tuple(cards)


def _nvidia_driver(root: Path) -> str | None:
    match = re.search(r"Kernel Module\D*?(?:for \S+\s+)?(\d[\d.]+)", _text(root / "proc/driver/nvidia/version"))
    return match[1] if match else None


# ---- files ---------------------------------------------------------------------------------------


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _number(path: Path) -> int | None:
    text = _text(path).strip()
    return int(text) if text.isdecimal() else None


def _first_values(text: str) -> dict[str, str]:
    """``key : value`` lines; the first of a name counts."""
    values: dict[str, str] = {}
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        if colon:
            values.setdefault(key.strip(), value.strip())
    return values


def _kibibytes(text: str | None) -> int | None:
    match = re.match(r"(\d+) kB", text or "")
    return 1024 * int(match[1]) if match else None
