"""The expressions by which byte-pair tokenizers cut text into pieces, as far as they are understood.

Takes an expression of tokenizer.json (Oniguruma's); says whether it never reaches over a blank behind a visible character,
and gives the Python expression that matches the same in ASCII text. What it does not know it does not trust.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from unicodedata import category

# What an expression may consist of: nothing else is understood, so nothing else is trusted.
_ATOM: Final = re.compile(
    r"""(?P<apostrophes>\(\?i:'[a-z]{1,2}(?:\|'[a-z]{1,2})*\)|\(\?:'\[[a-zA-Z]+\](?:\[[a-zA-Z]+\])?(?:\|'\[[a-zA-Z]+\](?:\[[a-zA-Z]+\])?)*\))
    |(?P<unless_visible>\(\?!\\S\))
    |(?P<property>\\p\{[A-Za-z]+\})
    |(?P<whitespace>\\[srnt])
    |(?P<set>\[\^?(?:\\p\{[A-Za-z]+\}(?!-)|\\[srnt](?!-)|\\[-\[\]\\/"'!.*+?()|{}^$@&`~]|&(?!&)|[^\\\[\]&])+\])
    |(?P<blank>\ )
    |(?P<letter>[A-Za-z0-9'/,;:_<>=!"%@`~\u0080-\uffff-])""",
    re.VERBOSE,
)
_REPEATED: Final = re.compile(r"(?P<once>\??)(?P<more>[+*]|\{\d+,?\d*\})?\+?")
# Properties of visible characters; a blank has none of them.
_VISIBLE: Final = frozenset({
    *("L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No"),
    *("P", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "S", "Sm", "Sc", "Sk", "So"),
    *("Han", "Hiragana", "Katakana", "Hangul", "Latin", "Cyrillic", "Greek", "Arabic", "Hebrew", "Thai"),
})  # fmt: skip
_PROPERTY: Final = re.compile(r"\\p\{([A-Za-z]+)\}")
_ASCII: Final = tuple(map(chr, range(128)))
_ASCII_WHITESPACE: Final = r"\t\n\x0b\x0c\r "


def alternatives(expression: str) -> list[str]:
    """Split at the bars outside of brackets and sets."""
    parts, depth, in_set, start, position = [], 0, False, 0, 0
    while position < len(expression):
        letter = expression[position]
        if letter == "\\":
            position += 1
        elif in_set:
            in_set = letter != "]"
        elif letter == "[":
            in_set = True
        elif letter in "()":
            depth += 1 if letter == "(" else -1
        elif letter == "|" and depth == 0:
            parts.append(expression[start:position])
            start = position + 1
        position += 1
    return [*parts, expression[start:]]


def ends_before_blanks(alternative: str) -> bool:
    """Whether no match of it holds a blank behind a visible character, nor looks at what follows one."""
    position, has_visible, is_run = 0, False, False
    while position < len(alternative):
        atom = _ATOM.match(alternative, position)
        if atom is None or atom.lastgroup is None:
            return False
        repeated = _REPEATED.match(alternative, atom.end())
        is_repeated = repeated is not None and repeated["more"] is not None
        position = repeated.end() if repeated is not None else atom.end()
        if atom.lastgroup == "unless_visible":
            if has_visible or not is_run or position != atom.end():
                return False
            continue
        may_be_blank, may_be_visible = _may_be(atom.lastgroup, atom.group())
        if may_be_blank and (has_visible or (may_be_visible and is_repeated)):
            return False
        has_visible, is_run = has_visible or may_be_visible, atom.group() == r"\s" and is_repeated
    return position > 0


def _may_be(kind: str, text: str) -> tuple[bool, bool]:
    """Whether the atom may match a blank, and whether a visible character; both, where that is not known."""
    unknown = any(name not in _VISIBLE for name in _PROPERTY.findall(text))
    if kind == "set" and text.startswith("[^"):
        return not (r"\s" in text or " " in text), True
    if kind == "set":
        rest = re.sub(r"\\[srnt]", "", text[1:-1])
        # A range could span anything: those that begin behind the blank do not.
        spans = any(low <= " " for low in re.findall(r"(.)-", _PROPERTY.sub("", text[1:-1])))
        return r"\s" in text or " " in text or unknown or spans, bool(rest.strip())
    if kind == "blank":
        return True, False
    if kind == "whitespace":
        return text == r"\s", False
    return unknown, True


def ascii_expression(expression: str) -> re.Pattern[str] | None:
    """What matches the same in text of ASCII characters alone; None where it is not known."""
    forms = [_ascii_alternative(alternative) for alternative in alternatives(expression)]
    return re.compile("|".join(form for form in forms if form)) if all(forms) else None


def _ascii_alternative(alternative: str) -> str | None:
    form, position = "", 0
    while position < len(alternative):
        atom = _ATOM.match(alternative, position)
        if atom is None or atom.lastgroup is None:
            return None
        repeated = _REPEATED.match(alternative, atom.end())
        form += _ascii_atom(atom.lastgroup, atom.group()) + (repeated.group() if repeated else "")
        position = repeated.end() if repeated else atom.end()
    return form


def _ascii_atom(kind: str, text: str) -> str:
    if kind == "apostrophes":
        return text
    if kind == "unless_visible":
        return f"(?![^{_ASCII_WHITESPACE}])"
    if kind == "property":
        return _ascii_set("", _PROPERTY.sub(_members, text))
    if kind == "set":
        negation, inner = ("^", text[2:-1]) if text.startswith("[^") else ("", text[1:-1])
        return _ascii_set(negation, _PROPERTY.sub(_members, inner).replace(r"\s", _ASCII_WHITESPACE))
    if kind == "whitespace":
        return f"[{_ASCII_WHITESPACE}]" if text == r"\s" else text
    return re.escape(text)


def _ascii_set(negation: str, inner: str) -> str:
    if inner:
        return f"[{negation}{inner}]"
    return r"[\x00-\x7f]" if negation else r"[^\x00-\x7f]"


def _members(found: re.Match[str]) -> str:
    return _ascii_members(found[1])


@lru_cache(maxsize=64)
def _ascii_members(name: str) -> str:
    """The ASCII characters of a category or a script, for use in a set."""
    if len(name) > 2:
        return "A-Za-z" if name == "Latin" else ""
    return re.escape("".join(letter for letter in _ASCII if category(letter).startswith(name)))
