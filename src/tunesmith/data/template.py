"""Chat templates: where a model's comes from, and how it is rendered (Jinja in a sandbox with limits).

A model without a template gets ``PLAIN_TEMPLATE``; the caller says so aloud and saves it with the result.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

from jinja2 import TemplateError
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from tunesmith.core.errors import UserError
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
MAX_RENDERED_CHARACTERS = 16 << 20


class ChatTemplate:
    """One compiled template with the tokens it may name. ``is_plain`` says that it is the fallback."""

    def __init__(self, source: str, tokenizer: Tokenizer, *, is_plain: bool = False) -> None:
        self.source, self.is_plain = source, is_plain
        self._tokens = {"bos_token": tokenizer.bos_token or "", "eos_token": tokenizer.eos_token or ""}
        if len(source) > 1 << 20:
            raise UserError("The chat template is larger than 1 MiB.", "use the template that the model's authors ship")
        environment = _Sandbox(trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"])
        environment.filters["tojson"] = _tojson
        environment.globals["raise_exception"] = _refuse
        environment.globals["strftime_now"] = lambda form: datetime.now().strftime(form)
        try:
            self._template = environment.from_string(source)
        except (TemplateError, RecursionError) as error:
            raise UserError(f"The chat template does not parse: {error}.", "mend the model's chat_template.jinja") from error

    @property
    def renders_tools(self) -> bool:
        return "tools" in self.source and "tool_calls" in self.source

    def render(
        self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]] = (), *, for_answer: bool = False
    ) -> str:
        """Messages → text; ``for_answer`` ends where the assistant begins to write."""
        try:
            text = self._template.render(
                messages=list(messages), tools=list(tools) or None, add_generation_prompt=for_answer, **self._tokens
            )
        except (TemplateError, SecurityError, TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
            raise UserError(f"The chat template refused the messages: {error}.", "check roles and their order") from error
        if len(text) > MAX_RENDERED_CHARACTERS:
            raise UserError("The chat template made more than 16 MiB of text from one example.", "check the template")
        return text


def load_template(folder: Path, tokenizer: Tokenizer) -> ChatTemplate:
    """The model's template (``chat_template.jinja``, or inside tokenizer_config.json), or the plain one."""
    path = folder / "chat_template.jinja"
    if path.is_file():
        return ChatTemplate(path.read_text(encoding="utf-8"), tokenizer)
    source = tokenizer.settings.get("chat_template")
    if isinstance(source, list):
        named = {entry.get("name"): entry.get("template") for entry in source if isinstance(entry, dict)}
        source = named.get("default")
    if isinstance(source, str):
        return ChatTemplate(source, tokenizer)
    if tokenizer.eos_token is None:
        raise UserError(
            f"{folder} has neither a chat template nor an end token, so a model could never learn to stop.",
            'name one in tokenizer_config.json: "eos_token": "…"',
        )
    return ChatTemplate(PLAIN_TEMPLATE, tokenizer, is_plain=True)


class _Sandbox(ImmutableSandboxedEnvironment):
    """Bounds what a template may build: no huge repetitions, no powers, no long ranges."""

    intercepted_binops = frozenset({"**", "*"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "**" or not (isinstance(left, int | float) and isinstance(right, int | float)):
            raise SecurityError(f"the operator {operator} is not allowed on these values")
        return super().call_binop(context, operator, left, right)


def _tojson(value: Any, ensure_ascii: bool = False, indent: int | None = None, **_: Any) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent)


def _refuse(message: str) -> NoReturn:
    raise TemplateError(str(message))
