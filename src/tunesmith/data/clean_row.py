"""One row without personal data, and an account of every change.

The policies: ``redact`` puts a tag, ``surrogate`` a value that is nobody's and the same one each time, ``drop`` leaves
the row out. Values that are nobody's already stay (``personal.reserved``): what was cleaned once is not changed again.
A row is looked at until nothing is left to take out, for a change can bring to light what it covered.

What holds after each look: a stand-in is put once, for a value of the row as it came. It is known for nobody's by its own
form, whatever a detector takes it for in its place (``reserved.is_stand_in``); where one is not, its tag stands instead,
which no detector takes for anything. So nothing that was made here is found again, now or when the result is cleaned anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import add
from typing import Any, Final, Literal

from tunesmith.data.file_rows import FileRow
from tunesmith.data.findings import Row, RowPath
from tunesmith.data.personal.changed_text import ChangedText
from tunesmith.data.personal.decisions import Decisions, finding_id, place_text, row_id, with_added
from tunesmith.data.personal.kinds import KINDS, tag_of
from tunesmith.data.personal.leaves import Leaf, leaves, with_leaves
from tunesmith.data.personal.reserved import WORDS_BEFORE, is_reserved, is_stand_in, reserved_places
from tunesmith.data.personal.scan import Scanner
from tunesmith.data.personal.spans import Places, Span
from tunesmith.data.personal.surrogates import Surrogates
from tunesmith.data.personal.vault import TextEdits, Vault, edit_between
from tunesmith.data.row_texts import texts

Policy = Literal["redact", "surrogate", "drop"]
_MOST_ROUNDS: Final = 7
_ROUNDS_BEFORE_TAGS: Final = 3
_CONTEXT: Final = 40


@dataclass(frozen=True, slots=True)
class Cleaning:
    """How to clean. ``vault`` is told of each surrogate and of each row that was changed."""

    scanner: Scanner
    policy: Policy
    surrogates: Surrogates
    decisions: Decisions = field(default_factory=Decisions)
    vault: Vault | None = None


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

    @property
    def rows(self) -> tuple[int, int, int]:
        return self.rows_read, self.rows_changed, self.rows_dropped

    @property
    def counts(self) -> tuple[Counter[str], Counter[str], Counter[str], Counter[str]]:
        return self.found, self.replaced, self.left_as_nobodys, self.left_as_decided

    def add(self, rows: tuple[int, int, int], counts: Sequence[Mapping[str, int]]) -> None:
        """Those of other rows."""
        self.rows_read, self.rows_changed, self.rows_dropped = map(add, self.rows, rows)
        for ours, theirs in zip(self.counts, counts, strict=True):
            ours.update(theirs)

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


def clean_row(
    row: dict[str, Any], this: str, cleaning: Cleaning, account: Account | None = None
) -> dict[str, Any] | None:
    """The row itself where nothing is to be done, a changed copy, or None where it is dropped. ``this`` is its id."""
    account = account or Account()
    account.rows_read += 1
    cleaned, changed, spared = row, dict[_Where, ChangedText](), set[str]()
    for number in range(_MOST_ROUNDS):
        targets = _targets(cleaned, this, cleaning, account, spared, is_first=number == 0)
        if not targets:
            break
        if cleaning.policy == "drop":
            account.found.update(span.kind for spans in targets.values() for span in spans)
            account.rows_dropped += 1
            return None
        replaced = _replace(targets, changed, cleaning, use_tags=number >= _ROUNDS_BEFORE_TAGS)
        account.found.update(replaced)
        account.replaced.update(replaced)
        cleaned = with_leaves(row, {text.leaf: text.text for text in changed.values()})
    account.rows_changed += cleaned is not row
    if cleaning.vault is not None:
        _remember(row, cleaned, changed, cleaning.vault)
    return cleaned


def found_in(row: FileRow, scanner: Scanner) -> Iterator[Listed]:
    this = row_id(row.line, row.text)
    for leaf, spans in scanner.find_in_row(row.value).items():
        places = Places(reserved_places(leaf.text))
        for span in spans:
            yield _listed(row.line, this, leaf, span, is_nobodys=_is_nobodys(leaf, span, places))


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
            if value not in spared and not _is_nobodys(leaf, span, places):
                targets.setdefault(leaf, []).append(span)
            elif is_first:
                left = account.left_as_decided if value in spared else account.left_as_nobodys
                left[span.kind] += 1
                account.found[span.kind] += 1
    return targets


_Where = tuple[RowPath, RowPath | None]


def _replace(
    targets: Mapping[Leaf, Sequence[Span]], changed: dict[_Where, ChangedText], cleaning: Cleaning, *, use_tags: bool
) -> list[str]:
    """The kinds of what is newly replaced."""
    replaced: list[str] = []
    for leaf, spans in targets.items():
        text = changed.setdefault((leaf.path, leaf.inside), ChangedText(leaf))
        if leaf.is_thread:
            text.put_whole(cleaning.surrogates.thread(leaf.text))
            replaced += [span.kind for span in spans]
            continue
        tag = _stand_ins(leaf, cleaning, use_tags=True)
        replaced += text.put(spans, _stand_ins(leaf, cleaning, use_tags=use_tags), tag)
    return replaced


def _is_nobodys(leaf: Leaf, span: Span, places: Places) -> bool:
    if leaf.is_thread and leaf.text.startswith("thread-"):
        return True
    if places.touch(span.start, span.end):
        return True
    value = leaf.text[span.start : span.end]
    if is_reserved(span.kind, value):
        return True
    return is_stand_in(value, f"{leaf.key} {leaf.text[max(0, span.start - WORDS_BEFORE) : span.start]}")


def _stand_ins(leaf: Leaf, cleaning: Cleaning, *, use_tags: bool) -> Callable[[str, str], str]:
    def stand_in(kind: str, value: str) -> str:
        is_tag = use_tags or cleaning.policy == "redact"
        text = tag_of(kind) if is_tag else cleaning.surrogates.of(kind, value)
        if leaf.is_message_name:
            return "".join(sign if sign.isalnum() or sign == "-" else "_" for sign in text).strip("_")
        return text

    return stand_in


def _remember(row: Row, cleaned: Row, changed: Mapping[_Where, ChangedText], vault: Vault) -> None:
    for text in changed.values():
        for stand_in in text.stand_ins:
            if stand_in.kind in KINDS and tag_of(stand_in.kind).strip("[]") != stand_in.text.strip("[]"):
                vault.remember(stand_in.kind, stand_in.text, text.original(stand_in))
    vault.remember_row(cleaned, list(_row_edits(row, cleaned, changed)))


def _row_edits(row: Row, cleaned: Row, changed: Mapping[_Where, ChangedText]) -> Iterator[TextEdits]:
    opened = {path for path, inside in changed if inside is not None}
    for (path, inside), text in changed.items():
        if inside is None:
            yield path, list(text.edits())
    if opened:
        before = dict(texts(row))
        for path, text_now in texts(cleaned):
            if path in opened:
                yield path, [edit_between(text_now, before[path])]


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


def counted(counts: Mapping[str, int]) -> str:
    """``3 email, 2 phone``."""
    return ", ".join(f"{count:,} {kind}" for kind, count in sorted(counts.items())) or "none"
