"""Examples from a model as operations: what would be asked is shown, drafts are listed, and rows come by a person's yes alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tunesmith.core.errors import Problems, UserError
from tunesmith.data.operation_kinds import RUNS
from tunesmith.data.operations import Done, Input, Workbench, Writer
from tunesmith.data.synthesis.asking import ChatAnswer, ChatRequest, EndpointRefused
from tunesmith.data.validate import validate_file
from tunesmith.specs.data_operations import parse_settings
from tunesmith.specs.operation_answers import ABOUT

CITIES = ["Bonn", "Lyon", "Turin", "上海", "Oslo", "Cork"]


def chat(question: str, answer: str, system: str | None = None) -> dict[str, Any]:
    opening = [] if system is None else [{"role": "system", "content": system}]
    messages = [*opening, {"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return {"messages": messages}


def lines(*rows: dict[str, Any]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


SEEDS = lines(*(chat(f"Where is parcel {n} to {city}?", f"It reached {city}.") for n, city in enumerate(CITIES)))


class Script:
    """A model that answers as a test says; ``asked`` keeps what it was asked."""

    def __init__(self, *answers: str | Exception) -> None:
        self.asked: list[ChatRequest] = []
        self._answers = answers

    def __call__(self, request: ChatRequest) -> ChatAnswer:
        number = len(self.asked)
        self.asked.append(request)
        said = self._answers[number % len(self._answers)] if self._answers else new_pairs(number)
        if isinstance(said, Exception):
            raise said
        return ChatAnswer(said, 100, 50)


def new_pairs(number: int, count: int = 5) -> str:
    named = [number * count + at for at in range(count)]
    return json.dumps([{"question": f"a{n} b{n} c{n} d{n}?", "answer": f"e{n} f{n}"} for n in named])


Run = Callable[..., Done]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def run(kind: str, content: bytes, ask: Script | None = None, name: str = "chats.jsonl", **settings: Any) -> Done:
        path = tmp_path / f"0{Path(name).suffix}"
        path.write_bytes(content)
        out = tmp_path / f"out{len(list(tmp_path.glob('out*')))}"
        out.mkdir()
        bench = Workbench(out, lambda _: None, writer=Writer("model-a", True, ask or Script()))
        source = Input(path, name, sha256(content).hexdigest())
        return RUNS[kind](parse_settings(kind, settings), [source], bench)

    return run


def drafts(done: Done) -> list[dict[str, Any]]:
    assert done.items is not None
    return [json.loads(line) for line in done.items.read_bytes().splitlines()]


def test_a_preview_is_the_first_request_to_the_letter_and_asks_nobody(run: Run) -> None:
    ask, told = Script(), Script()
    result = run("preview_generation", SEEDS, ask, num_rows=20, about="parcels").result
    assert result is not None
    assert ask.asked == []
    run("generate_examples", SEEDS, told, num_rows=20, about="parcels")
    system, user = (message["content"] for message in result["messages"])
    assert (system, user) in {(each.system, each.user) for each in told.asked}
    assert (result["model"], result["num_requests"], result["num_seeds"]) == ("model-a", 4, 6)
    assert "{{examples}}" in result["prompt"]


def test_what_is_told_of_these_kinds_is_what_they_give(run: Run) -> None:
    rows = [{"question": "a", "answer": "b", "provenance": "synthetic"}]
    for kind, settings in (
        ("preview_generation", {"num_rows": 5}), ("generate_examples", {"num_rows": 5}), ("add_examples", {"rows": rows}),
    ):  # fmt: skip
        done = run(kind, SEEDS, **settings)
        assert (kind, set(done.result or ())) == (kind, set(ABOUT[kind].result))
        listed = drafts(done) if done.items is not None else []
        assert (kind, {name for draft in listed for name in draft}) == (kind, set(ABOUT[kind].items))
        assert ABOUT[kind].makes.startswith("no file") == (not done.outputs)


def test_drafts_say_what_they_were_made_from(run: Run) -> None:
    done = run("generate_examples", SEEDS, num_rows=7, seeds_per_request=2)
    made = drafts(done)
    assert [draft["id"] for draft in made] == [f"draft-{number}" for number in range(1, 8)]
    first = made[0]
    assert (first["provenance"], first["metadata"]["model"]) == ("synthetic", "model-a")
    assert len(first["seeds"]) == 2
    assert all(seed["question"].startswith(f"Where is parcel {seed['line'] - 1} ") for seed in first["seeds"])
    assert first["metadata"]["seeds"].startswith("chats.jsonl:")
    assert done.outputs == ()
    assert done.counts["drafts"] == 7


def test_what_is_refused_is_counted_by_reason(run: Run) -> None:
    said = [
        {"question": "Where is parcel 0 to Bonn?", "answer": "It reached Bonn."},
        {"question": "a1 b1 c1 d1?", "answer": "As an AI language model I cannot say."},
        {"question": "a2 b2 c2 d2?", "answer": "e2"},
    ]
    done = run("generate_examples", SEEDS, Script(json.dumps(said)), num_rows=2)
    assert len(drafts(done)) == 1
    assert done.result is not None
    assert (done.result["ended"], done.result["is_stopped"]) == ("exhausted", False)
    assert done.result["refused"].keys() == {"copy_of_seed", "refusal", "near_duplicate"}
    assert done.counts["refused.refusal"] == done.result["refused"]["refusal"]


def test_questions_for_people_have_no_answers(run: Run) -> None:
    questions = json.dumps([f"a{n} b{n} c{n} d{n}?" for n in range(5)])
    done = run("generate_examples", SEEDS, Script(questions), num_rows=5, mode="semi_synthetic")
    assert {(draft["answer"], draft["provenance"]) for draft in drafts(done)} == {(None, "semi-synthetic")}


def test_drafts_about_a_document_hold_the_passage(run: Run) -> None:
    text = "A lamp may be returned within 30 days of its delivery, if it was not used. The shop pays the postage then."
    said = json.dumps([{"question": "When may a lamp be returned?", "answer": "Within 30 days of its delivery."}])
    done = run("generate_examples", text.encode(), Script(said), name="returns.txt", mode="documents", num_rows=1)
    (draft,) = drafts(done)
    assert (draft["passage"], draft["metadata"]["document"]) == (text, "returns.txt:1")


def test_what_was_answered_before_the_model_went_away_is_kept(run: Run) -> None:
    ask = Script(new_pairs(0), EndpointRefused("The endpoint refuses: HTTP 402, no credit.", "pay"))
    done = run("generate_examples", SEEDS, ask, num_rows=50)
    assert len(drafts(done)) == 5
    assert done.result is not None
    assert done.result["is_stopped"]
    assert done.result["ended_because"] == "The model does not answer: The endpoint refuses: HTTP 402, no credit. pay"


def test_a_model_that_never_answers_is_told_in_its_own_words_without_paths(run: Run) -> None:
    with pytest.raises(UserError) as caught:
        run("generate_examples", SEEDS, Script(EndpointRefused("HTTP 401, no such key.")), num_rows=5)
    assert caught.value.message == "The model does not answer: HTTP 401, no such key."


def test_a_prompt_with_an_unknown_place_is_refused_with_its_line(run: Run) -> None:
    with pytest.raises(Problems) as caught:
        run("preview_generation", SEEDS, prompt="[user]\n{{examples}} {{count}}\n{{exmaples}}\n")
    (problem,) = caught.value.problems
    assert (problem.rule, problem.line) == ("unknown_placeholder", 3)
    assert "--" not in caught.value.hint


def test_added_rows_come_after_those_that_were_there_byte_for_byte(run: Run) -> None:
    rows = [
        {"question": "怎么退货？", "answer": "三十天内。", "metadata": {"model": "model-a", "provenance": "organic"}},
        {"question": "Who?", "answer": "Me.", "provenance": "semi-synthetic"},
    ]
    done = run("add_examples", SEEDS, rows=rows)
    (made,) = done.outputs
    content = made.path.read_bytes()
    assert content.startswith(SEEDS)
    added = [json.loads(line) for line in content.splitlines()[6:]]
    assert [row["metadata"] for row in added] == [
        {"model": "model-a", "provenance": "synthetic"},
        {"provenance": "semi-synthetic"},
    ]
    assert (made.name, made.version.num_rows, made.version.sha256) == (
        "chats.more.jsonl",
        8,
        sha256(content).hexdigest(),
    )
    assert made.version.parents[0].name == "chats.jsonl"
    assert validate_file(made.path).num_errors == 0


def test_added_rows_take_the_shape_and_the_system_message_of_the_file(run: Run) -> None:
    rows = [{"question": "Why?", "answer": "So."}]
    same = lines(*(chat(f"q{n}?", "a", "Be kind.") for n in range(3)))
    (made,) = run("add_examples", same, rows=rows).outputs
    assert json.loads(made.path.read_bytes().splitlines()[-1])["messages"][0] == {
        "role": "system",
        "content": "Be kind.",
    }
    plain = lines({"prompt": "p", "completion": "c"}, {"prompt": "q", "completion": "d"})
    (made,) = run("add_examples", plain, rows=rows).outputs
    assert json.loads(made.path.read_bytes().splitlines()[-1])["completion"] == "So."


def test_drafts_about_a_document_become_a_file_of_their_own(run: Run) -> None:
    text = "# Parcels\n\n" + "The parcel office of Bonn opens at nine in the morning and closes at noon. " * 8
    pairs = [
        {
            "question": "When does the parcel office of Bonn open?",
            "answer": "The parcel office of Bonn opens at nine in the morning.",
        }
    ]
    ask = Script(json.dumps(pairs))
    done = run("generate_examples", text.encode(), ask, name="office.md", mode="documents", num_rows=1)
    (draft,) = drafts(done)
    assert (draft["support"], "opens at nine" in draft["passage"]) == (1.0, True)
    rows = [{key: draft[key] for key in ("question", "answer", "provenance", "metadata")}]
    (made,) = run("add_examples", text.encode(), name="office.md", rows=rows, only_new=True).outputs
    (row,) = map(json.loads, made.path.read_bytes().splitlines())
    assert [message["content"] for message in row["messages"]] == [draft["question"], draft["answer"]]
    assert (made.name, [parent.name for parent in made.version.parents]) == ("office.questions.jsonl", ["office.md"])


def test_a_file_with_errors_is_not_added_to(run: Run) -> None:
    with pytest.raises(Problems) as caught:
        run("add_examples", SEEDS + b"{broken\n", rows=[{"question": "Why?", "answer": "So."}])
    assert [problem.line for problem in caught.value.problems] == [7]


def test_more_text_than_one_operation_takes_is_refused() -> None:
    row = {"question": "q" * 60_000, "answer": "a"}
    with pytest.raises(Problems, match="add them in parts"):
        parse_settings("add_examples", {"rows": [row] * 80})
