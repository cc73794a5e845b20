"""The contest: every contestant is asked the same, nobody sees a reference, and the figures are the trainer's own."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

from tunesmith.data.examples import ChatExample, CompletionExample, Dataset, Example, Message
from tunesmith.data.render import Renderer
from tunesmith.evaluate import run as contest_module
from tunesmith.evaluate.run import (
    Contest,
    Result,
    ask,
    can_be_asked,
    exact_score,
    hold_contest,
    question_of,
    reference_of,
)
from tunesmith.infer.engine import Completion, generate
from tunesmith.infer.loaded import load_model
from tunesmith.infer.sampling import Sampling
from tunesmith.nn.catalog import locate
from tunesmith.nn.transformer import Decoder
from tunesmith.specs.fine_tune import FineTuneSpec
from tunesmith.specs.resolve import ResolvedSpec
from tunesmith.train.fine_tune import Job, fine_tune
from tunesmith.train.run_folder import StepMetrics, read_metrics

CONTEXT = 256
SYSTEM = "You repeat words."


def chat(line: int, question: str, answer: str, system: str | None = SYSTEM) -> ChatExample:
    opening = (Message("system", system),) if system else ()
    return ChatExample(line, (*opening, Message("user", question), Message("assistant", answer)))


TRAINING = [chat(i, f"Say red {i} times.", f"{i} once", SYSTEM if i % 2 else "Other words.") for i in range(1, 31)]
HELD_OUT = [chat(i, f"Say red {i + 30} times.", f"{i + 30} once") for i in range(1, 9)]


class Silent:
    def say(self, text: str) -> None: ...
    def warn(self, text: str) -> None: ...
    def begin(self, settings: ResolvedSpec, first_step: int) -> None: ...
    def step(self, metrics: StepMetrics) -> None: ...


def dataset(name: str, examples: Sequence[Example]) -> Dataset:
    kind = "chat" if isinstance(examples[0], ChatExample) else "prompt_completion"
    return Dataset(name, kind, name, tuple(examples))


@dataclass(frozen=True)
class Trained:
    base: Path
    folder: Path
    training: Sequence[Example]
    held_out: Sequence[Example]

    def contest(self) -> Contest:
        is_chat = isinstance(self.training[0], ChatExample)
        cpu = torch.device("cpu")
        return Contest(locate(str(self.base)), self.folder / "model", is_chat, torch.float32, cpu, self.training)

    def hold(self) -> dict[str, Result]:
        return hold_contest(self.contest(), self.held_out, 1, lambda text: None)

    def valid_losses(self) -> list[float]:
        rows = read_metrics(self.folder / "metrics.csv")
        return [row.valid_loss for row in rows if row.valid_loss is not None]


def trained(
    folder: Path, base: Path, training: Sequence[Example], held_out: Sequence[Example], **settings: Any
) -> Trained:
    spec = FineTuneSpec(
        base_model=str(base),
        training_file="t",
        max_steps=20,
        batch_size=8,
        learning_rate=0.003,
        precision="fp32",
        **settings,
    )
    job = Job(spec, locate(str(base)), dataset("t", training), dataset("v", held_out), folder)
    fine_tune(job, Silent(), lambda: False)
    return Trained(base, folder, training, held_out)


@pytest.fixture(scope="session")
def lora(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Trained:
    return trained(tmp_path_factory.mktemp("contest") / "run", tiny_base, TRAINING, HELD_OUT)


@pytest.fixture(scope="session")
def full(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Trained:
    return trained(tmp_path_factory.mktemp("contest_full") / "run", tiny_base, TRAINING, HELD_OUT, adapter="none")


@pytest.fixture(scope="session")
def raw(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Trained:
    shown = [CompletionExample(i, f"red {i} ->", f" {i} once") for i in range(1, 21)]
    held = [CompletionExample(i, f"red {i + 20} ->", f" {i + 20} once") for i in range(1, 7)]
    return trained(tmp_path_factory.mktemp("contest_raw") / "run", tiny_base, shown, held)


@pytest.fixture(scope="session")
def results(lora: Trained) -> dict[str, Result]:
    return lora.hold()


# ---- scores --------------------------------------------------------------------------------------


def test_tuned_model_has_a_lower_loss_than_the_base(results: dict[str, Result]) -> None:
    assert results["tuned"].valid_loss.value < results["base"].valid_loss.value


def test_every_score_has_its_interval(results: dict[str, Result]) -> None:
    assert list(results) == ["base", "few_shot", "tuned"]
    for result in results.values():
        for score in (result.exact_match, result.valid_loss):
            assert score.low <= score.value <= score.high
            assert score.n == len(HELD_OUT)
        assert result.exact_match.low < result.exact_match.high
        assert result.valid_loss.low < result.valid_loss.high


@pytest.mark.parametrize("kind", ["lora", "full", "raw"])
def test_losses_are_those_that_training_measured(kind: str, request: pytest.FixtureRequest) -> None:
    """One answer an example, so the contest's loss is the validation loss: before the first step the
    base model's, after the last the tuned model's, read back from its folder."""
    it: Trained = request.getfixturevalue(kind)
    results, losses = it.hold(), it.valid_losses()
    assert results["base"].valid_loss.value == pytest.approx(losses[0], abs=1e-4)
    assert results["tuned"].valid_loss.value == pytest.approx(losses[-1], abs=1e-4)
    assert losses[-1] < losses[0]


def test_exact_matches_are_the_answers_that_equal_their_references(results: dict[str, Result]) -> None:
    for result in results.values():
        right = [a.strip() == reference_of(e) for a, e in zip(result.answers, HELD_OUT, strict=True)]
        assert list(result.is_right) == right
        assert result.exact_match.value == sum(right) / len(right)


def test_contest_gives_the_same_figures_again(lora: Trained, results: dict[str, Result]) -> None:
    assert lora.hold() == results


def test_side_score_agrees_with_the_contest(lora: Trained, results: dict[str, Result]) -> None:
    model = load_model(str(lora.folder), torch.float32)
    assert exact_score(model, HELD_OUT, 1) == results["tuned"].exact_match


# ---- prompts -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """What one contestant was asked: token ids and text of each prompt."""

    prompts: list[list[int]]
    texts: list[str]
    max_new_tokens: int


def overhear(it: Trained) -> dict[str, Asked]:
    """Hold the contest with an ear at the engine's door."""
    renderer = Renderer.load(it.base)
    heard: list[Asked] = []

    def listen(decoder: Decoder, prompts: Sequence[Sequence[int]], sampling: Sampling) -> list[Completion]:
        texts = [renderer.tokenizer.decode(prompt, show_control=True) for prompt in prompts]
        heard.append(Asked([list(prompt) for prompt in prompts], texts, sampling.max_new_tokens))
        return generate(decoder, prompts, sampling)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contest_module, "generate", listen)
        it.hold()
    return dict(zip(("base", "few_shot", "tuned"), heard, strict=True))


@pytest.fixture(scope="session")
def overheard(lora: Trained) -> dict[str, Asked]:
    return overhear(lora)


def turns(text: str) -> list[tuple[str, str]]:
    """Role and content of every message in a prompt."""
    return re.findall(r"<\|im_start\|>(\w+)\n(.*?)<\|im_end\|>", text, re.DOTALL)


def test_reference_answer_is_not_in_any_prompt(overheard: dict[str, Asked], raw: Trained) -> None:
    for asked in overheard.values():
        assert [e.line for e, text in zip(HELD_OUT, asked.texts, strict=True) if reference_of(e) in text] == []
    for asked in overhear(raw).values():
        assert [e.line for e, text in zip(raw.held_out, asked.texts, strict=True) if reference_of(e) in text] == []


def test_no_reference_of_another_question_is_shown(overheard: dict[str, Asked]) -> None:
    texts = [text for asked in overheard.values() for text in asked.texts]
    assert [e.line for e in HELD_OUT if any(reference_of(e) in text for text in texts)] == []


def test_contestants_get_the_same_system_message(overheard: dict[str, Asked]) -> None:
    """Also where the shown examples have other ones."""
    for asked in overheard.values():
        systems = [[content for role, content in turns(text) if role == "system"] for text in asked.texts]
        assert systems == [[SYSTEM]] * len(HELD_OUT)


def test_base_and_tuned_model_get_the_same_prompts(overheard: dict[str, Asked]) -> None:
    assert overheard["base"] == overheard["tuned"]
    assert [turns(text)[-1] for text in overheard["base"].texts] == [("user", question_of(e)) for e in HELD_OUT]


def test_few_shot_prompt_shows_training_examples_and_then_the_question(overheard: dict[str, Asked]) -> None:
    known = {(question_of(e), reference_of(e)) for e in TRAINING}
    for example, text in zip(HELD_OUT, overheard["few_shot"].texts, strict=True):
        said = [content for role, content in turns(text) if role != "system"]
        pairs = list(zip(said[:-1:2], said[1:-1:2], strict=True))
        assert said[-1] == question_of(example)
        assert pairs
        assert set(pairs) <= known
        assert len(set(pairs)) == len(pairs)


def test_few_shot_prompt_leaves_room_for_the_answer_in_the_context(overheard: dict[str, Asked]) -> None:
    few_shot = overheard["few_shot"]
    lengths = [len(prompt) + few_shot.max_new_tokens for prompt in few_shot.prompts]
    assert max(lengths) <= CONTEXT
    shown = [len(turns(text)) // 2 - 1 for text in few_shot.texts]
    assert 0 < max(shown) < contest_module.MAX_SHOTS  # the context, not their number, is the limit here


def test_nearest_example_stands_last(tiny_base: Path, lora: Trained) -> None:
    held = [chat(1, "Say red 7 times.", "seven")]
    text = overhear(Trained(tiny_base, lora.folder, TRAINING, held))["few_shot"].texts[0]
    assert [content for role, content in turns(text) if role == "user"][-2:] == ["Say red 7 times."] * 2


def test_raw_few_shot_prompt_is_examples_in_lines(raw: Trained) -> None:
    few_shot = overhear(raw)["few_shot"]
    for example, text in zip(raw.held_out, few_shot.texts, strict=True):
        *shown, question = text.split("\n\n")
        assert question == question_of(example)
        assert shown
        assert set(shown) <= {f"{e.prompt}{e.completion}" for e in raw.training if isinstance(e, CompletionExample)}


def test_long_reference_after_shown_examples_stays_in_the_context(tmp_path: Path, tiny_base: Path) -> None:
    """An answer may be longer than what contestants may write; its loss is measured all the same."""
    base = Path(shutil.copytree(tiny_base, tmp_path / "base"))
    config = json.loads((base / "config.json").read_text())
    (base / "config.json").write_text(json.dumps(config | {"max_position_embeddings": 1024}))
    shots = [chat(i, f"Say red {i} times.", f"red {i} " * 20) for i in range(1, 31)]
    held = [chat(1, "Say blue.", "near 近🙂 " * 60), chat(2, "Say warm.", "warm")]
    it = trained(tmp_path / "run", base, shots, held)
    results = it.hold()
    assert results["few_shot"].valid_loss.n == 2
    assert results["base"].valid_loss.value == pytest.approx(it.valid_losses()[0], abs=1e-4)


# ---- what can be asked ---------------------------------------------------------------------------


def test_example_without_a_text_answer_is_not_asked() -> None:
    assert can_be_asked(HELD_OUT[0])
    assert can_be_asked(CompletionExample(1, "", "b"))
    assert not can_be_asked(ChatExample(1, (Message("user", "a"), Message("assistant", None))))
    assert not can_be_asked(ChatExample(1, (Message("assistant", "a"),)))


def test_only_the_last_answer_of_a_conversation_is_asked_and_judged(lora: Trained) -> None:
    long = ChatExample(1, (*HELD_OUT[0].messages, Message("user", "Again?"), Message("assistant", "blue!")))
    assert (question_of(long), reference_of(long)) == ("Again?", "blue!")
    asked = overhear(Trained(lora.base, lora.folder, TRAINING, [long]))["base"]
    assert reference_of(HELD_OUT[0]) in asked.texts[0]
    assert "blue!" not in asked.texts[0]


def test_answers_do_not_depend_on_who_is_asked_beside(lora: Trained, results: dict[str, Result]) -> None:
    model = load_model(str(lora.folder), torch.float32)
    together = ask(model, HELD_OUT, 12)
    assert together == [ask(model, [example], 12)[0] for example in HELD_OUT]
