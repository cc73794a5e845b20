"""What a chat template makes of messages whose texts it cannot see.

In place of each text stands a ``Rope`` of which almost nothing can be asked: it can be written, joined to other text and
trimmed. What else a template asks of it is noted as a ``Question`` with the answer that this row gives, or ends the
trace, whatever the template makes of the failure. So the pieces hold for every row of the same shape that answers the
same questions alike (decision 0027).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from threading import Lock
from types import CodeType
from typing import Any, Final, Literal, NoReturn

from jinja2 import Template
from jinja2.runtime import Macro, Undefined
from jinja2.utils import Cycler, Joiner, Namespace

from tunesmith.data.sandbox import Sandbox


@dataclass(frozen=True, slots=True)
class Said:
    """The text of the message ``index`` where a template writes it, perhaps trimmed. It never is blank as a whole."""

    index: int
    strips_left: bool = False
    strips_right: bool = False

    def of(self, contents: Sequence[str]) -> str:
        text = contents[self.index]
        if self.strips_left:
            text = text.lstrip()
        return text.rstrip() if self.strips_right else text


Part = str | Said
Verb = Literal["contains", "starts", "ends", "equals", "keeps_left", "keeps_right", "date"]
_ANSWERS: Final[Mapping[Verb, Callable[[str, str], object]]] = {
    "contains": lambda text, other: other in text,
    "starts": lambda text, other: text.startswith(other),
    "ends": lambda text, other: text.endswith(other),
    "equals": lambda text, other: text == other,
    "keeps_left": lambda text, other: text.lstrip(other) == text,
    "keeps_right": lambda text, other: text.rstrip(other) == text,
    "date": lambda text, form: datetime.now().astimezone().strftime(form),
}


@dataclass(frozen=True, slots=True)
class Question:
    """``other``: the text that it is compared with; for a date, its form."""

    verb: Verb
    parts: tuple[Part, ...]
    other: str

    def answer(self, contents: Sequence[str]) -> object:
        return _ANSWERS[self.verb](filled(self.parts, contents), self.other)


def filled(parts: Sequence[Part], contents: Sequence[str]) -> str:
    return "".join([part if isinstance(part, str) else part.of(contents) for part in parts])


class LookedInside(Exception):
    """The template's text depends on what a message says in a way that is not followed."""


class Trace:
    """``contents``: the texts of one row, by message, for the questions; ``asked`` keeps their answers."""

    def __init__(self, contents: Sequence[str]) -> None:
        self.contents = contents
        self.asked: dict[Question, object] = {}
        self.has_looked = False

    def ask(self, verb: Verb, parts: tuple[Part, ...], other: str) -> Any:
        question = Question(verb, parts, other)
        return self.asked.setdefault(question, question.answer(self.contents))

    def look(self) -> NoReturn:
        self.has_looked = True  # remembered, for filters and tests swallow exceptions
        raise LookedInside


class TracedTemplate:
    """A template's compiled ``code``, run with ropes; ``tokens`` are those that it may name."""

    def __init__(self, code: CodeType, tokens: Mapping[str, str]) -> None:
        self._environment, self._lock = _RopeSandbox(), Lock()
        self._template = Template.from_code(self._environment, code, self._environment.make_globals(None))
        self._tokens = tokens

    def parts(self, roles: Sequence[str], trace: Trace, *, for_answer: bool = False) -> tuple[Part, ...]:
        """What the template writes for the first ``len(roles)`` messages. Raises LookedInside."""
        contents = [trace.contents[index] and Rope((Said(index),), trace) for index in range(len(roles))]
        messages = [{"role": role, "content": content} for role, content in zip(roles, contents, strict=True)]
        values = {"messages": messages, "tools": None, "add_generation_prompt": for_answer, **self._tokens}
        try:
            with self._lock:
                self._environment.trace = trace
                written = self._environment.written(self._template, values)
        except Exception as error:  # whatever a template may raise: the row is rendered as a whole then
            raise LookedInside from error
        if trace.has_looked:
            raise LookedInside
        return written


_NEVER_TEXT: Final = (bool, int, float, type(None), Undefined)


class Rope:
    """Text of which only the template's own parts are known. It holds at least one ``Said``, so it is never blank."""

    __slots__ = ("_parts", "_trace")

    def __init__(self, parts: tuple[Part, ...], trace: Trace) -> None:
        self._parts, self._trace = parts, trace

    def __add__(self, other: object) -> Rope:
        return Rope(self._parts + self._parts_of(other), self._trace)

    def __radd__(self, other: object) -> Rope:
        return Rope(self._parts_of(other) + self._parts, self._trace)

    def strip(self, characters: str | None = None) -> Rope:
        return self.lstrip(characters).rstrip(characters)

    def lstrip(self, characters: str | None = None) -> Rope:
        if characters is not None:
            return self._kept("keeps_left", characters)
        parts = list(self._parts)
        while isinstance(part := parts[0], str) and not part.strip():
            parts.pop(0)
        parts[0] = part.lstrip() if isinstance(part, str) else Said(part.index, True, part.strips_right)
        return Rope(tuple(parts), self._trace)

    def rstrip(self, characters: str | None = None) -> Rope:
        if characters is not None:
            return self._kept("keeps_right", characters)
        parts = list(self._parts)
        while isinstance(part := parts[-1], str) and not part.strip():
            parts.pop()
        parts[-1] = part.rstrip() if isinstance(part, str) else Said(part.index, part.strips_left, True)
        return Rope(tuple(parts), self._trace)

    def startswith(self, prefix: object) -> bool:
        return self._ask("starts", prefix)

    def endswith(self, suffix: object) -> bool:
        return self._ask("ends", suffix)

    def __contains__(self, part: object) -> bool:
        return self._ask("contains", part)

    def __eq__(self, other: object) -> bool:
        return type(other) not in _NEVER_TEXT and other != "" and self._ask("equals", other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __bool__(self) -> bool:
        return True

    def _kept(self, verb: Verb, characters: object) -> Rope:
        return self if self._ask(verb, characters) else self._look()

    def _ask(self, verb: Verb, other: object) -> bool:
        if type(other) is not str:
            self._look()
        return bool(self._trace.ask(verb, self._parts, other))

    def _parts_of(self, other: object) -> tuple[Part, ...]:
        if isinstance(other, Rope):
            return other._parts
        return (other,) if type(other) is str else self._look()

    def _look(self, *given: object, **named: object) -> NoReturn:
        self._trace.look()

    def __getattr__(self, name: str) -> NoReturn:
        self._trace.look()

    # All that Python, Jinja and MarkupSafe may ask of a value in passing.
    __str__ = __repr__ = __format__ = __html__ = __bytes__ = __hash__ = __len__ = __iter__ = __reversed__ = _look
    __getitem__ = __lt__ = __le__ = __gt__ = __ge__ = __int__ = __float__ = __complex__ = __index__ = _look
    __mul__ = __rmul__ = __mod__ = __rmod__ = __sub__ = __rsub__ = __truediv__ = __rtruediv__ = __round__ = _look
    __floordiv__ = __rfloordiv__ = __pow__ = __rpow__ = __neg__ = __pos__ = __abs__ = __await__ = __fspath__ = _look


class _Mark(str):
    """Stands for a rope in what a template writes, until it is put together."""

    rope: Rope

    def __str__(self) -> str:
        return self


# What filters and tests say of any text; others end the trace.
_KEEPS: Final = frozenset({"default", "d", "string"})
_TRUE_OF_TEXT: Final = frozenset({"defined", "string", "iterable", "sequence"})
_FALSE_OF_TEXT: Final = frozenset({"undefined", "none", "mapping", "boolean", "true", "false", "integer", "float", "number", "callable"})  # fmt: skip
# Filters that only move values about, or ask the tests and filters above.
_BLIND: Final = frozenset({"length", "count", "first", "last", "list", "map", "select", "reject", "selectattr", "rejectattr", "items"})  # fmt: skip
_HOLDERS: Final = (Namespace, Cycler, Joiner)
_SCOPES: Final = ("_loop_vars", "_block_vars")
"""What Jinja hands to functions that ask for the context, of which there are none here."""
_PLAIN: Final = (str, int, float, bool, type(None), Undefined)


class _RopeSandbox(Sandbox):
    trace: Trace

    def __init__(self) -> None:
        super().__init__()
        self.finalize = self._shown
        self.concat = self._joined_parts  # type: ignore[method-assign]
        self.filters = {name: self._asking_filter(name, function) for name, function in self.filters.items()}
        tests: dict[str, Any] = self.tests
        self.tests = {name: self._asking_test(name, function) for name, function in tests.items()}
        self.globals["strftime_now"] = lambda form: self.trace.ask("date", (), form)

    def written(self, source: Any, values: Mapping[str, Any]) -> tuple[Part, ...]:
        parts: list[Part] = []
        for part in self.generated(source, values):
            for each in part.rope._parts if isinstance(part, _Mark) else (part,):
                if isinstance(each, str) and parts and isinstance(parts[-1], str):
                    parts[-1] += each
                elif each != "":
                    parts.append(each)
        return tuple(parts)

    def joined(self, *values: Any) -> Any:
        if not any(isinstance(value, Rope) for value in values):
            return super().joined(*values)
        return self._joined_parts([self._shown(value) if isinstance(value, Rope) else str(value) for value in values])

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if not isinstance(left, Rope) and not isinstance(right, Rope):
            return super().call_binop(context, operator, left, right)
        return left + right if operator == "+" else self.trace.look()

    def getitem(self, obj: Any, argument: Any) -> Any:
        return self.trace.look() if isinstance(argument, Rope) else super().getitem(obj, argument)

    def call(__self, __context: Any, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        is_harmless = isinstance(__obj, Macro) or __obj is dict or __obj in _HOLDERS
        is_ropes = isinstance(getattr(__obj, "__self__", None), Rope | _RopeSandbox)  # its methods, and ``~``
        given = {name: value for name, value in kwargs.items() if name not in _SCOPES}
        if not is_harmless and not is_ropes and _may_hold_rope((args, given)):
            __self.trace.look()
        return super().call(__context, __obj, *args, **kwargs)

    def _shown(self, value: Any) -> Any:
        if not isinstance(value, Rope):
            return self.bounded(value)
        mark = _Mark()
        mark.rope = value
        return mark

    def _joined_parts(self, parts: Any) -> Any:
        parts = list(parts)
        if not any(isinstance(part, _Mark) for part in parts):
            return "".join(parts)
        pieces = [part.rope._parts if isinstance(part, _Mark) else (part,) for part in parts]
        return Rope(tuple(each for piece in pieces for each in piece), self.trace)

    def _asking_filter(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)  # keeps the marks by which Jinja passes its context
        def asking(*args: Any, **kwargs: Any) -> Any:
            given = args[1:] if hasattr(function, "jinja_pass_arg") else args
            if given and isinstance(given[0], Rope):
                if name == "trim" and not _may_hold_rope((given[1:], kwargs)):
                    return given[0].strip(*given[1:], **kwargs)
                return given[0] if name in _KEEPS else self.trace.look()
            if name not in _BLIND and name not in _KEEPS and _may_hold_rope((given, kwargs)):
                self.trace.look()
            return function(*args, **kwargs)

        return asking

    def _asking_test(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def asking(*args: Any, **kwargs: Any) -> Any:
            given = args[1:] if hasattr(function, "jinja_pass_arg") else args
            if given and isinstance(given[0], Rope) and name in _TRUE_OF_TEXT | _FALSE_OF_TEXT:
                return name in _TRUE_OF_TEXT
            if any(isinstance(value, Rope) for value in (*given, *kwargs.values())):
                self.trace.look()
            return function(*args, **kwargs)

        return asking


def _may_hold_rope(value: Any) -> bool:
    """At any depth; of what is no plain value, nobody knows."""
    if type(value) in _PLAIN or isinstance(value, Undefined):
        return False
    if type(value) in (list, tuple):
        return any(map(_may_hold_rope, value))
    if type(value) is dict:
        return any(map(_may_hold_rope, value.values()))
    return True
