"""What is wrong with a row that was made, by the rules that files are validated by."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from tunesmith.data.examples import FileFormat
from tunesmith.data.findings import Finding
from tunesmith.data.formats import read_row
from tunesmith.data.importers.plain_chat import is_plain_chat

NULL_HINT: Final = "remove it: such characters come of damaged files, or of text that was read in a wrong encoding"
_NULL: Final = re.compile(rb"(?<!\\)(?:\\\\)*+\\u0000")
_NO_TOKENS: Final = re.compile(r"(?!)")


def shape_of_row(row: Mapping[str, Any], is_reinforcement: bool) -> FileFormat:
    if "preferred_output" in row:
        return "preference"
    if "messages" not in row:
        return "prompt_completion"
    return "reinforcement" if is_reinforcement else "chat"


def error_of(row: Mapping[str, Any], format: FileFormat) -> Finding | None:
    """The first error of the row, and None where it can be trained on."""
    _, findings = read_row(row, 1, format, _NO_TOKENS)
    return next((finding for finding in findings if finding.severity == "error"), None)


def plain_line(row: Mapping[str, Any]) -> bytes | None:
    """The line of a chat row that is right at first sight; None where it takes a closer look."""
    if "messages" not in row:
        return None
    line = encoded(row)
    return line if isinstance(line, bytes) and is_plain_chat(line) else None


def encoded(row: Mapping[str, Any]) -> bytes | Finding:
    """The row as a line of JSON, or why it cannot be written."""
    try:
        line = _ENCODER.encode(row)
    except UnicodeEncodeError:
        hint = "remove it: an emoji was cut in two when the text was shortened"
        return Finding("invalid_unicode", "half of a surrogate pair stands in a text", hint)
    except (OverflowError, ValueError, RecursionError) as error:
        return Finding("not_writable", f"the row cannot be written as JSON: {error}", "write numbers as text")
    if b"\\u0000" in line and _NULL.search(line):
        return Finding("null_character", "a text of the row holds a null character, which is no text", NULL_HINT)
    return line


_ENCODER: Final = msgspec.json.Encoder()
