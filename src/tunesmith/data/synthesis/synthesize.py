"""The story of a synthesis: requests are planned, asked, written down, read, judged, and made into rows.

Takes a Plan and an Ask. What was answered is in the journal before it is judged; it is judged in the order of the requests,
so that the rows follow from the answers alone, however many were asked at once and however often it was interrupted.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any, Final, Literal

from tunesmith.core.errors import Interrupted, MachineError, TunesmithError, UserError
from tunesmith.data.findings import shorten
from tunesmith.data.synthesis.answers import Pair, Read, read_answer
from tunesmith.data.synthesis.asking import Ask, AskAgain, ChatAnswer, ChatRequest, EndpointRefused, NotAnswered
from tunesmith.data.synthesis.crew import Crew
from tunesmith.data.synthesis.journal import Answered, Declined, Journal
from tunesmith.data.synthesis.judging import Judge, Standards, Verdict
from tunesmith.data.synthesis.plan import Plan, Planned, Prices, Seed, request_tokens
from tunesmith.data.synthesis.similarity import distinct_share

ATTEMPTS: Final = 3
"""How often one request is sent, while what comes back cannot be read."""
_DECLINED_AT_FIRST: Final = 3
_AHEAD: Final = 4
_SHOWN_LETTERS: Final = 200
# By how much a prompt can have more tokens than estimated, until an endpoint has more: small tokenizers do.
_MARGIN: Final = 1.5
_SAFETY: Final = 1.1

Ended = Literal["complete", "exhausted", "budget"]
ENDED: Final[dict[Ended, str]] = {
    "complete": "all that was asked for is there",
    "exhausted": "every request was made, and too few rows were kept",
    "budget": "the budget is used up",
}


@dataclass(frozen=True, slots=True)
class Budget:
    """What may be used altogether, by all processes that worked on it; None: no bound."""

    requests: int | None = None
    tokens: int | None = None
    cost: float | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A pair that passed, and what it was made from. ``name`` is ``request 3, row 2``."""

    name: str
    pair: Pair
    planned: Planned
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Refused:
    """What was written and not kept; ``pair`` is None where it could not be read."""

    name: str
    pair: Pair | None
    reason: str
    detail: str

    def as_json(self) -> dict[str, Any]:
        said = asdict(self.pair) if self.pair is not None else {}
        return {"name": self.name, **said, "reason": self.reason, "detail": self.detail}


@dataclass(slots=True)
class Usage:
    """What was asked and used, by all processes. ``num_unheard`` requests were sent by processes that died before the
    answer came: they may have been charged, and are counted at the most that they can cost."""

    num_requests: int = 0
    num_repeated: int = 0
    num_declined: int = 0
    num_unheard: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    is_counted: bool = True
    cost: float = 0.0

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, slots=True)
class Diversity:
    """Of the questions kept: distinct-1 and distinct-2, and how alike each is, on average, to the nearest earlier one."""

    distinct_1: float
    distinct_2: float
    mean_nearest_similarity: float


@dataclass(frozen=True, slots=True)
class Synthesis:
    """``num_written`` pieces were written by the model: as many as are kept and refused together."""

    ended: Ended
    kept: tuple[Kept, ...]
    refused: tuple[Refused, ...]
    usage: Usage
    diversity: Diversity

    @property
    def num_written(self) -> int:
        return len(self.kept) + len(self.refused)

    def reasons(self) -> dict[str, int]:
        return dict(Counter(refused.reason for refused in self.refused).most_common())


@dataclass(frozen=True, slots=True)
class Progress:
    num_kept: int
    num_refused: int
    num_requests: int
    usage: Usage
    in_flight: int
    is_stopping: bool = False
    """After Ctrl-C: only what is on its way is waited for."""


def synthesize(
    plan: Plan, ask: Ask, journal: Journal, standards: Standards, *, budget: Budget, prices: Prices, concurrency: int,
    known: Iterable[Seed] = (), tell: Callable[[Progress], None] = lambda _: None, now: Callable[[], float] = time.time,
) -> Synthesis:  # fmt: skip
    """``known`` questions count as kept, beside the seeds.

    Raises Interrupted after Ctrl-C, EndpointRefused or MachineError where the endpoint fails; all that was answered is in
    the journal then, and is not asked again.
    """
    judge = Judge(standards, plan.prompt.instructions())
    for seed in (*plan.pool.seeds, *known):
        judge.know(seed.name, seed.question)
    run = _Run(plan, journal, judge, budget, prices, now)
    crew: Crew[tuple[int, int]] = Crew(partial(_heard, ask, journal, now), concurrency)
    try:
        run.go(crew, concurrency, lambda: tell(run.progress(crew.in_flight)))
    except KeyboardInterrupt:
        crew.stop()
        with suppress(KeyboardInterrupt):  # a second one does not wait for what was sent, and is paid for
            tell(run.progress(crew.num_asking, is_stopping=True))
            crew.settle()
        raise Interrupted(_saved("Interrupted", journal), _GO_ON) from None
    finally:
        crew.close()
    return run.result()


def _heard(
    ask: Ask, journal: Journal, now: Callable[[], float], key: tuple[int, int], request: ChatRequest
) -> ChatAnswer:
    """Saved in the thread that heard it: whatever happens to the others, it is not asked again."""
    journal.asked(*key, round(request_tokens(request) * _MARGIN), request.max_tokens)
    try:
        answer = ask(request)
    except (AskAgain, EndpointRefused):
        journal.dropped(*key)
        raise
    except NotAnswered as error:
        journal.declined(*key, error.message)
        raise
    journal.answered(*key, answer, now())
    return answer


_GO_ON: Final = "start the same command again to go on: nothing is asked twice"


def _saved(what: str, journal: Journal) -> str:
    return f"{what}. {len(journal.said):,} answers are saved in {journal.folder}."


@dataclass(slots=True)
class _Run:
    """One process's work. Requests below ``_next_index`` have been begun, those below ``_next_judged`` are judged."""

    plan: Plan
    journal: Journal
    judge: Judge
    budget: Budget
    prices: Prices
    now: Callable[[], float]
    usage: Usage = field(default_factory=Usage)
    kept: list[Kept] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    _planned: dict[int, Planned] = field(default_factory=dict)
    _read: dict[int, tuple[Pair, ...]] = field(default_factory=dict)
    _unread: dict[int, list[Refused]] = field(default_factory=dict)
    _repeats: list[tuple[int, int]] = field(default_factory=list)
    _next_index: int = 0
    _next_judged: int = 0
    _most_in_flight: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    _failure: TunesmithError | None = None
    _is_spent: bool = False
    _taken: set[tuple[int, int]] = field(default_factory=set)
    _margin: float = _MARGIN

    def go(self, crew: Crew[tuple[int, int]], concurrency: int, tell: Callable[[], None]) -> None:
        self._count_past()
        tell()
        while True:
            while crew.in_flight < concurrency and (key := self._next(concurrency * _AHEAD)) is not None:
                if key not in self.journal.said:
                    if not self._can_pay(key):
                        self._is_spent = True
                        break
                    self._send(crew, key)
                else:
                    self._take_saved(key)
            if not crew.in_flight:
                break
            self._take(*crew.result())
            tell()
        if self._failure is not None:
            raise self._stopped(self._failure)
        self._judge_rest()
        tell()

    def progress(self, in_flight: int, *, is_stopping: bool = False) -> Progress:
        return Progress(len(self.kept), len(self.refused), self._next_judged, self.usage, in_flight, is_stopping)

    def result(self) -> Synthesis:
        questions = [kept.pair.question for kept in self.kept]
        mean = sum(kept.verdict.similarity for kept in self.kept) / len(self.kept) if self.kept else 0.0
        diversity = Diversity(distinct_share(questions, 1), distinct_share(questions, 2), mean)
        count = self.plan.order.count
        is_complete = self._has_enough() or (count is None and not self._is_spent)
        ended: Ended = "complete" if is_complete else "budget" if self._is_spent else "exhausted"
        return Synthesis(ended, tuple(self.kept), tuple(self.refused), self.usage, diversity)

    # ---- what comes next ----

    def _next(self, ahead: int) -> tuple[int, int] | None:
        if self._failure is not None or self._is_spent or self._has_enough():
            return None
        if self._repeats:
            return self._repeats.pop(0)
        begun = self._next_index - self._next_judged
        if self._next_index < self.plan.most_requests and begun < ahead and self._needs_more(begun):
            self._next_index += 1
            return self._next_index - 1, 0
        return None

    def _has_enough(self) -> bool:
        return self.plan.order.count is not None and len(self.kept) >= self.plan.order.count

    def _needs_more(self, num_begun: int) -> bool:
        """Whether those begun would not do even if all that they give were kept: what is too many is paid for, too."""
        count = self.plan.order.count
        return count is None or len(self.kept) + num_begun * self.plan.order.per_request < count

    def _of(self, index: int) -> Planned:
        if index not in self._planned:
            self._planned[index] = self.plan.planned(index)
        return self._planned[index]

    def _send(self, crew: Crew[tuple[int, int]], key: tuple[int, int]) -> None:
        request = self._of(key[0]).request
        self._most_in_flight[key] = self._most_prompt_tokens(request), request.max_tokens
        crew.submit(key, request)

    def _can_pay(self, key: tuple[int, int]) -> bool:
        """At the most that this request, and those on their way, can cost."""
        request, waiting = self._of(key[0]).request, self._most_in_flight.values()
        num = self.usage.num_requests + self.usage.num_unheard + len(waiting) + 1
        prompt = self.usage.prompt_tokens + sum(most for most, _ in waiting) + self._most_prompt_tokens(request)
        completion = self.usage.completion_tokens + sum(most for _, most in waiting) + request.max_tokens
        budget = self.budget
        return (
            (budget.requests is None or num <= budget.requests)
            and (budget.tokens is None or prompt + completion <= budget.tokens)
            and (budget.cost is None or self.prices.of(prompt, completion) <= budget.cost)
        )

    def _most_prompt_tokens(self, request: ChatRequest) -> int:
        return round(request_tokens(request) * self._margin)

    # ---- what came ----

    def _count_past(self) -> None:
        """What earlier processes used."""
        journal, usage = self.journal, self.usage
        usage.num_unheard = journal.num_unheard
        usage.prompt_tokens, usage.completion_tokens = journal.unheard_prompt_tokens, journal.unheard_completion_tokens
        usage.cost = self.prices.of(usage.prompt_tokens, usage.completion_tokens)
        for entry in journal.said.values():
            self._count(entry)

    def _count(self, entry: Answered | Declined) -> None:
        usage = self.usage
        usage.num_requests += 1
        usage.num_repeated += entry.attempt > 0
        usage.num_declined += isinstance(entry, Declined)
        if isinstance(entry, Answered):
            usage.prompt_tokens += entry.prompt_tokens
            usage.completion_tokens += entry.completion_tokens
            usage.is_counted = usage.is_counted and entry.is_counted
        usage.cost = self.prices.of(usage.prompt_tokens, usage.completion_tokens)

    def _take(self, key: tuple[int, int], found: ChatAnswer | TunesmithError) -> None:
        self._most_in_flight.pop(key, None)
        if isinstance(found, ChatAnswer | NotAnswered):
            self._count(self.journal.said[key])
            self._take_saved(key)
            self._failure = self._failure or self._declined_from_the_first()
            return
        self._failure = self._failure or found

    def _declined_from_the_first(self) -> UserError | None:
        said = list(self.journal.said.values())
        if len(said) != _DECLINED_AT_FIRST:
            return None
        reasons = [entry.reason for entry in said if isinstance(entry, Declined)]
        if len(reasons) < len(said):
            return None
        hint = "mend the request (--max-tokens, --model, the prompt), and add --restart"
        return UserError(f"The endpoint declines all that it is asked: {reasons[-1]}.", hint)

    def _take_saved(self, key: tuple[int, int]) -> None:
        """An answer that is in the journal, just come or from before."""
        index, attempt = key
        said = self.journal.said[key]
        self._taken.add(key)
        unread = self._unread.setdefault(index, [])
        if isinstance(said, Declined):
            self._read[index] = ()
        else:
            seen = said.prompt_tokens / request_tokens(self._of(index).request)
            self._margin = max(self._margin, seen * _SAFETY)
            read = read_answer(said.text, with_answers=self.plan.order.wants_answers, was_cut=said.finish == "length")
            unread += _malformed(index, attempt, read, said.text)
            if not read.pairs and attempt + 1 < ATTEMPTS:
                self._repeats.append((index, attempt + 1))
                return
            self._read[index] = read.pairs
        self._judge_ready()

    def _judge_rest(self) -> None:
        """Answers behind a request that was never made, for want of a budget or of need, are no less paid for."""
        for key in sorted(self.journal.said.keys() - self._taken):
            self._take_saved(key)
        for index in range(self._next_judged, max((index for index, _ in self.journal.said), default=-1) + 1):
            self._read.setdefault(index, ())
        self._judge_ready()

    def _judge_ready(self) -> None:
        while self._next_judged in self._read:
            index = self._next_judged
            self.refused += self._unread.pop(index, [])
            for number, pair in enumerate(self._read.pop(index), 1):
                self._judge(f"request {index + 1}, row {number}", pair, self._of(index))
            self._planned.pop(index, None)
            self._next_judged += 1

    def _judge(self, name: str, pair: Pair, planned: Planned) -> None:
        if self._has_enough():
            self.refused.append(Refused(name, pair, "surplus", f"{self.plan.order.count} rows were there"))
            return
        verdict = self.judge.judge(name, pair, planned.passage.text if planned.passage else None)
        if verdict.reason is None:
            self.kept.append(Kept(name, pair, planned, verdict))
        else:
            self.refused.append(Refused(name, pair, verdict.reason, verdict.detail))

    def _stopped(self, failure: TunesmithError) -> TunesmithError:
        if isinstance(failure, AskAgain):
            return MachineError(_saved(f"The endpoint does not answer: {failure.message}", self.journal), _GO_ON)
        if self.journal.said:
            return type(failure)(f"{_saved(failure.message.rstrip('.'), self.journal)}", failure.hint)
        return failure


def _malformed(index: int, attempt: int, read: Read, text: str) -> list[Refused]:
    name = f"request {index + 1}, answer {attempt + 1}"
    detail = f"{read.reason or 'a part of the answer'}: {shorten(text, _SHOWN_LETTERS)}"
    return [Refused(name, None, "malformed", detail) for _ in range(read.num_malformed)]
