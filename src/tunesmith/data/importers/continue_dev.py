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
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import PurePosixPath
from typing import Any, Final, Literal
from urllib.parse import unquote

from tunesmith.data.findings import quoted, shorten
from tunesmith.data.importers.rows import MADE_FROM, Left, Made, Outcome, Outcomes, Place, Record

MOST_PAIR_CHARACTERS: Final = 32 << 20
"""Rated answers that wait for their counterpart; beyond it no more are paired."""
CURSOR: Final = "[[CURSOR]]"


@dataclass(frozen=True, slots=True)
class ContinueOptions:
    """``only_accepted``: leave out completions and edits that the person refused, or did not decide on.

    ``output``: ``chat``; ``prompt_completion``, in which a completion is asked for by the code before it alone, as a base
    model continues text; or ``preference``, which has the pairs of chatFeedback and nothing else."""

    only_accepted: bool = True
    output: Literal["chat", "prompt_completion", "preference"] = "chat"


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
        return _MAKERS[event](record, self._options)

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
                yield _preference(other, rated) if other.is_good else _preference(rated, other)
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


_ONLY_ACCEPTED: Final = "nothing to do, unless what was refused is to be learnt too"
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


def _autocomplete(record: Record, options: ContinueOptions) -> Outcome:
    value = record.value
    completion = value["completion"]
    if not completion.strip():
        return _empty("completion", record)
    if options.output == "prompt_completion":
        if not value["prefix"].strip():
            return _empty("code before the cursor", record)
        return _made({"prompt": value["prefix"], "completion": completion}, record, "semi-synthetic")
    path = relative_path(value.get("filepath"))
    name = f" of {path}" if path else ""
    code = _fenced(f"{value['prefix']}{CURSOR}{value['suffix']}", path)
    question = f"Complete the code{name} at {CURSOR}. Answer with the text to insert only.\n\n{code}"
    return _made(_chat([{"role": "user", "content": question}], completion), record, "semi-synthetic")


def _conversation(record: Record, options: ContinueOptions) -> Outcome:
    messages = conversation_of(record.value["prompt"])
    if not record.value["completion"].strip():
        return _empty("answer", record)
    if any(message["role"] == "tool" for message in messages):
        message = "the conversation has results of tools, but its log does not keep the calls that they answer"
        return Left("tool_results", message, "nothing to do: a row needs the calls as well", record.place)
    if not messages or messages[-1]["role"] != "user" or not messages[-1]["content"].strip():
        return Left("empty_question", "the conversation does not end with a question", "nothing to do", record.place)
    is_rated = record.value.get("feedback") is True
    row = _chat(messages, record.value["completion"])
    if options.output == "prompt_completion":
        if len(messages) > 1:
            hint = "it can become a chat row"
            return Left("several_turns", "a conversation of several turns is no prompt", hint, record.place)
        row = {"prompt": messages[0]["content"], "completion": record.value["completion"]}
    return _made(row, record, "semi-synthetic" if is_rated else "synthetic")


def _edit(record: Record, options: ContinueOptions) -> Outcome:
    """The instruction may be a whole conversation, of which the last turn says what to do."""
    value = record.value
    asked = [message["content"] for message in conversation_of(value["prompt"]) if message["role"] == "user"]
    return _edit_row(
        asked[-1] if asked else "", value["previousCode"], value["newCode"], value.get("filepath"), record, options
    )


def _quick_edit(record: Record, options: ContinueOptions) -> Outcome:
    lines = [line for line in record.value["diffs"] if isinstance(line, dict) and isinstance(line.get("line"), str)]
    before = "\n".join(line["line"] for line in lines if line.get("type") in ("old", "same"))
    after = "\n".join(line["line"] for line in lines if line.get("type") in ("new", "same"))
    return _edit_row(record.value["prompt"], before, after, record.value.get("path"), record, options)


def _edit_row(
    instruction: str, before: str, after: str, filepath: Any, record: Record, options: ContinueOptions
) -> Outcome:
    if not instruction.strip():
        return _empty("instruction", record)
    if not after.strip():
        return _empty("code after the edit", record)
    if before == after:
        return Left("no_change", "the edit changed nothing", "nothing to do", record.place)
    path = relative_path(filepath)
    name = f"\n\n{path}:" if path else ""
    question = f"{instruction.strip()}{name}\n\n{_fenced(before, path)}" if before.strip() else instruction.strip()
    if options.output == "prompt_completion":
        return _made({"prompt": question, "completion": after}, record, "semi-synthetic")
    return _made(_chat([{"role": "user", "content": question}], after), record, "semi-synthetic")


_MAKERS: Final[dict[str, Callable[[Record, ContinueOptions], Outcome]]] = {
    "autocomplete": _autocomplete,
    "chatInteraction": _conversation,
    "chatFeedback": _conversation,
    "editOutcome": _edit,
    "quickEdit": _quick_edit,
}
_TURN: Final = re.compile(r"(?:\A|(?<=\n\n))<(system|user|assistant|tool|thinking)>\n")


def conversation_of(prompt: str) -> list[dict[str, str]]:
    """The messages of a logged prompt: ``<user>``, a line feed, the text, a blank line, and so on; a text without such
    marks is one question. What a model thought is left out."""
    marks = list(_TURN.finditer(prompt))
    if not marks or marks[0].start() != 0:
        return [{"role": "user", "content": prompt}] if prompt.strip() else []
    ends = [mark.start() for mark in marks[1:]] + [len(prompt)]
    turns = [
        {"role": mark[1], "content": prompt[mark.end() : end].removesuffix("\n\n")}
        for mark, end in zip(marks, ends, strict=True)
    ]
    return [turn for turn in turns if turn["role"] != "thinking" and (turn["content"] or turn["role"] == "user")]


_ROOT: Final = re.compile(r"\A(?:[a-z][a-z0-9+.-]{1,30}://[^/]*)?/*(?:[A-Za-z]:/+)?", re.IGNORECASE)
_HOME: Final = re.compile(r"\A(?:(?:home|users|用户)/+[^/]+|root)/+", re.IGNORECASE)


def relative_path(path: Any) -> str | None:
    """``file:///home/someone/proj/a.py`` → ``proj/a.py``: neither who nor on which machine."""
    if not isinstance(path, str) or not path:
        return None
    plain = unquote(path).replace("\\", "/")
    below = _ROOT.sub("", plain, count=1)
    return (_HOME.sub("", below, count=1) if below != plain else below) or None


def _chat(messages: list[dict[str, str]], answer: str) -> dict[str, Any]:
    """Earlier answers of the conversation have weight 0: each was logged as an event of its own."""
    said: list[dict[str, Any]] = [
        {**message, "weight": 0} if message["role"] == "assistant" else message for message in messages
    ]
    return {"messages": [*said, {"role": "assistant", "content": answer}]}


def _preference(good: _Rated, bad: _Rated) -> Outcome:
    messages = conversation_of(good.record.value["prompt"])
    if not messages or messages[-1]["role"] != "user" or any(message["role"] == "tool" for message in messages):
        message = "the conversation does not end with a question, or has results of tools without their calls"
        return Left("empty_question", message, "nothing to do", good.record.place)
    row = {
        "input": {"messages": messages},
        "preferred_output": [{"role": "assistant", "content": good.completion}],
        "non_preferred_output": [{"role": "assistant", "content": bad.completion}],
    }
    return _made(row, good.record, "semi-synthetic")


def _made(row: dict[str, Any], record: Record, provenance: str) -> Made:
    value = record.value
    thread = value.get("sessionId") or relative_path(value.get("filepath") or value.get("path"))
    found = {"source": "Continue", "provenance": provenance, "thread": thread, "model": value.get("modelName")}
    row[MADE_FROM] = {key: text for key, text in found.items() if isinstance(text, str) and text}
    return Made(row, record.place)


def _fenced(code: str, path: str | None) -> str:
    """In a fence longer than any in the code."""
    longest = max((len(run) for run in re.findall("`{3,}", code)), default=2)
    fence = "`" * (longest + 1)
    language = _LANGUAGES.get(PurePosixPath(path).suffix.lower(), "") if path else ""
    return f"{fence}{language}\n{code}\n{fence}"


_LANGUAGES: Final = {
    ".py": "python", ".js": "javascript", ".jsx": "jsx", ".ts": "typescript", ".tsx": "tsx", ".java": "java",
    ".go": "go", ".rs": "rust", ".c": "c", ".h": "c", ".cpp": "cpp", ".cs": "csharp", ".rb": "ruby", ".php": "php",
    ".sh": "bash", ".sql": "sql", ".html": "html", ".css": "css", ".json": "json", ".yaml": "yaml", ".yml": "yaml",
    ".md": "markdown", ".kt": "kotlin", ".swift": "swift", ".vue": "vue", ".toml": "toml",
}  # fmt: skip


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


def _empty(what: str, record: Record) -> Left:
    rule = "empty_answer" if what in ("completion", "answer", "code after the edit") else "empty_question"
    return Left(rule, f"the {what} is empty", "nothing to do", record.place)


def _unpaired(rated: _Rated) -> Left:
    kind, other = ("good", "bad") if rated.is_good else ("bad", "good")
    message = f"the {kind} answer has no {other} one to the same prompt"
    return Left("unpaired", message, "it can become a chat row", rated.record.place)


def _unknown(record: Record) -> Left:
    message = f"the row is no event of Continue that is known: it has {shorten(quoted(record.value), 120)}"
    return Left("unknown_event", message, f"the events are {', '.join(EVENTS)}", record.place, "error")
