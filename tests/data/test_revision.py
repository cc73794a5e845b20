"""A revised file equals its lines edited one by one, however its bytes come."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tunesmith.data.revision import Revision


def revised(pieces: list[bytes], edits: dict[int, bytes | None], dropped: list[int]) -> tuple[bytes, Revision]:
    revision = Revision(edits, dropped)
    return b"".join(revision.pieces(pieces)), revision


def plainly(content: bytes, edits: dict[int, bytes | None], dropped: list[int]) -> tuple[bytes, int, int]:
    out, num_edited, num_dropped = b"", 0, 0
    lines = content.split(b"\n")
    whole = [line + b"\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    for number, line in enumerate(whole, start=1):
        if number in edits:
            text = edits[number]
            num_edited += text is not None
            num_dropped += text is None
            out += b"" if text is None else text + b"\n"
        elif number in dropped:
            num_dropped += 1
        else:
            out += line
    return out, num_edited, num_dropped


@given(
    content=st.lists(st.sampled_from([b"a", b"\n", b"\r\n", b"long line", b"\n\n"]), max_size=30).map(b"".join),
    cuts=st.lists(st.integers(0, 60), max_size=6),
    edits=st.dictionaries(st.integers(1, 25), st.sampled_from([None, b"new", b"{}"]), max_size=4),
    dropped=st.sets(st.integers(1, 25), max_size=6),
)
def test_a_revision_equals_lines_edited_one_by_one(
    content: bytes, cuts: list[int], edits: dict[int, bytes | None], dropped: set[int]
) -> None:
    borders = sorted({0, len(content), *(cut for cut in cuts if cut < len(content))})
    pieces = [content[a:b] for a, b in pairwise(borders)]
    expected = plainly(content, edits, sorted(dropped))
    found, revision = revised(pieces, edits, sorted(dropped))
    assert (found, revision.num_edited, revision.num_dropped) == expected


def test_lines_are_counted() -> None:
    for content, num_lines in ((b"", 0), (b"a", 1), (b"a\n", 1), (b"a\n\nb", 3)):
        assert revised([content] if content else [], {}, [])[1].num_lines == num_lines
