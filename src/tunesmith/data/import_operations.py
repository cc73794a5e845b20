"""Files of any kind into training data, as operations: the first rows seen, then the whole made."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Any

import msgspec

from tunesmith.core.errors import Problem, Problems
from tunesmith.data.importers.continue_rows import ContinueOptions
from tunesmith.data.importers.convert import Conversion, ConvertOptions, News, NothingMade, convert
from tunesmith.data.importers.mail.options import MailOptions
from tunesmith.data.importers.previewing import Sample, preview
from tunesmith.data.importers.source import ReadOptions
from tunesmith.data.importers.tables import read_delimiter
from tunesmith.data.operation_outputs import stem
from tunesmith.data.operations import ITEMS_ENCODER, Done, Input, Output, Progress, Workbench
from tunesmith.specs.data_operations import ConvertSettings, ImportSettings


def run_preview_import(settings: ImportSettings, inputs: Sequence[Input], bench: Workbench) -> Done:
    """The first rows; nothing is made."""
    (source,) = inputs
    told: list[str] = []
    seen = preview(source.path, _read_options(settings, inputs, told))
    items = bench.folder / "items.jsonl"
    with items.open("wb") as out:
        for sample in seen.samples:
            out.write(ITEMS_ENCODER.encode(_sample(sample)) + b"\n")
    result = {
        "format": seen.format, "reason": seen.reason, "notes": [*seen.notes, *told], "columns": list(seen.columns),
        "mapping": seen.mapping, "mapping_reason": seen.mapping_reason, "is_sure": seen.is_sure, "holder": seen.holder,
        "delimiter": seen.delimiter, "has_header": seen.has_header,
    }  # fmt: skip
    return Done(counts={"sources_seen": seen.num_sources}, items=items, result=result)


def _sample(sample: Sample) -> dict[str, Any]:
    place = sample.place
    spots = [place.file, f"line {place.line}" if place.line is not None else None, place.path]
    left = sample.left and {"rule": sample.left.rule, "message": sample.left.message, "hint": sample.left.hint}
    where = ", ".join(spot for spot in spots if spot)
    return {"row": sample.row, "record": _plain(sample.record), "place": where, "left": left}


def _plain(record: Any) -> Any:
    """What a table held may be no value of JSON: dates, decimals."""
    return None if record is None else msgspec.json.decode(msgspec.json.encode(record, enc_hook=str))


def run_convert(settings: ConvertSettings, inputs: Sequence[Input], bench: Workbench) -> Done:
    """Every input in order into one file."""
    told: list[str] = []
    options = ConvertOptions(
        _read_options(settings, inputs, told), dict(settings.fill), licence=settings.licence, source=settings.source
    )
    out = bench.folder / "rows.jsonl"
    share = _share_of(inputs, bench.progress)
    try:
        made = convert([each.path for each in inputs], out, options, share)
    except NothingMade as nothing:
        problems = _problems_of(nothing.conversion)
        raise Problems(nothing.message, problems, nothing.hint) from nothing
    version = made.version
    if version is None:
        raise NothingMade(made)
    name = settings.filename or f"{stem(inputs[0].name)}.jsonl"
    version = replace(version, parents=tuple(each.parent for each in inputs))
    counts = {"rows_written": made.num_rows, "left_out": made.num_left}
    counts |= {f"left.{left.rule}": left.count for left in made.left}
    result = {
        "file_format": made.format,
        "notes": [*(note.message for note in made.notes[:50]), *told],
        "sources": [
            {"name": each.name, "format": each.format, "reason": each.reason, "made": each.made}
            for each in made.sources[:100]
        ],
    }
    return Done((Output(out, name, version),), counts, _problems_of(made), result=result)


def _read_options(settings: ImportSettings, inputs: Sequence[Input], told: list[str]) -> ReadOptions:
    """Files lie under numbers here; people know them by their names."""
    mail = MailOptions(
        tuple(settings.me), whole_threads=settings.whole_threads, keep_lists=settings.keep_lists, since=settings.since,
        tell=told.append,
    )  # fmt: skip
    mapping = None if settings.mapping is None else json.dumps(settings.mapping)
    return ReadOptions(
        settings.format, mapping, settings.encoding, settings.sheet, mail, delimiter=read_delimiter(settings.delimiter),
        has_header=settings.header, list_labels=settings.list_labels,
        continue_dev=ContinueOptions(not settings.refused, settings.continue_output),
        names={each.path: each.name for each in inputs},
    )  # fmt: skip


def _share_of(inputs: Sequence[Input], progress: Progress) -> News:
    """By files that are done: how large a file's rows will be, nobody knows."""
    names = [each.name for each in inputs]

    def tell(name: str, made: int, left: int) -> None:
        at = names.index(name) if name in names else 0
        progress((at + 0.5) / len(names))

    return tell


def _problems_of(made: Conversion) -> tuple[Problem, ...]:
    """The first of each reason, in turn, so that every reason is among them."""
    firsts = [[one.as_problem() for one in left.first[:50]] for left in made.left]
    return tuple(problem for turn in zip_longest(*firsts) for problem in turn if problem is not None)
