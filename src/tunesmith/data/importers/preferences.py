"""Two answers, one preferred → preference rows, from each shape that is found in practice; and answers with a thumb up
or down → chat rows of those with the thumb up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tunesmith.data.findings import shorten
from tunesmith.data.importers.conversations import BESIDE, chat_row, conversation_key, messages_of, system_of
from tunesmith.data.importers.making import Note, Refused, Row, text_of, with_metadata
from tunesmith.data.importers.pairs import MORE_KEYS, make_prompt_completion
from tunesmith.data.importers.tool_texts import Message

_ASKED: Final = ("prompt", "question", "instruction", "query")
RATING_KEYS: Final = ("label", "kto_tag", "rating", "thumbs_up")


def make_preference(value: Mapping[str, Any], note: Note) -> list[Row]:
    """One row; several, where an Alpaca row ranks more than two answers: the first over each of the others."""
    if isinstance(value.get("output"), list) and "instruction" in value:
        return _of_ranked(value, note)
    if "preferred_output" in value:
        return [_of_openai(value, note)]
    names = ("chosen_messages", "rejected_messages") if "chosen_messages" in value else ("chosen", "rejected")
    chosen, rejected = (_answer(value.get(name), name, note) for name in names)
    if not (_is_whole(chosen) and _is_whole(rejected)):
        asked, used = _asked(value, note)
        return [_row(value, asked, chosen, rejected, used | {*names}, note)]
    whole = chosen
    asked, chosen, rejected = _shared_start(chosen, rejected)
    said = [message.get("content") for message in asked]
    repeated = {key for key, item in value.items() if item in (whole, asked) or (key in _ASKED and item in said)}
    asked = [*system_of(value, asked), *asked]
    return [_row(value, asked, chosen, rejected, {*names, *repeated}, note)]


def _of_openai(value: Mapping[str, Any], note: Note) -> Row:
    given = value.get("input")
    if not isinstance(given, dict):
        hint = 'write "input": {"messages": […]}'
        raise Refused("not_an_object", f"input is {shorten(given)}, not an object", hint, "input")
    asked = messages_of(given.get("messages"), note, "input.messages")
    names = ("preferred_output", "non_preferred_output")
    chosen, rejected = (_answer(value.get(name), name, note) for name in names)
    beside = {**given, **{key: item for key, item in value.items() if key != "input"}}
    return _row(beside, [*system_of(beside, asked), *asked], chosen, rejected, {*names, "messages"}, note)


def _of_ranked(value: Mapping[str, Any], note: Note) -> list[Row]:
    answers = [_answer(answer, f"output[{index}]", note) for index, answer in enumerate(value["output"])]
    if len(answers) < 2:
        hint = 'write "output": ["the better answer", "the worse"]'
        raise Refused("no_second_answer", f"output holds {len(answers)} of two answers", hint, "output", "warning")
    if len(answers) > 2:
        note("ranked_answers", "where more than two answers are ranked, the first is preferred over each of the others")
    asked, used = _asked(value, note)
    others = [answer for answer in answers[1:] if answer != answers[0]]
    if len(others) < len(answers) - 1 and others:
        note("same_answers", "an answer that says the same as the first is left away")
    return [_row(value, asked, answers[0], other, used | {"output"}, note) for other in others or answers[1:2]]


def _row(
    value: Mapping[str, Any], asked: list[Message], chosen: list[Message], rejected: list[Message], used: set[str],
    note: Note,
) -> Row:  # fmt: skip
    if chosen == rejected:
        raise Refused("same_answers", "both answers say the same", "remove the row: it prefers nothing")
    for name, messages in (("preferred", chosen), ("other", rejected)):
        if messages[-1]["role"] != "assistant" or any(message["role"] == "user" for message in messages):
            what = f"the {name} answer is not one answer of the assistant: {shorten(messages)}"
            raise Refused("different_questions", what, "both must answer the same conversation")
    if not asked or asked[-1]["role"] == "assistant":
        what = "nothing is asked" if not asked else "the assistant speaks last before the answers"
        raise Refused("nothing_asked", what, "both answers must follow a question")
    beside = {key: value[key] for key in ("tools", "functions", "parallel_tool_calls") if value.get(key) is not None}
    row = {"input": chat_row(asked, beside), "preferred_output": chosen, "non_preferred_output": rejected}
    return with_metadata(row, value, BESIDE | used, note)


def _answer(answer: Any, key: str, note: Note) -> list[Message]:
    """A text, a message, or a list of messages."""
    if isinstance(answer, str):
        messages = [{"role": "assistant", "content": answer}]
    else:
        messages = messages_of([answer] if isinstance(answer, dict) else answer, note, key)
    last = messages[-1]
    if last["role"] == "assistant" and last.get("content") in ("", None, []) and not last.get("tool_calls"):
        raise Refused("empty_output", f"{key} is empty", "write the answer, or remove the row", key)
    return messages


def _is_whole(messages: list[Message]) -> bool:
    """Whether the conversation stands there too, not the answer alone."""
    return any(message["role"] == "user" for message in messages)


def _shared_start(chosen: list[Message], rejected: list[Message]) -> tuple[list[Message], list[Message], list[Message]]:
    most = min(len(chosen), len(rejected)) - 1
    size = next((index for index in range(most) if chosen[index] != rejected[index]), most)
    while size and chosen[size - 1]["role"] == "assistant":
        size -= 1
    return chosen[:size], chosen[size:], rejected[size:]


def _asked(value: Mapping[str, Any], note: Note) -> tuple[list[Message], set[str]]:
    """What both answers follow, a conversation or a question with what stands beside it, and the keys that say it."""
    key = conversation_key(value)
    if key is None and isinstance(value.get("prompt"), list):
        key = "prompt"
    if key is not None:
        messages, used = messages_of(value[key], note, key), {key}
    else:
        messages, used = [*_history(value, note), *_question(value, note)], {"history", *_ASKED, *MORE_KEYS}
    return [*system_of(value, messages), *messages], used


def _history(value: Mapping[str, Any], note: Note) -> list[Message]:
    history = value.get("history")
    turns = [turn for turn in history if isinstance(turn, list) and len(turn) == 2] if isinstance(history, list) else []
    if history and (not isinstance(history, list) or len(turns) != len(history)):
        hint = 'write "history": [["question", "answer"], …]'
        raise Refused("alpaca_types", f"history is {shorten(history)}", hint, "history")
    pairs = [{"human": text_of({"turn": turn[0]}, "turn", note), "assistant": turn[1]} for turn in turns]
    return messages_of(pairs, note, "history") if pairs else []


def _question(value: Mapping[str, Any], note: Note) -> list[Message]:
    texts = [text_of(value, key, note) for key in (*_ASKED, *MORE_KEYS) if key in value]
    question = "\n\n".join(dict.fromkeys(text for text in texts if text.strip()))
    return [{"role": "user", "content": question}] if question else []


# ---- a thumb up or down ---------------------------------------------------------------------------


def rating_key(value: Mapping[str, Any]) -> str | None:
    return next((key for key in RATING_KEYS if isinstance(value.get(key), bool)), None)


def make_rated(value: Mapping[str, Any], note: Note) -> list[Row]:
    """Training by single ratings is not done here, so that only good answers are taken."""
    key = rating_key(value)
    if key is None:
        raise Refused("no_rating", "the row has no rating", 'write "label": true or false', "label")
    if not value[key]:
        message = "the answer has the thumb down, and is no example to follow"
        raise Refused("thumbs_down", message, "pair it with a better answer to train on preferences", key, "warning")
    note("thumbs_up", "answers with the thumb up are taken as examples")
    beside = {name: item for name, item in value.items() if name != key}
    listed = conversation_key(value)
    if listed is None and not isinstance(value.get("prompt"), list):
        texts = [text_of(value, name, note) for name in ("prompt", "completion")]
        messages = [{"role": "user", "content": texts[0]}, {"role": "assistant", "content": texts[1]}]
        return [with_metadata(chat_row(messages, beside), beside, BESIDE | {"prompt", "completion"}, note)]
    if listed is None:
        return make_prompt_completion(beside, note)
    messages = messages_of(value[listed], note, listed)
    if value.get("completion"):
        messages = [*messages, *_answer(value["completion"], "completion", note)]
    return [with_metadata(chat_row(messages, beside), beside, BESIDE | {listed, "completion"}, note)]
