"""A worker's child asks the serving process for examples: the same answers as everybody gets, refusals in its own words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tunesmith.data.synthesis.asking import AskAgain, ChatRequest, EndpointRefused, NotAnswered
from tunesmith.worker.asked_model import ServingModel, as_text, open_writer

QUESTION = "Say red and then blue, 3 times."


def request(**changes: Any) -> ChatRequest:
    return replace(ChatRequest("tiny", "", QUESTION, 0.0, 12), **changes)


def writer_of(home: Any, **changes: Any) -> Any:
    served = replace_served(home.base_model(), **changes)
    return open_writer(as_text(ServingModel(str(home.settings.serving_socket), served, home.project_id)))


def replace_served(served: Any, **changes: Any) -> Any:
    return type(served)(**{name: changes.get(name, getattr(served, name)) for name in served.__struct_fields__})


def test_the_child_hears_what_every_caller_hears(home: Any) -> None:
    writer = writer_of(home)
    answer = writer.ask(request())
    assert answer.text == home.text(home.base_model())
    assert (writer.model, writer.is_own, answer.is_counted) == ("tiny", True, True)
    assert 0 < answer.completion_tokens <= 12


def test_a_request_that_does_not_fit_the_model_is_refused_alone(home: Any) -> None:
    with pytest.raises(NotAnswered):
        writer_of(home).ask(request(user="red " * 20_000))


def test_a_model_that_does_not_come_up_is_not_asked_again(home: Any) -> None:
    with pytest.raises(EndpointRefused):
        writer_of(home, name="none", owner_id="none", base_model="/nowhere").ask(request())


def test_a_serving_process_that_is_away_may_be_asked_again(home: Any, tmp_path: Any) -> None:
    away = ServingModel(str(tmp_path / "nothing.sock"), home.base_model(), "p")
    with pytest.raises(AskAgain, match="the serving process does not answer"):
        open_writer(as_text(away)).ask(request())
