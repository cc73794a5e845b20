"""Raw results → Markdown: one table a pair of shape and mode, and the ratios round by round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from contenders import DEFAULTS, TUNED_PEERS

GIB = 1 << 30
COLUMNS = (
    "contender", "tok/s median [min, max]", "ours-eager ÷ it", "MFU(min)", "RSS GiB", "its memory ÷ ours", "first step s",
    "last step's loss", "held-out loss", "steps", "others' cores", "how",
)  # fmt: skip
Run = Mapping[str, Any]


def training(document: Mapping[str, Any]) -> str:
    runs = [run for run in document["runs"] if run["round"] > 0]
    parts = [head(document, "Training")]
    for shape, mode in dict.fromkeys((run["shape"], run["mode"]) for run in runs):
        chosen = [run for run in runs if (run["shape"], run["mode"]) == (shape, mode)]
        parts.append(_pair(shape, mode, chosen))
    return "\n\n".join(parts) + "\n"


def head(document: Mapping[str, Any], title: str) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in document["versions"].items())
    return (
        f"# {title}: {document['date']}, {document['machine']}\n\n{versions}.\n"
        "What the columns mean and how it was measured: bench/README.md."
    )


def one_line(run: Run) -> str:
    """A run as it ends, for the terminal."""
    where = f"round {run['round']}, {run['shape']} {run['mode']}, {run['contender']}"
    if run["contender"] == "peak":
        return f"{where}: bf16 matmul {run['matmul_rate'] / 1e9:.0f} GFLOP/s"
    speed, memory = tokens_per_second(run), run["peak_rss_bytes"] / GIB
    return (
        f"{where}: {speed:,.0f} tokens/s, {memory:.1f} GiB, loss {run['losses'][-1]:.3f}, others {run['others_cores']:.2f} "
        f"cores, {run['process_seconds']:.0f} s"
    )


def tokens_per_second(run: Run, steps: int | None = None) -> float:
    """Real tokens a second over the steps after the first; over the first ``steps`` steps only, where given."""
    counted = run["steps"][1:steps]
    return sum(step["tokens"] for step in counted) / sum(step["seconds"] for step in counted)


def ratio(ours: Run, peer: Run) -> float:
    """How many times faster ours was: over the steps that both ran, or over all where the peer moved the borders."""
    common = min(len(ours["steps"]), len(peer["steps"]))
    same = all(a["tokens"] == b["tokens"] for a, b in zip(ours["steps"], peer["steps"], strict=False))
    return tokens_per_second(ours, common if same else None) / tokens_per_second(peer, common if same else None)


def _pair(shape: str, mode: str, runs: Sequence[Run]) -> str:
    rates = [run["matmul_rate"] for run in runs if run["contender"] == "peak"]
    by_name: dict[str, list[Run]] = {}
    for run in runs:
        if run["contender"] != "peak":
            by_name.setdefault(run["contender"], []).append(run)
    lines = [f"## {shape}, {mode}", ""]
    lines += [f"bf16 matmul at this model's shapes: {median(rates) / 1e9:.0f} GFLOP/s ({len(rates)} times).", ""]
    lines += ["| " + " | ".join(COLUMNS) + " |", "|" + " --- |" * len(COLUMNS)]
    lines += ["| " + " | ".join(_row(name, by_name, median(rates))) + " |" for name in by_name]
    verdict = _rounds(by_name)
    return "\n".join([*lines, "", *verdict] if verdict else lines)


def _row(name: str, by_name: Mapping[str, Sequence[Run]], rate: float) -> list[str]:
    runs = by_name[name]
    speeds = [tokens_per_second(run) for run in runs]
    ours = by_name.get("ours-default" if name in DEFAULTS else "ours-eager", ())
    ratios = [ratio(a, b) for a in ours for b in runs if a["round"] == b["round"]]
    memory = median(run["peak_rss_bytes"] for run in runs)
    our_memory = median(run["peak_rss_bytes"] for run in ours) if ours else None
    shares = [_counted(run, "flops") / _counted(run, "seconds") / rate for run in runs]
    return [
        name,
        f"{median(speeds):,.0f} [{min(speeds):,.0f}, {max(speeds):,.0f}]",
        f"{median(ratios):.2f}" if ratios else "–",
        f"{median(shares):.0%}",
        f"{memory / GIB:.2f}",
        f"{memory / our_memory:.2f}" if our_memory else "–",
        f"{median(run['first_step_seconds'] for run in runs):.1f}",
        f"{median(run['losses'][-1] for run in runs):.3f}",
        f"{median(run['held_out_loss'] for run in runs):.3f}",
        f"{len(runs)} × {len(runs[0]['steps']) - 1}",
        f"{median(run['others_cores'] + run['steal_cores'] for run in runs):.2f}",
        str(runs[0]["layout"]),
    ]


def _counted(run: Run, what: str) -> float:
    return float(sum(step[what] for step in run["steps"][1:]))


def _rounds(by_name: Mapping[str, Sequence[Run]]) -> list[str]:
    """Ours beside the best tuned peer, round by round."""
    tuned = [name for name in TUNED_PEERS if name in by_name]
    if not tuned:
        return []
    best = max(tuned, key=lambda name: median(tokens_per_second(run) for run in by_name[name]))
    lines = []
    for name in ("ours-eager", "ours-compiled"):
        pairs = [(a, b) for a in by_name.get(name, ()) for b in by_name[best] if a["round"] == b["round"]]
        ratios = [ratio(a, b) for a, b in pairs]
        if ratios:
            memory = median(a["peak_rss_bytes"] / b["peak_rss_bytes"] for a, b in pairs)
            each = ", ".join(f"{value:.2f}" for value in ratios)
            lines.append(
                f"* {name} ÷ {best}, the fastest tuned peer: **{median(ratios):.2f}** "
                f"[{min(ratios):.2f}, {max(ratios):.2f}], by round {each}; memory {memory:.2f} of its."
            )
    return lines
