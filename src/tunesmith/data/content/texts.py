"""What is wrong with the texts of a file, one by one: odd characters, roles and mark-up typed in, boilerplate, harm.

Texts go in one by one and are looked at many at once. Of each rule a bounded number of findings is kept, and the others
are counted. ``Noted`` is what one judge has found, to be added to what another one has, whose texts came before.
"""

from __future__ import annotations

from typing import Final

import msgspec

from tunesmith.data.content.answers import boilerplate_in, may_hold_boilerplate
from tunesmith.data.content.characters import (
    find_curly_quotes,
    find_invisible,
    find_mojibake,
    find_replaced,
    may_be_odd,
)
from tunesmith.data.content.markers import find_mark_up, find_role_marker, may_hold_mark_up, may_hold_roles
from tunesmith.data.content.said import Said
from tunesmith.data.findings import RowPath, shorten
from tunesmith.data.harm.find import HarmFilter

MOST_OF_A_RULE: Final = 200
_BLOCK: Final = 1 << 15
_BORDER: Final = "\x1f"


class Noted(msgspec.Struct, array_like=True):
    """By rule: what was found (message, path, line), at most ``MOST_OF_A_RULE``, and how often; by phrase: how many
    answers, and the line of the first."""

    kept: dict[str, list[tuple[str, RowPath, int]]] = {}
    counts: dict[str, int] = {}
    boilerplate: dict[str, tuple[int, int]] = {}

    def note(self, rule: str, message: str, path: RowPath, line: int) -> None:
        self.counts[rule] = self.counts.get(rule, 0) + 1
        if len(kept := self.kept.setdefault(rule, [])) < MOST_OF_A_RULE:
            kept.append((message, path, line))

    def note_boilerplate(self, phrase: str, count: int, line: int) -> None:
        before, first = self.boilerplate.get(phrase, (0, line))
        self.boilerplate[phrase] = (before + count, first)

    def add(self, other: Noted) -> None:
        """What was found in texts that follow."""
        for rule, kept in other.kept.items():
            ours = self.kept.setdefault(rule, [])
            ours += kept[: MOST_OF_A_RULE - len(ours)]
            self.counts[rule] = self.counts.get(rule, 0) + other.counts[rule]
        for phrase, (count, line) in other.boilerplate.items():
            self.note_boilerplate(phrase, count, line)


class TextJudge:
    """``add`` the texts of every example, ``finish`` once; then ``noted`` holds what was found."""

    def __init__(self, harm: HarmFilter | None = None) -> None:
        self.noted = Noted()
        self._harm = harm
        self._block: list[tuple[Said, int, bool]] = []
        self._block_size = 0

    def add(self, said: list[Said], line: int, *, is_raw: bool) -> None:
        """``is_raw``: they are no messages."""
        for one in said:
            self._block.append((one, line, is_raw))
            self._block_size += len(one.text)
        if self._block_size >= _BLOCK:
            self.finish()

    def finish(self) -> None:
        """What is rare is looked for in many texts at once, and text by text only where it was found."""
        # Apart, because a text with one character more than ASCII takes its whole block to the slower ways.
        ascii = _BORDER.join(one.text for one, _, _ in self._block if one.text.isascii())
        other = _BORDER.join(one.text for one, _, _ in self._block if not one.text.isascii())
        is_odd = may_be_odd(ascii) or may_be_odd(other)
        has_roles = may_hold_roles(ascii) or may_hold_roles(other)
        has_mark_up = may_hold_mark_up(ascii) or may_hold_mark_up(other)
        has_boilerplate = may_hold_boilerplate(ascii) or may_hold_boilerplate(other)
        harm = self._harm
        if harm is not None and not harm.find(ascii) and not harm.find(other):
            harm = None
        for one, line, is_raw in self._block:
            if is_odd:
                self._judge_characters(one, line)
            if has_roles and _may_not_show_roles(one, is_raw=is_raw) and (marker := find_role_marker(one.text)):
                self.noted.note("role_marker", f"a role is typed in the text: {shorten(marker)}", one.path, line)
            if has_mark_up and one.role in ("user", "assistant") and (mark_up := find_mark_up(one.text)):
                self.noted.note("left_over_markup", f"HTML stands in the text: {mark_up}", one.path, line)
            if has_boilerplate and one.is_answer and (phrase := boilerplate_in(one.text)):
                self.noted.note_boilerplate(phrase, 1, line)
            if harm is not None:
                self._judge_harm(harm, one, line)
        self._block, self._block_size = [], 0

    def _judge_characters(self, one: Said, line: int) -> None:
        text = one.text
        if odd := find_invisible(text):
            self.noted.note("invisible_character", f"{odd.what} stands in the text", one.path, line)
        if text.isascii():
            return
        if odd := find_replaced(text):
            self.noted.note("replacement_character", f"{odd.what} stands for what could not be read", one.path, line)
        if odd := find_mojibake(text):
            message = f"{odd.what} was {shorten(odd.mended)} before it was read in a wrong encoding"
            self.noted.note("mojibake", message, one.path, line)
        if one.is_answer and (odd := find_curly_quotes(text)):
            message = f"typographic quotes stand where a program reads straight ones: {odd.what}"
            self.noted.note("typographic_quotes", message, one.path, line)

    def _judge_harm(self, harm: HarmFilter, one: Said, line: int) -> None:
        told: set[str] = set()
        for hit in harm.find(one.text):
            if hit.category not in told:
                told.add(hit.category)
                words = shorten(one.text[hit.start : hit.end])
                message = f"{words} may be harmful: {hit.category}, severity {hit.severity}"
                self.noted.note("harmful_content", message, one.path, line)


def _may_not_show_roles(one: Said, *, is_raw: bool) -> bool:
    """A raw prompt may well be a transcript, and a system message may show one."""
    return one.is_answer or (one.role in ("user", "assistant") and not is_raw)
