"""What is measured, and how: wall and processor time, memory's peak, who else used the machine, the matmul rate.

A contender runs in a process of its own (``run_child``) and hands back one line of JSON.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
MARK = "BENCH-RESULT "
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Moment:
    """Wall clock, this process's processor time, and the whole machine's, in seconds."""

    wall: float
    own: float
    busy: float
    steal: float


def moment() -> Moment:
    user, nice, system, _, _, irq, softirq, steal = _machine_ticks()
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    own = time.process_time() + children.ru_utime + children.ru_stime
    return Moment(time.perf_counter(), own, (user + nice + system + irq + softirq) / _TICKS, steal / _TICKS)


def disturbance(start: Moment, end: Moment) -> dict[str, float]:
    """How much of the machine others took between two moments, in cores, and what the hypervisor kept."""
    wall = max(end.wall - start.wall, 1e-9)
    own = end.own - start.own
    return {
        "wall_seconds": wall,
        "cpu_seconds": own,
        "others_cores": max(0.0, end.busy - start.busy - own) / wall,
        "steal_cores": (end.steal - start.steal) / wall,
    }


def peak_rss_bytes() -> int:
    """The most memory this process has held (VmHWM); macOS has no /proc and reports it in bytes through getrusage."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def matmul_rate(config: Any, seconds: float = 1.5) -> float:
    """bf16 operations a second at this model's shapes, 2,048 rows: the best pass over all of them."""
    import torch

    sizes = [(config.hidden_size, config.intermediate_size), (config.intermediate_size, config.hidden_size)]
    sizes += [(config.hidden_size, config.num_heads * config.head_dim)]
    pairs = [(torch.randn(2048, a).bfloat16(), torch.randn(b, a).bfloat16()) for a, b in sizes]
    operations = sum(2.0 * 2048 * a * b for a, b in sizes)
    best, end = 0.0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        started = time.perf_counter()
        for x, weight in pairs:
            torch.nn.functional.linear(x, weight)
        best = max(best, operations / (time.perf_counter() - started))
    return best


# glibc keeps what is freed instead of handing it back. The engine asks for that itself; tuned peers get it too.
KEPT_MEMORY = {"MALLOC_TRIM_THRESHOLD_": str(2**31 - 1), "MALLOC_MMAP_THRESHOLD_": str(2**31 - 1)}


def run_child(script: str, request: Mapping[str, Any], work: Path, timeout_seconds: float = 1800) -> dict[str, Any]:
    """Run ``script`` with the request in a fresh process; → its result, with the whole process's wall seconds.

    Raises SystemExit with the child's last words where it fails.
    """
    environment = {
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "TRANSFORMERS_VERBOSITY": "error",
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "PYTHONWARNINGS": "ignore",
        "HF_HOME": str(work / "cache"),
        "TORCHINDUCTOR_CACHE_DIR": str(work / "compiled"),
    }
    if not str(request.get("contender", "")).endswith("-default"):
        environment |= KEPT_MEMORY
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, str(HERE / script), json.dumps(request)],
        capture_output=True, text=True, timeout=timeout_seconds, env=environment,
    )  # fmt: skip
    seconds = time.perf_counter() - started
    results = [line for line in done.stdout.splitlines() if line.startswith(MARK)]
    if done.returncode != 0 or not results:
        raise SystemExit(f"{script} {json.dumps(request)} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return {**json.loads(results[-1].removeprefix(MARK)), "process_seconds": seconds}


def document(kind: str, runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The raw numbers with what they were measured on; names no place."""
    return {
        "format": 1,
        "kind": kind,
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine_kind(),
        "cores": num_cores(),
        "versions": versions(),
        "runs": runs,
    }


def hand_back(result: Mapping[str, Any]) -> None:
    print(MARK + json.dumps(result), flush=True)


def versions() -> dict[str, str]:
    names = ("torch", "transformers", "peft", "trl", "accelerate", "datasets", "tunesmith", "llama-cpp-python")
    found = {"python": platform.python_version()}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def machine_kind() -> str:
    """The processor and how many cores may be used, such as ``amd-epyc-2-cores``: no name of a host."""
    model = platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        named = [line.partition(":")[2] for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = named[0] if named else model
    words = "".join(c if c.isalnum() else " " for c in model.lower()).split()
    known = [word for word in words if word not in ("r", "tm", "cpu", "processor", "core", "with")]
    return "-".join([*known[:3], str(num_cores()), "cores"])


def num_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _machine_ticks() -> list[int]:
    stat = Path("/proc/stat")
    if not stat.exists():
        return [0] * 8
    return [int(field) for field in stat.read_text().splitlines()[0].split()[1:9]]
