"""One event of Continue → one row: what was asked, and the text that was kept.

Takes a record whose texts were looked at, gives ``Made``, or ``Left`` where there is nothing to learn from.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final, Literal
from urllib.parse import unquote

from tunesmith.data.importers.rows import MADE_FROM, Left, Made, Outcome, Record

CURSOR: Final = "[[CURSOR]]"


@dataclass(frozen=True, slots=True)
class ContinueOptions:
    """``only_accepted``: leave out completions and edits that the person refused, or did not decide on.

    ``output``: ``chat``; ``prompt_completion``, in which a completion is asked for by the code before it alone, as a base
    model continues text; or ``preference``, which has the pairs of chatFeedback and nothing else."""

    only_accepted: bool = True
    output: Literal["chat", "prompt_completion", "preference"] = "chat"


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


MAKERS: Final[dict[str, Callable[[Record, ContinueOptions], Outcome]]] = {
    "autocomplete": _autocomplete,
    "chatInteraction": _conversation,
    "chatFeedback": _conversation,
    "editOutcome": _edit,
    "quickEdit": _quick_edit,
}


def preference_row(good: Record, bad: Record) -> Outcome:
    messages = conversation_of(good.value["prompt"])
    if not messages or messages[-1]["role"] != "user" or any(message["role"] == "tool" for message in messages):
        message = "the conversation does not end with a question, or has results of tools without their calls"
        return Left("empty_question", message, "nothing to do", good.place)
    row = {
        "input": {"messages": messages},
        "preferred_output": [{"role": "assistant", "content": good.value["completion"]}],
        "non_preferred_output": [{"role": "assistant", "content": bad.value["completion"]}],
    }
    return _made(row, good, "semi-synthetic")


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


def _empty(what: str, record: Record) -> Left:
    rule = "empty_answer" if what in ("completion", "answer", "code after the edit") else "empty_question"
    return Left(rule, f"the {what} is empty", "nothing to do", record.place)
