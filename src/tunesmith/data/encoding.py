"""Bytes that are no UTF-8 text: what they probably are, and how to convert them."""

from __future__ import annotations

import re
from pathlib import Path
from shlex import quote
from typing import Final

from tunesmith.data.code_pages import code_page_of
from tunesmith.data.findings import Finding, shorten
from tunesmith.data.wide_text import wide_by_script, wide_encoding

HEAD_BYTES: Final = 1 << 16
BOM: Final = b"\xef\xbb\xbf"
# Where no hint stands, `tunesmith data convert` reads it.
_MAGIC: Final = (
    (b"\x1f\x8b", "a gzip archive", None),
    (b"PK\x03\x04", "a zip archive", None),
    (b"BZh", "a bzip2 archive", None),
    (b"\xfd7zXZ\0", "an xz archive", None),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive", None),
    (b"PAR1", "a Parquet table", None),
    (b"ARROW1", "an Arrow table", None),
    (
        b"\xd0\xcf\x11\xe0",
        "an old Office document",
        "save it as .xlsx or CSV, and convert that: tunesmith data convert",
    ),
    (b"SQLite format 3\0", "an SQLite database", "export the rows as CSV, and convert that: tunesmith data convert"),
    (b"%PDF", "a PDF document", "take its text out (pdftotext), then make examples of it: tunesmith data synthesize"),
)
_TABLE_HEADER: Final = re.compile(rb"\A(?:\xef\xbb\xbf)?[A-Za-z_][\w ]*(?:[,;\t][A-Za-z_][\w ]*)+\r?\n")


def foreign_bytes(path: Path, head: bytes) -> Finding | None:
    for magic, name, hint in _MAGIC:
        if head.startswith(magic):
            if magic == b"PK\x03\x04" and path.suffix.lower() == ".xlsx":
                name = "an Excel workbook"
            return Finding("unknown_format", f"the file is {name}, not JSON text", hint or _bring_in_hint(path))
    encoding = wide_encoding(head)
    if encoding is not None:
        return Finding("not_utf8", f"the file is {encoding} text, not UTF-8", _convert_hint(encoding, path))
    if path.suffix.lower() in (".csv", ".tsv") or _TABLE_HEADER.match(head):
        header = head.split(b"\n", 1)[0].strip()[:80].decode(errors="replace")
        message = f"the file is a table (CSV), not JSON: it starts with {shorten(header)}"
        return Finding("unknown_format", message, _bring_in_hint(path))
    return None


def _bring_in_hint(path: Path) -> str:
    return f"convert it: tunesmith data convert {quote(str(path))} --out NEW.jsonl"


def _convert_hint(encoding: str, path: Path) -> str:
    source, target = quote(str(path)), quote(f"{path.stem}.utf8{path.suffix}")
    return f"convert it: iconv -f {encoding} -t utf-8 {source} > {target}"


class BadBytes:
    """Describes bytes that are not UTF-8; the likely encoding is guessed once, from the bad lines near the start.

    Where there is no file at ``path``, its name is for the hint alone, and the bytes themselves must do.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._encoding: str | None = None

    def finding(self, content: bytes, error: UnicodeDecodeError) -> Finding:
        if self._encoding is None:
            self._encoding = _likely_encoding(self._bad_lines() or content[error.start :][:HEAD_BYTES])
        byte = f"byte {error.start + 1:,} of the line is 0x{content[error.start]:02X}"
        if b"\n" in content:
            byte = f"byte {error.start + 1:,} of the file is 0x{content[error.start]:02X}"
        message = f"{byte}, which is not UTF-8; the text is probably {self._encoding}"
        return Finding("not_utf8", message, _convert_hint(self._encoding, self._path))

    def _bad_lines(self) -> bytes:
        try:
            with self._path.open("rb") as file:
                return b"\n".join(line for line in file.read(HEAD_BYTES).split(b"\n")[:-1] if not _is_utf8(line))
        except FileNotFoundError:
            return b""


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


_WORD: Final = re.compile(r"\w+")
_LONGEST_WORD: Final = 24
_HIGH_RUN: Final = re.compile(rb"[\x80-\xff]+")
# The scripts that each encoding's text mostly consists of, and the share of them that makes it likely.
_SCRIPTS: Final = (
    ("SHIFT_JIS", "shift_jis", re.compile("[\u3040-\u30ff]"), 0.3),
    ("EUC-JP", "euc_jp", re.compile("[\u3040-\u30ff]"), 0.3),
    ("EUC-KR", "euc_kr", re.compile("[\uac00-\ud7a3\u3000-\u303f\uff00-\uffef]"), 0.95),
    ("GB18030", "gb18030", re.compile("[\u4e00-\u9fff\u3000-\u303f\uff00-\uffef\u2010-\u2030]"), 0.9),
    ("BIG5", "big5", re.compile("[\u4e00-\u9fff\u3000-\u303f\uff00-\uffef]"), 0.9),
)

_EAST_ASIAN: Final = frozenset(name for name, *_ in _SCRIPTS)


def _likely_encoding(content: bytes) -> str:
    """A guess: European text has single high bytes among ASCII letters, East Asian text runs of them."""
    runs = _HIGH_RUN.findall(content)
    mean_run = sum(map(len, runs)) / max(len(runs), 1)
    if mean_run >= 2:
        for name, codec, script, share in _SCRIPTS:
            text = content.decode(codec, errors="ignore")
            foreign = [character for character in text if character > "\x7f"]
            if foreign and len(script.findall(text)) >= share * len(foreign) and _is_decodable(content, codec):
                return name
    return code_page_of(content)


def _is_decodable(content: bytes, codec: str) -> bool:
    return "\ufffd" not in content[:-4].decode(codec, errors="replace")[:-2]


def text_encoding(head: bytes) -> str | None:
    """The encoding of text that begins like this, where it is not UTF-8: told by its first characters, or a guess. Text
    most of whose lines beyond ASCII are UTF-8 is that: by another encoding all of them would be garbled, not a few."""
    wide = wide_encoding(head)
    if wide is not None:
        return wide
    lines = head.split(b"\n")
    whole = lines if len(head) < HEAD_BYTES else lines[:-1] or [head[:-4]]
    beyond = [line for line in whole if not line.isascii()]
    bad = [line for line in beyond if not _is_utf8(line)]
    if len(bad) * 2 < max(len(beyond), 1):
        return None
    likely = _likely_encoding(b"\n".join(bad))
    return likely if likely in _EAST_ASIAN else wide_by_script(head) or likely


def first_words_beyond_ascii(head: bytes, encoding: str, most: int = 3) -> list[str]:
    """Words by which a person sees whether the encoding is the right one; none where the bytes leave no doubt (UTF-16)."""
    if encoding.upper().startswith(("UTF-16", "UTF-32")):
        return []
    found: dict[str, None] = {}
    for word in _WORD.findall(head.decode(encoding, errors="ignore")):
        if not word.isascii():
            found.setdefault(word[:_LONGEST_WORD])
            if len(found) == most:
                break
    return list(found)
