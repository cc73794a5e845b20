"""The story, against a model that is a function: everything that it writes is kept or refused, and nothing is asked twice."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.data.synthesis.conftest import new_text, pairs_of

from tunesmith.core.errors import MachineError, TunesmithError, UserError
from tunesmith.data.importers.documents import Passage, passages
from tunesmith.data.synthesis.asking import Ask, AskAgain, ChatAnswer, ChatRequest, EndpointRefused, NotAnswered
from tunesmith.data.synthesis.journal import Journal
from tunesmith.data.synthesis.judging import Standards
from tunesmith.data.synthesis.plan import Order, Plan, Pool, Prices, read_seeds, request_tokens
from tunesmith.data.synthesis.prompts import built_in_prompt
from tunesmith.data.synthesis.synthesize import Budget, Progress, Synthesis, synthesize

NO_BUDGET = Budget()


class Model:
    """Keeps what it is asked; ``write`` makes the answer of a request's text and its number."""

    def __init__(self, write: Callable[[str, int], str] = lambda _, number: pairs_of(number)) -> None:
        self.asked: list[str] = []
        self._write, self._lock = write, threading.Lock()

    def __call__(self, request: ChatRequest) -> ChatAnswer:
        with self._lock:
            number = len(self.asked)
            self.asked.append(request.user)
        return ChatAnswer(self._write(request.user, number), 100, 50)


@pytest.fixture
def plan(seeds_file: Path) -> Plan:
    return Plan(Order("synthetic", "m", 20), built_in_prompt("synthetic", "en"), Pool(read_seeds(seeds_file)))


def run(plan: Plan, ask: Ask, folder: Path, budget: Budget = NO_BUDGET, concurrency: int = 1, **more: Any) -> Synthesis:
    with Journal(folder, plan.identity()) as journal:
        return synthesize(
            plan, ask, journal, more.pop("standards", Standards()), budget=budget, prices=Prices(1.0, 2.0),
            concurrency=concurrency, **more,
        )  # fmt: skip


def by_request(text: str, _: int) -> str:
    """The same request, the same pairs."""
    return pairs_of(sum(text.encode()) % 100_000)


def questions(synthesis: Synthesis) -> list[str]:
    return [kept.pair.question for kept in synthesis.kept]


def test_as_many_as_asked_for_are_kept_with_as_few_requests_as_do(plan: Plan, tmp_path: Path) -> None:
    model = Model()
    made = run(plan, model, tmp_path / "j", concurrency=4)
    assert (made.ended, len(made.kept), len(model.asked)) == ("complete", 20, 4)
    assert (made.usage.prompt_tokens, made.usage.completion_tokens) == (400, 200)
    assert made.usage.cost == pytest.approx((400 * 1 + 200 * 2) / 1e6)


def test_every_piece_is_kept_or_refused_with_its_reason(plan: Plan, tmp_path: Path) -> None:
    seed = plan.pool.seeds[0]
    said = [
        {"question": new_text(1), "answer": new_text(2)}, {"question": seed.question, "answer": "Here it is."},
        {"question": new_text(1), "answer": "The same again."}, {"question": new_text(3)},
        {"question": new_text(5), "answer": "As an AI language model, I cannot."},
    ]  # fmt: skip
    made = run(plan, Model(lambda *_: json.dumps(said)), tmp_path / "j")
    reasons = {"malformed": 20, "refusal": 20, "copy_of_seed": 20, "near_duplicate": 39}
    assert (made.ended, made.num_written, len(made.kept), made.reasons()) == ("exhausted", 100, 1, reasons)


def test_answer_that_cannot_be_read_is_asked_for_three_times_at_most(plan: Plan, tmp_path: Path) -> None:
    model = Model(lambda *_: "No, thank you.")
    made = run(replace(plan, order=replace(plan.order, count=5)), model, tmp_path / "j")
    assert (len(model.asked), len(set(model.asked)), made.usage.num_repeated) == (15, 5, 10)
    assert made.reasons() == {"malformed": 15}


def test_seeds_are_drawn_anew_for_each_request_and_named(plan: Plan) -> None:
    shown = [plan.planned(index).seeds for index in range(8)]
    assert len(set(shown)) == 8
    assert all(len(set(names)) == 4 for names in shown)
    assert plan.planned(3) == plan.planned(3)
    other = Plan(replace(plan.order, seed=2), plan.prompt, plan.pool)
    assert [other.planned(index).seeds for index in range(8)] != shown


@pytest.mark.parametrize("concurrency", [1, 3, 16])
def test_rows_do_not_depend_on_how_many_are_asked_at_once(plan: Plan, tmp_path: Path, concurrency: int) -> None:
    alone = run(plan, Model(by_request), tmp_path / "alone")
    together = run(plan, Model(by_request), tmp_path / "together", concurrency=concurrency)
    assert questions(together) == questions(alone)


def test_saved_answers_are_not_asked_for_again(plan: Plan, tmp_path: Path) -> None:
    first = run(plan, Model(by_request), tmp_path / "j", concurrency=3)
    again = Model(by_request)
    assert questions(run(plan, again, tmp_path / "j")) == questions(first)
    assert again.asked == []
    more = Plan(replace(plan.order, count=40), plan.prompt, plan.pool)
    assert questions(run(more, again, tmp_path / "j"))[:20] == questions(first)
    assert len(again.asked) == 4


def test_other_standards_judge_saved_answers_for_nothing(plan: Plan, tmp_path: Path) -> None:
    run(plan, Model(), tmp_path / "j")
    again = Model()
    order = replace(plan.order, count=10)
    made = run(Plan(order, plan.prompt, plan.pool), again, tmp_path / "j", standards=Standards(max_answer_words=3))
    assert (len(made.kept), made.reasons()["too_long"]) == (0, 50)
    assert len(again.asked) == 6


@pytest.mark.parametrize("bound", ["requests", "tokens", "cost"])
def test_budget_stops_before_it_could_be_passed(plan: Plan, tmp_path: Path, bound: str) -> None:
    """One that allows two requests of 150 tokens, the second of which could have become as long as any."""
    longest = round(1.5 * max(request_tokens(plan.planned(index).request) for index in range(3)))
    budget = {
        "requests": Budget(requests=2),
        "tokens": Budget(tokens=150 + longest + 1500),
        "cost": Budget(cost=(200 + longest + 3000) / 1e6),
    }[bound]
    model = Model()
    made = run(plan, model, tmp_path / "j", budget)
    assert (made.ended, len(model.asked), len(made.kept)) == ("budget", 2, 10)
    assert made.usage.tokens <= (budget.tokens or made.usage.tokens)
    assert made.usage.cost <= (budget.cost or made.usage.cost)


def test_budget_holds_where_a_tokenizer_makes_more_tokens_than_estimated(plan: Plan, tmp_path: Path) -> None:
    def ask(request: ChatRequest) -> ChatAnswer:
        return ChatAnswer(pairs_of(sum(request.user.encode())), 3 * request_tokens(request), 50)

    made = run(plan, ask, tmp_path / "j", Budget(tokens=4_500))
    assert made.ended == "budget"
    assert made.usage.tokens <= 4_500


def test_budget_counts_what_earlier_processes_used(plan: Plan, tmp_path: Path) -> None:
    run(plan, Model(), tmp_path / "j", Budget(requests=2))
    model = Model(lambda _, number: pairs_of(number + 50))
    assert len(run(plan, model, tmp_path / "j", Budget(requests=3)).kept) == 15
    assert len(model.asked) == 1


def test_answers_behind_a_repeat_that_the_budget_forbids_are_judged(plan: Plan, tmp_path: Path) -> None:
    model = Model(lambda _, number: "nothing" if number == 0 else pairs_of(number))
    made = run(plan, model, tmp_path / "j", Budget(requests=3), concurrency=3)
    assert (made.ended, len(made.kept), made.reasons()) == ("budget", 10, {"malformed": 1})


def failing(after: int, error: TunesmithError) -> Ask:
    model = Model()

    def ask(request: ChatRequest) -> ChatAnswer:
        if len(model.asked) == after:
            raise error
        return model(request)

    return ask


def test_endpoint_that_refuses_all_stops_with_what_was_answered_saved(plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(EndpointRefused, match=r"no such key.*2 answers are saved"):
        run(plan, failing(2, EndpointRefused("no such key.", "set it")), tmp_path / "j")
    assert len(run(plan, Model(lambda _, number: pairs_of(number + 2)), tmp_path / "j").kept) == 20


def test_endpoint_that_asks_for_an_hour_stops_it_at_once(plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(MachineError, match=r"does not answer.*3,600 s"):
        run(plan, failing(1, AskAgain("busy", 3600)), tmp_path / "j")
    assert run(plan, Model(), tmp_path / "j").usage.num_unheard == 0


def test_request_that_is_declined_is_left_out_and_not_made_again(plan: Plan, tmp_path: Path) -> None:
    model = Model()

    def ask(request: ChatRequest) -> ChatAnswer:
        if request.user == plan.planned(1).request.user:
            raise NotAnswered("HTTP 400, the prompt is not nice")
        return model(request)

    assert len(run(plan, ask, tmp_path / "j").kept) == 20
    made = run(plan, Model(), tmp_path / "j")
    assert (made.usage.num_declined, made.usage.num_requests, len(made.kept)) == (1, 5, 20)


def test_endpoint_that_declines_the_first_three_is_asked_no_more(plan: Plan, tmp_path: Path) -> None:
    asked: list[int] = []

    def ask(_: ChatRequest) -> ChatAnswer:
        asked.append(1)
        raise NotAnswered("HTTP 400, unknown argument")

    with pytest.raises(UserError, match="unknown argument"):
        run(plan, ask, tmp_path / "j")
    assert len(asked) == 3


def test_error_that_nobody_foresaw_reaches_the_caller(plan: Plan, tmp_path: Path) -> None:
    def ask(_: ChatRequest) -> ChatAnswer:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(plan, ask, tmp_path / "j", concurrency=2)


def test_two_processes_do_not_share_a_journal(plan: Plan, tmp_path: Path) -> None:
    with Journal(tmp_path / "j", plan.identity()), pytest.raises(UserError, match="Another process"):
        run(plan, Model(), tmp_path / "j")


def test_answers_to_other_requests_are_not_taken(plan: Plan, tmp_path: Path) -> None:
    run(plan, Model(), tmp_path / "j")
    other = Plan(replace(plan.order, temperature=0.1, seed=9), plan.prompt, plan.pool)
    with pytest.raises(UserError, match="seed, temperature differ"):
        run(other, Model(), tmp_path / "j")


def test_line_that_a_dying_process_began_is_passed_over(plan: Plan, tmp_path: Path) -> None:
    run(plan, Model(by_request), tmp_path / "j", Budget(requests=2))
    answers = tmp_path / "j" / "answers.jsonl"
    answers.write_bytes(answers.read_bytes() + b'{"event":"answ')
    assert len(run(plan, Model(by_request), tmp_path / "j").kept) == 20
    assert run(plan, Model(), tmp_path / "j").usage.num_requests == 4


def test_line_that_was_changed_is_named(plan: Plan, tmp_path: Path) -> None:
    run(plan, Model(), tmp_path / "j")
    answers = tmp_path / "j" / "answers.jsonl"
    answers.write_bytes(b"x\n" + answers.read_bytes())
    with pytest.raises(MachineError, match=r"answers\.jsonl:1"):
        run(plan, Model(), tmp_path / "j")


def about_passage(text: str, _: int) -> str:
    inside = text.partition("<passage>")[2].partition("</passage>")[0].strip().splitlines()[-1]
    good = {"question": f"What holds for {inside[:25]}?", "answer": inside[:60]}
    return json.dumps([good, {"question": "Who lives on the moon today?", "answer": "Nobody has ever lived there."}])


def test_answers_about_documents_name_their_passage_and_are_supported(guide: Path, tmp_path: Path) -> None:
    found = tuple(one for one in passages(guide) if isinstance(one, Passage))
    plan = Plan(Order("documents", "m", None), built_in_prompt("documents", "en"), Pool((), found))
    made = run(plan, Model(about_passage), tmp_path / "j")
    assert (made.ended, made.reasons()) == ("complete", {"unsupported": 2})
    assert {kept.planned.passage.name for kept in made.kept if kept.planned.passage} == {"returns.md#1", "保修.txt#1"}
    assert all(kept.verdict.support == 1 for kept in made.kept)


def test_progress_is_told_and_ends_with_all(plan: Plan, tmp_path: Path) -> None:
    told: list[Progress] = []
    run(plan, Model(), tmp_path / "j", tell=told.append)
    assert [one.num_kept for one in told] == [0, 5, 10, 15, 20, 20]


def test_estimate_is_near_what_is_used(plan: Plan) -> None:
    estimate = plan.estimate(Prices(1.0, 2.0), 4)
    assert (estimate.requests, estimate.most_requests) == (4, 20)
    assert estimate.cost == pytest.approx((estimate.prompt_tokens + 2 * estimate.completion_tokens) / 1e6)
    assert plan.estimate(Prices(), 4, 3).requests == 1


def test_known_questions_are_not_written_again(plan: Plan, tmp_path: Path) -> None:
    first = run(plan, Model(by_request), tmp_path / "a")
    known = [replace(plan.pool.seeds[0], name="rows.jsonl:1", question=questions(first)[0])]
    again = run(plan, Model(by_request), tmp_path / "b", known=known)
    assert questions(first)[0] not in questions(again)
    assert again.reasons()["copy_of_seed"] == 1
