"""Operations on data files: all that they make, or nothing, whatever happens to the worker and its child."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr
from tests.data.synthesis.conftest import Reply, ScriptedEndpoint, endpoint, pairs_of

from tunesmith.core.settings import Settings
from tunesmith.nn.known_models import KnownModels
from tunesmith.store import blob_references, file_versions, operations
from tunesmith.store.operations import State
from tunesmith.store.tables import files
from tunesmith.worker import run
from tunesmith.worker.askable_models import AskableModels
from tunesmith.worker.asked_model import EndpointModel
from tunesmith.worker.attempt import OperationAttempt, Stop, kept_folder
from tunesmith.worker.data_operation import _within

__all__ = ["endpoint"]  # a fixture

ROWS = [
    {"messages": [{"role": "user", "content": f"question {n}"}, {"role": "assistant", "content": f"answer {n}"}]}
    for n in range(20)
]
CONTENT = "".join(json.dumps(row) + "\n" for row in ROWS).encode()


def num_files(world: Any) -> int:
    with world.database.read() as connection:
        return len(connection.execute(files.select()).all())


def references(world: Any, operation_id: str) -> list[str]:
    with world.database.read() as connection:
        return [ref.name for ref in blob_references.of(connection, "operation", operation_id)]


def test_an_operation_makes_files_that_say_what_they_are_made_of(world_on_each: Any) -> None:
    world = world_on_each
    done = world.operate(world.new_operation(CONTENT, names=["chats.jsonl"], share=0.2, seed=3))
    assert (done.state, done.progress, done.error) == (State.SUCCEEDED, 1.0, None)
    assert done.counts == {"rows_read": 20, "rows_training": 16, "rows_validation": 4}
    training, validation = map(world.content, done.output_file_ids)
    assert sorted((training + validation).splitlines()) == sorted(CONTENT.splitlines())
    with world.database.read() as connection:
        version = file_versions.of(connection, done.output_file_ids)[done.output_file_ids[1]]
    assert (version["num_rows"], version["parents"][0]["name"]) == (4, "chats.jsonl")
    assert version["operations"][0]["parameters"]["seed"] == 3
    assert references(world, done.id) == []


def test_data_that_cannot_be_used_fails_the_operation_with_every_problem(world: Any) -> None:
    done = world.operate(world.new_operation(CONTENT + b"{broken\n" + CONTENT + b"[1]\n"))
    assert (done.state, done.error["code"], done.num_failures) == (State.FAILED, "invalid_data", 0)
    assert [problem["line"] for problem in done.problems] == [21, 42]
    assert num_files(world) == 1
    assert references(world, done.id) == []


def test_settings_that_do_not_fit_fail_it_in_a_sentence(world: Any) -> None:
    done = world.operate(world.new_operation(CONTENT, share=7))
    assert done.state is State.FAILED
    assert "settings.share: input should be less than 1" in done.error["message"]


def test_a_child_that_dies_is_tried_again_and_then_given_up(world: Any) -> None:
    world.faults(data_dies=True)
    done = world.operate(world.new_operation(CONTENT), max_attempts=2)
    assert (done.state, done.num_failures, done.attempt) == (State.FAILED, 2, 2)
    assert done.error["message"] == "The data process was killed by signal 9 (probably out of memory) 2 times."
    assert num_files(world) == 1


def test_a_cancelled_operation_ends_its_child_and_makes_nothing(world_on_each: Any) -> None:
    world = world_on_each
    world.faults(data_waits=True)
    operation_id, worker, stop = world.new_operation(CONTENT), world.worker(), Stop()
    worker._tend_safely(stop)
    world.wait_for(lambda: world.operation(operation_id).progress == 0.25)
    with world.database.write() as connection:
        operations.cancel(connection, "proj_one", operation_id, time.time())
    for thread in worker._operating.values():
        thread.join(30)
        assert not thread.is_alive()
    assert world.operation(operation_id).state is State.CANCELLED
    assert (num_files(world), references(world, operation_id)) == (1, [])


def test_an_operation_of_a_killed_worker_is_done_by_another(world: Any) -> None:
    world.faults(data_waits=True)
    operation_id = world.new_operation(CONTENT)
    first = world.start_worker("first")
    world.wait_for(lambda: world.operation(operation_id).progress == 0.25)
    first.kill()
    world.faults()
    done = world.operate(operation_id)
    assert (done.state, done.num_failures, len(done.output_file_ids)) == (State.SUCCEEDED, 1, 2)
    assert num_files(world) == 3


def test_a_worker_that_is_asked_to_end_gives_its_operation_back(world: Any) -> None:
    world.faults(data_waits=True)
    operation_id, worker, stop = world.new_operation(CONTENT), world.worker(), Stop()
    worker._tend_safely(stop)
    world.wait_for(lambda: world.operation(operation_id).progress == 0.25)
    stop.ask()
    for thread in worker._operating.values():
        thread.join(30)
    given_back = world.operation(operation_id)
    assert (given_back.state, given_back.worker_id, given_back.num_failures) == (State.QUEUED, None, 0)


def test_a_file_that_was_deleted_meanwhile_is_read_all_the_same(world: Any) -> None:
    from tunesmith.store import files as files_store

    operation_id = world.new_operation(CONTENT)
    file_id = world.operation(operation_id).input_file_ids[0]
    with world.database.write() as connection:
        assert files_store.delete(connection, "proj_one", file_id, time.time())
    assert world.operate(operation_id).state is State.SUCCEEDED


@pytest.mark.parametrize("path", ["../../faults", "/etc/hostname", "out/../0.jsonl", "out"])
def test_a_child_may_hand_over_nothing_but_what_it_made(world: Any, path: str) -> None:
    world.new_operation(CONTENT)
    with world.database.write() as connection:
        operation = operations.claim(connection, worker_id="here", now=time.time())
    assert operation is not None
    with OperationAttempt(world.place(), operation, Stop()) as attempt:
        (attempt.folder / "out").mkdir()
        (attempt.folder / "0.jsonl").write_bytes(CONTENT)
        with pytest.raises(Exception, match="has not made"):
            _within(attempt.folder, path)


def endpoint_of(endpoint: ScriptedEndpoint, **changes: Any) -> EndpointModel:
    given = {"url": endpoint.url, "model": "big", "key": "sk-secret", "allow_private": True, "is_offline": False}
    return EndpointModel(**{**given, **changes})


def askable(world: Any, endpoint: EndpointModel | None = None) -> AskableModels:
    return replace(world.place().askable_models, endpoint=endpoint)


def test_the_operators_endpoint_writes_drafts_and_its_key_is_kept_nowhere(
    world_on_each: Any, endpoint: ScriptedEndpoint
) -> None:
    world = world_on_each
    operation_id = world.new_operation(CONTENT, kind="generate_examples", num_rows=8)
    done = world.operate(operation_id, askable_models=askable(world, endpoint_of(endpoint)))
    assert (done.state, done.error, done.num_items) == (State.SUCCEEDED, None, 8)
    assert (done.result["model"], done.result["is_own"]) == ("big", False)
    assert {headers["authorization"] for headers in endpoint.headers} == {"Bearer sk-secret"}
    assert "sk-secret" not in f"{done}"
    assert not [path for path in world.home.rglob("*") if path.is_file() and b"sk-secret" in path.read_bytes()]


def test_the_operators_settings_name_the_endpoint_and_its_key_is_not_shown(world: Any) -> None:
    given = {"synthesis_url": "https://models.example/v1", "synthesis_model": "big", "synthesis_key": SecretStr("sk-1")}
    found = AskableModels.of(Settings(home=world.home, **given), KnownModels.of()).endpoint
    assert found == EndpointModel("https://models.example/v1", "big", "sk-1", allow_private=False, is_offline=False)
    assert "sk-1" not in repr(found)
    assert (
        AskableModels.of(Settings(home=world.home, synthesis_url="https://models.example"), KnownModels.of()).endpoint
        is None
    )


def test_an_endpoint_that_refuses_is_told_in_its_own_words(world: Any, endpoint: ScriptedEndpoint) -> None:
    endpoint.answer = lambda _, number: Reply(status=401, error="no such key sk-secret")
    operation_id = world.new_operation(CONTENT, kind="generate_examples")
    done = world.operate(operation_id, askable_models=askable(world, endpoint_of(endpoint)))
    assert (done.state, done.num_failures) == (State.FAILED, 0)
    assert "The endpoint refuses: HTTP 401, no such key …" in done.error["message"]


def bodies(endpoint: ScriptedEndpoint) -> list[str]:
    return [json.dumps(body) for body in endpoint.asked]


def interrupted(world: Any, endpoint: ScriptedEndpoint, do: Callable[[], None]) -> list[str]:
    """The endpoint does this at its sixth request; → what was answered, and heard, before."""
    answered: list[str] = []

    def answer(body: dict[str, Any], number: int) -> Reply:
        if number == 5:
            world.wait_for(lambda: heard(world) >= 2)
            answered.extend(heard_bodies(world, endpoint))
            do()
        return Reply(pairs_of(number))

    endpoint.answer = answer
    return answered


def journal_lines(world: Any) -> list[dict[str, Any]]:
    found = list((world.home / "jobs").glob("dataop-*/kept/answers-*/answers.jsonl"))
    return [
        json.loads(line) for path in found for line in path.read_text().splitlines(keepends=True) if line[-1] == "\n"
    ]


def heard(world: Any) -> int:
    return sum(line["event"] == "answered" for line in journal_lines(world))


def heard_bodies(world: Any, endpoint: ScriptedEndpoint) -> list[str]:
    """Those whose answer stands in the journal: the texts of answers tell them apart."""
    texts = [line["text"] for line in journal_lines(world) if line["event"] == "answered"]
    return [body for number, body in enumerate(bodies(endpoint)) if pairs_of(number) in texts]


def test_no_answer_is_paid_for_twice_when_the_process_that_asks_dies(world: Any, endpoint: ScriptedEndpoint) -> None:
    answered = interrupted(world, endpoint, lambda: world.launcher.started[-1].kill())
    operation_id = world.new_operation(CONTENT, kind="generate_examples", num_rows=40)
    done = world.operate(operation_id, askable_models=askable(world, endpoint_of(endpoint)))
    assert (done.state, done.num_failures, done.num_items) == (State.SUCCEEDED, 1, 40)
    assert len(answered) >= 2
    assert [bodies(endpoint).count(body) for body in answered] == [1] * len(answered)
    assert done.result["num_unheard"] >= 1
    assert done.result["num_requests"] + done.result["num_unheard"] >= len(endpoint.asked) > 8
    assert not (world.home / "jobs" / operation_id).exists()


def test_no_answer_is_paid_for_twice_when_a_worker_gives_the_operation_back(
    world: Any, endpoint: ScriptedEndpoint
) -> None:
    worker, stop = world.worker(askable_models=askable(world, endpoint_of(endpoint))), Stop()

    def end() -> None:
        stop.ask()
        world.wait_for(lambda: world.operation(operation_id).state is State.QUEUED)

    answered = interrupted(world, endpoint, end)
    operation_id = world.new_operation(CONTENT, kind="generate_examples", num_rows=40)
    worker._tend_safely(stop)
    for thread in worker._operating.values():
        thread.join(30)
    assert world.operation(operation_id).state is State.QUEUED
    run.tidy(world.place())
    done = world.operate(operation_id, askable_models=askable(world, endpoint_of(endpoint)))
    assert (done.state, done.num_failures, done.num_items) == (State.SUCCEEDED, 0, 40)
    assert [bodies(endpoint).count(body) for body in answered] == [1] * len(answered) != []
    assert not (world.home / "jobs" / operation_id).exists()


def test_answers_to_an_operation_that_was_cancelled_are_not_kept(world: Any, endpoint: ScriptedEndpoint) -> None:
    def cancel() -> None:
        with world.database.write() as connection:
            operations.cancel(connection, "proj_one", operation_id, time.time())

    answered = interrupted(world, endpoint, cancel)
    operation_id = world.new_operation(CONTENT, kind="generate_examples", num_rows=40)
    done = world.operate(operation_id, askable_models=askable(world, endpoint_of(endpoint)))
    assert (done.state, len(answered) >= 2) == (State.CANCELLED, True)
    assert not (world.home / "jobs" / operation_id).exists()


def test_answers_that_a_dead_worker_left_to_an_ended_operation_are_tidied_away(world: Any) -> None:
    operation_id = world.new_operation(CONTENT)
    kept = kept_folder(world.home / "jobs" / operation_id) / "answers"
    kept.mkdir(parents=True)
    (kept / "answers.jsonl").write_text("said in private")
    run.tidy(world.place())
    assert kept.exists()
    with world.database.write() as connection:
        operations.cancel(connection, "proj_one", operation_id, time.time())
    run.tidy(world.place())
    assert not (world.home / "jobs" / operation_id).exists()


def test_a_private_address_is_asked_only_where_the_operator_allows_it(world: Any, endpoint: ScriptedEndpoint) -> None:
    operation_id = world.new_operation(CONTENT, kind="generate_examples")
    done = world.operate(operation_id, askable_models=askable(world, endpoint_of(endpoint, allow_private=False)))
    assert (done.state, endpoint.asked) == (State.FAILED, [])
    assert "TUNESMITH_ALLOW_PRIVATE_ADDRESSES=1" in done.error["message"]


def test_an_offline_installation_asks_no_endpoint(world: Any, endpoint: ScriptedEndpoint) -> None:
    operation_id = world.new_operation(CONTENT, kind="generate_examples")
    done = world.operate(operation_id, askable_models=askable(world, endpoint_of(endpoint, is_offline=True)))
    assert (done.state, endpoint.asked) == (State.FAILED, [])
    assert done.error["message"].startswith("This installation is offline")


@pytest.mark.parametrize(("model", "said"), [(None, "has no endpoint"), ("ft:none", "There is no model ft:none.")])
def test_a_model_that_cannot_be_asked_is_named(world: Any, model: str | None, said: str) -> None:
    done = world.operate(world.new_operation(CONTENT, kind="preview_generation", model=model))
    assert done.state is State.FAILED
    assert said in done.error["message"]


def test_a_preview_with_a_model_of_the_installation_needs_no_serving_process(world: Any) -> None:
    done = world.operate(world.new_operation(CONTENT, kind="preview_generation", model="tiny"))
    assert (done.state, done.result["model"], done.result["is_own"]) == (State.SUCCEEDED, "tiny", True)


def test_added_rows_make_a_file_and_stay_nowhere_else(world: Any) -> None:
    rows = [{"question": "Why?", "answer": "So."}]
    done = world.operate(world.new_operation(CONTENT, kind="add_examples", rows=rows))
    assert (done.state, done.counts["rows_added"], "rows" in done.settings) == (State.SUCCEEDED, 1, False)
    assert world.content(done.output_file_ids[0]).startswith(CONTENT)
