"""Rows that hold one question and one answer under some names: Alpaca, Dolly, question and answer, query and response,
prompt and completion, seed tasks, labelled texts, plain text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from tunesmith.data.findings import quoted, shorten
from tunesmith.data.importers.conversations import BESIDE, chat_row, messages_of
from tunesmith.data.importers.making import Note, Refused, Row, text_of, with_metadata

QUESTION_KEYS: Final = ("instruction", "question", "query", "prompt", "input", "user")
MORE_KEYS: Final = ("input", "context", "passage")
ANSWER_KEYS: Final = ("output", "response", "answer", "std_answer", "completion", "reply", "assistant")
LABEL_KEYS: Final = ("label", "category", "class", "intent")


def make_pair(value: Mapping[str, Any], note: Note) -> list[Row]:
    """Alpaca, Dolly, question/answer, query/response: one turn, after the turns of ``history``."""
    asked = next((key for key in QUESTION_KEYS if key in value), None)
    if asked is None:
        raise _lacking(value, "question", QUESTION_KEYS)
    more = [key for key in MORE_KEYS if key in value and key != asked]
    answered = next((key for key in ANSWER_KEYS if key in value and key not in (asked, *more)), "output")
    texts = [text_of(value, key, note) for key in (asked, *more)]
    question, answer = "\n\n".join(text for text in texts if text), text_of(value, answered, note)
    if not question.strip():
        message = "nothing is asked: " + " and ".join((asked, *more)) + " say nothing"
        raise Refused("empty_prompt", message, "write the question; for plain text, give only text", asked)
    if not answer:
        hint = "write it, or remove the row"
        raise Refused("empty_output", f"{answered} is empty: there is nothing to train on", hint, answered)
    _refuse_pictures(question)
    messages = [
        *_history(value.get("history")), {"role": "user", "content": question}, {"role": "assistant", "content": answer},
    ]  # fmt: skip
    return [with_metadata(chat_row(messages, value), value, BESIDE | {"history", asked, *more, answered}, note)]


def _lacking(value: Mapping[str, Any], what: str, keys: tuple[str, ...]) -> Refused:
    message = f"the row has no {what} but {quoted(value) or 'no keys'}"
    return Refused("missing_keys", message, f"name it {', '.join(keys[:-1])} or {keys[-1]}")


_PICTURE: Final = re.compile(r"<(img|video|audio)>[^<]{1,2000}</\1>")


def _refuse_pictures(text: str) -> None:
    if match := _PICTURE.search(text):
        message, hint = f"the text points to {shorten(match[0])}", "only text can be trained on"
        raise Refused("not_text", message, hint)


def _history(history: Any) -> list[dict[str, str]]:
    hint = 'write "history": [["question", "answer"], …]'
    if history is None:
        return []
    if not isinstance(history, list):
        raise Refused("alpaca_types", f"history is {shorten(history)}, not a list", hint, "history")
    messages = []
    for index, pair in enumerate(history):
        if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(text, str) for text in pair):
            message = f"a turn of the history is {shorten(pair)}, not two texts"
            raise Refused("alpaca_types", message, hint, f"history[{index}]")
        messages += [{"role": "user", "content": pair[0]}, {"role": "assistant", "content": pair[1]}]
    return messages


def make_seed_task(value: Mapping[str, Any], note: Note) -> list[Row]:
    """An instruction with ``instances`` of input and output: a row for each."""
    instances = value.get("instances")
    if not isinstance(instances, list) or not all(isinstance(instance, dict) for instance in instances):
        hint = 'write "instances": [{"input": "…", "output": "…"}]'
        raise Refused("not_a_list", f"instances is {shorten(instances)}, not a list of objects", hint, "instances")
    if not instances:
        raise Refused("no_instance", "the task has no instance", "add one, or remove the task", "instances")
    beside = {key: item for key, item in value.items() if key != "instances"}
    return [row for instance in instances for row in make_pair({**beside, **instance}, note)]


def make_prompt_completion(value: Mapping[str, Any], note: Note) -> list[Row]:
    """Two texts stay raw; two lists of messages are a conversation."""
    prompt, completion = value.get("prompt"), value.get("completion")
    if isinstance(prompt, list) and isinstance(completion, list):
        messages = [*messages_of(prompt, note, "prompt"), *messages_of(completion, note, "completion")]
        return [with_metadata(chat_row(messages, value), value, BESIDE | {"prompt", "completion"}, note)]
    row: Row = {"prompt": text_of(value, "prompt", note), "completion": text_of(value, "completion", note)}
    if not row["completion"]:
        hint = "write it, or remove the row"
        raise Refused("empty_completion", "the completion is empty: there is nothing to train on", hint, "completion")
    return [with_metadata(row, value, frozenset({"prompt", "completion"}), note)]


def make_labelled(value: Mapping[str, Any], note: Note) -> list[Row]:
    """A text and its label: the label is the answer, and told in the metadata, so that splits can keep its share."""
    key = next((key for key in LABEL_KEYS if key in value), None)
    if key is None:
        raise _lacking(value, "label", LABEL_KEYS)
    text, label = text_of(value, "text", note), text_of(value, key, note)
    if not text.strip() or not label.strip():
        hint = "write both, or remove the row"
        raise Refused("empty_output", f"text or {key} is empty", hint, key if text.strip() else "text")
    messages = [{"role": "user", "content": text}, {"role": "assistant", "content": label}]
    row: Row = {"messages": messages, "metadata": {"label": label}}
    return [with_metadata(row, value, {"text", key}, note)]


def make_text(value: Mapping[str, Any], note: Note) -> list[Row]:
    """Plain text: a completion after an empty prompt."""
    key = "text" if "text" in value else "response"
    text = text_of(value, key, note)
    if not text.strip():
        raise Refused("empty_text", "the text is empty", "nothing to do", key, "warning")
    return [with_metadata({"prompt": "", "completion": text}, value, frozenset({key}), note)]
