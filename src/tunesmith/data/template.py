"""Chat templates: where a model's comes from, and how it is rendered (Jinja in a sandbox with limits).

A model without a template gets ``PLAIN_TEMPLATE``; the caller says so aloud and saves it with the result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Template, TemplateError

from tunesmith.core.errors import UserError
from tunesmith.data.sandbox import Sandbox, WorkedTooLong
from tunesmith.data.tokenizer import Tokenizer

# For base models that have none: roles as headings, the model's own end token after each answer.
PLAIN_TEMPLATE = """\
{{- bos_token -}}
{%- for message in messages -%}
{%- if message.role in ('system', 'developer') -%}
{{ message.content + '\\n\\n' }}
{%- elif message.role == 'user' -%}
{{ '### User:\\n' + message.content + '\\n\\n' }}
{%- elif message.role == 'assistant' -%}
{{ '### Assistant:\\n' + message.content + eos_token + '\\n\\n' }}
{%- else -%}
{{ raise_exception('this template has no place for the role ' + message.role) }}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
{{ '### Assistant:\\n' }}
{%- endif -%}
"""


class EndlessTemplate(UserError):
    """The template used up its time: its own fault, so that no other row is worth asking."""


class ChatTemplate:
    """One compiled template with the tokens it may name. ``is_plain`` says that it is the fallback."""

    def __init__(self, source: str, tokenizer: Tokenizer, *, is_plain: bool = False) -> None:
        self.source, self.is_plain = source, is_plain
        self.tokens = {"bos_token": tokenizer.bos_token or "", "eos_token": tokenizer.eos_token or ""}
        if len(source) > 1 << 20:
            raise UserError("The chat template is larger than 1 MiB.", "use the template that the model's authors ship")
        self._sandbox = Sandbox()
        try:
            self.code = self._sandbox.compile(source)
            self._template = Template.from_code(self._sandbox, self.code, self._sandbox.make_globals(None))
        except (TemplateError, SyntaxError, RecursionError, MemoryError) as error:
            raise UserError(
                f"The chat template does not parse: {error}.", "mend the model's chat_template.jinja"
            ) from error

    @property
    def renders_tools(self) -> bool:
        return "tools" in self.source and "tool_calls" in self.source

    def render(
        self,
        messages: Sequence[Mapping[str, Any]],
        tools: Sequence[Mapping[str, Any]] = (),
        *,
        for_answer: bool = False,
    ) -> str:
        """Messages → text; ``for_answer`` ends where the assistant begins to write."""
        try:
            values = {"messages": list(messages), "tools": list(tools) or None, "add_generation_prompt": for_answer}
            return self._sandbox.render_text(self._template, values | self.tokens)
        except WorkedTooLong as error:
            raise EndlessTemplate(
                f"The chat template was stopped: {error}.", "use the template that the model's authors ship"
            ) from error
        except (TemplateError, *_FAULTS) as error:
            raise UserError(
                f"The chat template refused the messages: {str(error) or type(error).__name__}.",
                "check roles and their order",
            ) from error


# What a template's own mistakes raise: a division by zero, a missing key, endless recursion.
_FAULTS = (
    AssertionError,
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
    MemoryError,
)


def load_template(folder: Path, tokenizer: Tokenizer) -> ChatTemplate:
    """The model's template (``chat_template.jinja``, or inside tokenizer_config.json), or the plain one."""
    path = folder / "chat_template.jinja"
    if path.is_file():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise UserError(f"{path} is not UTF-8: {error}.", "copy the model's files again") from error
        return ChatTemplate(text, tokenizer)
    source = tokenizer.settings.get("chat_template")
    if isinstance(source, list):
        source = next((e.get("template") for e in source if isinstance(e, dict) and e.get("name") == "default"), None)
    if isinstance(source, str):
        return ChatTemplate(source, tokenizer)
    if tokenizer.eos_token is None:
        raise UserError(
            f"{folder} has neither a chat template nor an end token, so a model could never learn to stop.",
            'name one in tokenizer_config.json: "eos_token": "…"',
        )
    return ChatTemplate(PLAIN_TEMPLATE, tokenizer, is_plain=True)
