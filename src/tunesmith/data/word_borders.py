"""Whether a tokenizer cuts every text before a blank that follows a visible character.

Takes tokenizer.json; gives a promise that ``words`` builds on: where ``text[at] == " "`` and ``text[at - 1]`` is no
whitespace, the ids of the text are those of ``text[:at]`` and those of ``text[at:]``, one after the other. Decision
0027 has the argument; what is not recognized here gets no promise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

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
_MOST_CHARACTERS: Final = 10_000
_GPT_2: Final = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def cuts_before_words(raw: Mapping[str, Any]) -> bool:
    """``raw``: tokenizer.json without its control tokens."""
    model = raw.get("model") or {}
    if model.get("type") != "BPE" or model.get("dropout"):
        return False
    if not all(map(_is_plain, raw.get("added_tokens") or ())) or not _keeps_borders(raw.get("normalizer")):
        return False
    steps = list(_steps(raw.get("pre_tokenizer"), "pretokenizers"))
    if any(step.get("type") == "ByteLevel" for step in steps[:-1]):  # it spells blanks as letters
        return False
    return all(map(_never_joins, steps)) and any(map(_cuts_at_whitespace, steps))


def _is_plain(token: Mapping[str, Any]) -> bool:
    """Runs of blanks that look at no neighbour: no such run goes over a border, for what precedes a border is visible."""
    return not token["content"].strip() and not (token["single_word"] or token["lstrip"] or token["rstrip"])


def _keeps_borders(step: Mapping[str, Any] | None) -> bool:
    """Nothing composes with a blank, and no visible character becomes one."""
    return all(each.get("type") == "NFC" for each in _steps(step, "normalizers"))


def _steps(step: Mapping[str, Any] | None, key: str) -> Iterator[Mapping[str, Any]]:
    if step is not None and step.get("type") == "Sequence":
        for each in step[key]:
            yield from _steps(each, key)
    elif step is not None:
        yield step


def _expression(step: Mapping[str, Any]) -> str | None:
    kind = step.get("type")
    if kind == "ByteLevel":
        return _GPT_2 if step.get("use_regex", True) else ""
    isolated = (step.get("behavior"), step.get("invert", False)) in (("Isolated", False), ("Removed", True))
    expression = (step.get("pattern") or {}).get("Regex") if kind == "Split" and isolated else None
    return expression if isinstance(expression, str) and 0 < len(expression) <= _MOST_CHARACTERS else None


def _never_joins(step: Mapping[str, Any]) -> bool:
    """Whether its cuts on both sides of a border are as if there were nothing beyond it."""
    kind = step.get("type")
    if kind == "Digits":
        return True
    if kind == "ByteLevel" and step.get("add_prefix_space"):
        return False
    expression = _expression(step)
    return expression is not None and (not expression or all(map(_ends_before_blanks, _alternatives(expression))))


def _cuts_at_whitespace(step: Mapping[str, Any]) -> bool:
    """Whether a blank at a border begins a piece of its own: it is matched, and by nothing that began earlier."""
    return r"\s+" in _alternatives(_expression(step) or "")


def _alternatives(expression: str) -> list[str]:
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


def _ends_before_blanks(alternative: str) -> bool:
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
