"""Which format a file has, and why: first what holds the rows (JSON, a table, mail …), then what a row is.

Takes how a file begins and its first rows; gives names with a sentence each that a person can check.
"""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from tunesmith.data.encoding import BOM, text_encoding
from tunesmith.data.findings import quoted
from tunesmith.data.importers.conversations import LISTS
from tunesmith.data.importers.json_records import layout_of
from tunesmith.data.importers.opened import Opened
from tunesmith.data.importers.pairs import LABEL_KEYS
from tunesmith.data.importers.preferences import rating_key
from tunesmith.data.importers.unpacking import DAMAGE
from tunesmith.data.row_shapes import REINFORCEMENT_KEYS
from tunesmith.data.wide_text import is_binary, wide_encoding

Holder = Literal["lines", "array", "values", "delimited", "excel", "parquet", "arrow", "text", "mail", "none"]
RecordFormat = Literal[
    "chat", "reinforcement", "sharegpt", "preference", "kto", "prompt_completion", "seed_tasks", "alpaca", "dolly",
    "question_answer", "classification", "text",
]  # fmt: skip
Value = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Held:
    """``encoding`` is None for UTF-8 and for what is no text."""

    holder: Holder
    reason: str
    encoding: str | None = None


def holder_of(opened: Opened, encoding: str | None = None) -> Held:
    """What holds the rows. ``encoding`` is what the user said."""
    head, suffix = opened.head, opened.suffix
    for magic, holder, what in _MAGIC:
        if head.startswith(magic):
            return Held(holder, what)
    if head.startswith(b"PK\x03\x04"):
        is_excel = suffix in (".xlsx", ".xlsm") or b"xl/" in head or (opened.is_plain and _holds_sheets(opened.path))
        return Held("excel", "it is an Excel workbook") if is_excel else Held("none", "it is an Office document")
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return Held("excel", "it is a workbook of the old format (.xls)")
    if _is_mail(opened):
        return Held("mail", "it begins as mail does")
    if encoding is None and wide_encoding(head) is None and is_binary(head):
        return Held("none", "it is no text")
    encoding = encoding or text_encoding(head)
    try:
        text = head.decode(encoding, errors="ignore").encode() if encoding else head.removeprefix(BOM)
    except LookupError:
        text = head
    return _text_holder(text.removeprefix(BOM), suffix, encoding)


def _holds_sheets(path: Path) -> bool:
    """A picture may stand before the sheets, so that the file's beginning does not tell."""
    try:
        with zipfile.ZipFile(path) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except (*DAMAGE, OSError, ValueError):
        return False


_MAGIC: Final[tuple[tuple[bytes, Holder, str], ...]] = (
    (b"PAR1", "parquet", "it begins as Parquet does"),
    (b"ARROW1", "arrow", "it begins as Arrow does"),
    (b"\xff\xff\xff\xff", "arrow", "it begins as a stream of Arrow does"),
    (b"%PDF", "none", "it is a PDF document"),
    (b"SQLite format 3\0", "none", "it is an SQLite database"),
)
_MAIL_LINE: Final = re.compile(rb"\A(?:From \S+ .{0,80}\d{4}|(?:Received|Return-Path|Delivered-To|Message-ID): )", re.I)
_HEADER: Final = re.compile(rb"(?:From|To|Subject|Date|Message-ID|MIME-Version|Received): ", re.I)
_IN_MAILDIR: Final = re.compile(r"/(?:cur|new|tmp)/[^/]+\Z")
_TABLE_LINE: Final = re.compile(rb"[^\n,;\t|]*+(?:[,;\t|][^\n,;\t|]*+)++\r?\n")


def _is_mail(opened: Opened) -> bool:
    """Thunderbird's files have no suffix, and those of a Maildir any."""
    if opened.suffix in (".mbox", ".eml") or _MAIL_LINE.match(opened.head):
        return True
    may_be = opened.suffix == "" or _IN_MAILDIR.search(opened.inner_name)
    return bool(may_be) and len(_HEADER.findall(opened.head[:4096])) >= 3


def _text_holder(text: bytes, suffix: str, encoding: str | None) -> Held:
    layout = layout_of(text)
    if suffix in (".csv", ".tsv", ".tab", ".psv"):
        return Held("delimited", f"the name ends in {suffix}", encoding)
    if layout is not None:
        return Held(layout, _LAYOUTS[layout], encoding)
    if not text.strip():
        return Held("none", "the file is empty")
    if suffix in (".jsonl", ".ndjson", ".json"):
        return Held("lines", f"the name ends in {suffix}", encoding)
    if suffix in (".md", ".html", ".htm", ".rst", ".tex", ".py", ".yaml", ".yml", ".xml"):
        return Held("none", "it is a document, and holds no rows", encoding)
    if suffix not in (".txt", ".text") and _TABLE_LINE.match(text):
        return Held("delimited", "its first line is cells with a character between", encoding)
    return Held("text", "it is plain text", encoding)


_LAYOUTS: Final = {
    "lines": "each line is JSON",
    "array": "it is one JSON array",
    "values": "it is JSON, spread over lines",
}


# ---- what a row is -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shape:
    """A record format, the keys that tell it, and whether a row has it."""

    format: RecordFormat
    keys: str
    has: Callable[[Value], bool]


def shape_of(value: Value) -> Shape | None:
    """The first shape that the row has: those of more keys stand before those of fewer."""
    return next((shape for shape in _SHAPES if shape.has(value)), None)


def fits(value: Value, format: RecordFormat) -> bool:
    """Whether the row can be read as that format, though it may look like another too."""
    same = _SAME_SHAPE.get(format, (format,))
    return any(shape.format in same and shape.has(value) for shape in _SHAPES)


def format_of(values: Sequence[Value], is_table: bool = False) -> tuple[RecordFormat, str] | None:
    """The format that most of the rows have, and the sentence why."""
    shapes = [shape for value in values if (shape := shape_of(value)) is not None]
    if is_table and values and not set(values[0]) <= {"text", "response", "system"}:
        shapes = [shape for shape in shapes if shape.format != "text"]
    if not shapes:
        return None
    format, _ = Counter(shape.format for shape in shapes).most_common(1)[0]
    keys, count = Counter(shape.keys for shape in shapes if shape.format == format).most_common(1)[0]
    few = f"{count:,} of the first {len(values):,} rows" if len(values) > 1 else "the row"
    return format, f"{few} {'have' if len(values) > 1 else 'has'} {keys}"


def _has(*keys: str) -> Callable[[Value], bool]:
    wanted = frozenset(keys)
    return lambda value: wanted <= value.keys()


def _listed(value: Value, *names: str) -> list[Any] | None:
    """The conversation of the row, where its messages have one of these keys."""
    for key in LISTS:
        items = value.get(key)
        if isinstance(items, list) and items:
            first = items[0]
            return items if isinstance(first, dict) and any(name in first for name in names) else None
    return None


def _is_unanswered(value: Value) -> bool:
    items = None if value.keys() <= REINFORCEMENT_KEYS else value.get("messages")
    last = items[-1] if isinstance(items, list) and items else None
    return isinstance(last, dict) and last.get("role") in ("user", "tool", "system", "developer")


def _asks_and_answers(value: Value) -> bool:
    asked = value.keys() & {"question", "query", "input", "user"}
    return bool(asked) and bool(value.keys() & {"answer", "std_answer", "response", "output", "reply", "assistant"})


def _is_labelled(value: Value) -> bool:
    return "text" in value and any(isinstance(value.get(key), str) for key in LABEL_KEYS)


_SHAPES: Final = (
    Shape("preference", "preferred_output and non_preferred_output", _has("preferred_output", "non_preferred_output")),
    Shape("preference", "chosen_messages and rejected_messages", _has("chosen_messages", "rejected_messages")),
    Shape("preference", "chosen and rejected", _has("chosen", "rejected")),
    Shape(
        "preference", "instruction and an output that lists answers",
        lambda value: "instruction" in value and isinstance(value.get("output"), list),
    ),
    Shape(
        "kto", "an answer and a label that is true or false",
        lambda value: rating_key(value) is not None and ("completion" in value or _listed(value, "role", "from") is not None),
    ),
    Shape("reinforcement", "messages that end where the model shall answer, and keys beside", _is_unanswered),
    Shape("sharegpt", "messages with from and value", lambda value: "messages" in value and _listed(value, "from") is not None),
    Shape("chat", "messages", _has("messages")),
    Shape("sharegpt", "conversations with from and value", lambda value: _listed(value, "from") is not None),
    Shape("sharegpt", "a conversation with human and assistant", lambda value: _listed(value, "human", "user") is not None),
    Shape("sharegpt", "a conversation with role and content", lambda value: _listed(value, "role") is not None),
    Shape("sharegpt", "conversations", lambda value: any(isinstance(value.get(key), list) for key in LISTS[1:3])),
    Shape("prompt_completion", "prompt and completion", _has("prompt", "completion")),
    Shape("seed_tasks", "instruction and instances", _has("instruction", "instances")),
    Shape("alpaca", "instruction and output", _has("instruction", "output")),
    Shape("dolly", "instruction and response", _has("instruction", "response")),
    Shape("question_answer", "prompt and response", _has("prompt", "response")),
    Shape("question_answer", "a question and an answer", _asks_and_answers),
    Shape("classification", "text and a label", _is_labelled),
    Shape("text", "text", lambda value: isinstance(value.get("text"), str)),
    Shape("text", "response alone", lambda value: "response" in value and value.keys() <= {"response", "system"}),
)  # fmt: skip
_SAME_SHAPE: Final[dict[RecordFormat, tuple[RecordFormat, ...]]] = {
    "chat": ("chat", "reinforcement"),
    "reinforcement": ("chat", "reinforcement"),
}


def describe(value: Value) -> str:
    """The keys of a row that is of no known format."""
    return f"rows with {quoted(value) or 'no keys'} are of no format that is known"
