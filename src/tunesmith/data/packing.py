"""TokenizedExamples of one step → Rows: whole examples side by side in one token stream.

A row is a micro-batch: as many examples as fit its token budget. Borders between examples are kept, so
that attention never crosses them; nothing is padded.
"""

from __future__ import annotations

from collections.abc import Sequence


def pack(lengths: Sequence[int], budget_tokens: int) -> list[list[int]]:
    """Positions of the examples, grouped into rows of at most ``budget_tokens``.

    Examples are taken longest first, so that neighbours in a row have similar lengths and the largest
    row comes first (a run that fits in memory at its first row goes on fitting). An example longer
    than the budget gets a row of its own. Deterministic: ties go by position.
    """
    rows: list[list[int]] = []
    used = budget_tokens
    for position in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        if used + lengths[position] > budget_tokens:
            rows.append([])
            used = 0
        rows[-1].append(position)
        used += lengths[position]
    return rows
