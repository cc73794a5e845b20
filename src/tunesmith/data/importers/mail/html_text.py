"""HTML of a mail to the text that a plain mailer would have written.

Quoted blocks get ``> `` before each line, signatures of known programs go, what opens a reply or a forwarded message becomes
the line that says so in plain mail: one set of rules then finds both. One pass, linear in the text whatever it holds;
the tags of mail are read as they come, for hardly any of it is valid.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import Final

from tunesmith.data.importers.mail.quote_rules import ORIGINAL_MESSAGE

_MAX_QUOTES: Final = 20
_OPENS: Final = frozenset("/!?")
_TAG: Final = re.compile(r"(/?)([a-z][a-z0-9:]*+)(.*)", re.IGNORECASE | re.DOTALL)
_MARKS: Final = re.compile(
    r"\b(?:class|id|name|data-signatureblock)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE
)
_SPACE: Final = re.compile(r"[ \t\r\n\f\xa0]+")
_HIDDEN: Final = frozenset("style script head title xml template noscript object svg select".split())
_BLOCKS: Final = frozenset(
    "address article aside blockquote center dd div dl dt fieldset figure footer form h1 h2 h3 h4 h5 h6 header hr li main"
    " nav ol p pre section table tbody td th thead tr ul body html".split()
)
_PARAGRAPHS: Final = frozenset("p h1 h2 h3 h4 h5 h6 ul ol table blockquote pre".split())
_VOID: Final = frozenset("br hr img input meta link base area col embed source track wbr o:p".split())
# Classes and ids that mail programs give to what they add themselves.
_QUOTE_MARKS: Final = frozenset(
    "yahoo_quoted yahooquoted yahoo_quoted_begin divrplyfwdmsg olk_src_body_section protonmail_quote tutanota_quote"
    " appendonsend mail-editor-reference-message-container stopspelling replysplit isforwardcontent".split()
)
_SIGNATURE_MARKS: Final = frozenset(
    "gmail_signature moz-signature signature protonmail_signature_block yahoo-signature ms-outlook-mobile-signature"
    " ymail_android_signature mobile-signature appleidsignature".split()
)


def html_to_text(html: str) -> str:
    page = _Page()
    for is_tag, piece in _pieces(html):
        if is_tag:
            page.tag(piece)
        else:
            page.write(piece)
    return page.text()


def _pieces(html: str) -> Iterator[tuple[bool, str]]:
    """(is a tag, its inside) and (False, text) in turn; comments passed over, a tag that never ends taken as text."""
    text, position, comments_end = 0, 0, True
    while (start := html.find("<", position)) >= 0:
        position = start + 1
        is_comment = comments_end and html.startswith("<!--", start)
        if (
            not is_comment
            and not html[position : position + 1].isalpha()
            and html[position : position + 1] not in _OPENS
        ):
            continue
        end = html.find("-->" if is_comment else ">", position)
        if end < 0 and is_comment:
            comments_end = False
            continue
        if start > text:
            yield False, html[text:start]
        if end < 0:
            text = start
            break
        if not is_comment:
            yield True, html[html.rfind("<", start, end) + 1 : end]
        text = position = end + (3 if is_comment else 1)
    yield False, html[text:]


@dataclass(slots=True)
class _Page:
    """What was written so far: ``lines`` done, ``line`` in work, and inside of what."""

    lines: list[str] = field(default_factory=list)
    line: list[str] = field(default_factory=list)
    num_quotes: int = 0
    hidden_in: str | None = None
    hidden_depth: int = 0
    preformatted: int = 0

    def tag(self, inside: str) -> None:
        match = _TAG.match(inside)
        if match is None:
            return
        closes, name, rest = bool(match[1]), match[2].casefold(), match[3]
        if self.hidden_in is not None:
            self._count_hidden(name, closes, rest)
        elif closes:
            self._close(name)
        else:
            self._open(name, rest)

    def write(self, text: str) -> None:
        if self.hidden_in is not None:
            return
        text = unescape(text)
        if self.preformatted:
            first, *others = text.split("\n")
            self.line.append(first)
            for other in others:
                self._end_line()
                self.line.append(other)
        elif text:
            self.line.append(_SPACE.sub(" ", text))

    def text(self) -> str:
        self._end_line()
        return "\n".join(self.lines)

    def _count_hidden(self, name: str, closes: bool, rest: str) -> None:
        if name == "body" and self.hidden_in == "head":
            self.hidden_in = None
        elif name == self.hidden_in and not rest.endswith("/"):
            self.hidden_depth += -1 if closes else 1
            if self.hidden_depth == 0:
                self.hidden_in = None
                self._break()

    def _open(self, name: str, rest: str) -> None:
        if name == "br":
            self._end_line()
            return
        if name in _BLOCKS:
            self._break(name in _PARAGRAPHS)
        marks = _marks(rest)
        if marks & _QUOTE_MARKS:
            self._add(ORIGINAL_MESSAGE)
        if (name in _HIDDEN or marks & _SIGNATURE_MARKS) and name not in _VOID and not rest.endswith("/"):
            self.hidden_in, self.hidden_depth = name, 1
        elif name == "hr":
            self._add("_" * 32)
        elif name == "li":
            self.line.append("- ")
        elif name == "blockquote":
            self.num_quotes += 1
        elif name == "pre":
            self.preformatted += 1

    def _close(self, name: str) -> None:
        if name in _BLOCKS:
            self._break(name in _PARAGRAPHS)
        if name == "blockquote":
            self.num_quotes = max(self.num_quotes - 1, 0)
        elif name == "pre":
            self.preformatted = max(self.preformatted - 1, 0)
        elif name == "td":
            self.line.append(" ")

    def _add(self, line: str) -> None:
        self._break()
        self.line.append(line)
        self._end_line()

    def _break(self, is_paragraph: bool = False) -> None:
        """A new line, unless this one is empty; a blank line around a paragraph."""
        if "".join(self.line).strip():
            self._end_line()
        self.line.clear()
        if is_paragraph and self.lines and self.lines[-1].strip("> "):
            self._end_line()

    def _end_line(self) -> None:
        prefix = "> " * min(self.num_quotes, _MAX_QUOTES)
        self.lines.append(
            (prefix + "".join(self.line).strip()) if not self.preformatted else prefix + "".join(self.line)
        )
        self.line.clear()


def _marks(rest: str) -> set[str]:
    if "=" not in rest:
        return set()
    values = (quoted or single or bare for quoted, single, bare in _MARKS.findall(rest[:2000]))
    found = {mark.casefold() for value in values for mark in value.split()}
    # Gmail and Outlook on the web put x_ before the marks of what they quote.
    return {mark.removeprefix("x_") for mark in found} | (
        {"signature"} if "data-signatureblock" in rest[:2000] else set()
    )
