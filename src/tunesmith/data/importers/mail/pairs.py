"""Questions and answers to rows: each answer of ours with what it answers, or whole threads as chats of several turns.

Takes envelopes with their parents and who "we" are; gives a ``Made`` for each row and a ``Left`` for each message whose
words stand in none. An answer is trained on once: in a thread that branches, turns that another row trains get weight 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Final

from tunesmith.data.importers.mail.envelopes import Envelope
from tunesmith.data.importers.mail.letters import Letter, Letters
from tunesmith.data.importers.mail.options import MailOptions
from tunesmith.data.importers.mail.ours import Ours
from tunesmith.data.importers.mail.threads import chain
from tunesmith.data.importers.rows import MADE_FROM, Left, Made, Outcomes, Place

_MOST_PEOPLE: Final = 20
HINTS: Final = {
    "unanswered": "Nothing to do, unless the answer lies in a folder that was not given.",
    "no_question": "Give the folder that it was answered from too, the inbox or the whole account.",
    "own_follow_up": "Import whole threads (--whole-threads), to keep it as a further turn.",
    "forward": "Nothing to do: words of others are no answer.",
    "empty": "Nothing to do.",
    "too_short": "Lower the least number of characters (--min-chars) to keep it.",
    "too_long": "Raise the greatest number of characters (--max-chars) to keep it.",
    "before_since": "Give an earlier date (--since) to keep it.",
    "encrypted": "Decrypt it in the mail program and export it again.",
    "unknown_me": "Give your address, or your domain as @shop.example (--me).",
}
_UNANSWERED: Final = ("unanswered", "None of our answers to it became part of a row.")


@dataclass(frozen=True, slots=True)
class _Turn:
    """What one message says, and whether it is ours. ``index`` is None for a question known from its quote alone."""

    is_ours: bool
    text: str
    index: int | None


def rows(
    envelopes: Sequence[Envelope], parents: Sequence[int | None], ours: Ours, letters: Letters, options: MailOptions
) -> Outcomes:
    yield from _Pairing(envelopes, parents, ours, letters, options).outcomes()


def left(envelope: Envelope, rule: str, message: str, hint: str | None = None) -> Left:
    place = Place(envelope.stored.box.name, path=envelope.called)
    return Left(rule, message, hint or HINTS.get(rule, "Nothing to do."), place)


def thread_key(message_id: str) -> str:
    """Sixteen signs that stand for a message without saying its id, which is written like an address."""
    return blake2b(message_id.encode("utf-8", "replace"), digest_size=8).hexdigest()


class _Pairing:
    """``_fate`` of each message: still open, in a row, or left out; each gets one of the last two."""

    _OPEN, _USED, _LEFT = 0, 1, 2

    def __init__(
        self,
        envelopes: Sequence[Envelope],
        parents: Sequence[int | None],
        ours: Ours,
        letters: Letters,
        options: MailOptions,
    ) -> None:
        self._envelopes, self._parents, self._ours = envelopes, parents, ours
        self._letters, self._options = letters, options
        self._fate = bytearray(len(envelopes))
        self._is_trained = bytearray(len(envelopes))
        self._reasons: dict[int, tuple[str, str]] = {}
        since = options.since
        self._since = datetime(since.year, since.month, since.day, tzinfo=UTC).timestamp() if since else None

    def outcomes(self) -> Outcomes:
        answers = [index for index in range(len(self._envelopes)) if self._is_ours(index)]
        for index in self._last_of_threads(answers) if self._options.whole_threads else answers:
            turns = self._thread(index) if self._options.whole_threads else self._pair(index)
            row = self._row(turns, index) if turns else None
            if row:
                yield row
        yield from self._rest()

    def _rest(self) -> Iterator[Left]:
        for index, envelope in enumerate(self._envelopes):
            if self._fate[index] == self._USED:
                continue
            rule, message = self._reasons.get(index, _UNANSWERED)
            if self._is_old(index):
                rule, message = "before_since", f"It was sent before {self._options.since}."
            yield left(envelope, rule, message)

    def _is_ours(self, index: int) -> bool:
        return self._ours.wrote(self._envelopes[index].sender)

    def _is_old(self, index: int) -> bool:
        sent_at = self._envelopes[index].sent_at
        return self._since is not None and sent_at is not None and sent_at < self._since

    def _last_of_threads(self, answers: list[int]) -> list[int]:
        """Answers of ours that no later one of ours goes back to."""
        has_later = bytearray(len(self._envelopes))
        for answer in answers:
            index = self._parents[answer]
            while index is not None and not has_later[index]:
                has_later[index] = 1
                index = self._parents[index]
        return [answer for answer in answers if not has_later[answer]]

    def _pair(self, index: int) -> list[_Turn]:
        """The question and the answer; nothing where either is missing, with the reason kept."""
        answer = self._turn(index)
        if answer is None:
            return []
        parent = self._parents[index]
        if parent is not None and self._is_ours(parent):
            self._reasons[index] = ("own_follow_up", "It goes on from a message of our own, which is no question.")
            return []
        questions = [turn for turn in map(self._turn, self._asked(parent)) if turn]
        questions = questions or self._quoted_question(index)
        if not questions:
            self._reasons[index] = ("no_question", "What it answers is not in this mail, nor quoted in it.")
            return []
        return [*questions, answer]

    def _asked(self, index: int | None) -> list[int]:
        """The message that is answered, and those before it that its author wrote without an answer in between."""
        found: list[int] = []
        while index is not None and len(found) < 20:
            if found and self._envelopes[index].sender != self._envelopes[found[-1]].sender:
                break
            found.append(index)
            index = self._parents[index]
        return found[::-1]

    def _thread(self, index: int) -> list[_Turn]:
        members = chain(self._parents, index)
        turns = [turn for turn in map(self._turn, members) if turn]
        while turns and not turns[-1].is_ours:
            turns.pop()
        if turns and turns[0].is_ours and turns[0].index is not None:
            turns = self._quoted_question(turns[0].index) + turns
        while turns and turns[0].is_ours:
            first = turns.pop(0).index
            if first is not None:
                self._reasons[first] = ("no_question", "It opens a thread: what it answers is not known.")
        return turns

    def _turn(self, index: int) -> _Turn | None:
        """What the message says, if it can be used; the reason kept where it cannot."""
        letter, is_ours = self._letters.of(index), self._is_ours(index)
        text = letter.own if is_ours else letter.told
        problem = letter.problem
        if problem and problem[0] == "empty" and not is_ours and letter.subject:
            text, problem = letter.subject, None
        if problem is None and not text:
            problem = ("forward", "It only passes another message on.")
        if problem is None:
            problem = self._wrong_length(text)
        if is_ours and problem is None and self._is_old(index):
            problem = ("before_since", f"It was sent before {self._options.since}.")
        if problem:
            self._reasons[index] = problem
            return None
        return _Turn(is_ours, text, index)

    def _wrong_length(self, text: str) -> tuple[str, str] | None:
        if len(text) < self._options.min_chars:
            return "too_short", f"It has {len(text):,} characters, fewer than {self._options.min_chars:,}."
        if len(text) > self._options.max_chars:
            return "too_long", f"It has {len(text):,} characters, more than {self._options.max_chars:,}."
        return None

    def _quoted_question(self, index: int) -> list[_Turn]:
        """From the answer's own quote, where the answered message is missing; what we wrote ourselves is no question."""
        letter = self._letters.of(index)
        is_usable = letter.quoted and not self._wrong_length(letter.quoted) and not self._quotes_us(letter)
        return [_Turn(False, letter.quoted, None)] if is_usable else []

    def _quotes_us(self, letter: Letter) -> bool:
        words = letter.introduction.replace("<", " ").replace(">", " ").replace("[", " ").replace("]", " ").split()
        addresses = (word.strip("\"'(),;:").removeprefix("mailto:").casefold() for word in words if "@" in word)
        return self._ours.wrote(next(addresses, ""))

    def _row(self, turns: list[_Turn], index: int) -> Made | None:
        messages = self._messages(turns)
        if not any(message["role"] == "assistant" and message.get("weight", 1) for message in messages):
            return None
        used = [turn.index for turn in turns if turn.index is not None]
        for one in used:
            self._fate[one] = self._USED
            self._is_trained[one] |= self._is_ours(one)
        if self._options.with_subject and (subject := self._subject(turns, index)):
            messages[0]["content"] = f"{subject}\n\n{messages[0]['content']}"
        envelope = self._envelopes[index]
        place = Place(envelope.stored.box.name, path=envelope.called)
        return Made({"messages": messages, MADE_FROM: self._metadata(turns, used, index)}, place)

    def _messages(self, turns: list[_Turn]) -> list[dict[str, Any]]:
        """One message for each run of turns of one side."""
        messages: list[dict[str, Any]] = []
        for run in _runs(turns):
            if not run[0].is_ours:
                messages.append({"role": "user", "content": _text(run)})
                continue
            new = [turn for turn in run if turn.index is None or not self._is_trained[turn.index]]
            weight = {} if new else {"weight": 0}
            messages.append({"role": "assistant", "content": _text(new or run), **weight})
        return messages

    def _subject(self, turns: list[_Turn], index: int) -> str:
        first = turns[0].index
        subject = self._letters.of(index if first is None else first).subject
        return "" if subject == turns[0].text else subject

    def _metadata(self, turns: list[_Turn], used: list[int], index: int) -> dict[str, str]:
        answer = self._envelopes[index]
        root = self._envelopes[chain(self._parents, index)[0]]
        names = [name for one in used for name in self._letters.of(one).people]
        sent_at = answer.sent_at
        found = {
            "thread": thread_key(root.answers[-1] if root.answers else _id(root)),
            "author": answer.sender,
            "source": answer.stored.box.name,
            "date": datetime.fromtimestamp(sent_at, UTC).date().isoformat() if sent_at is not None else "",
            "people": "; ".join(list(dict.fromkeys(names))[:_MOST_PEOPLE]),
            "messages": " ".join(thread_key(_id(self._envelopes[one])) for one in used),
            "question_from": "quote" if turns[0].index is None else "",
            "provenance": "organic",
        }
        return {name: text for name, text in found.items() if text}


def _id(envelope: Envelope) -> str:
    return envelope.message_id or f"{envelope.stored.box.name}:{envelope.stored.offset}"


def _runs(turns: list[_Turn]) -> Iterator[list[_Turn]]:
    run: list[_Turn] = []
    for turn in turns:
        if run and turn.is_ours != run[-1].is_ours:
            yield run
            run = []
        run.append(turn)
    if run:
        yield run


def _text(run: list[_Turn]) -> str:
    return "\n\n".join(turn.text for turn in run)
