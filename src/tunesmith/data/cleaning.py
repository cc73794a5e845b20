"""A data file → another without personal data, with an account of every change.

Rows are read and written one by one. The policies: ``redact`` puts a tag, ``surrogate`` a value that is nobody's and the
same one each time, ``drop`` leaves the row out. Values that are nobody's already stay (``personal.reserved``): what was
cleaned once is not changed again. A row is looked at until nothing is left to take out, for a change can bring to light
what it covered; rows without a finding are copied byte for byte.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal

from tunesmith.core.errors import Problem, Problems, UserError
from tunesmith.data.encoding import HEAD_BYTES
from tunesmith.data.file_rows import FileRow, file_rows
from tunesmith.data.findings import Row
from tunesmith.data.personal.coverage import not_covered
from tunesmith.data.personal.decisions import Decisions, finding_id, place_text, row_id, with_added
from tunesmith.data.personal.kinds import tag_of
from tunesmith.data.personal.leaves import Leaf, leaves, with_leaves
from tunesmith.data.personal.reserved import is_reserved, reserved_places
from tunesmith.data.personal.scan import Scanner
from tunesmith.data.personal.spans import Places, Span
from tunesmith.data.personal.surrogates import Surrogates
from tunesmith.data.row_file import refuse_foreign_bytes
from tunesmith.data.row_writer import RowWriter
from tunesmith.data.versions import Operation, Parent, Version, read_version, write_version

Policy = Literal["redact", "surrogate", "drop"]
Progress = Callable[[int], None]
"""Told the bytes that were read since the last call."""
_MOST_ROUNDS: Final = 7
_ROUNDS_BEFORE_TAGS: Final = 3
_MOST_PROBLEMS: Final = 50
_CONTEXT: Final = 40


@dataclass(frozen=True, slots=True)
class Cleaning:
    """How to clean. ``remember`` is told (kind, surrogate, original) of each surrogate: a vault keeps them."""

    scanner: Scanner
    policy: Policy
    surrogates: Surrogates
    decisions: Decisions = field(default_factory=Decisions)
    remember: Callable[[str, str, str], None] | None = None


@dataclass(slots=True)
class Account:
    """What became of the rows and, by kind, of the findings."""

    rows_read: int = 0
    rows_changed: int = 0
    rows_dropped: int = 0
    found: Counter[str] = field(default_factory=Counter)
    replaced: Counter[str] = field(default_factory=Counter)
    left_as_nobodys: Counter[str] = field(default_factory=Counter)
    left_as_decided: Counter[str] = field(default_factory=Counter)
    not_covered: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "rows_read": self.rows_read, "rows_changed": self.rows_changed, "rows_dropped": self.rows_dropped,
            "rows_written": self.rows_read - self.rows_dropped, "found": dict(self.found), "replaced": dict(self.replaced),
            "left_as_nobodys": dict(self.left_as_nobodys), "left_as_decided": dict(self.left_as_decided),
            "not_covered": list(self.not_covered),
        }  # fmt: skip

    def as_counts(self) -> dict[str, int]:
        counts = {"rows_read": self.rows_read, "rows_changed": self.rows_changed, "rows_dropped": self.rows_dropped}
        counts |= {f"found_{kind}": count for kind, count in sorted(self.found.items())}
        return counts | {f"replaced_{kind}": count for kind, count in sorted(self.replaced.items())}


@dataclass(frozen=True, slots=True)
class Listed:
    """One finding for a person to judge. ``id`` is stable: of the file's line, the place and the kind."""

    id: str
    kind: str
    line: int
    place: str
    start: int
    end: int
    value: str
    before: str
    after: str
    source: str
    confidence: float
    is_nobodys: bool

    def as_json(self, *, masked: bool) -> dict[str, Any]:
        """``masked``: without the value, and with the findings around it covered as well as can be."""
        shown = {name: getattr(self, name) for name in self.__slots__}
        return shown | {"value": _masked(self.value), "before": "", "after": ""} if masked else shown


def clean_file(
    source: Path, out: Path, cleaning: Cleaning, *, overwrite: bool = False, progress: Progress | None = None
) -> Account:
    """Raises UserError where ``out`` may not be written, Problems where a line of ``source`` is no row."""
    refuse_output(source, out, overwrite=overwrite)
    account, digest = Account(), sha256()
    with RowWriter(out) as writer:
        for row in object_rows(source, _updates(digest.update, progress)):
            cleaned = clean_row(row.value, row_id(row.line, row.text), cleaning, account)
            if cleaned is row.value and "\n" not in row.text:
                writer.write_line(row.text.encode())
            elif cleaned is not None:
                writer.write(cleaned)
    account.not_covered = not_covered(cleaning.scanner.kinds, len(cleaning.scanner.recognizers))
    parent = read_version(source)
    write_version(
        out,
        Version(
            writer.sha256, writer.num_rows, writer.num_bytes, (Parent(source.name, digest.hexdigest()),),
            (Operation("clean", _parameters(cleaning), account.as_counts()),),
            parent.licence if parent else None, parent.source if parent else None,
        ),
    )  # fmt: skip
    return account


def survey_file(source: Path, cleaning: Cleaning, progress: Progress | None = None) -> Account:
    """What ``clean_file`` would do, and nothing written."""
    account = Account()
    for row in object_rows(source, _updates(None, progress)):
        clean_row(row.value, row_id(row.line, row.text), cleaning, account)
    account.not_covered = not_covered(cleaning.scanner.kinds, len(cleaning.scanner.recognizers))
    return account


def list_findings(source: Path, scanner: Scanner, progress: Progress | None = None) -> Iterator[Listed]:
    """Every finding of the file, in its order."""
    for row in object_rows(source, _updates(None, progress)):
        this = row_id(row.line, row.text)
        for leaf, spans in scanner.find_in_row(row.value).items():
            places = Places(reserved_places(leaf.text))
            for span in spans:
                yield _listed(row.line, this, leaf, span, is_nobodys=_is_nobodys(leaf, span, places))


def clean_row(
    row: dict[str, Any], this: str, cleaning: Cleaning, account: Account | None = None
) -> dict[str, Any] | None:
    """The row itself where nothing is to be done, a changed copy, or None where it is dropped. ``this`` is its id."""
    account = account or Account()
    account.rows_read += 1
    cleaned, spared = row, set[str]()
    for number in range(_MOST_ROUNDS):
        targets = _targets(cleaned, this, cleaning, account, spared, is_first=number == 0)
        if not targets:
            break
        if cleaning.policy == "drop":
            account.rows_dropped += 1
            return None
        use_tags = cleaning.policy == "redact" or number >= _ROUNDS_BEFORE_TAGS
        cleaned = with_leaves(
            cleaned, {leaf: _replaced(leaf, spans, cleaning, use_tags) for leaf, spans in targets.items()}
        )
        account.replaced.update(span.kind for spans in targets.values() for span in spans)
    account.rows_changed += cleaned is not row
    return cleaned


def object_rows(source: Path, update: Callable[[bytes], None]) -> Iterator[FileRow]:
    """The rows of a file, all of them objects. Raises UserError where it cannot be read; Problems, at its end, where some are
    no objects."""
    try:
        with source.open("rb") as file:
            refuse_foreign_bytes(source, file.read(HEAD_BYTES))
    except OSError as error:
        raise UserError(f"{source} cannot be read: {error.strerror}.", "check its name and its permissions") from None
    problems: list[Problem] = []
    num_bad = 0
    for row in file_rows(source, update):
        if isinstance(row.value, dict):
            yield row
            continue
        num_bad += 1
        if len(problems) < _MOST_PROBLEMS:
            problems.append(_bad_row(source, row))
    if num_bad:
        raise Problems(
            f"{source} has {num_bad:,} lines that are no rows; nothing was written.",
            problems, f"mend them first: tunesmith data check {source}",
        )  # fmt: skip


def refuse_output(source: Path, out: Path, *, overwrite: bool) -> None:
    if out.exists() and source.exists() and out.samefile(source):
        raise UserError(f"{out} is the input; a data file is never changed in place.", "name another --out")
    if out.exists() and not overwrite:
        raise UserError(f"{out} exists already.", "name another --out, or add --overwrite")


def _targets(
    row: Row, this: str, cleaning: Cleaning, account: Account, spared: set[str], *, is_first: bool
) -> dict[Leaf, list[Span]]:
    """What is to be taken out of each text; all else that was found is only counted, once."""
    found = cleaning.scanner.find_in_row(row)
    if added := cleaning.decisions.added:
        for leaf in leaves(row):
            if more := with_added(leaf.text, found.get(leaf, ()), added):
                found[leaf] = more
    targets: dict[Leaf, list[Span]] = {}
    for leaf, spans in found.items():
        places = Places(reserved_places(leaf.text))
        for span in spans:
            value = leaf.text[span.start : span.end]
            if is_first and cleaning.decisions.spares(this, leaf, span):
                spared.add(value)
            left = account.left_as_decided if value in spared else account.left_as_nobodys
            if value not in spared and not _is_nobodys(leaf, span, places):
                targets.setdefault(leaf, []).append(span)
            elif is_first:
                left[span.kind] += 1
            else:
                continue
            account.found[span.kind] += 1
    return targets


def _is_nobodys(leaf: Leaf, span: Span, places: Places) -> bool:
    if leaf.is_thread and leaf.text.startswith("thread-"):
        return True
    if places.touch(span.start, span.end):
        return True
    return is_reserved(span.kind, leaf.text[span.start : span.end])


def _replaced(leaf: Leaf, spans: Sequence[Span], cleaning: Cleaning, use_tags: bool) -> str:
    if leaf.is_thread:
        return cleaning.surrogates.thread(leaf.text)
    changed, end = "", 0
    for span in spans:
        value = leaf.text[span.start : span.end]
        changed += leaf.text[end : span.start] + _stand_in(leaf, span.kind, value, cleaning, use_tags)
        end = span.end
    return changed + leaf.text[end:]


def _stand_in(leaf: Leaf, kind: str, value: str, cleaning: Cleaning, use_tags: bool) -> str:
    stand_in = tag_of(kind) if use_tags else cleaning.surrogates.of(kind, value)
    if leaf.is_message_name:
        stand_in = "".join(sign if sign.isalnum() or sign == "-" else "_" for sign in stand_in).strip("_")
    if cleaning.remember and stand_in != tag_of(kind):
        cleaning.remember(kind, stand_in, value)
    return stand_in


def _parameters(cleaning: Cleaning) -> dict[str, Any]:
    """The key is not among them."""
    return {
        "policy": cleaning.policy,
        "kinds": sorted(cleaning.scanner.kinds),
        "num_recognizers": len(cleaning.scanner.recognizers),
        "num_decisions": len(cleaning.decisions.by_id) + len(cleaning.decisions.by_value),
    }


def _listed(line: int, this: str, leaf: Leaf, span: Span, *, is_nobodys: bool) -> Listed:
    text = leaf.text
    return Listed(
        finding_id(this, leaf, span), span.kind, line, place_text(leaf), span.start, span.end, text[span.start : span.end],
        text[max(0, span.start - _CONTEXT) : span.start], text[span.end : span.end + _CONTEXT], span.source, span.confidence,
        is_nobodys,
    )  # fmt: skip


def _masked(value: str) -> str:
    """The first sign, and a dot for each other one."""
    return value[:1] + "•" * min(len(value) - 1, 12)


def _bad_row(source: Path, row: FileRow) -> Problem:
    if not row.faults:
        return Problem(
            "not_an_object", "the row is no JSON object", "write each row as {…}", "error", str(source), row.line
        )
    fault = row.faults[-1]
    line, column, byte = row.position(fault.offset)
    finding = fault.finding
    return Problem(finding.rule, finding.message, finding.hint, "error", str(source), line, column, byte_column=byte)


def _updates(update: Callable[[bytes], None] | None, progress: Progress | None) -> Callable[[bytes], None]:
    def read(content: bytes) -> None:
        if update:
            update(content)
        if progress:
            progress(len(content))

    return read


def counted(counts: Mapping[str, int]) -> str:
    """``3 email, 2 phone``."""
    return ", ".join(f"{count:,} {kind}" for kind, count in sorted(counts.items())) or "none"
