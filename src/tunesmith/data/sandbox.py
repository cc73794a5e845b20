"""Jinja for templates by strangers: no way out of it, and bounds on what a template builds and how long it works.

Loops, macros, calls, filters and operators look at the clock and at the size of what they are given, so
that no template exhausts the machine. It offers what transformers offers to templates.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import datetime
from functools import wraps
from time import thread_time
from types import MethodType
from typing import Any, NoReturn

from jinja2 import TemplateError, nodes
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

MOST_CHARACTERS = 16 << 20
"""Of a value on the way, which may be a whole document."""
MOST_WRITTEN = 1 << 20
"""Characters that a template may add to what the messages say."""
MOST_SECONDS = 1.0
"""Processor time that one rendering may take; it takes a thousandth of it in most cases."""
LEAST_TURNS = 1_000
"""Turns of loops, macros and large values before the time counts: in fewer of them a second is the process's pause (a
collection of its garbage, a machine that is lent away), not the template's work."""
MOST_PAUSE = 10.0
"""Processor time after which even a template of few turns is stopped."""

_MOST_WIDTH = 10_000
_LONG_NUMBER = re.compile(r"\d{5}|\*|\{[^}]*\{")
_GREEDY_FILTERS = ("center", "filesizeformat", "forceescape", "pprint", "urlize", "wordwrap", "xmlattr")
_GREEDY_METHODS = frozenset({"center", "expandtabs", "ljust", "rjust", "translate", "zfill"})


class _Work:
    """What one rendering has done so far."""

    __slots__ = ("began", "turns")

    def __init__(self) -> None:
        self.began, self.turns = thread_time(), 0


_work: ContextVar[_Work | None] = ContextVar("work", default=None)


def _said(values: Mapping[str, Any]) -> int:
    """Characters of all messages."""
    return sum(
        len(text) for message in values.get("messages", ()) for text in message.values() if isinstance(text, str)
    )


class WorkedTooLong(SecurityError):
    """The processor time is used up."""


class Sandbox(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset({"**", "*", "+", "%"})

    def __init__(self) -> None:
        extensions = ["jinja2.ext.loopcontrols", _GenerationBlock]
        super().__init__(trim_blocks=True, lstrip_blocks=True, extensions=extensions, finalize=self.bounded)
        del self.globals["lipsum"]
        for name in _GREEDY_FILTERS:
            del self.filters[name]
        self.filters["tojson"] = _tojson
        self.filters = {name: self._watched(function) for name, function in self.filters.items()}
        self.globals["raise_exception"] = _refuse
        self.globals["strftime_now"] = lambda form: datetime.now().astimezone().strftime(form)

    def render_text(self, source: Any, values: Mapping[str, Any]) -> str:
        """A compiled template's text. Raises SecurityError beyond the bounds."""
        return "".join(self.generated(source, values))

    def generated(self, source: Any, values: Mapping[str, Any]) -> list[str]:
        """The same, in the parts that the template wrote one by one."""
        token = _work.set(_Work())
        try:
            parts: list[str] = []
            room = MOST_WRITTEN + _said(values)
            for part in source.generate(**values):
                parts.append(part)
                room -= len(part)
                if room < 0:
                    raise SecurityError("it made more than 1 MiB of text beside what the messages say")
            return parts
        finally:
            _work.reset(token)

    def tick(self) -> str:
        """Called in every turn of a loop and every macro."""
        work = _work.get()
        if work is not None:
            work.turns += 1
            most = MOST_SECONDS if work.turns > LEAST_TURNS else MOST_PAUSE
            if thread_time() - work.began > most:
                raise WorkedTooLong(f"it worked for more than {most:g} s")
        return ""

    def bounded(self, value: Any) -> Any:
        """The value itself, if it is no larger than what may be written."""
        kind = type(value)  # by far the most are short texts, so they are let through at once, as is nothing at all
        if (kind is str and len(value) < 1 << 16) or (not value and kind in (tuple, dict)):
            return value
        self.tick()
        _weigh(value, MOST_CHARACTERS)
        return value

    def joined(self, *values: Any) -> str:
        """What ``~`` gives."""
        return str(self.bounded("".join(str(self.bounded(value)) for value in values)))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "+" and type(left) is str and type(right) is str and len(left) + len(right) < 1 << 16:
            return left + right
        are_numbers = isinstance(left, int | float) and isinstance(right, int | float)
        if operator == "**" or (operator == "*" and not are_numbers):
            raise SecurityError(f"the operator {operator} is not allowed on these values")
        if operator == "%" and isinstance(left, str):
            _refuse_long_numbers(left)
        self.bounded(left), self.bounded(right)
        return self.bounded(super().call_binop(context, operator, left, right))

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        # What a turn of a loop calls: as often as anything.
        if type(__obj) is MethodType and __obj.__func__ is Sandbox.tick:
            return __self.tick()
        __self.bounded(args), __self.bounded(kwargs)
        owner, name = getattr(__obj, "__self__", None), getattr(__obj, "__name__", "")
        if isinstance(owner, str):
            _judge_method(owner, name, args, kwargs)
        return __self.bounded(super().call(__context, __obj, *args, **kwargs))

    def _watched(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)  # keeps the marks by which Jinja passes its context
        def watched(*args: Any, **kwargs: Any) -> Any:
            self.bounded(args), self.bounded(kwargs)
            given = args[1:] if hasattr(function, "jinja_pass_arg") else args
            if function.__name__ in ("do_replace", "do_join", "sync_do_join", "do_indent", "do_format"):
                _judge_filter(function.__name__, given, kwargs)
            return self.bounded(function(*args, **kwargs))

        return watched

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree: nodes.Template = _Watch().visit(super()._parse(source, name, filename))
        tree.set_environment(self)
        return tree


class _Watch(NodeTransformer):
    """Has loops and macros tick, and ``~`` bounded."""

    def _ticking(self, node: Any) -> nodes.Node:
        self.generic_visit(node)
        call = nodes.Call(nodes.EnvironmentAttribute("tick"), [], [], None, None, lineno=node.lineno)
        node.body.insert(0, nodes.Output([call], lineno=node.lineno))
        return node  # type: ignore[no-any-return]

    visit_For = visit_Macro = visit_CallBlock = _ticking

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        self.generic_visit(node)
        joined = nodes.EnvironmentAttribute("joined")
        return nodes.Call(joined, node.nodes, [], None, None, lineno=node.lineno)


class _GenerationBlock(Extension):
    """``{% generation %}`` marks the assistant's words for transformers; here it only writes them."""

    tags = {"generation"}  # noqa: RUF012

    def parse(self, parser: Parser) -> nodes.Node:
        lineno = next(parser.stream).lineno
        return nodes.Scope(parser.parse_statements(("name:endgeneration",), drop_needle=True), lineno=lineno)


def _weigh(value: Any, room: int) -> int:
    """What is left of ``room`` after the value's characters and parts, at all depths."""
    if isinstance(value, str):
        room -= len(value)
    elif isinstance(value, Mapping):
        for key, part in value.items():
            room = _weigh(part, _weigh(key, room)) - 4
    elif isinstance(value, list | tuple):
        for part in value:
            room = _weigh(part, room) - 4
    elif isinstance(value, int):
        room -= value.bit_length() // 3
    if room < 0:
        raise SecurityError("it builds a value of more than 16 MiB")
    return room


def _judge_method(owner: str, name: str, args: Any, kwargs: Any) -> None:
    if name in _GREEDY_METHODS and any(isinstance(n, int) and n > _MOST_WIDTH for n in (*args, *kwargs.values())):
        raise SecurityError(f"{name} is not allowed at this width")
    if name in ("format", "format_map"):
        _refuse_long_numbers(owner)
    if name == "replace":
        _judge_filter("do_replace", (owner, *args), kwargs)
    if name == "join":
        _judge_filter("do_join", (*args, owner), kwargs)


def _judge_filter(name: str, args: Any, kwargs: Any) -> None:
    """Refuses what would grow large before it does."""
    texts = [len(part) for part in (*args[1:], *kwargs.values()) if isinstance(part, str)]
    widths = [part for part in (*args[1:], *kwargs.values()) if isinstance(part, int)]
    if name == "do_format":
        _refuse_long_numbers(str(args[0]))
    elif name == "do_indent":
        _weigh(str(args[0]), MOST_CHARACTERS - (str(args[0]).count("\n") + 1) * max([4, *texts, *widths]))
    elif name == "do_replace":
        _weigh(
            str(args[0]),
            MOST_CHARACTERS - (str(args[0]).count(str(args[1])) if len(args) > 1 else 1) * max([0, *texts[1:]]),
        )
    elif isinstance(args[0], list | tuple | str):
        _weigh(args[0], MOST_CHARACTERS - len(args[0]) * max([0, *texts]))


def _refuse_long_numbers(form: str) -> None:
    if _LONG_NUMBER.search(form):
        raise SecurityError("a format of this width is not allowed")


def _tojson(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    if isinstance(indent, int) and indent > 16:
        raise SecurityError("tojson is not allowed at this indent")
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def _refuse(message: str) -> NoReturn:
    raise TemplateError(str(message))
