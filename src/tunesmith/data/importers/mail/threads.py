"""Which message each one answers.

First by the ids of the headers, the nearest that is there. Where none is: by subject, when the words before it or a
ticket's number make it a reply, its reader wrote the other one, and that was at most 30 days earlier. Takes envelopes,
gives for each the index of its parent or None; no message is its own ancestor.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from tunesmith.data.importers.mail.envelopes import Envelope

SUBJECT_WINDOW_SECONDS: Final = 30 * 86_400
_CLOCK_SKEW_SECONDS: Final = 3_600
MAX_CHAIN: Final = 200


def parents(envelopes: Sequence[Envelope]) -> list[int | None]:
    by_id = {envelope.message_id: index for index, envelope in enumerate(envelopes) if envelope.message_id}
    found = [next((by_id[one] for one in envelope.answers if one in by_id), None) for envelope in envelopes]
    found = [None if parent == index else parent for index, parent in enumerate(found)]
    _by_subject(envelopes, found)
    _without_circles(found)
    return found


def chain(parents: Sequence[int | None], index: int) -> list[int]:
    """The messages that led to this one, the oldest first and this one last; at most 200."""
    found = [index]
    while (parent := parents[found[-1]]) is not None and len(found) < MAX_CHAIN:
        found.append(parent)
    return found[::-1]


def _by_subject(envelopes: Sequence[Envelope], found: list[int | None]) -> None:
    """Fills in the parent of replies whose headers name none that is there."""
    orphans = {index for index, parent in enumerate(found) if parent is None and _may_answer(envelopes[index])}
    wanted = {(reader, envelopes[index].subject_key) for index in orphans for reader in envelopes[index].recipients}
    written: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for index, envelope in enumerate(envelopes):
        if (key := (envelope.sender, envelope.subject_key)) in wanted:
            written[key].append((envelope.sent_at or 0, index))
    for messages in written.values():
        messages.sort()
    for index in orphans:
        found[index] = _latest_before(envelopes, index, written)


def _may_answer(envelope: Envelope) -> bool:
    return bool(envelope.subject_key and envelope.sender) and (envelope.is_reply or bool(envelope.answers))


def _latest_before(
    envelopes: Sequence[Envelope], index: int, written: dict[tuple[str, str], list[tuple[int, int]]]
) -> int | None:
    reply = envelopes[index]
    best: tuple[int, int] | None = None
    for reader in dict.fromkeys(reply.recipients):
        if reader == reply.sender:
            continue
        messages = written.get((reader, reply.subject_key), [])
        if reply.sent_at is None:
            candidate = next((one for one in reversed(messages) if one[1] < index), None)
        else:
            at = bisect_right(messages, (reply.sent_at + _CLOCK_SKEW_SECONDS, index)) - 1
            candidate = messages[at] if at >= 0 and _in_window(messages[at][0], reply.sent_at) else None
        if candidate and (best is None or candidate > best):
            best = candidate
    return best[1] if best else None


def _in_window(sent_at: int, replied_at: int) -> bool:
    return sent_at == 0 or replied_at - sent_at <= SUBJECT_WINDOW_SECONDS


def _without_circles(found: list[int | None]) -> None:
    """Ids are whatever a sender wrote: of messages that answer each other in a ring, one loses its parent."""
    is_done = bytearray(len(found))
    for start in range(len(found)):
        path: list[int] = []
        on_path: set[int] = set()
        index: int | None = start
        while index is not None and not is_done[index]:
            if index in on_path:
                found[path[-1]] = None
                break
            path.append(index)
            on_path.add(index)
            index = found[index]
        for seen in path:
            is_done[seen] = 1
