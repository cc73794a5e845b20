"""Which column of a table is what: guessed from names and content, shown, written by hand, and applied to its rows.

A ``ColumnMapping`` has a template for each part of an example: a column's name alone, or text with names in braces
(``{context}\\n\\n{question}``). ``apply`` makes rows of one of the four shapes; a row whose question or answer is empty
is left out, with its place. A mapping that is only half sure is never used without being asked for: see `column_guess`.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Final, Literal, get_args

from tunesmith.core.errors import Problem, Problems, UserError
from tunesmith.data.findings import quoted, shorten
from tunesmith.data.importers.cell_template import columns_in, escaped, fill, text_of
from tunesmith.data.importers.part_names import asks
from tunesmith.data.importers.rows import MADE_FROM, Left, Made, Outcomes, Record

Output = Literal["chat", "prompt_completion", "preference", "reinforcement"]
MOST_LABELS: Final = 500


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """Templates, but for ``label`` to ``references``, which are columns."""

    user: str
    """What is asked."""
    assistant: str | None = None
    """The answer; of a classification, leave it out and give ``label``."""
    system: str | None = None
    """A system message; text without a column stands in every row."""
    context: str | None = None
    """What stands before the question, a blank line between; nothing where its cell is empty."""
    chosen: str | None = None
    """The preferred answer of a preference row, and the other."""
    rejected: str | None = None
    label: str | None = None
    """The class of a classification: it is the answer, and told to splits as the row's label."""
    category: str | None = None
    """Not trained on: splits keep each category's share."""
    thread: str | None = None
    """Not trained on: splits keep rows of one thread, ticket or customer together."""
    author: str | None = None
    references: tuple[str, ...] = ()
    """Columns that a grader reads, kept in a reinforcement row under their names."""
    output: Output = "chat"

    def as_json(self) -> dict[str, Any]:
        """Without what is not given; ``from_json`` reads it."""
        return {key: value for key, value in asdict(self).items() if value not in (None, ())}


def parse(text: str, columns: Sequence[str]) -> ColumnMapping:
    """What a user writes: a JSON object, or ``user=question, assistant=answer``. Raises ``Problems`` with everything that
    is wrong with it."""
    if text.lstrip().startswith("{"):
        try:
            given = json.loads(text, object_pairs_hook=_each_once)
        except (ValueError, RecursionError) as error:
            raise UserError(f"the mapping is no JSON: {error}", _HINT) from error
    else:
        given = _pairs(text)
    return from_json(given, columns)


def from_json(given: Mapping[str, Any], columns: Sequence[str]) -> ColumnMapping:
    """Raises ``Problems`` where a key, a value or a column is wrong."""
    problems = list(_key_problems(given))
    if not problems:
        values = {key: _value(key, value) for key, value in given.items() if value not in (None, "", [])}
        output = values.pop("output", None) or _implied_output(values)
        mapping = ColumnMapping(**{"user": "", **values, "output": output})
        problems = list(mapping_problems(mapping, columns))
        if not problems:
            return mapping
    raise Problems(_UNUSABLE, problems, _HINT)


def mapping_problems(mapping: ColumnMapping, columns: Sequence[str]) -> Iterator[Problem]:
    """What makes the mapping unusable for a table with these columns."""
    for part in _TEMPLATES:
        if (template := getattr(mapping, part)) is not None:
            yield from _template_problems(part, template, columns)
    for part in ("label", "category", "thread", "author"):
        if (column := getattr(mapping, part)) is not None and column not in columns:
            yield _no_column(part, column, columns)
    yield from (_no_column("references", column, columns) for column in mapping.references if column not in columns)
    yield from _shape_problems(mapping)
    yield from _same_problems(mapping, columns)


def columns_of(mapping: ColumnMapping, columns: Sequence[str]) -> frozenset[str]:
    """Those that the mapping reads."""
    templates = (getattr(mapping, part) for part in _TEMPLATES)
    read = {name for template in templates if template for name in columns_in(template, columns)}
    named = (mapping.label, mapping.category, mapping.thread, mapping.author)
    return frozenset({*read, *mapping.references, *(column for column in named if column)})


def apply(mapping: ColumnMapping, records: Iterable[Record | Left]) -> Outcomes:
    """A row for each record that has what the mapping asks for; what was left out before goes out as it is."""
    make = _MAKERS[mapping.output]
    for record in records:
        yield record if isinstance(record, Left) else _outcome(mapping, make, record)


def labels_of(column: str, records: Iterable[Record | Left]) -> tuple[str, ...]:
    """The labels in their order of first use, ``MOST_LABELS`` at most: beyond that the column is no label."""
    found: dict[str, None] = {}
    for record in records:
        if isinstance(record, Record) and (label := text_of(record.value.get(column)).strip()):
            found.setdefault(label)
            if len(found) > MOST_LABELS:
                break
    return tuple(found)


def with_listed_labels(mapping: ColumnMapping, labels: Sequence[str], columns: Sequence[str]) -> ColumnMapping:
    """The mapping with a system message that names the labels to choose from, after its own."""
    listed = "Answer with one of these labels:\n" + "\n".join(escaped(label) for label in labels)
    own = f"{{{mapping.system}}}" if mapping.system in columns else mapping.system
    return replace(mapping, system=f"{own}\n\n{listed}" if own else listed)


_TEMPLATES: Final = ("user", "assistant", "system", "context", "chosen", "rejected")
_KEYS: Final = tuple(field.name for field in fields(ColumnMapping))
_UNUSABLE: Final = "the column mapping cannot be used:"
_HINT: Final = (
    "write, for instance, user=question,assistant=answer or "
    '{"system": "You are terse.", "user": "{context}\\n\\n{question}", "assistant": "answer", "thread": "ticket"}'
)
_NAMES_ELSEWHERE: Final = {
    "question": "user", "prompt": "user", "input": "user", "answer": "assistant", "completion": "assistant",
    "response": "assistant", "group": "thread", "preferred": "chosen", "class": "label", "reference": "references",
}  # fmt: skip


def _pairs(text: str) -> dict[str, Any]:
    pairs = [pair.partition("=") for pair in re.split(r"[,;\n](?=\s*\w+\s*=)", text) if pair.strip()]
    if any(not equals for _, equals, _ in pairs):
        raise UserError(f"the mapping {shorten(text)} has no equals sign where one must be", _HINT)
    return _each_once([(key.strip(), value.strip()) for key, _, value in pairs])


def _each_once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    given: dict[str, list[Any]] = {}
    for key, value in pairs:
        given.setdefault(key, []).append(value)
    problems = [
        Problem("part_twice", f"{shorten(key)} is given {len(values)} times ({quoted(values)})", _once(key, values), path=key)
        for key, values in given.items()
        if len(values) > 1
    ]  # fmt: skip
    if problems:
        raise Problems(_UNUSABLE, problems, _HINT)
    return dict(pairs)


def _once(key: str, values: Sequence[Any]) -> str:
    both = "+".join(map(str, values)) if key == "references" else " ".join(f"{{{value}}}" for value in values)
    return f"give one of them, or both in one: {key}={both}"


def _key_problems(given: Mapping[str, Any]) -> Iterator[Problem]:
    for key, value in given.items():
        if key not in _KEYS:
            near = difflib.get_close_matches(key, _KEYS, n=1)
            meant = _NAMES_ELSEWHERE.get(key) or (near[0] if near else None)
            hint = f"did you mean {meant}?" if meant else f"use {', '.join(_KEYS)}"
            yield Problem("unknown_part", f"a mapping has no part {shorten(key)}", hint, path=key)
        elif key == "output" and value not in get_args(Output):
            yield Problem(
                "unknown_output", f"output is {shorten(value)}", f"use {', '.join(get_args(Output))}", path=key
            )
        elif not isinstance(value, str | None) and not (key == "references" and _are_texts(value)):
            yield Problem("mapping_type", f"{key} is {shorten(value)}, not text", "write a column's name", path=key)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)


def _value(key: str, value: Any) -> Any:
    if key == "references":
        return tuple(re.split(r"\s*\+\s*", value)) if isinstance(value, str) else tuple(value)
    return value


def _implied_output(values: Mapping[str, Any]) -> Output:
    if "chosen" in values or "rejected" in values:
        return "preference"
    return "reinforcement" if "references" in values else "chat"


def _template_problems(part: str, template: str, columns: Sequence[str]) -> Iterator[Problem]:
    if template in columns:
        return
    names = columns_in(template, columns)
    if not names and part != "system":
        if template:
            yield _no_column(part, template, columns)
        return
    for name in names:
        if name not in columns:
            problem = _no_column(part, name, columns)
            yield replace(problem, hint=f"{problem.hint}; a brace that is meant is written twice")


def _no_column(part: str, name: str, columns: Sequence[str]) -> Problem:
    near = difflib.get_close_matches(name, columns, n=1)
    hint = f"did you mean {near[0]}?" if near else f"the columns are {quoted(columns, 20)}"
    return Problem("unknown_column", f"{part} names the column {shorten(name)}, which the table lacks", hint, path=part)


def _shape_problems(mapping: ColumnMapping) -> Iterator[Problem]:
    if not mapping.user:
        hint = "give the column that holds what is asked"
        yield Problem("missing_part", "the mapping does not say which column is the user's", hint, path="user")
    if mapping.output == "preference":
        for part in ("chosen", "rejected"):
            if not getattr(mapping, part):
                yield Problem("missing_part", f"preference rows need {part}", "give its column", path=part)
    elif mapping.output == "reinforcement":
        bad = [column for column in mapping.references if column in ("messages", "tools", MADE_FROM)]
        for column in bad:
            yield Problem("reserved_column", f"a reference cannot be called {column}", "rename it", path="references")
    elif (mapping.assistant is None) == (mapping.label is None):
        what = "neither assistant nor label" if mapping.assistant is None else "both assistant and label"
        yield Problem("missing_part", f"the mapping names {what}", "name the one that is the answer", path="assistant")


def _same_problems(mapping: ColumnMapping, columns: Sequence[str]) -> Iterator[Problem]:
    """An answer that says the question again teaches nothing."""
    first_of: dict[str, str] = {}
    for part in ("user", "assistant", "label", "chosen", "rejected"):
        template = getattr(mapping, part)
        if not template or not columns_in(template, columns):
            continue
        whole = f"{{{template}}}" if template in columns else template.strip()
        if (other := first_of.setdefault(whole, part)) != part:
            message = f"{other} and {part} are both {shorten(template)}: every row would say the same twice"
            hint = f"name another column as {part}; the columns are {quoted(columns, 20)}"
            yield Problem("same_column", message, hint, path=part)


class _Missing(Exception):
    """A part of the row is not there: what it is left out for."""

    def __init__(self, rule: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.rule, self.message, self.hint = rule, message, hint


def _outcome(mapping: ColumnMapping, make: Any, record: Record) -> Made | Left:
    try:
        row = make(mapping, record.value)
    except _Missing as error:
        return Left(error.rule, error.message, error.hint, record.place)
    if metadata := _metadata(mapping, record.value):
        row[MADE_FROM] = metadata
    return Made(row, record.place)


def _chat(mapping: ColumnMapping, cells: Mapping[str, Any]) -> dict[str, Any]:
    answer = _filled(mapping.label or mapping.assistant or "", cells, "answer")
    return {"messages": [*_asked(mapping, cells), {"role": "assistant", "content": answer}]}


def _prompt_completion(mapping: ColumnMapping, cells: Mapping[str, Any]) -> dict[str, Any]:
    asked = [message["content"] for message in _asked(mapping, cells)]
    return {
        "prompt": "\n\n".join(asked),
        "completion": _filled(mapping.label or mapping.assistant or "", cells, "answer"),
    }


def _preference(mapping: ColumnMapping, cells: Mapping[str, Any]) -> dict[str, Any]:
    chosen = _filled(mapping.chosen or "", cells, "preferred answer")
    rejected = _filled(mapping.rejected or "", cells, "rejected answer")
    if chosen == rejected:
        raise _Missing("equal_answers", "the preferred and the rejected answer are the same", "give two that differ")
    return {
        "input": {"messages": _asked(mapping, cells)},
        "preferred_output": [{"role": "assistant", "content": chosen}],
        "non_preferred_output": [{"role": "assistant", "content": rejected}],
    }


def _reinforcement(mapping: ColumnMapping, cells: Mapping[str, Any]) -> dict[str, Any]:
    references = {column: cells.get(column) for column in mapping.references}
    return {
        "messages": _asked(mapping, cells),
        **{key: value for key, value in references.items() if value is not None},
    }


_MAKERS: Final = {
    "chat": _chat,
    "prompt_completion": _prompt_completion,
    "preference": _preference,
    "reinforcement": _reinforcement,
}


def _asked(mapping: ColumnMapping, cells: Mapping[str, Any]) -> list[dict[str, str]]:
    question = _filled(mapping.user, cells, "question")
    context = fill(mapping.context, cells) if mapping.context else ""
    system = fill(mapping.system, cells) if mapping.system else ""
    content = f"{context}\n\n{question}" if context.strip() else question
    head = [{"role": "system", "content": system}] if system.strip() else []
    return [*head, {"role": "user", "content": content}]


def _filled(template: str, cells: Mapping[str, Any], what: str) -> str:
    text = fill(template, cells)
    names = [template] if template in cells else columns_in(template, tuple(cells))
    if what == "question":
        names = [name for name in names if asks(name)] or names
    if not any(text_of(cells.get(name)).strip() for name in names):
        columns = quoted(names) if names else shorten(template)
        article = "an" if what[0] in "aeiou" else "a"
        message = f"the row has no {what}: {columns} {'is' if len(names) < 2 else 'are'} empty"
        raise _Missing(f"empty_{what.split()[-1]}", message, f"write {article} {what}, or leave the row out")
    return text


def _metadata(mapping: ColumnMapping, cells: Mapping[str, Any]) -> dict[str, str]:
    columns = {"thread": mapping.thread, "author": mapping.author, "label": mapping.category or mapping.label}
    found = {key: text_of(cells.get(column)).strip() for key, column in columns.items() if column is not None}
    return {key: value for key, value in found.items() if value}
