"""A letter without its ending: closing words and name, business card, "Sent from my phone", legal notice.

Takes the author's own words and the name and address that the header gives; gives the letter, and the lines that
went, since names stand there. What only might be a signature stays: a closing counts where short lines follow to the end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from tunesmith.data.importers.mail import signature_rules as rules

_MOST_LINES: Final = 14
"""Of a signature without a separator, blank ones not counted."""
_LONGEST_LINE: Final = 100
_DISCLAIMER_LINES: Final = 60
_PROGRAM_LINES: Final = 20
_LONGEST_NAME: Final = 40
_WORD: Final = re.compile(r"\w{2,}")


@dataclass(frozen=True, slots=True)
class Signed:
    """``text`` is the letter; ``signature`` the lines below it that went."""

    text: str
    signature: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Who signed: the first line that reads like a name, or nothing."""
        for line in self.signature:
            if closing := rules.CLOSING_AND_NAME.match(line[:_LONGEST_LINE]):
                return closing["name"]
            name = line.strip(" -–—/*_,")
            if 1 < len(name) <= _LONGEST_NAME and _reads_like_name(name) and not rules.CLOSING.match(line):
                return name
        return ""


def unsigned(text: str, name: str = "", address: str = "") -> Signed:
    """``name`` and ``address`` of the author, as far as they are known."""
    lines = text.rstrip().split("\n")
    end = _without_disclaimer(lines, _without_separated(lines))
    end = _without_programs(lines, end)
    end = _without_closing(lines, end, _names_of(name, address))
    end = _without_programs(lines, end)
    kept, gone = lines[:end], lines[end:]
    notes = _footnotes(gone)
    last = max(len(kept) - _PROGRAM_LINES, 0)
    body = kept[:last] + [line for line in kept[last:] if not _is_program(line)]
    whole = "\n".join([*body, *([""] if notes else []), *notes])
    return Signed(re.sub(r"\n{3,}", "\n\n", whole).strip(), tuple(line.strip() for line in gone if line.strip()))


def _footnotes(lines: list[str]) -> list[str]:
    """``[1] https://…``, with the lines that each goes on for."""
    notes: list[str] = []
    for line in lines:
        if rules.FOOTNOTE.match(line) or (notes and notes[-1]):
            notes.append(line.strip())
    return notes


def _names_of(name: str, address: str) -> frozenset[str]:
    """Words that a signature may begin with: the parts of the name; of the address, what stands before the @."""
    words = _WORD.findall(name.casefold()) + ([name.casefold()] if name and len(name) <= 4 else [])
    local = address.partition("@")[0].casefold()
    return frozenset(word for word in [*words, *_WORD.findall(local.replace(".", " "))] if len(word) > 1)


def _without_separated(lines: list[str]) -> int:
    """Before the line of two dashes; it ends a letter where few lines follow, or it has the space of RFC 3676."""
    for index, line in enumerate(lines):
        following = sum(bool(other.strip()) for other in lines[index + 1 :][: 3 * _MOST_LINES])
        if line == "-- " or (rules.SEPARATOR.match(line.strip()) and following <= _MOST_LINES + 6):
            return index
    return len(lines)


def _without_disclaimer(lines: list[str], end: int) -> int:
    """From the first line of the notice on; above it only its own frame goes too."""
    for index in range(max(0, end - _DISCLAIMER_LINES), end):
        begins = index == 0 or not lines[index - 1].strip() or rules.RULE.match(lines[index - 1][:200])
        if begins and index > 0 and rules.DISCLAIMER.match(" ".join(lines[index : index + 3])[:500]):
            return _trimmed(lines, index, with_rules=True)
    return _trimmed(lines, end)


def _trimmed(lines: list[str], end: int, with_rules: bool = False) -> int:
    while end > 0 and (not lines[end - 1].strip() or (with_rules and rules.RULE.match(lines[end - 1][:200]))):
        end -= 1
    return end


def _without_programs(lines: list[str], end: int) -> int:
    end = _trimmed(lines, end)
    while end > 0 and _is_program(lines[end - 1]):
        end = _trimmed(lines, end - 1)
    return end


def _is_program(line: str) -> bool:
    return len(line) <= 200 and bool(rules.SENT_FROM.match(line))


def _without_closing(lines: list[str], end: int, names: frozenset[str]) -> int:
    """The earliest line from which on all is signature, seen from the end upwards as far as lines are short."""
    cut, seen, contacts = end, 0, 0
    for index in range(end - 1, -1, -1):
        line = lines[index].strip()
        if not line:
            continue
        seen += 1
        if seen > _MOST_LINES or len(line) > _LONGEST_LINE:
            break
        below = end - index - 1
        contacts += bool(rules.CONTACT.match(line))
        if rules.FOOTNOTE.match(line):
            seen -= 1
            continue
        follows = cut == index + 1
        if index > 0 and (
            _closes(line, has_below=below > 0)
            or (_is_name(line, names) and (follows or not lines[index - 1].strip()))
            or (below and rules.RULE.match(line) and (contacts or follows or _names_below(lines, index, end, names)))
        ):
            cut = index
        elif _reads_on(line):
            break
    return _trimmed(lines, cut)


def _closes(line: str, has_below: bool) -> bool:
    """ "Regards," above a name; "Thanks" alone is part of the letter, "Thanks, Ann" is not."""
    if rules.CLOSING.match(line):
        return has_below or not rules.THANKS.match(line)
    return bool(rules.CLOSING_AND_NAME.match(line)) and _reads_like_name(line.rpartition(",")[2].strip())


def _is_name(line: str, names: frozenset[str]) -> bool:
    """A short line whose words are those of the author's name, with a title or an initial at most."""
    words = _WORD.findall(line.casefold())
    known = sum(word in names for word in words)
    return (
        0 < len(words) <= 4
        and known * 2 >= len(words)
        and not rules.SENTENCE_END.search(line[:-1] + line[-1:].strip("."))
    )


def _names_below(lines: list[str], index: int, end: int, names: frozenset[str]) -> bool:
    below = " ".join(lines[index + 1 : end]).casefold()
    return any(word in names for word in _WORD.findall(below))


def _reads_on(line: str) -> bool:
    """A sentence, which no signature holds: it ends like one and has six words (twelve signs of Chinese) or more."""
    return bool(rules.SENTENCE_END.search(line)) and (
        len(line.split()) >= 6 or (not line.isascii() and len(line) >= 12)
    )


def _reads_like_name(text: str) -> bool:
    """One to four words that begin with capitals, or two to four signs of Chinese."""
    words = text.split()
    if not 1 <= len(words) <= 4 or any(sign.isdigit() or sign in "@:/?!_" for sign in text):
        return False
    is_cjk = all("\u3040" <= sign <= "\u9fff" or "\uac00" <= sign <= "\ud7a3" or sign in " ·" for sign in text)
    return (2 <= len(text) <= 5) if is_cjk else all(word[:1].isupper() or word[:1] == "'" for word in words)
