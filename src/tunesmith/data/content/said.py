"""An example as a list of texts: who says each, and where it stands in its row."""

from __future__ import annotations

from dataclasses import dataclass

from tunesmith.data.examples import ChatExample, CompletionExample, Example, Role
from tunesmith.data.findings import RowPath


@dataclass(frozen=True, slots=True)
class Said:
    """``is_answer``: it is trained on."""

    path: RowPath
    role: Role
    text: str
    is_answer: bool


def said_in(example: Example) -> list[Said]:
    """The texts that are not empty, in their order. Tool calls are no texts: their arguments are JSON, judged as such."""
    match example:
        case ChatExample(messages=messages):
            return [
                Said(("messages", index, "content"), m.role, m.content, m.role == "assistant" and m.weight > 0)
                for index, m in enumerate(messages)
                if m.content
            ]
        case CompletionExample(prompt=prompt, completion=completion):
            said = [Said(("prompt",), "user", prompt, is_answer=False)] if prompt else []
            return [*said, Said(("completion",), "assistant", completion, is_answer=True)]
