"""What making examples costs beside the model: planning, the journal with its fsync, reading, judging; an answer at a time.

    python bench/synthesis.py [rows]

The model is a function that answers at once, with five pairs of new words an answer, so that all the time is ours.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from pathlib import Path

from tunesmith.data.synthesis.asking import ChatAnswer, ChatRequest
from tunesmith.data.synthesis.journal import Journal
from tunesmith.data.synthesis.judging import Standards
from tunesmith.data.synthesis.plan import Order, Plan, Pool, Prices, Seed
from tunesmith.data.synthesis.prompts import built_in_prompt
from tunesmith.data.synthesis.synthesize import Budget, synthesize


def measure(num_rows: int, concurrency: int) -> dict[str, float]:
    """Milliseconds an answer, with all that belongs to it."""
    draw = random.Random(0)
    vocabulary = [f"word{number}" for number in range(5_000)]

    def text(length: int) -> str:
        return " ".join(draw.choices(vocabulary, k=length))

    def ask(_: ChatRequest) -> ChatAnswer:
        pairs = [{"question": f"{text(12)}?", "answer": text(40)} for _ in range(5)]
        return ChatAnswer(json.dumps(pairs), 700, 500)

    seeds = tuple(Seed(f"seeds.jsonl:{number}", text(12), text(40)) for number in range(200))
    plan = Plan(Order("synthetic", "m", num_rows), built_in_prompt("synthetic", "en"), Pool(seeds))
    with tempfile.TemporaryDirectory() as folder, Journal(Path(folder), plan.identity()) as journal:
        begun = time.perf_counter()
        made = synthesize(
            plan, ask, journal, Standards(), budget=Budget(), prices=Prices(), concurrency=concurrency
        )  # fmt: skip
        seconds = time.perf_counter() - begun
    answers = made.usage.num_requests
    return {"rows": len(made.kept), "answers": answers, "ms_per_answer": 1e3 * seconds / answers}


if __name__ == "__main__":
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    for at_once in (1, 8):
        print(f"concurrency {at_once}:", json.dumps(measure(rows, at_once)))
