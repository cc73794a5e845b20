"""Whether a tokenizer cuts every text before a blank that follows a visible character.

Takes tokenizer.json; gives a promise that ``words`` builds on: where ``text[at] == " "`` and ``text[at - 1]`` is no
whitespace, the ids of the text are those of ``text[:at]`` and those of ``text[at:]``, one after the other. Decision
0027 has the argument; what is not recognized here gets no promise.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from tunesmith.data.expressions import alternatives, ascii_expression, ends_before_blanks

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
    return expression is not None and (not expression or all(map(ends_before_blanks, alternatives(expression))))


def _cuts_at_whitespace(step: Mapping[str, Any]) -> bool:
    """Whether a blank at a border begins a piece of its own: it is matched, and by nothing that began earlier."""
    return r"\s+" in alternatives(_expression(step) or "")


def ascii_pieces(raw: Mapping[str, Any]) -> Callable[[str], list[str]] | None:
    """What cuts an ASCII text into the pieces that the model is given, as the library would; None where that is not
    known."""
    steps = list(_steps(raw.get("pre_tokenizer"), "pretokenizers"))
    if raw.get("added_tokens") or not steps or steps[-1].get("type") != "ByteLevel":
        return None
    finds = []
    for step in steps:
        if step.get("type") != "ByteLevel" or step.get("use_regex", True):
            if (pattern := _ascii_step(step)) is None or not _covers(pattern):
                return None
            finds.append(pattern.findall)
    return finds[0] if len(finds) == 1 else lambda text: _cut_by_all(finds, text)


def _covers(pattern: re.Pattern[str]) -> bool:
    """Whether every ASCII character is matched, whatever follows: the library would make pieces of the gaps too."""
    return all(pattern.match(f"{letter}{next_}") for letter in map(chr, range(128)) for next_ in ("", "a", " ", "1"))


def _cut_by_all(finds: Sequence[Callable[[str], list[str]]], text: str) -> list[str]:
    pieces = [text]
    for find in finds:
        pieces = [piece for part in pieces for piece in find(part)]
    return pieces


def _ascii_step(step: Mapping[str, Any]) -> re.Pattern[str] | None:
    if step.get("type") == "Digits":
        return re.compile("[0-9]|[^0-9]+" if step.get("individual_digits") else "[0-9]+|[^0-9]+")
    expression = _expression(step)
    return ascii_expression(expression) if expression else None
