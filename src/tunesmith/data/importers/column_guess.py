"""A mapping guessed from a table's column names and first rows, with its reason and how sure it is.

Names decide, in English, Chinese and other languages that `part_names` has; content decides between columns of equal names, and takes certainty away where it
contradicts them. A guess from content alone is never sure: it is shown, with the first rows, for a person to confirm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tunesmith.data.findings import quoted, shorten
from tunesmith.data.importers.cell_template import text_of
from tunesmith.data.importers.mapping import ColumnMapping
from tunesmith.data.importers.part_names import NAMES, plain_name

SURE: Final = 0.8
_FEW_ROWS: Final = 20
_LONG_LABEL: Final = 60


@dataclass(frozen=True, slots=True)
class Guess:
    """``mapping`` is None where nothing speaks for any. ``confidence`` is from 0 to 1; who is not sure asks."""

    mapping: ColumnMapping | None
    reason: str
    confidence: float

    @property
    def is_sure(self) -> bool:
        return self.mapping is not None and self.confidence >= SURE


def guess(columns: Sequence[str], first_rows: Sequence[Mapping[str, Any]]) -> Guess:
    """``first_rows`` under the columns' names: a hundred tell enough."""
    table = _Table(columns, first_rows)
    named = {part: table.named(part) for part in NAMES}
    found = _preference(table, named) or _answers(table, named) or _classes(table, named) or _by_content(table, named)
    return found or Guess(None, f"nothing tells what the columns {quoted(columns, 12)} are", 0.0)


def describe(columns: Sequence[str], first_rows: Sequence[Mapping[str, Any]], most: int = 3) -> str:
    """The columns and the first rows, for a message that asks for a mapping."""
    lines = [f"columns: {quoted(columns, 40)}"]
    for number, row in enumerate(first_rows[:most], 1):
        lines.append(f"row {number}:")
        lines += [f"  {shorten(column, 30)}: {shorten(text_of(row.get(column)), 80)}" for column in columns[:40]]
    return "\n".join(lines)


class _Table:
    def __init__(self, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
        self.columns = columns
        self.cells = {column: [text_of(row.get(column)).strip() for row in rows] for column in columns}
        self.plain = {column: plain_name(column) for column in columns}

    def named(self, part: str) -> list[str]:
        """The columns that bear a name of this part, the surest name first."""
        names = NAMES[part]
        found = [column for column in self.columns if self.plain[column] in names]
        return sorted(found, key=lambda column: names.index(self.plain[column]))

    def filled(self, column: str) -> float:
        cells = self.cells[column]
        return sum(map(bool, cells)) / len(cells) if cells else 1.0

    def mean_length(self, column: str) -> float:
        filled = [len(cell) for cell in self.cells[column] if cell]
        return sum(filled) / len(filled) if filled else 0.0

    def num_distinct(self, column: str) -> int:
        return len({cell for cell in self.cells[column] if cell})

    def is_label(self, column: str) -> bool:
        """Short, and of few kinds: told only where there are rows enough."""
        filled = [cell for cell in self.cells[column] if cell]
        few = self.num_distinct(column) <= max(2, len(filled) // 4)
        return bool(filled) and max(map(len, filled)) <= _LONG_LABEL and (few or len(filled) < _FEW_ROWS)

    def is_numeric(self, column: str) -> bool:
        return all(cell.replace(".", "", 1).replace("-", "", 1).isdigit() for cell in self.cells[column] if cell)


_Named = Mapping[str, list[str]]


def _preference(table: _Table, named: _Named) -> Guess | None:
    if not (named["chosen"] and named["rejected"] and named["user"]):
        return None
    chosen, rejected, user = named["chosen"][0], named["rejected"][0], named["user"][0]
    mapping = ColumnMapping(
        user, chosen=chosen, rejected=rejected, system=_first(named["system"]), output="preference",
        context=_context(table, named, user), **_beside(named),
    )  # fmt: skip
    return _judged(table, mapping, f"{user} is asked, {chosen} preferred to {rejected}, by their names", 0.95)


def _answers(table: _Table, named: _Named) -> Guess | None:
    if not named["assistant"] or not (named["user"] or named["text"]):
        return None
    answer = named["assistant"][0]
    user = next((column for column in [*named["user"], *named["text"]] if column != answer), None)
    if user is None:
        return None
    category = next((column for column in named["label"] if column not in (user, answer)), None)
    context = _context(table, named, user)
    if context is not None and plain_name(context) in _INPUTS:
        asked, context = f"{{{user}}}\n\n{{{context}}}", None
    else:
        asked = user
    mapping = ColumnMapping(
        asked, answer, system=_first(named["system"]), context=context, category=category, **_beside(named)
    )
    rivals = [column for column in named["assistant"][1:] if table.mean_length(column) > 1]
    confidence = 0.95 if not rivals else 0.6
    also = f"; but {quoted(rivals)} may be the answer too" if rivals else ""
    return _judged(table, mapping, f"{user} is asked and {answer} answers, by their names{also}", confidence)


def _classes(table: _Table, named: _Named) -> Guess | None:
    labels = sorted(named["label"], key=table.is_numeric)
    label = next((column for column in labels if table.is_label(column)), None)
    if label is None:
        return None
    texts = [column for column in [*named["user"], *named["text"]] if column not in labels]
    others = [column for column in table.columns if column not in (*labels, *texts, *named["thread"])]
    others = [column for column in others if not _is_about(column, labels) and plain_name(column) not in _NUMBERS_ROWS]
    if not texts and not others:
        return None
    if texts and not others:
        user = (
            texts[0] if len(texts) == 1 else "\n\n".join(f"{{{column}}}" for column in _in_order(texts, table.columns))
        )
        mapping = ColumnMapping(user, label=label, **_beside(named))
        return _judged(table, mapping, f"{label} is a label of {quoted(texts)}, by its name", 0.9)
    read = _in_order([*texts, *others], table.columns)
    user = "\n".join(f"{column}: {{{column}}}" for column in read) if len(read) > 1 else read[0]
    reason = f"{label} is a label, by its name; which of {quoted(read)} it is told by is not clear"
    return _judged(table, ColumnMapping(user, label=label, **_beside(named)), reason, 0.5)


def _by_content(table: _Table, named: _Named) -> Guess | None:
    """One column is known at most: the longest texts beside it are its question or its answer."""
    asked = [*named["user"], *named["text"]]
    answer = _first(named["assistant"])
    free = [column for column in table.columns if not table.is_label(column) and not table.is_numeric(column)]
    longest = sorted((column for column in free if column not in (*asked, answer)), key=table.mean_length, reverse=True)
    if asked and longest:
        reason = f"{asked[0]} is asked, by its name; {longest[0]} may answer it: it holds the longest texts"
        return Guess(ColumnMapping(asked[0], longest[0], category=_first(named["label"])), reason, 0.5)
    if answer and longest:
        reason = f"{answer} answers, by its name; {longest[0]} may be what is asked: it holds the longest texts"
        return Guess(ColumnMapping(longest[0], answer), reason, 0.5)
    labels = [column for column in table.columns if table.is_label(column) and not table.is_numeric(column)]
    if len(free) == 1 and len(labels) == 1 and len(table.cells[labels[0]]) >= _FEW_ROWS:
        few = table.num_distinct(labels[0])
        reason = f"{labels[0]} may be a label of {free[0]}: it has {few} kinds of short text in the first rows"
        return Guess(ColumnMapping(free[0], label=labels[0]), reason, 0.4)
    if len(free) == 2:
        reason = (
            f"{free[0]} and {free[1]} are the columns with texts of many kinds: the first may ask, the second answer"
        )
        return Guess(ColumnMapping(free[0], free[1]), reason, 0.3)
    return None


def _context(table: _Table, named: _Named, user: str) -> str | None:
    return next((column for column in named["context"] if column != user and table.mean_length(column)), None)


_INPUTS: Final = ("input", "输入")
"""Beside an instruction, what it is about: Alpaca's rows have it after the instruction."""


def _beside(named: _Named) -> dict[str, Any]:
    return {"thread": _first(named["thread"]), "author": _first(named["author"])}


def _judged(table: _Table, mapping: ColumnMapping, reason: str, confidence: float) -> Guess:
    """Less sure where a column that must have text has little."""
    parts = [mapping.user, mapping.assistant, mapping.chosen, mapping.rejected, mapping.label]
    for column in parts:
        if column in table.cells and table.filled(column) < 0.5:
            confidence = min(confidence, 0.5)
            reason += f"; but {column} is empty in most of the first rows"
    return Guess(mapping, reason, confidence)


_NUMBERS_ROWS: Final = frozenset({"id", "index", "row", "no", "number", "unnamed0", "column1", "序号", "编号"})


def _is_about(column: str, labels: Sequence[str]) -> bool:
    """``label_int`` beside ``label`` is the same said again."""
    return any(plain_name(column).startswith(plain_name(label)) for label in labels)


def _in_order(columns: Sequence[str], order: Sequence[str]) -> list[str]:
    return sorted(columns, key=list(order).index)


def _first(columns: Sequence[str]) -> str | None:
    return columns[0] if columns else None
