"""What was kept → rows, or drafts that a person decides about; with what each was made from in its metadata."""

from __future__ import annotations

from typing import Any

from tunesmith.data.importers.rows import MADE_FROM, Provenance
from tunesmith.data.synthesis.plan import Plan, RowShape
from tunesmith.data.synthesis.synthesize import Kept

_HASH_LETTERS = 16


def made_row(
    question: str, answer: str, made_from: dict[str, str], shape: RowShape, system: str = ""
) -> dict[str, Any]:
    if shape == "prompt_completion":
        return {"prompt": question, "completion": answer, MADE_FROM: made_from}
    opening = [{"role": "system", "content": system}] if system else []
    messages = [*opening, {"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return {"messages": messages, MADE_FROM: made_from}


def made_from(kept: Kept, plan: Plan, provenance: Provenance) -> dict[str, str]:
    """Texts, as all metadata is: the model, the prompt's hash, the request; seeds, or the passage and its support."""
    said: dict[str, str] = {
        "provenance": provenance,
        "source": f"synthesis: {kept.name}",
        "model": plan.order.model,
        "prompt": plan.prompt.sha256[:_HASH_LETTERS],
    }
    if kept.planned.seeds:
        said["seeds"] = ", ".join(kept.planned.seeds)
    passage = kept.planned.passage
    if passage is not None:
        said["document"] = passage.place.file + (f":{passage.place.line}" if passage.place.line is not None else "")
        said["passage"] = passage.name
        if passage.heading:
            said["heading"] = passage.heading
    if kept.verdict.support is not None:
        said["support"] = f"{kept.verdict.support:.2f}"
    return said
