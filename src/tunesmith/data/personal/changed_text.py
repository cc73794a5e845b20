"""A text with stand-ins in the places of what was found. It knows where each stands, so that no later look takes what was
put there for something to be replaced once more, and so that the way back is known to the letter."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from tunesmith.data.personal.leaves import Leaf
from tunesmith.data.personal.spans import Span

Name = Callable[[str, str], str]
"""Kind and value → what stands in for it."""
_THREAD: Final = "thread"


@dataclass(slots=True)
class StandIn:
    """In the place of ``text[start:end]`` of the text as it was."""

    kind: str
    start: int
    end: int
    text: str


@dataclass(slots=True)
class ChangedText:
    """``leaf`` is as it was; ``stand_ins`` are in its order and do not overlap."""

    leaf: Leaf
    stand_ins: list[StandIn] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self._parts())

    def original(self, stand_in: StandIn) -> str:
        return self.leaf.text[stand_in.start : stand_in.end]

    def edits(self) -> Iterator[tuple[int, int, str]]:
        """What makes the changed text the original again: where, in the changed one, and what is to stand there."""
        for start, end, stand_in in self._places():
            yield start, end, self.original(stand_in)

    def put(self, spans: Sequence[Span], stand_in_for: Name, tag_for: Name) -> list[str]:
        """The kinds of what is now replaced and was not before. ``spans``: of the text as it is now, in its order. One that
        touches a stand-in says that a detector takes it for something else: there its tag stands from now on, which none does.
        """
        places, new = list(self._places()), list[StandIn]()
        place = moved = 0
        for span in spans:
            while place < len(places) and places[place][1] <= span.start:
                start, end, stand_in = places[place]
                moved += stand_in.end - stand_in.start - (end - start)
                place += 1
            touched = place
            while touched < len(places) and places[touched][0] < span.end:
                stand_in = places[touched][2]
                stand_in.text = tag_for(stand_in.kind, self.original(stand_in))
                touched += 1
            if touched == place:
                new.append(StandIn(span.kind, span.start + moved, span.end + moved, ""))
        for stand_in in new:
            stand_in.text = stand_in_for(stand_in.kind, self.original(stand_in))
        self.stand_ins = sorted([*self.stand_ins, *new], key=lambda stand_in: stand_in.start)
        return [stand_in.kind for stand_in in new]

    def put_whole(self, text: str) -> None:
        self.stand_ins = [StandIn(_THREAD, 0, len(self.leaf.text), text)]

    def _places(self) -> Iterator[tuple[int, int, StandIn]]:
        """Where each stands in the changed text."""
        moved = 0
        for stand_in in self.stand_ins:
            start = stand_in.start + moved
            yield start, start + len(stand_in.text), stand_in
            moved += len(stand_in.text) - (stand_in.end - stand_in.start)

    def _parts(self) -> Iterator[str]:
        end = 0
        for stand_in in self.stand_ins:
            yield self.leaf.text[end : stand_in.start]
            yield stand_in.text
            end = stand_in.end
        yield self.leaf.text[end:]
