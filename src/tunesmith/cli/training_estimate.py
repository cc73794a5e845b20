"""What training on a file would take here: passes, steps, memory, and time where something is known of this machine's speed.

A speed comes from runs of the same base model in ./runs, else from a short measurement of matrix products; each figure
says from which. Where there is neither, the time is unknown, and said to be.
"""

from __future__ import annotations

import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final, Literal

from tunesmith.core.errors import TunesmithError, UserError
from tunesmith.core.machine import cpu_has_fast_bf16, num_cores, read_memory
from tunesmith.data.statistics import DataStatistics
from tunesmith.nn.catalog import BaseModel, locate
from tunesmith.nn.shapes import facts_of, shape_of
from tunesmith.specs.costs import cookbook_epochs, operations_per_token
from tunesmith.specs.fine_tune import FineTuneSpec
from tunesmith.specs.memory import DataFacts, estimate
from tunesmith.specs.resolve import ResolvedSpec, resolve

Method = Literal["lora", "full"]
_GPU_BYTES: Final = 800 << 20  # of a CUDA context
# Of the rate of bare matrix products, what training reaches: about half at a small base model on a busy machine, more
# than all of it at a large one, whose products are larger than those measured.
_SLOWEST, _FASTEST = 0.3, 1.3
_WARM_UP: Final = 2
_FEWEST_STEPS: Final = 3


@dataclass(frozen=True, slots=True)
class TrainingEstimate:
    """``seconds``: at least and at most, of the training steps alone; None where the speed is not known."""

    method: Method
    num_epochs: float
    cookbook_epochs: int
    batch_size: int
    total_steps: int
    trained_tokens: int
    memory_bytes: int
    free_bytes: int | None
    tokens_per_second: tuple[float, float] | None
    seconds: tuple[float, float] | None
    how: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def estimate_training(
    base_model: str, statistics: DataStatistics, method: Method, runs: Path, max_seq_len: int | None
) -> TrainingEstimate | None:
    """``trained_tokens`` are of all passes together. None where no token was counted, or the base model's folder holds a
    tokenizer alone."""
    tokens = statistics.tokens
    if tokens is None or not tokens.total_tokens:
        return None
    try:
        base = locate(base_model)
    except UserError:
        return None
    longest = min(tokens.lengths.max, max_seq_len or base.config.max_position_embeddings)
    data = DataFacts(statistics.num_rows, longest, tokens.total_tokens, has_validation=False)
    resolved, is_gpu, free = _resolved(base_model, base, data, method)
    share = tokens.trained_tokens / tokens.total_tokens
    speed, how = _speed(base_model, base, method, runs, resolved, share)
    total = tokens.total_tokens * resolved.num_epochs
    memory = estimate(shape_of(base), resolved, data).total_bytes + (_GPU_BYTES if is_gpu else 0)
    return TrainingEstimate(
        method=method,
        num_epochs=resolved.num_epochs,
        cookbook_epochs=cookbook_epochs(statistics.num_rows),
        batch_size=resolved.batch_size,
        total_steps=resolved.total_steps,
        trained_tokens=round(tokens.trained_tokens * resolved.num_epochs),
        memory_bytes=memory,
        free_bytes=free,
        tokens_per_second=speed,
        seconds=(total / speed[1], total / speed[0]) if speed else None,
        how=how,
    )


def _resolved(
    base_model: str, base: BaseModel, data: DataFacts, method: Method
) -> tuple[ResolvedSpec, bool, int | None]:
    try:
        memory = read_memory()
        is_gpu, free = memory.is_gpu, memory.free_bytes
    except OSError:
        is_gpu, free = False, None
    has_compiler = any(shutil.which(name) for name in ("g++", "clang++", "c++"))
    facts = facts_of(
        base, data, "cuda" if is_gpu else "cpu", has_fast_bf16=is_gpu or cpu_has_fast_bf16(), can_compile=has_compiler
    )
    spec = FineTuneSpec(base_model=base_model, training_file="file", adapter="lora" if method == "lora" else "none")
    return resolve(spec, facts), is_gpu, free


def _speed(
    base_model: str, base: BaseModel, method: Method, runs: Path, resolved: ResolvedSpec, trained_share: float
) -> tuple[tuple[float, float] | None, str]:
    """Tokens a second, the least and the most, and how that is known."""
    measured = _speed_of_runs(base_model, method, runs)
    if measured is not None:
        folder, slow, fast = measured
        return (slow, fast), f"as measured in {folder}, if that was this machine"
    rate = _matrix_rate(resolved.precision)
    if rate is None:
        return None, "unknown: there is no run of this base model in ./runs, and torch is not installed"
    operations = operations_per_token(shape_of(base), trains_all=method == "full", trained_share=trained_share)
    how = f"reckoned from {rate / 1e9:,.0f} GFLOP/s of {resolved.precision} matrix products, measured just now"
    return (_SLOWEST * rate / operations, _FASTEST * rate / operations), how


def _speed_of_runs(base_model: str, method: Method, runs: Path) -> tuple[Path, float, float] | None:
    """Of the newest run of the base model by this method: the slower and the faster quarter of its steps begin here."""
    from tunesmith.specs.yaml_file import load_spec
    from tunesmith.train.run_folder import read_metrics

    folders = [path.parent for path in runs.glob("*/metrics.csv")] if runs.is_dir() else []
    for folder in sorted(folders, key=lambda folder: -(folder / "metrics.csv").stat().st_mtime):
        try:
            spec = load_spec(folder / "spec.yaml")
            rows = read_metrics(folder / "metrics.csv")
        except (TunesmithError, OSError, ValueError, KeyError):
            continue
        if spec.base_model != base_model or (spec.adapter == "none") != (method == "full"):
            continue
        speeds = sorted(row.tokens_per_second for row in rows[_WARM_UP:] if row.tokens_per_second)
        if len(speeds) >= _FEWEST_STEPS:
            return folder, speeds[len(speeds) // 4], speeds[3 * len(speeds) // 4]
    return None


def _matrix_rate(precision: Literal["bf16", "fp32"]) -> float | None:
    """Operations a second of matrix products, as torch does them here; None where there is no torch."""
    try:
        import torch
    except ImportError:
        return None
    is_gpu = torch.cuda.is_available()
    size, device = (4096, "cuda") if is_gpu else (768, "cpu")
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    if not is_gpu:
        torch.set_num_threads(num_cores())
    one = torch.ones((size, size), dtype=dtype, device=device)
    seconds = []
    for _ in range(6):
        started = time.perf_counter()
        product = one @ one
        float(product[0, 0])  # a card answers when it has done it
        seconds.append(time.perf_counter() - started)
    return 2 * size**3 / median(seconds[1:])
