"""Personal data and single persons, as operations: found, to be decided about, and a file without them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

from tunesmith.data.clean_row import Cleaning, Listed
from tunesmith.data.cleaning import clean_file, list_findings
from tunesmith.data.operation_outputs import made_from, named
from tunesmith.data.operations import ITEMS_ENCODER, MOST_ITEMS, Done, Input, Workbench, by_bytes
from tunesmith.data.personal.canaries import measure_recall
from tunesmith.data.personal.coverage import not_covered
from tunesmith.data.personal.decisions import Decisions
from tunesmith.data.personal.kinds import chosen_kinds
from tunesmith.data.personal.person import erase_person, find_person
from tunesmith.data.personal.scan import Scanner
from tunesmith.data.personal.surrogates import Surrogates
from tunesmith.specs.data_operations import (
    CleanSettings,
    ErasePersonSettings,
    PersonalDataSettings,
    PersonSettings,
    RecallSettings,
)


def run_find_personal_data(settings: PersonalDataSettings, inputs: Sequence[Input], bench: Workbench) -> Done:
    """Every place, to be accepted or rejected; what is nobody's is told apart, for a clean-up leaves it."""
    (source,) = inputs
    scanner = _scanner(settings)
    kinds, nobodys, lines, num_left = Counter[str](), Counter[str](), set[int](), 0
    items = bench.folder / "items.jsonl"
    with items.open("wb") as out:
        for found in list_findings(source.path, scanner, by_bytes(source, bench)):
            kinds[found.kind] += 1
            nobodys[found.kind] += found.is_nobodys
            lines.add(found.line)
            if kinds.total() <= MOST_ITEMS:
                out.write(ITEMS_ENCODER.encode(_finding(found)) + b"\n")
            else:
                num_left += 1
    result = {
        "num_found": kinds.total(), "num_rows": len(lines), "kinds": dict(kinds.most_common()),
        "left_as_nobodys": dict((+nobodys).most_common()), "num_not_listed": num_left,
        "not_covered": list(not_covered(scanner.kinds, len(scanner.recognizers))),
    }  # fmt: skip
    counts = {"found": kinds.total(), "rows_with_personal_data": len(lines)}
    return Done(counts=counts | {f"found_{kind}": count for kind, count in kinds.items()}, items=items, result=result)


def _finding(found: Listed) -> dict[str, Any]:
    return {
        "id": found.id, "value_id": _value_id(found), "kind": found.kind, "line": found.line, "path": found.place,
        "before": found.before, "value": found.value, "after": found.after, "confidence": found.confidence,
        "source": found.source, "is_nobodys": found.is_nobodys,
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
    account = clean_file(source.path, out, cleaning, progress=by_bytes(source, bench))
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
                out.write(ITEMS_ENCODER.encode(item) + b"\n")
    result = {"rows_of_inputs": [num_rows[index] for index in range(len(inputs))]}
    return Done(counts={"files": len(inputs), "rows_found": num_rows.total()}, items=items, result=result)


def run_erase_person(settings: ErasePersonSettings, inputs: Sequence[Input], bench: Workbench) -> Done:
    (source,) = inputs
    out = bench.folder / "rows.jsonl"
    erased = erase_person(settings.said, source.path, out, settings.erasure, progress=by_bytes(source, bench))
    counts = {
        "rows_read": erased.rows_read, "rows_erased": erased.rows_erased, "places": erased.places,
        "rows_with_a_part": erased.rows_with_a_part,
    }  # fmt: skip
    result = {"lines_with_a_part": list(erased.lines_with_a_part)}
    return Done((made_from(out, inputs, settings.filename or named(source, "erased")),), counts, result=result)
