"""Questions with what a grader needs to judge an answer → reinforcement rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tunesmith.data.importers.conversations import chat_row, messages_of
from tunesmith.data.importers.making import Note, Refused, Row

_USED: Final = frozenset({"messages", "tools", "functions", "parallel_tool_calls"})


def make_reinforcement(value: Mapping[str, Any], note: Note) -> list[Row]:
    """``messages`` that end where the model shall answer; every other key stays, for the grader to read."""
    messages = messages_of(value.get("messages"), note)
    if messages[-1]["role"] not in ("user", "tool"):
        message = f"the last message is the {messages[-1]['role']}'s: the model has nothing to answer"
        raise Refused("last_message_not_user", message, "end the row with the user's message", "messages")
    others = {key: item for key, item in value.items() if key not in _USED}
    if not others.keys() - {"metadata"}:
        note("nothing_to_grade_by", "rows have no key beside messages: a grader can judge by the answer alone")
    return [{**chat_row(messages, {key: value[key] for key in _USED & value.keys()}), **others}]
