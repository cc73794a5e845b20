"""Names left open in a data set ({{name}}, <AUTHOR>): told, so that nobody trains on them unseen, and filled on request."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Final

from tunesmith.core.errors import UserError
from tunesmith.data.findings import shorten
from tunesmith.data.importers.making import Counted, Notes, Row
from tunesmith.data.importers.rows import MADE_FROM, Place
from tunesmith.data.row_texts import texts, with_texts

RULE: Final = "placeholder"
_OPEN: Final = re.compile(r"\{\{ {0,3}([A-Za-z_][A-Za-z0-9_]{0,40}) {0,3}\}\}|<([A-Z][A-Z_]{1,40})>")
_MARKUP: Final = frozenset(
    "A B I U P S Q BR HR LI UL OL TD TR TH DL DT DD EM TT PRE DIV IMG SUB SUP DEL INS COL NAV VAR KBD BODY HEAD HTML "
    "FORM FONT CODE SPAN LINK META MAIN TABLE TBODY THEAD TITLE SCRIPT STYLE STRONG CENTER SMALL INPUT LABEL BUTTON "
    "BOS EOS PAD UNK SEP CLS MASK".split()
)  # fmt: skip


def read_fills(given: list[str]) -> dict[str, str]:
    """``name=Tunesmith`` …; names are the same in capitals. Raises UserError."""
    fills: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise UserError(f"--fill {text} has no name and value.", "write --fill name=Tunesmith")
        fills[plain_name(name)] = value
    return fills


def plain_name(written: str) -> str:
    """As it is looked up: ``author`` for ``{{ Author }}`` and ``<AUTHOR>``."""
    return written.strip("{}<> ").lower()


def filled(row: Row, fills: Mapping[str, str], notes: Notes, place: Place) -> Row:
    """The row with the names filled; those that stay open, and U+FFFD, are noted."""
    changed = {}
    noted: set[tuple[str, str]] = set()
    for path, text in texts(row):
        if path[0] == MADE_FROM:
            continue
        if "\ufffd" in text:
            noted.add(("replacement_character", _LOST))
        if "{{" in text or "<" in text:
            new = _OPEN.sub(lambda match: fills.get(_name(match), match[0]), text)
            if new != text:
                changed[path] = new
                notes.filled |= fills.keys() & {_name(match) for match in _OPEN.finditer(text)}
            noted |= {(RULE, _open(match)) for match in _OPEN.finditer(new) if match[2] not in _MARKUP}
            if len(notes.open) < _MOST_OPEN:
                notes.open |= {_name(match) for match in _OPEN.finditer(new) if match[2] not in _MARKUP}
    for rule, message in sorted(noted):
        notes.add(rule, message, place)
    return with_texts(row, changed) if changed else row


def names_left_open(notes: Iterable[Counted]) -> list[tuple[str, int]]:
    """How each is written, and in how many rows it stands; the most frequent first."""
    named = sorted((note for note in notes if note.rule == RULE), key=lambda note: -note.count)
    return [(note.message.partition(_STANDS)[0], note.count) for note in named]


def note_unused(fills: Mapping[str, str], notes: Notes, place: Place) -> None:
    """A name that was to be filled and stands open nowhere: it may be misspelt."""
    for name in sorted(fills.keys() - notes.filled):
        near = difflib.get_close_matches(name, sorted(notes.open), n=1)
        meant = f"did you mean --fill {near[0]}=…?" if near else "nothing was filled with it"
        notes.add("fill_unused", f"no name {shorten(name)} stands open in the rows: {meant}", place)


_MOST_OPEN: Final = 300
_STANDS: Final = " stands in the text"
"""In what ``_open`` says."""
_LOST: Final = "U+FFFD stands in the text: whoever wrote the file had lost a character there already"


def _open(match: re.Match[str]) -> str:
    return f"{match[0]} stands in the text: if it is a name left open, fill it with --fill {_name(match)}=…"


def _name(match: re.Match[str]) -> str:
    return (match[1] or match[2]).lower()
