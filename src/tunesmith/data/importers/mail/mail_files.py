"""Which files hold mail, so that all of it is read as one: an inbox, the folder of sent mail, single messages.

Takes what was opened, gives boxes on the disk. What is packed is copied, for bodies are read wherever they lie; the
copies are gone at the end of a ``with``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Final, Self

from tunesmith.data.importers.mail.folder_names import SENT_NAMES
from tunesmith.data.importers.mail.mailboxes import Box, begins_as
from tunesmith.data.importers.opened import Opened
from tunesmith.data.importers.rows import Left, Place
from tunesmith.data.importers.unpacking import USUAL, DamagedSource, Limits, check_tightness

_MAILDIR_GONE: Final = re.compile(r"[:;!]2,[A-Za-z]{0,10}[DT][^/]*\Z")
_HINTS: Final = {"not_mail": "Export the mail as mbox, Maildir or .eml files."}


class MailFiles:
    """``name`` and ``reason`` are of the file that was added first: what it is called, why it is taken for mail."""

    def __init__(self, limits: Limits = USUAL) -> None:
        self.name = self.reason = ""
        self._limits = limits
        self._found: list[Box | Left] = []
        self._copies: TemporaryDirectory[str] | None = None
        self._num_copied_bytes: dict[Path, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._copies is not None:
            self._copies.cleanup()

    def __len__(self) -> int:
        """Number of files that were added."""
        return len(self._found)

    @property
    def num_boxes(self) -> int:
        """Number of those that hold mail."""
        return sum(isinstance(one, Box) for one in self._found)

    def add(self, opened: Opened, reason: str = "") -> None:
        """Raises PackedTooTightly where an archive's mail unpacks to more than is safe."""
        if not self._found:
            self.name, self.reason = opened.name, reason
        self._found.append(self._box(opened))

    def boxes(self) -> Iterator[Box | Left]:
        """Where mail lies, in the order of adding; a Left for each file that holds none."""
        folders = {one.name.rpartition("/")[0] for one in self._found if isinstance(one, Box)}
        for one in self._found:
            yield _unfinished(one.name) if isinstance(one, Box) and _is_unfinished(one.name, folders) else one

    def _box(self, opened: Opened) -> Box | Left:
        name, kind = opened.name, begins_as(opened.head)
        if _MAILDIR_GONE.search(opened.inner_name):
            return _left("deleted", "It is deleted or a draft, by its Maildir flags.", name)
        if kind is None:
            return _not_mail(opened)
        try:
            path = opened.path if opened.is_plain else self._copy(opened)
        except DamagedSource as error:
            return Left("damaged_file", error.message, error.hint, Place(name), "error")
        return Box(path, name, kind == "mbox", _is_sent(name))

    def _copy(self, opened: Opened) -> Path:
        """All copies of an archive are bounded together, for members may share what is packed."""
        if self._copies is None:
            self._copies = TemporaryDirectory(prefix="tunesmith-")
        path = Path(self._copies.name) / str(len(self._found))
        num_bytes = opened.copy_to(path) + self._num_copied_bytes.get(opened.path, 0)
        self._num_copied_bytes[opened.path] = num_bytes
        check_tightness(opened.path.name, opened.path.stat().st_size, num_bytes, self._limits)
        return path


def _is_sent(name: str) -> bool:
    """Maildir keeps ``.Sent/cur/1`` , Thunderbird ``Sent``, others ``Sent Items.mbox`` or ``Sent/1.eml``."""
    return any(part in SENT_NAMES for piece in re.split("[!/]", name) for part in _name_parts(piece))


def _name_parts(name: str) -> list[str]:
    stem = re.sub(r"\.(?:mbox|mbx|mbs|eml|sbd|txt)$", "", name.casefold())
    return [part.strip(" []") for part in re.split(r"[./]", stem)]


def _not_mail(opened: Opened) -> Left:
    if not opened.head.strip():
        return _left("not_mail", "The file is empty.", opened.name)
    is_error = PurePosixPath(opened.inner_name).suffix.casefold() in (".mbox", ".mbx", ".eml")
    message = "The file begins with neither a From line nor a header, so it holds no mail."
    return _left("not_mail", message, opened.name, is_error=is_error)


def _is_unfinished(name: str, folders: set[str]) -> bool:
    """Maildir delivers by way of ``tmp``."""
    folder, _, kind = name.rpartition("/")[0].rpartition("/")
    return kind == "tmp" and (f"{folder}/cur" in folders or f"{folder}/new" in folders)


def _unfinished(name: str) -> Left:
    return _left("unfinished", "It lies in a Maildir's tmp: it was not delivered to its end.", name)


def _left(rule: str, message: str, name: str, *, is_error: bool = False) -> Left:
    return Left(rule, message, _HINTS.get(rule, "Nothing to do."), Place(name), "error" if is_error else "warning")
