"""An example as a list of texts: who says each, and where it stands in its row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tunesmith.data.examples import (
    AnyExample,
    ChatExample,
    CompletionExample,
    Message,
    PreferenceExample,
    ReinforcementExample,
    Role,
)
from tunesmith.data.findings import RowPath


@dataclass(frozen=True, slots=True)
class Said:
    """``is_answer``: it is trained on."""

    path: RowPath
    role: Role
    text: str
    is_answer: bool


def said_in(example: AnyExample) -> list[Said]:
    """The texts that are not empty, in their order. Tool calls are no texts: their arguments are JSON, judged as such."""
    match example:
        case ChatExample(messages=messages):
            return _of_messages(messages, ("messages",), are_learned=True)
        case PreferenceExample(messages=messages, preferred=preferred, non_preferred=other):
            said = _of_messages(messages, ("input", "messages"), are_learned=False)
            said += _of_messages(preferred, ("preferred_output",), are_learned=True)
            return said + _of_messages(other, ("non_preferred_output",), are_learned=False)
        case ReinforcementExample(messages=messages):
            return _of_messages(messages, ("messages",), are_learned=False)
        case CompletionExample(prompt=prompt, completion=completion):
            said = [Said(("prompt",), "user", prompt, is_answer=False)] if prompt else []
            return [*said, Said(("completion",), "assistant", completion, is_answer=True)]


def _of_messages(messages: Sequence[Message], path: RowPath, *, are_learned: bool) -> list[Said]:
    return [
        Said((*path, index, "content"), m.role, m.content, are_learned and m.role == "assistant" and m.weight > 0)
        for index, m in enumerate(messages)
        if m.content
    ]
