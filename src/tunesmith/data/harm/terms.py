"""A list of harmful terms as it is written, and how it is read.

A list is text, one term a line. ``[category severity]`` says what the terms below it are; ``[safe]`` that the phrases
below it are harmless though a term stands in them; ``[context]`` that the words below it, near a term, tell of news, care
or law. ``(a|b)`` stands for either; ``first … second`` for both, close to each other, in this order. ``#`` begins a
comment. The lists that come with it hold words that hurt: they are there so that they can be found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final, Literal, get_args

from tunesmith.core.errors import Problem, Problems, UserError

Category = Literal["hate", "sexual", "violence", "self-harm"]
Severity = Literal["low", "medium", "high"]

_LISTS: Final = ("terms.en.txt", "terms.zh.txt")
_SECTION: Final = re.compile(r"\[([a-z-]+)(?: ([a-z]+))?\]")
_CHOICE: Final = re.compile(r"\(([^()]*)\)")
_MOST_SPELLINGS: Final = 2_000
_MOST_LIST_BYTES: Final = 16 << 20
GAP: Final = "…"


@dataclass(frozen=True, slots=True)
class Term:
    """One of ``phrases``; where ``then`` is not empty, one of these follows close behind."""

    category: Category
    severity: Severity
    phrases: tuple[str, ...]
    then: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Terms:
    harmful: tuple[Term, ...]
    safe: tuple[str, ...]
    context: tuple[str, ...]


def load_terms(more: Iterable[Path] = ()) -> Terms:
    """The lists that come with it, and ``more``. Raises UserError, or Problems with every line that cannot be read."""
    folder = files("tunesmith.data.harm")
    texts = [(name, (folder / name).read_text(encoding="utf-8")) for name in _LISTS]
    return read_terms([*texts, *((str(path), _text_of(path)) for path in more)])


def read_terms(lists: Iterable[tuple[str, str]]) -> Terms:
    """Of lists by name and content."""
    harmful: list[Term] = []
    safe: list[str] = []
    context: list[str] = []
    problems: list[Problem] = []
    for name, text in lists:
        section: tuple[str, str | None] | None = None
        for number, line in enumerate(text.splitlines(), start=1):
            written = line.partition("#")[0].strip()
            if not written:
                continue
            try:
                if match := _SECTION.fullmatch(written):
                    section = _section(match)
                else:
                    _add(section, written, harmful, safe, context)
            except ValueError as error:
                problems.append(Problem("invalid_term", str(error), _HINT, file=name, line=number))
    if problems:
        raise Problems("The list of harmful terms cannot be read.", problems)
    return Terms(tuple(harmful), tuple(safe), tuple(context))


_HINT: Final = "write [category severity] (hate, sexual, violence, self-harm; low, medium, high), then one term a line"


def _text_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_LIST_BYTES + 1)
        if len(content) > _MOST_LIST_BYTES:
            raise UserError(f"{path} is no list of terms: it has more than {_MOST_LIST_BYTES >> 20} MiB.", _HINT)
        return content.decode("utf-8-sig")
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}.", "check the name and the rights") from None
    except UnicodeDecodeError:
        raise UserError(f"{path} is not UTF-8.", "save the list as UTF-8") from None


def _section(match: re.Match[str]) -> tuple[str, str | None]:
    category, severity = match[1], match[2]
    if category in ("safe", "context") and severity is None:
        return category, None
    if category not in get_args(Category) or severity not in get_args(Severity):
        raise ValueError(f"{match[0]} is no category with a severity")
    return category, severity


def _add(
    section: tuple[str, str | None] | None, written: str, harmful: list[Term], safe: list[str], context: list[str]
) -> None:
    match section:
        case None:
            raise ValueError("a term stands before the first section")
        case ("safe", _):
            safe.extend(_spellings(written))
        case ("context", _):
            context.extend(_spellings(written))
        case (category, severity):
            parts = [tuple(_spellings(part)) for part in written.split(GAP)]
            if len(parts) > 2 or not all(len(one) > 1 or not one.isascii() for part in parts for one in part):
                raise ValueError(f"a term has one part or two, of two letters or more each: {written[:60]}")
            harmful.append(Term(category, severity, *parts))  # type: ignore[arg-type]


def _spellings(written: str) -> Iterator[str]:
    """Each way to choose among the alternatives."""
    found = [written]
    while any(_CHOICE.search(one) for one in found):
        found = [
            one[: match.start()] + choice + one[match.end() :]
            for one in found
            if (match := _CHOICE.search(one))
            for choice in match[1].split("|")
        ]
        if len(found) > _MOST_SPELLINGS:
            raise ValueError(f"the term stands for more than {_MOST_SPELLINGS} spellings: {written[:60]}")
    if any(bracket in one for one in found for bracket in "()"):
        raise ValueError(f"a bracket has no other: {written[:60]}")
    return (" ".join(one.split()) for one in found)
