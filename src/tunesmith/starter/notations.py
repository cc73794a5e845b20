"""Invented notations for questions: each is thrown anew, then written down in the same way all through a dialogue.

Takes a ``Query`` (what is asked for, of which type, under which conditions); gives it as text in one
``Notation``, a random combination of form, delimiters, key words, order and quoting.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from tunesmith.starter.dice import Dice

OPERATORS = ("=", ">", "<")


@dataclass(frozen=True)
class Query:
    """A question's meaning; a condition is (key, operator, value), its value a text or another question."""

    ask: str
    kind: str
    conditions: tuple[tuple[str, str, str | Query], ...]


class Notation:
    """One way of writing queries down."""

    def __init__(self, dice: Dice, numbers: tuple[str, ...] = ()) -> None:
        """``numbers``: place holders that are written as numbers are."""
        self.numbers = numbers
        self.asks = {ask: dice.pick(words) for ask, words in ASK_WORDS.items()}
        self.key_case = dice.pick(KEY_CASES)
        self.quote = dice.pick(QUOTES)
        self.quote_numbers = dice.chance(0.15)
        self.form = dice.pick(FORMS)(dice, self)

    def write(self, query: Query) -> str:
        return self.form(query)

    def ask(self, query: Query) -> str:
        return self.key_case(self.asks.get(query.ask, query.ask))

    def key(self, key: str) -> str:
        return self.key_case(key)

    def value(self, value: str | Query, opening: str = "(", closing: str = ")") -> str:
        if isinstance(value, Query):
            return opening + self.form(value) + closing
        if (value.isdigit() or value in self.numbers) and not self.quote_numbers:
            return value
        return self.quote(value)


Form = Callable[[Query], str]

ASK_WORDS = {
    "list": ("list", "all", "find", "get", "show", "which", "select", "items", "every"),
    "count": ("count", "number", "howmany", "total", "size", "tally", "sum"),
    "check": ("check", "is", "test", "verify", "yesno", "true?", "ask"),
    "first": ("first", "earliest", "oldest", "head", "min"),
    "last": ("last", "latest", "newest", "tail", "max"),
}
KEY_CASES: tuple[Callable[[str], str], ...] = (str, str, str, str, str.upper, str.capitalize, lambda key: key[:3])
QUOTES: tuple[Callable[[str], str], ...] = (
    str,
    str,
    str,
    lambda text: f'"{text}"',
    lambda text: f'"{text}"',
    lambda text: f"'{text}'",
    lambda text: f"`{text}`",
    lambda text: f"<{text}>",
    lambda text: f"[{text}]",
    lambda text: f"{{{text}}}",
    lambda text: f"*{text}*",
    lambda text: f"_{text}_",
    lambda text: f"«{text}»",
    lambda text: f"|{text}|",
)
SIGNS = (
    {"=": "=", ">": ">", "<": "<"},
    {"=": " = ", ">": " > ", "<": " < "},
    {"=": ": ", ">": ": after ", "<": ": before "},
    {"=": ":", ">": ":>", "<": ":<"},
    {"=": " is ", ">": " over ", "<": " under "},
    {"=": "=", ">": "=more:", "<": "=less:"},
    {"=": " -> ", ">": " -> from ", "<": " -> to "},
    {"=": "@", ">": "@+", "<": "@-"},
    {"=": " == ", ">": " >> ", "<": " << "},
    {"=": " ", ">": " > ", "<": " < "},
    {"=": ".", ">": ".gt.", "<": ".lt."},
    {"=": "/", ">": "/up/", "<": "/down/"},
)
JOINERS = ("; ", ", ", " | ", " & ", " / ", "\n", " ", " and ", " + ", ";", "|", " :: ", " -- ", " > ", " . ", "\n- ")
WRAPPERS = ("", "", "", "[]", "()", "{}", "<>", "  ")
BOUNDS = (("", ""),) * 8 + (
    ("{", "}"), ("[", "]"), ("(", ")"), ("<<", ">>"), ("? ", ""), ("Q: ", ""), ("=> ", ""), ("$ ", ""), ("#", "#"),
    ("query ", " end"), ("go ", ""), ("", " ;"), ("", "."), ("! ", " !"), ("% ", ""),
)  # fmt: skip
ORDERS = ("akc", "akc", "akc", "kac", "kca", "ack", "cka")


def _fields(dice: Dice, notation: Notation) -> Form:
    """Fields in a row, each with the same wrapper: ``[list] [book] [author: Orla Brenk]``."""
    signs, joiner, wrapper, order = dice.pick(SIGNS), dice.pick(JOINERS), dice.pick(WRAPPERS), dice.pick(ORDERS)
    (left, right), named = dice.pick(BOUNDS), dice.chance(0.5)
    ask_key, kind_key = (
        dice.pick(words) for words in (("ask", "do", "want", "op", "q"), ("type", "kind", "of", "what"))
    )
    opening, closing = (wrapper[0], wrapper[1]) if wrapper.strip() else ("", "")

    def write(query: Query) -> str:
        ask = notation.ask(query)
        heads = {"a": [notation.key(ask_key) + signs["="] + ask if named else ask], "k": [], "c": []}
        if query.kind:
            kind = notation.key(query.kind)
            heads["k"] = [notation.key(kind_key) + signs["="] + kind if named else kind]
        heads["c"] = [notation.key(k) + signs[sign] + notation.value(v) for k, sign, v in query.conditions]
        return left + joiner.join(opening + field + closing for part in order for field in heads[part]) + right

    return write


def _tags(dice: Dice, notation: Notation) -> Form:
    """``<list><book><author>Orla Brenk</author></book></list>`` or with attributes."""
    flat, words = dice.chance(0.4), dice.pick(({">": "after", "<": "before"}, {">": "min", "<": "max"}))
    marks, closing = dice.pick(("<>", "<>", "<>", "[]")), dice.pick(("/", "/", "/", "end-"))

    def tag(name: str, inside: str) -> str:
        left, right = marks[0], marks[1]
        return f"{left}{name}{right}{inside}{left}{closing}{name}{right}"

    def write(query: Query) -> str:
        inside = ""
        for key, sign, value in query.conditions:
            name = notation.key(key if sign == "=" else words[sign])
            inside += tag(name, value if isinstance(value, str) else write(value))
        kind = notation.key(query.kind) if query.kind else ""
        if flat:
            return tag(notation.ask(query), kind) + inside
        return tag(notation.ask(query), tag(kind, inside) if kind else inside)

    return write


def _lisp(dice: Dice, notation: Notation) -> Form:
    """``(list book (author "Orla Brenk") (> year 1990))``."""
    left, right = dice.pick((("(", ")"), ("(", ")"), ("[", "]"), ("{", "}")))
    first = dice.chance(0.5)

    def write(query: Query) -> str:
        parts = [notation.ask(query)] + [notation.key(query.kind)] * bool(query.kind)
        for key, sign, value in query.conditions:
            text = write(value) if isinstance(value, Query) else notation.value(value)
            name = notation.key(key)
            parts.append(
                f"{left}{name if sign == '=' else f'{sign} {name}' if first else f'{name} {sign}'} {text}{right}"
            )
        return left + " ".join(parts) + right

    return write


def _call(dice: Dice, notation: Notation) -> Form:
    """``list_book(author="Orla Brenk", year_after=1990)``."""
    link, equals, comma = dice.pick(("_", ".", "(")), dice.pick(("=", ": ", " = ", ":=")), dice.pick((", ", ",", "; "))
    words = dice.pick(({">": "_after", "<": "_before"}, {">": "_min", "<": "_max"}, {">": "__gt", "<": "__lt"}))
    ending = dice.pick(("", "", "", ";", "()", "!"))

    def write(query: Query) -> str:
        parts = [
            notation.key(key) + words.get(sign, "") + equals + notation.value(value, "", "")
            for key, sign, value in query.conditions
        ]
        ask, kind = notation.ask(query), notation.key(query.kind)
        if link == "(":
            return f"{ask}({comma.join([kind] * bool(kind) + parts)}){ending}"
        return f"{ask}{link + kind if kind else ''}({comma.join(parts)}){ending}"

    return write


def _chain(dice: Dice, notation: Notation) -> Form:
    """``book.author("Orla Brenk").after(1990).count()``."""
    dot, start = dice.pick((".", ".", "->", " | ", "::", " >> ")), dice.pick(("", "", "db.", "from ", "$"))
    words = dice.pick(({">": "after", "<": "before"}, {">": "above", "<": "below"}))

    def write(query: Query) -> str:
        parts = [
            f"{notation.key(words.get(sign, key))}({notation.value(value, '', '')})"
            for key, sign, value in query.conditions
        ]
        kind = [notation.key(query.kind)] * bool(query.kind)
        return start + dot.join([*kind, *parts, f"{notation.ask(query)}()"])

    return write


def _select(dice: Dice, notation: Notation) -> Form:
    """``FIND book WHERE author = "Orla Brenk" AND year > 1990``."""
    source, where, glue = dice.pick(
        (
            (" FROM ", " WHERE ", " AND "),
            (" from ", " where ", " and "),
            (" in ", " if ", " & "),
            (" ", " with ", " plus "),
        )
    )
    signs = dice.pick(SIGNS[:6])

    def write(query: Query) -> str:
        tests = [notation.key(k) + signs[sign] + notation.value(v) for k, sign, v in query.conditions]
        head = notation.ask(query) + (source + notation.key(query.kind) if query.kind else "")
        return head + where + glue.join(tests)

    return write


def _positions(dice: Dice, notation: Notation) -> Form:
    """Values at fixed places, without keys for plain equality: ``list, book, author, Orla Brenk``."""
    joiner = dice.pick((",", ", ", " | ", "|", ";", " - ", " / ", " -> ", " => ", "\t", " "))
    keyed, reverse = dice.chance(0.6), dice.chance(0.3)

    def write(query: Query) -> str:
        cells = [notation.ask(query)] + [notation.key(query.kind)] * bool(query.kind)
        for key, sign, value in query.conditions:
            cells += [notation.key(key)] * keyed + [sign] * (sign != "=") + [notation.value(value)]
        return joiner.join(reversed(cells) if reverse else cells)

    return write


def _arrows(dice: Dice, notation: Notation) -> Form:
    """From the name to what is asked: ``Orla Brenk -> author -> book -> count``."""
    arrow = dice.pick((" -> ", " => ", " > ", "->", " / ", " <- ", " : ", " >> ", " .. "))

    def write(query: Query) -> str:
        parts: list[str] = []
        for key, sign, value in query.conditions:
            parts += [notation.value(value, "", "") + (sign if sign != "=" else ""), notation.key(key)]
        return arrow.join([*parts, *[notation.key(query.kind)] * bool(query.kind), notation.ask(query)])

    return write


def _sigils(dice: Dice, notation: Notation) -> Form:
    """A mark before each part instead of key words: ``?list #book @"Orla Brenk" >1990``."""
    ask, kind, name = dice.sample(("?", "#", "@", "!", "$", "%", "&", "+", "^", "*", "=", ":"), 3)
    joiner, keyed = dice.pick((" ", " ", ", ", "")), dice.chance(0.5)

    def write(query: Query) -> str:
        parts = [ask + notation.ask(query)] + [kind + notation.key(query.kind)] * bool(query.kind)
        for key, sign, value in query.conditions:
            mark = name + (notation.key(key) + " " if keyed else "") if sign == "=" else sign
            parts.append(mark + notation.value(value))
        return joiner.join(parts)

    return write


def _json(dice: Dice, notation: Notation) -> Form:
    """One line of JSON."""
    ask_key, kind_key = dice.pick(("ask", "intent", "action", "op")), dice.pick(("type", "kind", "entity", "target"))
    words = dice.pick(({">": "_after", "<": "_before"}, {">": "_gt", "<": "_lt"}, {">": "_min", "<": "_max"}))

    def plain(value: str) -> int | str:
        return int(value) if value.isdigit() and not notation.quote_numbers and not notation.numbers else value

    def record(query: Query) -> dict[str, object]:
        made: dict[str, object] = {ask_key: notation.asks.get(query.ask, query.ask)}
        if query.kind:
            made[kind_key] = query.kind
        for key, sign, value in query.conditions:
            made[key + words.get(sign, "")] = record(value) if isinstance(value, Query) else plain(value)
        return made

    return lambda query: json.dumps(record(query), ensure_ascii=False)


FORMS: tuple[Callable[[Dice, Notation], Form], ...] = (
    *(_fields,) * 6, _tags, _tags, _lisp, _lisp, _call, _call, _call, _chain, _chain, _select, _select,
    _positions, _positions, _arrows, _arrows, _sigils, _sigils, _json,
)  # fmt: skip
