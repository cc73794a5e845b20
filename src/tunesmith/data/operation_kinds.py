"""Each kind of operation, run: settings and input files in, new files out."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from itertools import islice, zip_longest
from typing import Any, Final, cast

import msgspec

from tunesmith.core.errors import Problem, Problems
from tunesmith.data.clean_row import Cleaning, Listed
from tunesmith.data.cleaning import clean_file, list_findings
from tunesmith.data.duplicates import Cluster, find_duplicates, write_without
from tunesmith.data.duplicates import Options as DuplicateOptions
from tunesmith.data.generation import run_add_examples, run_generate_examples, run_preview_generation
from tunesmith.data.importers.convert import Conversion, ConvertOptions, News, NothingMade, convert
from tunesmith.data.importers.mail.options import MailOptions
from tunesmith.data.importers.previewing import Sample, preview
from tunesmith.data.importers.reading import ReadOptions
from tunesmith.data.importers.rows import Place
from tunesmith.data.operation_outputs import made_from, named, stem
from tunesmith.data.operations import Done, Input, Output, Progress, Workbench
from tunesmith.data.personal.canaries import measure_recall
from tunesmith.data.personal.coverage import not_covered
from tunesmith.data.personal.decisions import Decisions
from tunesmith.data.personal.kinds import chosen_kinds
from tunesmith.data.personal.person import erase_person, find_person
from tunesmith.data.personal.scan import Scanner
from tunesmith.data.personal.surrogates import Surrogates
from tunesmith.data.row_file import RowFile
from tunesmith.data.split_file import SplitOptions, split_rows, write_split
from tunesmith.data.version_diff import Diff, changes, diff
from tunesmith.specs.data_operations import (
    CleanSettings,
    CompareSettings,
    ConvertSettings,
    DeduplicateSettings,
    DuplicateSettings,
    ErasePersonSettings,
    ImportSettings,
    PersonalDataSettings,
    PersonSettings,
    RecallSettings,
    SplitSettings,
)

MOST_ITEMS: Final = 100_000
"""So many things that were found can be looked at; the others are counted."""
_MOST_COPIES_SHOWN: Final = 6

Run = Callable[[Any, Sequence[Input], Workbench], Done]


def run_preview_import(settings: ImportSettings, inputs: Sequence[Input], bench: Workbench) -> Done:
    """The first rows; nothing is made."""
    (source,) = inputs
    told: list[str] = []
    seen = preview(source.path, _read_options(settings, told))
    items = bench.folder / "items.jsonl"
    with items.open("wb") as out:
        for sample in seen.samples:
            out.write(_ENCODER.encode(_sample(sample, source)) + b"\n")
    result = {
        "format": seen.format, "reason": seen.reason, "notes": [*seen.notes, *told], "columns": list(seen.columns),
        "mapping": seen.mapping, "mapping_reason": seen.mapping_reason, "is_sure": seen.is_sure,
    }  # fmt: skip
    return Done(counts={"sources_seen": seen.num_sources}, items=items, result=result)


def _sample(sample: Sample, source: Input) -> dict[str, Any]:
    place = _renamed(sample.place, [source])
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
        _read_options(settings, told), dict(settings.fill), licence=settings.licence, source=settings.source
    )
    out = bench.folder / "rows.jsonl"
    share = _share_of(inputs, bench.progress)
    try:
        made = convert([each.path for each in inputs], out, options, share)
    except NothingMade as nothing:
        problems = _problems_of(nothing.conversion, inputs)
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
            {"name": _shown(each.name, inputs), "format": each.format, "reason": each.reason, "made": each.made}
            for each in made.sources[:100]
        ],
    }
    return Done((Output(out, name, version),), counts, _problems_of(made, inputs), result=result)


def _read_options(settings: ImportSettings, told: list[str]) -> ReadOptions:
    mail = MailOptions(
        tuple(settings.me), whole_threads=settings.whole_threads, keep_lists=settings.keep_lists, since=settings.since,
        tell=told.append,
    )  # fmt: skip
    mapping = None if settings.mapping is None else json.dumps(settings.mapping)
    return ReadOptions(settings.format, mapping, settings.encoding, settings.sheet, mail)


def _share_of(inputs: Sequence[Input], progress: Progress) -> News:
    """By files that are done: how large a file's rows will be, nobody knows."""
    names = [each.path.name for each in inputs]

    def tell(name: str, made: int, left: int) -> None:
        at = names.index(name) if name in names else 0
        progress((at + 0.5) / len(names))

    return tell


def _problems_of(made: Conversion, inputs: Sequence[Input]) -> tuple[Problem, ...]:
    """The first of each reason, in turn, so that every reason is among them."""
    firsts = [
        [replace(one, place=_renamed(one.place, inputs)).as_problem() for one in left.first[:50]] for left in made.left
    ]
    return tuple(problem for turn in zip_longest(*firsts) for problem in turn if problem is not None)


def _renamed(place: Place, inputs: Sequence[Input]) -> Place:
    return replace(place, file=_shown(place.file, inputs))


def _shown(name: str, inputs: Sequence[Input]) -> str:
    """Files lie under numbers here; people know them by their names."""
    for each in inputs:
        if name == each.path.name or name.startswith(f"{each.path.name}!"):
            return each.name + name[len(each.path.name) :]
    return name


def run_find_personal_data(settings: PersonalDataSettings, inputs: Sequence[Input], bench: Workbench) -> Done:
    """Every place, to be accepted or rejected; what a clean-up made of earlier data is told apart and not listed."""
    (source,) = inputs
    scanner = _scanner(settings)
    kinds, lines, num_left = Counter[str](), set[int](), 0
    items = bench.folder / "items.jsonl"
    with items.open("wb") as out:
        for found in list_findings(source.path, scanner, _by_bytes(source, bench)):
            if found.is_nobodys:
                continue
            kinds[found.kind] += 1
            lines.add(found.line)
            if kinds.total() <= MOST_ITEMS:
                out.write(_ENCODER.encode(_finding(found)) + b"\n")
            else:
                num_left += 1
    result = {
        "num_found": kinds.total(), "num_rows": len(lines), "kinds": dict(kinds.most_common()), "num_not_listed": num_left,
        "not_covered": list(not_covered(scanner.kinds, len(scanner.recognizers))),
    }  # fmt: skip
    counts = {"found": kinds.total(), "rows_with_personal_data": len(lines)}
    return Done(counts=counts | {f"found_{kind}": count for kind, count in kinds.items()}, items=items, result=result)


def _finding(found: Listed) -> dict[str, Any]:
    return {
        "id": found.id, "value_id": _value_id(found), "kind": found.kind, "line": found.line, "path": found.place,
        "before": found.before, "value": found.value, "after": found.after, "confidence": found.confidence,
        "source": found.source,
    }  # fmt: skip


def _value_id(found: Listed) -> str:
    """Names a value without saying it."""
    return "v" + blake2b(f"{found.kind}\0{found.value}".encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def run_clean(settings: CleanSettings, inputs: Sequence[Input], bench: Workbench) -> Done:
    (source,) = inputs
    scanner = _scanner(settings)
    surrogates = Surrogates(bench.surrogate_key)
    cleaning = Cleaning(scanner, settings.policy, surrogates, _decisions(settings, source, scanner))
    out = bench.folder / "rows.jsonl"
    account = clean_file(source.path, out, cleaning, progress=_by_bytes(source, bench))
    counts = account.as_counts() | {"rows_written": account.rows_read - account.rows_dropped}
    result = account.as_json()
    return Done((made_from(out, inputs, settings.filename or named(source, "clean")),), counts, result=result)


def _decisions(settings: CleanSettings, source: Input, scanner: Scanner) -> Decisions:
    """Decisions by a value's id become decisions by the value, which is looked up where it stands."""
    decisions = Decisions(by_id={key: said for key, said in settings.decisions.items() if not key.startswith("v")})
    by_value = {key: said for key, said in settings.decisions.items() if key.startswith("v")}
    if by_value:
        for found in list_findings(source.path, scanner):
            said = by_value.get(_value_id(found))
            if said is not None:
                decisions.by_value[found.value] = said
                decisions.kinds[found.value] = found.kind
    return decisions


def _scanner(settings: PersonalDataSettings) -> Scanner:
    return Scanner(chosen_kinds(settings.kinds, ()))


def run_measure_recall(settings: RecallSettings, inputs: Sequence[Input], bench: Workbench) -> Done:
    (source,) = inputs
    found = measure_recall(source.path, _scanner(settings), settings.per_kind, settings.seed)
    counts = {"planted": sum(each.planted for each in found), "found": sum(each.found for each in found)}
    return Done(counts=counts, result={"kinds": [each.as_json() for each in found]})


def run_find_duplicates(settings: DuplicateSettings, inputs: Sequence[Input], bench: Workbench) -> Done:
    (source,) = inputs
    items = bench.folder / "items.jsonl"
    with RowFile(source.path) as rows, items.open("wb") as out:
        found = find_duplicates(rows, _duplicate_options(settings), _by_rows(bench))
        for cluster in found.clusters[:MOST_ITEMS]:
            out.write(_ENCODER.encode(_cluster(cluster, rows)) + b"\n")
    result = {
        "num_rows": found.num_rows, "num_groups": len(found.clusters), "num_removable": len(found.removed()),
        "num_not_listed": max(0, len(found.clusters) - MOST_ITEMS),
    }  # fmt: skip
    return Done(counts={"rows_read": found.num_rows, "groups": len(found.clusters)}, items=items, result=result)


def _cluster(cluster: Cluster, rows: RowFile) -> dict[str, Any]:
    """The kept row first, then the first few of its copies."""
    shown = [(cluster.number, cluster.line, True, 1.0)]
    shown += [(copy.number, copy.line, False, copy.similarity) for copy in cluster.copies[: _MOST_COPIES_SHOWN - 1]]
    return {
        "id": cluster.id, "similarity": min(copy.similarity for copy in cluster.copies), "num_rows": 1 + len(cluster.copies),
        "rows": [
            {"line": line, "is_kept": is_kept, "similarity": alike, "row": rows.row(number)}
            for number, line, is_kept, alike in shown
        ],
    }  # fmt: skip


def run_deduplicate(settings: DeduplicateSettings, inputs: Sequence[Input], bench: Workbench) -> Done:
    (source,) = inputs
    options, out = _duplicate_options(settings), bench.folder / "rows.jsonl"
    with RowFile(source.path) as rows:
        found = find_duplicates(rows, options, _by_rows(bench))
        version = write_without(rows, found, options, out, settings.decisions)
    counts = version.operations[0].counts
    name = settings.filename or named(source, "distinct")
    return Done((made_from(out, inputs, name),), {**counts, "rows_written": version.num_rows})


def _duplicate_options(settings: DuplicateSettings) -> DuplicateOptions:
    return DuplicateOptions(settings.threshold, settings.compared, settings.near)


def run_split(settings: SplitSettings, inputs: Sequence[Input], bench: Workbench) -> Done:
    (source,) = inputs
    options = SplitOptions(settings.share, settings.seed, settings.by_group, settings.stratify)
    training, validation = bench.folder / "train.jsonl", bench.folder / "validation.jsonl"
    with RowFile(source.path) as rows:
        parts = split_rows(rows, options)
        write_split(rows, parts, options, training, validation)
    outputs = tuple(made_from(path, inputs, named(source, path.stem)) for path in (training, validation))
    counts = {
        "rows_read": parts.num_rows, "rows_training": parts.num_rows - parts.num_validation,
        "rows_validation": parts.num_validation,
    }  # fmt: skip
    return Done(outputs, counts, result=parts.as_json())


def run_compare(settings: CompareSettings, inputs: Sequence[Input], bench: Workbench) -> Done:
    """Rows that came, went and changed, in the order of the second file."""
    before_file, after_file = inputs
    items = bench.folder / "items.jsonl"
    with RowFile(before_file.path) as before, RowFile(after_file.path) as after, items.open("wb") as out:
        found = diff(before, after)
        for item in islice(_differences(before, after, found), MOST_ITEMS):
            out.write(_ENCODER.encode(item) + b"\n")
    result = {
        "same": found.num_same, "moved": found.num_moved, "added": len(found.added), "removed": len(found.removed),
        "changed": len(found.changed),
    }  # fmt: skip
    return Done(counts={"rows_before": found.num_before, "rows_after": found.num_after}, items=items, result=result)


def _differences(before: RowFile, after: RowFile, found: Diff) -> Iterator[dict[str, Any]]:
    for change in changes(before, after, found):
        one, other = change.before_line, change.after_line
        texts = [each.as_json() for each in change.differences]
        rows = {"row": _row_of_line(after, other), "before": _row_of_line(before, one)}
        yield {"change": "changed", "line": other, "other_line": one, **rows, "differences": texts}
    for line in found.removed:
        yield {"change": "removed", "line": None, "other_line": line, "row": None, "before": _row_of_line(before, line)}
    for line in found.added:
        yield {"change": "added", "line": line, "other_line": None, "row": _row_of_line(after, line), "before": None}


def _row_of_line(rows: RowFile, line: int) -> dict[str, Any]:
    return rows.row(bisect_left(rows.lines, line))


def run_find_person(settings: PersonSettings, inputs: Sequence[Input], bench: Workbench) -> Done:
    """Rows that speak of the person, in all of the files. Neither the result nor the list repeats what was asked for."""
    by_path = {str(each.path): index for index, each in enumerate(inputs)}
    num_rows = Counter[int]()
    items = bench.folder / "items.jsonl"
    with items.open("wb") as out:
        for found in find_person(settings.said, [each.path for each in inputs]):
            index = by_path[found.file]
            num_rows[index] += 1
            if num_rows.total() <= MOST_ITEMS:
                item = {"input": index, "file": inputs[index].name, "line": found.line, "places": found.places}
                out.write(_ENCODER.encode(item) + b"\n")
    result = {"rows_of_inputs": [num_rows[index] for index in range(len(inputs))]}
    return Done(counts={"files": len(inputs), "rows_found": num_rows.total()}, items=items, result=result)


def run_erase_person(settings: ErasePersonSettings, inputs: Sequence[Input], bench: Workbench) -> Done:
    (source,) = inputs
    out = bench.folder / "rows.jsonl"
    erased = erase_person(settings.said, source.path, out, settings.erasure, progress=_by_bytes(source, bench))
    counts = {"rows_read": erased.rows_read, "rows_erased": erased.rows_erased, "places": erased.places}
    return Done((made_from(out, inputs, settings.filename or named(source, "erased")),), counts)


# ---- what they share -----------------------------------------------------------------------------


def _by_bytes(source: Input, bench: Workbench) -> Callable[[int], None]:
    num_bytes, read = max(1, source.path.stat().st_size), 0

    def progress(more: int) -> None:
        nonlocal read
        read += more
        bench.progress(min(1.0, read / num_bytes))

    return progress


def _by_rows(bench: Workbench) -> Callable[[str, int, int], None]:
    return lambda what, done, total: bench.progress(min(1.0, done / max(1, total)))


RUNS: Final[Mapping[str, Run]] = {
    "preview_import": cast(Run, run_preview_import),
    "convert": cast(Run, run_convert),
    "find_personal_data": cast(Run, run_find_personal_data),
    "measure_recall": cast(Run, run_measure_recall),
    "clean": cast(Run, run_clean),
    "find_duplicates": cast(Run, run_find_duplicates),
    "deduplicate": cast(Run, run_deduplicate),
    "split": cast(Run, run_split),
    "compare": cast(Run, run_compare),
    "find_person": cast(Run, run_find_person),
    "erase_person": cast(Run, run_erase_person),
    "preview_generation": cast(Run, run_preview_generation),
    "generate_examples": cast(Run, run_generate_examples),
    "add_examples": cast(Run, run_add_examples),
}
_ENCODER: Final = msgspec.json.Encoder()
