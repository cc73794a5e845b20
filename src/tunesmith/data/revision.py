"""A file's bytes with some lines changed or taken away. No more than a piece of the file is held in memory.

Takes the bytes in pieces, the lines that shall read otherwise and, in order, those that shall go; gives the new bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping


class Revision:
    """``pieces`` may be taken once; then ``num_lines`` is known, and how many lines were edited and dropped."""

    def __init__(self, edits: Mapping[int, bytes | None], dropped: Iterable[int] = ()) -> None:
        """``edits``: line → its new text without a line feed, or None to drop it. They go before ``dropped``."""
        self.num_lines = self.num_edited = self.num_dropped = 0
        self._edits = edits
        self._edited = iter(sorted(edits))
        self._dropped = iter(dropped)
        self._next_edit, self._next_drop = next(self._edited, None), next(self._dropped, None)

    def pieces(self, source: Iterable[bytes]) -> Iterator[bytes]:
        line, is_within, is_passed_on = 0, False, True
        for piece in source:
            ends = piece.count(b"\n")
            if is_passed_on and not self._concerns(line + (not is_within), line + ends + 1):
                yield piece
                line += ends + (not is_within) - piece.endswith(b"\n")
                is_within = not piece.endswith(b"\n")
                continue
            kept = bytearray()
            for part in _lines(piece):
                if not is_within:
                    line += 1
                    is_passed_on, instead = self._judge(line)
                    kept += instead
                if is_passed_on:
                    kept += part
                is_within = not part.endswith(b"\n")
            yield bytes(kept)
        self.num_lines = line

    def _concerns(self, first: int, last: int) -> bool:
        """Whether a line from ``first`` to ``last`` is changed; those before are behind us."""
        while self._next_drop is not None and self._next_drop < first:
            self._next_drop = next(self._dropped, None)
        return any(line is not None and line <= last for line in (self._next_edit, self._next_drop))

    def _judge(self, line: int) -> tuple[bool, bytes]:
        """Whether the line stays as it is, and what stands in its place."""
        while self._next_drop is not None and self._next_drop < line:
            self._next_drop = next(self._dropped, None)
        if line == self._next_edit:
            self._next_edit = next(self._edited, None)
            text = self._edits[line]
            if text is None:
                self.num_dropped += 1
                return False, b""
            self.num_edited += 1
            return False, text + b"\n"
        if line == self._next_drop:
            self.num_dropped += 1
            return False, b""
        return True, b""


def _lines(piece: bytes) -> Iterator[bytes]:
    *whole, rest = piece.split(b"\n")
    yield from (line + b"\n" for line in whole)
    if rest:
        yield rest
