"""Continue's development data → rows: what the assistant was asked and said, kept where the person kept it.

Takes the records of its JSONL files (``~/.continue/dev_data``: one file per event, of generation 0.1.0 or 0.2.0, or the
bodies that a collecting server received) and gives chat rows by default:

* autocomplete: the code around the cursor → what was inserted, where it was accepted
* chatInteraction: the conversation → the answer; earlier answers stand in it with weight 0, for each was logged itself
* chatFeedback: the same, of answers with a thumb up; with ``output="preference"`` a pair of every prompt that has both
* editOutcome, quickEdit: what to do and the code before → the code after, where it was accepted

Fill-in-the-middle control tokens are not written: text in a row stays text, so that a typed ``<fim_prefix>`` would never
become the token. The user id, the git remote and home folders are dropped: nothing is learnt from them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import PurePosixPath
from typing import Any, Final

from tunesmith.data.findings import quoted, shorten
from tunesmith.data.importers.continue_rows import MAKERS, ContinueOptions, preference_row
from tunesmith.data.importers.rows import Left, Outcome, Outcomes, Place, Record

__all__ = ["EVENTS", "ContinueOptions", "event_of", "import_continue"]

MOST_PAIR_CHARACTERS: Final = 32 << 20
"""Rated answers that wait for their counterpart; beyond it no more are paired."""
EVENTS: Final = (
    *("autocomplete", "chatInteraction", "chatFeedback", "editOutcome", "editInteraction", "quickEdit"),
    *("nextEdit", "nextEditOutcome", "nextEditWithHistory", "tokensGenerated", "toolUsage"),
)


def event_of(value: Mapping[str, Any], place: Place) -> str | None:
    """Which event a row is, by its name, else its file's name (generation 0.1.0 has no other), else its keys."""
    name = value.get("eventName", value.get("name") if isinstance(value.get("data"), dict) else None)
    if name in EVENTS:
        return str(name)
    stem = PurePosixPath(re.split(r"[!/\\]", place.file)[-1]).name.split(".", 1)[0]
    if stem in EVENTS:
        return stem
    return next((event for event, keys in _SIGNATURES if keys <= value.keys()), None)


def import_continue(records: Iterable[Record | Left], options: ContinueOptions | None = None) -> Outcomes:
    """Files of a folder in the order of their names: ratings then come before the conversations that they rate, of which
    an answer with a thumb down is no example either."""
    return _Import(options or ContinueOptions()).run(records)


_SIGNATURES: Final = (
    ("autocomplete", {"prefix", "suffix", "completion"}),
    ("editOutcome", {"previousCode", "newCode"}),
    ("chatFeedback", {"prompt", "completion", "feedback"}),
    ("quickEdit", {"prompt", "diffs", "label"}),
    ("chatInteraction", {"prompt", "completion", "sessionId"}),
    ("tokensGenerated", {"promptTokens", "generatedTokens"}),
)
_NO_CODE_HINT: Final = 'set "level" to "all" for the data in Continue\'s configuration: "noCode" keeps no text'


@dataclass(frozen=True, slots=True)
class _Rated:
    """A rated answer that waits for one of the other kind."""

    completion: str
    is_good: bool
    record: Record


class _Import:
    """Keeps which answers were rated, by a hash, and for pairs the texts of those that wait."""

    def __init__(self, options: ContinueOptions) -> None:
        self._options = options
        self._ratings: dict[bytes, bool] = {}
        self._waiting: dict[bytes, list[_Rated]] = {}
        self._num_waiting = 0

    def run(self, records: Iterable[Record | Left]) -> Outcomes:
        for record in records:
            if isinstance(record, Left):
                yield record
                continue
            event = event_of(record.value, record.place)
            record = _unwrapped(record)
            if event is None:
                yield _unknown(record)
            elif self._options.output == "preference":
                yield from self._pair(event, record)
            else:
                yield self._outcome(event, record)
        for waiting in self._waiting.values():
            yield from map(_unpaired, waiting)

    def _outcome(self, event: str, record: Record) -> Outcome:
        if event not in _TEXTS:
            return Left("no_example", f"an event {event} is no example", _NOT_EXAMPLES.get(event, "fine"), record.place)
        if missing := [key for key in _TEXTS[event] if not isinstance(record.value.get(key), _TEXTS[event][key])]:
            what = f"the event {event} has no {quoted(missing)}"
            return Left("missing_text", what, _NO_CODE_HINT, record.place)
        if event in _VERDICTS and (left := self._undecided(event, record)) is not None:
            return left
        if event == "chatFeedback" and (left := self._rated(record)) is not None:
            return left
        if event == "chatInteraction" and (left := self._judged(record)) is not None:
            return left
        return MAKERS[event](record, self._options)

    def _undecided(self, event: str, record: Record) -> Left | None:
        verdict = record.value.get(_VERDICTS[event])
        is_accepted = verdict is True or (event == "quickEdit" and _says_accepted(verdict))
        if is_accepted or not self._options.only_accepted:
            return None
        if verdict is None:
            message = "nothing says whether it was accepted"
            return Left("undecided", message, _ONLY_ACCEPTED, record.place)
        message = "the person did not accept it"
        return Left("not_accepted", message, _ONLY_ACCEPTED, record.place)

    def _rated(self, record: Record) -> Left | None:
        verdict = record.value.get("feedback")
        if not isinstance(verdict, bool):
            return Left("undecided", "the feedback is neither true nor false", "nothing to do", record.place)
        key = _key(record.value)
        before = self._ratings.get(key)
        self._ratings[key] = verdict and before is not False
        if not verdict:
            hint = "nothing to do; where a better answer to the same prompt exists, the two can make a preference row"
            return Left("negative_feedback", "the answer got a thumb down", hint, record.place)
        return None

    def _judged(self, record: Record) -> Left | None:
        rating = self._ratings.get(_key(record.value))
        if rating is None:
            return None
        if rating:
            message = "the same answer, with its thumb up, is in chatFeedback already"
            return Left("rated_already", message, "nothing to do", record.place)
        return Left("negative_feedback", "the answer got a thumb down in chatFeedback", "nothing to do", record.place)

    def _pair(self, event: str, record: Record) -> Iterator[Outcome]:
        value = record.value
        prompt, completion, verdict = value.get("prompt"), value.get("completion"), value.get("feedback")
        if event != "chatFeedback":
            yield Left("no_pair", f"an event {event} makes no preference row", "it can become a chat row", record.place)
        elif not isinstance(prompt, str) or not isinstance(completion, str) or not completion.strip():
            yield Left(
                "missing_text", "the event chatFeedback has no prompt or no completion", _NO_CODE_HINT, record.place
            )
        elif not isinstance(verdict, bool):
            yield Left("undecided", "the feedback is neither true nor false", "nothing to do", record.place)
        else:
            yield from self._match(_Rated(completion, verdict, record), prompt)

    def _match(self, rated: _Rated, prompt: str) -> Iterator[Outcome]:
        waiting = self._waiting.setdefault(_digest(prompt), [])
        for index, other in enumerate(waiting):
            if other.is_good != rated.is_good and other.completion.strip() != rated.completion.strip():
                del waiting[index]
                self._num_waiting -= len(other.completion) + len(prompt)
                yield (
                    preference_row(other.record, rated.record)
                    if other.is_good
                    else preference_row(rated.record, other.record)
                )
                yield Left(
                    "paired", "this answer is one of the pair of another row", "nothing to do", other.record.place
                )
                return
        if self._num_waiting > MOST_PAIR_CHARACTERS:
            message = f"more than {MOST_PAIR_CHARACTERS:,} characters of rated answers wait for their counterpart"
            yield Left("too_many_waiting", message, "convert the file in parts", rated.record.place)
            return
        waiting.append(rated)
        self._num_waiting += len(rated.completion) + len(prompt)


_ONLY_ACCEPTED: Final = "nothing to do, unless what was refused is to be learnt too (--refused)"
_VERDICTS: Final = {"autocomplete": "accepted", "editOutcome": "accepted", "quickEdit": "label"}
_TEXTS: Final[dict[str, dict[str, type]]] = {
    "autocomplete": {"prefix": str, "suffix": str, "completion": str},
    "chatInteraction": {"prompt": str, "completion": str},
    "chatFeedback": {"prompt": str, "completion": str},
    "editOutcome": {"prompt": str, "previousCode": str, "newCode": str},
    "quickEdit": {"prompt": str, "diffs": list},
}
_NOT_EXAMPLES: Final = {
    "editInteraction": "nothing says whether the edit was kept: editOutcome has those that were",
    "nextEdit": "its prompt is written for one model, control tokens and all",
    "nextEditOutcome": "its prompt is written for one model, control tokens and all",
    "nextEditWithHistory": "its prompt is written for one model, control tokens and all",
    "tokensGenerated": "it counts tokens, and has no text",
    "toolUsage": "it logs a call without the conversation that led to it",
}


def _unwrapped(record: Record) -> Record:
    """A server that collects the events receives each as ``{"name": …, "data": {…}, "schema": …}``."""
    data = record.value.get("data")
    return Record(data, record.place) if isinstance(data, dict) and "name" in record.value else record


def _says_accepted(label: Any) -> bool:
    return isinstance(label, str) and label.strip().lower() in ("accept", "accepted", "true")


def _key(value: Mapping[str, Any]) -> bytes:
    return _digest(f"{value.get('sessionId', '')}\0{value['prompt']}\0{value['completion']}")


def _digest(text: str) -> bytes:
    return blake2b(text.encode(errors="surrogatepass"), digest_size=16).digest()


def _unpaired(rated: _Rated) -> Left:
    kind, other = ("good", "bad") if rated.is_good else ("bad", "good")
    message = f"the {kind} answer has no {other} one to the same prompt"
    return Left("unpaired", message, "it can become a chat row", rated.record.place)


def _unknown(record: Record) -> Left:
    message = f"the row is no event of Continue that is known: it has {shorten(quoted(record.value), 120)}"
    return Left("unknown_event", message, f"the events are {', '.join(EVENTS)}", record.place, "error")
