"""Files are judged before a job waits for a device: every problem is named with its line, and all can be read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select

from tunesmith.store import blob_references
from tunesmith.store.jobs import State
from tunesmith.store.tables import job_events


def test_a_bad_file_fails_the_job_with_the_first_problems_and_their_lines(world_on_each: Any) -> None:
    world = world_on_each
    rows = [json.dumps(row) for row in world.rows]
    rows[2], rows[7] = '{"messages": []}', "{broken"
    job = world.do(world.new_job(rows="\n".join(rows).encode()))
    assert job.state is State.FAILED
    assert (job.error["code"], job.error["param"]) == ("invalid_training_file", "training_file")
    message = job.error["message"]
    assert message.startswith("The job failed due to an invalid training file. 2 problems in 40 rows: line 3, column ")
    assert "; line 8, column " in message
    levels = [level for level, _ in world.events(job.id)]
    assert levels == ["info", "error", "error", "error"]
    assert (job.started_at, job.num_failures) == (None, 0)
    with world.database.read() as connection:
        assert blob_references.of(connection, "job", job.id) == ()


def test_keys_that_no_database_keeps_are_named_all_the_same(world_on_each: Any) -> None:
    world = world_on_each
    rows = [{**row, "a\0b": 1} for row in world.rows]
    rows[3] = {"messages": [{"role": "user", "content": "x", "\ud800": 1, "k" * 9999: 1}]}
    job = world.do(world.new_job(rows="\n".join(json.dumps(row) for row in rows).encode()))
    assert (job.state, job.error["code"], job.num_failures) == (State.FAILED, "invalid_training_file", 0)
    assert max(map(len, world.messages(job.id))) < 1000


def test_a_thousand_problems_can_be_read_and_the_others_are_counted(world: Any) -> None:
    rows = "\n".join(['{"messages": []}', "3"] * 700).encode()
    job = world.do(world.new_job(rows=rows))
    with world.database.read() as connection:
        query = select(job_events).where(job_events.c.job_id == job.id, job_events.c.level == "error")
        events = connection.execute(query.order_by(job_events.c.seq)).all()
    lines = [event.data["line"] for event in events if event.data]
    assert lines == list(range(1, 1001))
    assert events[-2].message == "400 more problems are not listed."
    assert "1,395 more stand in the job's events" in events[-1].message
    assert events[-1].message == job.error["message"]


@pytest.mark.parametrize("number", [1, 9])
def test_fewer_than_ten_examples_are_refused_in_the_wires_words(world: Any, number: int) -> None:
    job = world.do(world.new_job(rows=world.rows[:number]))
    assert job.error == {
        "code": "invalid_n_examples", "param": "training_file",
        "message": f"Training file has {number} example(s), but must have at least 10 examples",
    }  # fmt: skip


def test_ten_examples_are_enough(world: Any) -> None:
    assert world.do(world.new_job(rows=world.rows[:10], max_steps=1)).state is State.SUCCEEDED


def test_a_bad_validation_file_is_named_as_that(world: Any) -> None:
    job = world.do(world.new_job(validation=[{"messages": [{"role": "user", "content": "x"}]}]))
    assert (job.state, job.error["param"]) == (State.FAILED, "validation_file")
    assert job.error["message"].startswith("The job failed due to an invalid validation file. ")
    assert "line 1" in job.error["message"]


def test_a_validation_file_of_another_kind_is_refused(world: Any) -> None:
    job = world.do(world.new_job(validation=[{"prompt": "a", "completion": "b"}]))
    assert job.error["param"] == "validation_file"
    assert "It is prompt_completion, but the training file is chat." in job.error["message"]


def test_examples_too_long_for_the_base_model_are_named_before_anything_is_trained(world: Any) -> None:
    rows = [
        *world.rows[:12],
        {"messages": [{"role": "user", "content": "x" * 400}, {"role": "assistant", "content": "y"}]},
    ]
    job = world.do(world.new_job(rows=rows))
    assert job.state is State.FAILED
    assert "line 13" in job.error["message"]
    assert "Fine-tuning job started" not in world.messages(job.id)


def test_rows_without_anything_to_learn_are_named(world: Any) -> None:
    silent = {"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y", "weight": 0}]}
    job = world.do(world.new_job(rows=[*world.rows[:10], silent]))
    assert job.error["param"] == "training_file"
    assert "line 11" in job.error["message"]


def test_what_was_counted_stays_with_the_job(world: Any) -> None:
    job = world.do(world.new_job(validation=world.rows[:5], leakage="warn", max_steps=1))
    assert set(job.facts) == {"num_examples", "longest_example_tokens", "total_tokens", "has_validation"}
    assert (job.facts["num_examples"], job.facts["has_validation"]) == (40, True)
    assert 20 < job.facts["longest_example_tokens"] < 256 < job.facts["total_tokens"]


def test_odd_things_about_a_sound_file_are_warnings(world: Any) -> None:
    job_id = world.new_job(rows=[*world.rows, world.rows[3]], max_steps=1)
    assert world.do(job_id).state is State.SUCCEEDED
    warnings = [message for level, message in world.events(job_id) if level == "warn"]
    assert any("line 4" in text and "duplicate_example" in text for text in warnings)


def test_a_base_model_that_is_no_longer_offered_fails_the_job_by_its_name(world: Any) -> None:
    job = world.do(world.new_job(base_model="gone"))
    assert (job.state, job.error["code"]) == (State.FAILED, "invalid_job")
    assert "The base model gone is not offered here any more." in job.error["message"]


def test_leaked_validation_examples_fail_the_job_with_each_pair_of_lines(world_on_each: Any) -> None:
    world = world_on_each
    ours = {"messages": [{"role": "user", "content": "Nobody asked"}, {"role": "assistant", "content": "this before."}]}
    job = world.do(world.new_job(validation=[ours, world.rows[3], world.rows[7]]))
    assert (job.state, job.error["param"]) == (State.FAILED, "validation_file")
    assert "2 of 3 validation examples are in the training data too, exactly or nearly." in job.error["message"]
    assert "set leakage: warn to train all the same" in job.error["message"]
    told = [message for level, message in world.events(job.id) if level == "error"]
    assert [text.split(" [")[0] for text in told[:-1]] == [
        f"file-validation.jsonl:{line}: the validation example is in the training data too: file-training.jsonl, line {other}"
        for line, other in ((2, 4), (3, 8))
    ]


def test_leaked_validation_examples_are_warnings_where_that_was_asked_for(world: Any) -> None:
    job_id = world.new_job(validation=[world.rows[3], world.rows[7]], leakage="warn", max_steps=1)
    assert world.do(job_id).state is State.SUCCEEDED
    warnings = [message for level, message in world.events(job_id) if level == "warn"]
    assert sum("[leaked_example]" in text for text in warnings) == 2
