"""A text or a row → its spans. The one door to all detectors.

Each detector looks for a cheap sign first (a digit, ``@``, a word), so that ordinary text costs little. A row is read
twice: names that one of its texts gives away are then found in the others too, where nothing gives them away.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from tunesmith.data.findings import Row
from tunesmith.data.personal import addresses, marked, numbers, worded
from tunesmith.data.personal.chinese_names import chinese_names
from tunesmith.data.personal.kinds import KINDS
from tunesmith.data.personal.leaves import Leaf, leaves
from tunesmith.data.personal.name_lists import ALSO_WORDS, NOT_NAMES, TITLES
from tunesmith.data.personal.names import names
from tunesmith.data.personal.phones import phones
from tunesmith.data.personal.secrets import secrets
from tunesmith.data.personal.spans import Recognizer, Span, without_overlaps

Detector = Callable[[str], Iterator[Span]]
LOWEST_CONFIDENCE: Final = 0.5

_DIGITS: Final = re.compile(r"[0-9](?:[^A-Za-z\n]{0,2}[0-9]){3}")
_SIGNS: Final = re.compile(r"[@:/\\]|\([aA][tT]\)|[\[{][aA][tT][\]}]|-[0-9A-Fa-f]{2}-")
_WITH_DIGITS: Final[tuple[tuple[frozenset[str], Detector], ...]] = tuple(
    (frozenset(kinds.split()), detector)
    for kinds, detector in (
        ("card cn_id us_ssn company_id national_id", numbers.numbers),
        ("iban", numbers.ibans),
        ("phone", phones),
        ("ip", marked.ip_addresses),
        ("birth_date", worded.birth_dates),
        ("coordinates", marked.coordinates),
    )
)
_WITH_SIGNS: Final[tuple[tuple[frozenset[str], Detector], ...]] = tuple(
    (frozenset(kinds.split()), detector)
    for kinds, detector in (
        ("email", marked.emails),
        ("mac", marked.mac_addresses),
        ("ip", marked.ip_with_letters),
        ("account", marked.accounts_in_links),
        ("user_folder", marked.home_folders),
    )
)
_CHINESE: Final[tuple[tuple[frozenset[str], Detector], ...]] = tuple(
    (frozenset(kinds.split()), detector)
    for kinds, detector in (
        ("name", chinese_names),
        ("address", addresses.chinese_addresses),
        ("plate", worded.plates),
    )
)
_ANYWHERE: Final[tuple[tuple[frozenset[str], Detector], ...]] = tuple(
    (frozenset(kinds.split()), detector)
    for kinds, detector in (
        ("name", names),
        ("address", addresses.addresses),
        ("passport driver_licence account", worded.documents_and_accounts),
        ("national_id", numbers.codici_fiscali),
        ("crypto", marked.crypto_addresses),
        ("secret", secrets),
    )
)


class Scanner:
    """What is looked for, and by whom. ``recognizers`` are the user's models; kinds of their own are always kept."""

    def __init__(self, kinds: Iterable[str] = KINDS, recognizers: Sequence[Recognizer] = ()) -> None:
        self.kinds = frozenset(kinds)
        self.recognizers = tuple(recognizers)
        self._with_digits, self._with_signs, self._chinese, self._anywhere = (
            [detector for found, detector in detectors if found & self.kinds]
            for detectors in (_WITH_DIGITS, _WITH_SIGNS, _CHINESE, _ANYWHERE)
        )

    def find(self, text: str) -> list[Span]:
        """In the text's order, without overlaps."""
        return self.find_all([text])[0]

    def find_all(self, texts: Sequence[str]) -> list[list[Span]]:
        found = [list(self._detected(text)) for text in texts]
        for recognizer in self.recognizers:
            for spans, more in zip(found, recognizer.find(texts), strict=True):
                spans += (span for span in more if span.kind in self.kinds or span.kind not in KINDS)
        return [without_overlaps(spans) for spans in found]

    def find_in_row(self, row: Row) -> dict[Leaf, list[Span]]:
        """Of each text of the row that holds any."""
        texts = list(leaves(row))
        said = [f"{leaf.key}: {leaf.text}" if leaf.key else leaf.text for leaf in texts]
        found: dict[Leaf, list[Span]] = {}
        for leaf, spans in zip(texts, self.find_all(said), strict=True):
            offset = len(leaf.key) + 2 if leaf.key else 0
            found[leaf] = [
                Span(span.kind, span.start - offset, span.end - offset, span.source, span.confidence)
                for span in spans
                if span.start >= offset
            ]
        if "name" in self.kinds:
            _add_people(found)
            _add_echoes(found)
        return {leaf: spans for leaf, spans in found.items() if spans}

    def _detected(self, text: str) -> Iterator[Span]:
        detectors = list(self._anywhere)
        if _DIGITS.search(text):
            detectors += self._with_digits
        if _SIGNS.search(text):
            detectors += self._with_signs
        if not text.isascii():
            detectors += self._chinese
        for detector in detectors:
            for span in detector(text):
                if span.confidence >= LOWEST_CONFIDENCE and span.kind in self.kinds and span.start < span.end:
                    yield span


_PERSON: Final = re.compile(r"[^,;，；、<>\"\n@]{2,60}")


def _add_people(found: dict[Leaf, list[Span]]) -> None:
    """What ``metadata`` says who wrote and who was written to is a name without any sign."""
    for leaf, spans in found.items():
        if leaf.holds_people:
            for person in _PERSON.finditer(leaf.text):
                bare = person[0].strip()
                start = person.start() + person[0].index(bare) if bare else 0
                if bare and any(map(str.isalpha, bare)) and bare not in ("[NAME]", "NAME"):
                    spans.append(Span("name", start, start + len(bare), "metadata", 0.95))
            found[leaf] = without_overlaps(span for span in spans if _is_outside_of_addresses(span, leaf.text))


def _is_outside_of_addresses(span: Span, text: str) -> bool:
    return span.kind != "name" or text[span.end : span.end + 1] != "@"


def _add_echoes(found: dict[Leaf, list[Span]]) -> None:
    people = {
        leaf.text[span.start : span.end]
        for leaf, spans in found.items()
        for span in spans
        if span.kind == "name" and span.confidence >= 0.7
    }
    known = {name for person in people for name in _echoes(person)}
    if not known:
        return
    for leaf, spans in found.items():
        echoes = [
            Span("name", start, start + len(name), "the same row", 0.6)
            for name in sorted(known)[:_MOST_ECHOED]
            if name in leaf.text
            for start in _whole_words(leaf.text, name)
        ]
        if echoes:
            found[leaf] = without_overlaps([*spans, *echoes])


_MOST_ECHOED: Final = 200


def _whole_words(text: str, name: str) -> Iterator[int]:
    """Where the name starts and no letter or digit goes on before or behind it; Chinese has no such borders."""
    start = text.find(name)
    while start >= 0:
        end = start + len(name)
        if not name.isascii() or not (text[start - 1 : start].isalnum() or text[end : end + 1].isalnum()):
            yield start
        start = text.find(name, end)


def _echoes(person: str) -> Iterator[str]:
    """The whole name, and each of its words that is no common one; as they stand, and in capitals or without."""
    yield from _in_either_case(person)
    words = person.split()
    if len(words) > 1:
        for word in words:
            small = word.lower().strip(".")
            if len(small) > 2 and word[0].isupper() and small not in NOT_NAMES | TITLES | ALSO_WORDS:
                yield from _in_either_case(word)


def _in_either_case(name: str) -> Iterator[str]:
    yield name
    if len(name) > 2 and (other := name.title() if name.isupper() else name.upper()) != name:
        yield other


def counts_by_kind(found: Mapping[Leaf, Sequence[Span]]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for spans in found.values():
        for span in spans:
            counts[span.kind] = counts.get(span.kind, 0) + 1
    return counts
