"""Which requests will be made: each follows from its number, the seeds or passages, and the settings; nothing is drawn twice.

Takes an ``Order`` and a ``Pool``; gives requests by number, and what they will cost before the first is made.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from tunesmith.core.errors import Problem, Problems, UserError
from tunesmith.data.examples import CompletionExample, Example
from tunesmith.data.importers.documents import Passage
from tunesmith.data.synthesis.asking import ChatRequest, Language
from tunesmith.data.synthesis.prompts import ABOUT, ABOUT_DOCUMENTS, Mode, Prompt
from tunesmith.data.synthesis.tokens import estimated_tokens
from tunesmith.data.validate import read_dataset

RowShape = Literal["chat", "prompt_completion"]
_MOST_POOL_LETTERS: Final = 64 << 20
_REQUESTS_FOR_MANY_REFUSED: Final = 5
_PAIR_TOKENS: Final = 90
_QUESTION_TOKENS: Final = 30
_KEY_TOKENS: Final = 12
_SAMPLED: Final = 200
TOKENS_PER_SECOND: Final = 40.0
"""Of one answer, until the endpoint's own speed is known."""


@dataclass(frozen=True, slots=True)
class Seed:
    """A question that somebody asked, with its answer where there is one. ``name`` is ``seeds.jsonl:3``."""

    name: str
    question: str
    answer: str | None


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted, and of whom. ``count`` None: all that the passages give."""

    mode: Mode
    model: str
    count: int | None = 100
    per_request: int = 5
    """Pairs that one request asks for."""
    seeds_per_request: int = 4
    """Seeds that one request shows."""
    temperature: float = 0.9
    max_tokens: int = 1_500
    """The longest answer of the model."""
    seed: int = 1
    """Seeds and the order of passages are drawn with it."""
    about: str = ""
    language: Language = "en"
    with_proposals: bool = False
    """Semi-synthetic: let the model propose answers too."""

    def __post_init__(self) -> None:
        least: Sequence[tuple[str, float, float]] = (
            ("--count", self.count if self.count is not None else 1, 1),
            ("--per-request", self.per_request, 1),
            ("--seeds-per-request", self.seeds_per_request, 1),
            ("--max-tokens", self.max_tokens, 1),
            ("--temperature", self.temperature, 0),
        )
        wrong = [
            Problem("invalid_setting", f"{name} is {value:g}", f"give {low:g} or more")
            for name, value, low in least
            if not value >= low
        ]
        if wrong:
            raise Problems("This cannot be synthesized:", wrong)

    @property
    def wants_answers(self) -> bool:
        return self.mode != "semi-synthetic" or self.with_proposals

    @property
    def prompt_mode(self) -> Mode:
        """Proposals are asked for as whole pairs are."""
        return "synthetic" if self.mode == "semi-synthetic" and self.with_proposals else self.mode


@dataclass(frozen=True, slots=True)
class Pool:
    """What requests draw from: seeds, or passages."""

    seeds: tuple[Seed, ...] = ()
    passages: tuple[Passage, ...] = ()


@dataclass(frozen=True, slots=True)
class Planned:
    """A request, its number, and what it was made from."""

    index: int
    request: ChatRequest
    seeds: tuple[str, ...] = ()
    passage: Passage | None = None


@dataclass(frozen=True, slots=True)
class Prices:
    """Of a million tokens, in any currency; 0 for one's own machine."""

    prompt: float = 0.0
    completion: float = 0.0

    def of(self, prompt_tokens: int, completion_tokens: int) -> float:
        return (prompt_tokens * self.prompt + completion_tokens * self.completion) / 1_000_000


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is to come. ``most_…`` is what it can become if many rows are refused, before any budget."""

    requests: int
    prompt_tokens: int
    completion_tokens: int
    cost: float
    seconds: float
    most_requests: int
    most_tokens: int
    most_cost: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Plan:
    order: Order
    prompt: Prompt
    pool: Pool
    _passage_order: tuple[int, ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        if self.order.mode == "documents":
            if not self.pool.passages:
                raise UserError("The documents hold no passage that could be asked about.", "name other documents")
            order = list(range(len(self.pool.passages)))
            random.Random(f"passages {self.order.seed}").shuffle(order)
            object.__setattr__(self, "_passage_order", tuple(order))
        elif not self.pool.seeds:
            raise UserError(f"Mode {self.order.mode} needs seeds.", "give examples with --seeds FILE")
        elif self.order.wants_answers and not any(seed.answer is not None for seed in self.pool.seeds):
            raise UserError("No seed has an answer, so no answers can be asked for.", "give seeds with answers")

    @property
    def most_requests(self) -> int:
        """For a count of rows, five times as many as would do if none were refused."""
        needed = self._needed_requests()
        if self.order.mode == "documents":
            return len(self.pool.passages)
        return needed * _REQUESTS_FOR_MANY_REFUSED

    def planned(self, index: int) -> Planned:
        values = {"count": str(self.order.per_request), "about": self._about()}
        if self.order.mode == "documents":
            passage = self.pool.passages[self._passage_order[index]]
            values |= {"passage": passage.text, "document": passage.document, "heading": passage.heading}
            return Planned(index, self._request(values), (), passage)
        shown = self._drawn(index)
        values["examples"] = "\n".join(_example(seed, self.order.wants_answers) for seed in shown)
        return Planned(index, self._request(values), tuple(seed.name for seed in shown))

    def identity(self) -> dict[str, Any]:
        """All that the requests depend on: two plans that agree in it make the same requests."""
        order = self.order
        return {
            "mode": order.mode, "model": order.model, "per_request": order.per_request,
            "seeds_per_request": order.seeds_per_request, "temperature": order.temperature,
            "max_tokens": order.max_tokens, "seed": order.seed, "about": self._about(),
            "with_proposals": order.with_proposals, "prompt": self.prompt.sha256, "material": self._material(),
        }  # fmt: skip

    def estimate(self, prices: Prices, concurrency: int, num_answered: int = 0) -> Estimate:
        """``num_answered`` requests have their answers already."""
        requests = max(0, min(self._needed_requests(), self.most_requests) - num_answered)
        most = max(0, self.most_requests - num_answered)
        step = max(1, self.most_requests // _SAMPLED)
        sampled = [self.planned(index).request for index in range(0, self.most_requests, step)][:_SAMPLED]
        prompt = sum(request_tokens(request) for request in sampled) / len(sampled)
        completion = min(self.order.max_tokens, self.order.per_request * self._pair_tokens())
        totals = round(prompt * requests), round(completion * requests)
        most_totals = round(prompt * most), self.order.max_tokens * most
        seconds = math.ceil(requests / concurrency) * completion / TOKENS_PER_SECOND
        return Estimate(
            requests, *totals, prices.of(*totals), seconds, most, sum(most_totals), prices.of(*most_totals)
        )  # fmt: skip

    def _needed_requests(self) -> int:
        if self.order.count is None:
            return len(self.pool.passages)
        return math.ceil(self.order.count / self.order.per_request)

    def _drawn(self, index: int) -> list[Seed]:
        usable = [seed for seed in self.pool.seeds if seed.answer is not None or not self.order.wants_answers]
        draw = random.Random(f"seeds {self.order.seed} {index}")
        return draw.sample(usable, min(self.order.seeds_per_request, len(usable)))

    def _request(self, values: dict[str, str]) -> ChatRequest:
        system, user = self.prompt.filled(values)
        return ChatRequest(self.order.model, system, user, self.order.temperature, self.order.max_tokens)

    def _about(self) -> str:
        if self.order.about.strip():
            return self.order.about.strip()
        return (ABOUT_DOCUMENTS if self.order.mode == "documents" else ABOUT)[self.order.language]

    def _material(self) -> str:
        digest = sha256()
        for seed in self.pool.seeds if self.order.mode != "documents" else ():
            digest.update(msgspec.json.encode((seed.name, seed.question, seed.answer)))
        for passage in self.pool.passages:
            digest.update(msgspec.json.encode((passage.name, passage.heading, passage.text)))
        return digest.hexdigest()

    def _pair_tokens(self) -> float:
        """Of a pair as JSON: as long as the seeds are, or as answers about passages mostly are."""
        seeds = self.pool.seeds[:_SAMPLED]
        if not seeds or self.order.mode == "documents":
            return _PAIR_TOKENS if self.order.wants_answers else _QUESTION_TOKENS
        said = (seed.question + (seed.answer or "" if self.order.wants_answers else "") for seed in seeds)
        return sum(map(estimated_tokens, said)) / len(seeds) + _KEY_TOKENS


def request_tokens(request: ChatRequest) -> int:
    return estimated_tokens(request.system) + estimated_tokens(request.user)


def read_seeds(path: Path) -> tuple[Seed, ...]:
    """Examples of a training file, the last question of each and its answer; or a .txt file, a question a line.

    Raises Problems naming every bad row.
    """
    if path.suffix.lower() == ".txt":
        seeds = _questions(path)
    else:
        dataset, _ = read_dataset(path)
        found = ((example.line, _last_turn(example)) for example in dataset.examples)
        seeds = [Seed(f"{path.name}:{line}", *turn) for line, turn in found if turn is not None]
    if not seeds:
        raise UserError(
            f"{path} holds no question.", "give chat rows, prompt/completion rows, or a question a line in .txt"
        )
    if sum(len(seed.question) + len(seed.answer or "") for seed in seeds) > _MOST_POOL_LETTERS:
        raise UserError(f"{path} is too large for seeds.", "some hundred good examples are enough: choose them")
    return tuple(seeds)


def gather(passages: Sequence[Passage]) -> tuple[Passage, ...]:
    """Raises UserError for more than is held in memory: 64 Mi characters, about 40,000 passages."""
    if sum(len(passage.text) for passage in passages) > _MOST_POOL_LETTERS:
        raise UserError(
            f"The documents hold more than {_MOST_POOL_LETTERS:,} characters.", "take one folder after the other"
        )
    return tuple(passages)


def _questions(path: Path) -> list[Seed]:
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}.", "check the name") from None
    except UnicodeDecodeError:
        raise UserError(f"{path} is no UTF-8 text.", "save it as UTF-8") from None
    return [
        Seed(f"{path.name}:{number}", line.strip(), None)
        for number, line in enumerate(text.split("\n"), 1)
        if line.strip()
    ]


def _last_turn(example: Example) -> tuple[str, str] | None:
    if isinstance(example, CompletionExample):
        return (example.prompt.strip(), example.completion.strip()) if example.prompt.strip() else None
    asked: str | None = None
    turn: tuple[str, str] | None = None
    for message in example.messages:
        if message.role == "user":
            asked = message.content
        elif message.role == "assistant" and asked and message.content:
            turn = asked.strip(), message.content.strip()
    return turn


def _example(seed: Seed, with_answer: bool) -> str:
    said = {"question": seed.question, **({"answer": seed.answer} if with_answer else {})}
    return msgspec.json.encode(said).decode()
