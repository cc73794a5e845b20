"""A file's rows, wherever they stand in it, and one row as a model sees it. An extension."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from anyio import to_thread
from fastapi import APIRouter, Query
from fastapi import Path as InPath
from starlette.responses import Response

from tunesmith.api.auth import NoId
from tunesmith.api.errors import ApiError, bad_request, not_found
from tunesmith.api.file_report_wire import FileRowList, FileRowWire, ProblemWire, SegmentWire
from tunesmith.api.file_reports import ModelAsked, Reader, asked_of, base_model_of, training_file
from tunesmith.api.files import FileId
from tunesmith.api.services import Services, ServicesOf
from tunesmith.api.wire import answer
from tunesmith.core.errors import UserError
from tunesmith.data.encoding import HEAD_BYTES, BadBytes, foreign_bytes
from tunesmith.data.examples import ChatExample, CompletionExample, Example, FileFormat
from tunesmith.data.file_rows import is_array, line_row
from tunesmith.data.findings import Finding, path_text
from tunesmith.data.formats import control_token_pattern, detect_format
from tunesmith.data.judge import judge_row
from tunesmith.data.preview import paint
from tunesmith.data.render import Renderer, render
from tunesmith.data.report_file import Report
from tunesmith.data.row_index import RawRow, RowIndex, rows_from
from tunesmith.data.strict_json import UNREAD
from tunesmith.store.files import File

router = APIRouter(tags=["Files"])

MOST_ROWS: Final = 200
# An answer ends with the row that takes it beyond this.
MOST_ANSWER_BYTES: Final = 4 << 20
# As far as rows are looked for while no report says where they begin.
MOST_SEARCHED_BYTES: Final = 8 << 20
# Painting renders once for each answer: a row of more than this would keep a thread for too long.
MOST_PAINTED_CHARACTERS: Final = 200_000
MOST_PAINTED_MESSAGES: Final = 200
MOST_PROBLEMS: Final = 100
# What only a look at the whole file can find.
_OF_THE_FILE: Final = frozenset({"duplicate_example", "unknown_format", "unrecognized_key"})

Line = Annotated[int, InPath(ge=1, le=1 << 53), NoId("a line of the file")]


@router.get("/v1/files/{file_id}/rows", response_model=FileRowList)
def list_rows(
    file_id: FileId, services: ServicesOf, principal: Reader,
    first: Annotated[int, Query(ge=1, le=1 << 53)] = 1, limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 50,
) -> Response:  # fmt: skip
    """From the line ``first`` on. Blank lines are no rows, so go on from the last row's line + 1."""
    file = training_file(services, principal, file_id)
    report = _any_report(services, file)
    rows: list[FileRowWire] = []
    has_more, num_bytes = False, 0
    for raw in _rows(services, file, report, first):
        if len(rows) == limit or num_bytes > MOST_ANSWER_BYTES:
            has_more = True
            break
        rows.append(_on_wire(file, raw, _value(raw)))
        num_bytes += len(raw.content)
    if report is None and not has_more and file.num_bytes > MOST_SEARCHED_BYTES:
        has_more = True
        if not rows:
            raise _not_yet(first)
    num_rows = None if report is None else report.summary.num_rows
    return answer(FileRowList.model_construct(object="list", data=rows, num_rows=num_rows, has_more=has_more))


@router.get("/v1/files/{file_id}/rows/{line}", response_model=FileRowWire)
async def retrieve_row(
    file_id: FileId, line: Line, services: ServicesOf, principal: Reader, model: ModelAsked = None
) -> Response:
    """With its findings and, where a model is named, painted as that model would be trained on it."""

    def look() -> FileRowWire:
        file = training_file(services, principal, file_id)
        base = None if model is None else base_model_of(services, principal.project_id, model)
        report = _any_report(services, file)
        raw = next(_rows(services, file, report, line), None)
        if raw is None or raw.line != line:
            if report is None and file.num_bytes > MOST_SEARCHED_BYTES:
                raise _not_yet(line)
            raise not_found(f"The file {file_id} has no row in line {line}.", param="line")
        return _looked_at(file, raw, report, None if base is None else services.renderers.get(base))

    return answer(await to_thread.run_sync(look, limiter=services.renderers.painters))


def _any_report(services: Services, file: File) -> Report | None:
    """Whatever it was judged by: all know where the rows begin. The first is asked for here."""
    report = services.reports.any_of(file.project_id, file.sha256)
    if report is None:
        found = services.reports.find(asked_of(services, file))
        report = found if isinstance(found, Report) else None
    return report


def _rows(services: Services, file: File, report: Report | None, first: int) -> Iterator[RawRow]:
    """Raises ApiError 400 for a file whose rows are no lines."""

    def read(start: int, end: int) -> Iterator[bytes]:
        return services.blobs.read(file.sha256, start, end)

    head = b"".join(read(0, min(file.num_bytes, HEAD_BYTES)))
    if is_array(head):
        raise bad_request(
            f"File {file.id} is one JSON array, whose rows cannot be shown one by one. Write one row a line.", "file_id"
        )
    if foreign_bytes(_NAME, head) is not None or (report is not None and report.summary.layout != "lines"):
        return iter(())
    if report is None:
        return rows_from(first, read, file.num_bytes, RowIndex(None), MOST_SEARCHED_BYTES)
    return rows_from(first, read, file.num_bytes, report.rows)


# For hints that name a file: what it is called is nobody else's business.
_NAME: Final = Path("file.jsonl")


def _looked_at(file: File, raw: RawRow, report: Report | None, renderer: Renderer | None) -> FileRowWire:
    if raw.is_cut:
        known = [] if report is None else report.of_line(raw.line, MOST_PROBLEMS)
        return _on_wire(file, raw, None, [ProblemWire.model_construct(**each) for each in known])
    row = line_row(raw.line, raw.whole, BadBytes(_NAME))
    found = _Findings()
    format = detect_format([row.value] if isinstance(row.value, dict) else ()) if report is None else _format(report)
    tokens = renderer.tokenizer.control_tokens if renderer is not None else ()
    example = judge_row(row, format, control_token_pattern(tokens), found)
    painted = None
    if isinstance(example, ChatExample | CompletionExample) and renderer is not None and _can_be_painted(example, raw):
        painted = _paint(example, renderer, found)
    problems = [*found.problems, *_of_the_file(report, raw.line)][:MOST_PROBLEMS]
    value = None if row.value is UNREAD or not _can_be_sent(row.value) else row.value
    return _on_wire(file, raw, value, problems, painted)


def _format(report: Report) -> FileFormat | None:
    return report.summary.file_format


class _Findings:
    """validate's findings of one row, as the wire has them."""

    def __init__(self) -> None:
        self.problems: list[ProblemWire] = []
        self.has_errors = False

    def wants(self, finding: Finding) -> bool:
        return len(self.problems) < MOST_PROBLEMS

    def note(self, finding: Finding, line: int | None) -> None:
        self.add(finding, line)

    def add(
        self, finding: Finding, line: int | None = None, column: int | None = None, byte_column: int | None = None
    ) -> None:
        self.has_errors = self.has_errors or finding.severity == "error"
        if self.wants(finding):
            self.problems.append(
                ProblemWire(
                    rule=finding.rule, severity=finding.severity, message=finding.message, hint=finding.hint, line=line,
                    column=column, byte_column=byte_column, path=path_text(finding.path),
                )
            )  # fmt: skip


def _of_the_file(report: Report | None, line: int) -> list[ProblemWire]:
    if report is None:
        return []
    known = report.of_line(line, MOST_PROBLEMS)
    return [ProblemWire.model_construct(**each) for each in known if each["rule"] in _OF_THE_FILE]


def _can_be_painted(example: Example, raw: RawRow) -> bool:
    num_messages = len(example.messages) if isinstance(example, ChatExample) else 1
    return len(raw.content) <= MOST_PAINTED_CHARACTERS and num_messages <= MOST_PAINTED_MESSAGES


@dataclass(frozen=True, slots=True)
class _Painted:
    segments: Sequence[SegmentWire]
    num_tokens: int
    num_trained_tokens: int


def _paint(example: Example, renderer: Renderer, found: _Findings) -> _Painted | None:
    try:
        rendered = render(example, renderer)
    except UserError as error:
        message = error.message.replace(renderer.tokenizer.where, "the base model")
        found.add(Finding("not_renderable", message, error.hint), example.line)
        return None
    segments = [
        SegmentWire(text=each.text, weight=each.weight, num_tokens=each.num_tokens)
        for each in paint(rendered, renderer.tokenizer)
    ]
    return _Painted(segments, len(rendered.token_ids), rendered.num_trained_tokens)


def _value(raw: RawRow) -> Any:
    try:
        return None if raw.is_cut else msgspec.json.decode(raw.whole)
    except (ValueError, RecursionError):
        return None


def _can_be_sent(value: Any) -> bool:
    """Half a surrogate pair is no text, and a number may be too long."""
    try:
        msgspec.json.encode(value)
    except (ValueError, OverflowError, RecursionError):
        return False
    return True


def _on_wire(
    file: File, raw: RawRow, value: Any, problems: Sequence[ProblemWire] = (), painted: _Painted | None = None
) -> FileRowWire:  # fmt: skip
    return FileRowWire.model_construct(
        object="file.row", file_id=file.id, line=raw.line, text=raw.text, is_cut=raw.is_cut, value=value,
        problems=problems,
        segments=None if painted is None else painted.segments,
        num_tokens=None if painted is None else painted.num_tokens,
        num_trained_tokens=None if painted is None else painted.num_trained_tokens,
    )  # fmt: skip


def _not_yet(line: int) -> ApiError:
    return ApiError(
        409, f"The file is being read; nobody knows yet where line {line:,} begins. Ask again when its report is there.",
        code="report_in_progress", headers={"retry-after": "1"},
    )  # fmt: skip
