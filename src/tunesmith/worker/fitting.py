"""Does a job fit this machine now? By estimate, before its process begins, instead of by a crash in the middle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tunesmith.core.errors import TunesmithError
from tunesmith.core.machine import Memory, cpu_has_fast_bf16, resident_bytes
from tunesmith.nn.catalog import BaseModel, locate
from tunesmith.nn.known_models import KnownModels
from tunesmith.nn.shapes import facts_of, shape_of
from tunesmith.specs.memory import GIB, DataFacts, estimate
from tunesmith.specs.resolve import resolve
from tunesmith.store.jobs import Job
from tunesmith.worker.preparing import spec_of

# Of a CUDA context, beside what the formula counts.
GPU_BYTES = 800 << 20


@dataclass(frozen=True, slots=True)
class Reserved:
    """A job at work: what it may take, and the process that has taken part of that already."""

    estimate_bytes: int
    pid: int | None


def why_not(needed_bytes: int, memory: Memory, reserved: Sequence[Reserved]) -> str | None:
    """Why a job must wait, in words; None where it fits."""
    free = free_bytes(memory, reserved)
    if needed_bytes <= free:
        return None
    need = f"needs about {needed_bytes / GIB:.1f} GiB"
    if needed_bytes > memory.total_bytes:
        return (
            f"{need}, this machine has {memory.total_bytes / GIB:.1f} GiB in all: a larger one may take it, or it fits "
            "with smaller micro_batch_tokens, activation_checkpointing: true, or a smaller base model"
        )
    return f"{need}, {free / GIB:.1f} GiB are free on this machine"


def free_bytes(memory: Memory, reserved: Sequence[Reserved]) -> int:
    """What is free once the jobs at work have taken what they may take."""
    if memory.is_gpu:
        return min(memory.free_bytes, memory.total_bytes - sum(one.estimate_bytes for one in reserved))
    taken = [0 if one.pid is None else resident_bytes(one.pid) for one in reserved]
    still = sum(max(0, one.estimate_bytes - bytes_) for one, bytes_ in zip(reserved, taken, strict=True))
    return max(0, memory.free_bytes - still)


def estimate_bytes(job: Job, known_models: KnownModels, *, is_gpu: bool) -> int | None:
    """What the job takes at most; None where that cannot be said before it begins."""
    known = known_models.resolve(job.base_model)
    if known is None or job.facts is None:
        return None
    try:
        base = locate(known.location, offline=True)  # its files came when the job's were judged
        return _estimate(job, base, DataFacts.of(job.facts), is_gpu=is_gpu)
    except (TunesmithError, ValueError, KeyError, TypeError):  # its own process says what is wrong; others go on
        return None


def _estimate(job: Job, base: BaseModel, data: DataFacts, *, is_gpu: bool) -> int:
    spec = spec_of(job, job.training_file_id, job.validation_file_id)
    fast = is_gpu or cpu_has_fast_bf16()
    facts = facts_of(base, data, "cuda" if is_gpu else "cpu", has_fast_bf16=fast, can_compile=True)
    settings = resolve(spec, facts)
    return estimate(shape_of(base), settings, data).total_bytes + (GPU_BYTES if is_gpu else 0)
