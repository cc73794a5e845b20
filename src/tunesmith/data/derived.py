"""A data file made from others: it overwrites nothing by accident, and its version says where it comes from."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from tunesmith.core import durable
from tunesmith.core.errors import UserError
from tunesmith.data.row_writer import RowWriter
from tunesmith.data.versions import Operation, Parent, Version, read_version, write_version


def check_output(out: Path, sources: Iterable[Path], *, overwrite: bool) -> None:
    """Raises UserError where ``out`` is one of the sources, or is there and shall not be replaced."""
    for source in sources:
        if out.resolve() == source.resolve():
            raise UserError(f"{out} is the file that is read.", "write to another one: data is never changed in place")
    if out.exists() and not overwrite:
        raise UserError(f"{out} is there already.", "name another file, or add --overwrite")


def write_derived(out: Path, written: RowWriter, sources: Sequence[Path], operation: Operation) -> Version:
    """The version of what was written, put beside it. Licence and source are the first parent's, where it has them."""
    inherited = read_version(sources[0])
    version = Version(
        written.sha256,
        written.num_rows,
        written.num_bytes,
        tuple(Parent(_name_from(out, source), durable.sha256_of(source)) for source in sources),
        (operation,),
        inherited.licence if inherited else None,
        inherited.source if inherited else None,
    )
    write_version(out, version)
    return version


def _name_from(out: Path, source: Path) -> str:
    """As seen from the folder of the file that was made."""
    try:
        return Path(os.path.relpath(source.resolve(), out.resolve().parent)).as_posix()
    except ValueError:  # on another drive
        return source.name
