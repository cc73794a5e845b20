"""What operations make, as whoever asked for it shall see it: names from the inputs' names, versions with their parents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from tunesmith.core.errors import MachineError
from tunesmith.data.operations import Input, Output
from tunesmith.data.versions import read_version


def made_from(out: Path, inputs: Sequence[Input], name: str) -> Output:
    """The file with the version that was written beside it, whose parents have the names that people know. Raises
    MachineError where there is none."""
    written = read_version(out)
    if written is None:
        raise MachineError(f"{name} was written without saying what it is made of.", "please report this")
    known = [each.version for each in inputs if each.version is not None]
    licence = written.licence or next((each.licence for each in known if each.licence), None)
    origin = written.source or next((each.source for each in known if each.source), None)
    return Output(
        out, name, replace(written, parents=tuple(each.parent for each in inputs), licence=licence, source=origin)
    )


def named(source: Input, what: str) -> str:
    """``chats.jsonl`` → ``chats.clean.jsonl``."""
    return f"{stem(source.name)}.{what}.jsonl"


def stem(name: str) -> str:
    """``chats.jsonl.gz`` → ``chats``."""
    base = name.rsplit("/", 1)[-1]
    while base.lower().endswith(_ENDINGS):
        base = base.rsplit(".", 1)[0]
    return base[:150] or "data"


_ENDINGS: Final = tuple(
    ".jsonl .json .csv .tsv .xlsx .parquet .arrow .feather .mbox .eml .txt .md .html .htm .gz .zst .zip .xz .bz2".split()
)
