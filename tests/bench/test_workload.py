from __future__ import annotations

import sys
from pathlib import Path
from statistics import mean, median
from typing import Any

import pytest


@pytest.fixture
def workload(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(Path(__file__).parent.parent.parent / "bench"))
    import workload

    yield workload
    sys.modules.pop("workload")


def test_135M_is_the_shape_of_smollm2(workload: Any) -> None:
    assert workload.SHAPES["135M"].num_parameters == 134_515_008


def test_lengths_are_those_of_instruction_data(workload: Any) -> None:
    rows = [row for step in workload.make_work("15M", "arrival", 50).steps for row in step]
    lengths = sorted(len(row.token_ids) for row in rows)
    assert median(lengths) == pytest.approx(91, rel=0.1)
    assert mean(lengths) == pytest.approx(116, rel=0.1)
    assert lengths[int(0.95 * len(lengths))] == pytest.approx(301, rel=0.1)
    assert lengths[-1] <= 512
    trained = sum(workload.num_trained(row) for row in rows)
    assert trained / sum(lengths) == pytest.approx(0.61, abs=0.02)


def test_grouped_steps_hold_examples_of_similar_length_and_stand_for_all(workload: Any) -> None:
    steps = workload.make_work("15M", "grouped", 12).steps
    padded = sum(16 * max(len(row.token_ids) for row in step) for step in steps)
    tokens = sum(len(row.token_ids) for step in steps for row in step)
    assert tokens / padded > 0.9
    assert tokens / (12 * 16) == pytest.approx(116, rel=0.1)


def test_least_operations_of_one_token_of_full_training_are_six_a_weight(workload: Any) -> None:
    config = workload.SHAPES["135M"]
    row = workload.TokenRow((5,), 1)
    weights = config.num_parameters - 49152 * 576 - 61 * 576  # no embeddings, no norms
    attention = 3 * 30 * 4 * 576
    assert workload.least_flops(config, [row], "full") == 6 * weights + attention


def test_the_output_head_costs_at_trained_tokens_only(workload: Any) -> None:
    config = workload.SHAPES["15M"]
    row, other = workload.TokenRow((5,) * 100, 99), workload.TokenRow((5,) * 100, 9)
    more = workload.least_flops(config, [other], "lora") - workload.least_flops(config, [row], "lora")
    assert more == 90 * 4 * 32000 * 288
