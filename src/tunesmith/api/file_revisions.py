"""A corrected copy of a file: rows edited and taken away, the file itself left as it is. An extension."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter
from sqlalchemy import Connection
from starlette.responses import Response

from tunesmith.api.auth import RequestId, permit
from tunesmith.api.errors import ApiError, bad_request
from tunesmith.api.file_report_wire import RevisionCreate, RevisionWire
from tunesmith.api.file_reports import PURPOSE, asked_of, base_model_of, training_file
from tunesmith.api.files import FileId, check_name, on_wire
from tunesmith.api.report_maker import Failed, Making
from tunesmith.api.services import Services, ServicesOf
from tunesmith.api.wire import answer
from tunesmith.core import durable
from tunesmith.data.encoding import HEAD_BYTES
from tunesmith.data.file_rows import is_array
from tunesmith.data.report_file import Report
from tunesmith.data.revision import Revision
from tunesmith.data.strict_json import UNREAD, read_json
from tunesmith.data.versions import Operation, Parent, Version
from tunesmith.store import audit, file_versions, files
from tunesmith.store.blobs import DamagedBlob
from tunesmith.store.files import File
from tunesmith.store.principals import Action, Principal

router = APIRouter(tags=["Files"])

_MOST_TOLD = 20
_NAME = re.compile(r"(?P<stem>.*?)(?:\.fixed(?:-(?P<number>\d{1,6}))?)?\.jsonl", re.IGNORECASE | re.DOTALL)


@router.post("/v1/files/{file_id}/revisions", response_model=RevisionWire)
def create_revision(
    file_id: FileId, body: RevisionCreate, services: ServicesOf,
    principal: Annotated[Principal, permit(Action.FILE_WRITE)], request_id: RequestId,
) -> Response:  # fmt: skip
    """The new file has the purpose ``fine-tune`` and expires when the old one does."""
    file = training_file(services, principal, file_id)
    if not body.edits and not body.drops_rows_with_errors:
        raise bad_request("Nothing is to be changed: give edits, or drops_rows_with_errors.", "edits")
    filename = body.filename or fixed_name(file.filename)
    check_name(filename, PURPOSE, "filename")
    edits = _checked(body)
    dropped = _lines_with_errors(services, principal, file, body.model) if body.drops_rows_with_errors else ()
    made = _write(services, file, Revision(edits, dropped), max(edits, default=0))
    now = services.now()
    detail = {"purpose": PURPOSE, "revision_of": file.id, "edited": made.num_edited, "dropped": made.num_dropped}
    with services.database.write() as connection:
        fresh = files.create(
            connection, principal.project_id, filename=filename, purpose=PURPOSE, num_bytes=made.num_bytes,
            sha256=made.sha256, now=now, expires_at=file.expires_at,
        )  # fmt: skip
        file_versions.put(connection, fresh.id, None, _version(connection, file, made))
        audit.record(connection, principal, "file.create", fresh.id, now, request_id, detail)
    return answer(
        RevisionWire(
            file=on_wire(fresh).model_dump(mode="json"), num_edited=made.num_edited, num_dropped=made.num_dropped
        )
    )


def _version(connection: Connection, file: File, made: _Made) -> dict[str, Any]:
    """What the copy is made of; licence and source are those of the file itself."""
    own = file_versions.of(connection, [file.id]).get(file.id, {})
    counts = {"rows_edited": made.num_edited, "rows_dropped": made.num_dropped}
    version = Version(
        made.sha256, made.num_lines, made.num_bytes, (Parent(file.filename, file.sha256),),
        (Operation("revise", {}, counts),), own.get("licence"), own.get("source"),
    )  # fmt: skip
    return version.as_json()


def fixed_name(filename: str) -> str:
    """``a.jsonl`` → ``a.fixed.jsonl`` → ``a.fixed-2.jsonl``."""
    match = _NAME.fullmatch(filename)
    stem, number = (match["stem"], match["number"]) if match else (filename, None)
    is_fixed = match is not None and len(match[0]) > len(stem) + len(".jsonl")
    again = f"-{int(number or 1) + 1}" if is_fixed else ""
    return f"{stem[:200]}.fixed{again}.jsonl"


def _checked(body: RevisionCreate) -> Mapping[int, bytes | None]:
    """Each edited line as one line of JSON; raises ApiError 400 with all that is wrong."""
    edits: dict[int, bytes | None] = {}
    problems: list[tuple[int, str]] = []
    for edit in body.edits:
        if edit.line in edits:
            problems.append((edit.line, "it is edited twice"))
        edits[edit.line] = None
        if edit.text is not None:
            # A line feed within JSON stands between its parts: inside a text it would be a fault.
            text = edit.text.strip().replace("\r", " ").replace("\n", " ")
            edits[edit.line] = text.encode()
            problems += [(edit.line, problem) for problem in _problems(text)]
    if problems:
        raise _refusal(problems)
    return edits


def _problems(text: str) -> Iterator[str]:
    if not text:
        yield "it is empty; null takes the row away"
        return
    value, faults = read_json(text, text.encode())
    for fault in faults:
        yield f"column {fault.offset + 1}: {fault.finding.message} ({fault.finding.hint})"
    if value is not UNREAD and not isinstance(value, dict):
        yield 'it is no JSON object; write the row as {"…": …}'


def _refusal(problems: Sequence[tuple[int, str]]) -> ApiError:
    told = "; ".join(f"line {line}: {problem}" for line, problem in problems[:_MOST_TOLD])
    more = f"; and {len(problems) - _MOST_TOLD} more" if len(problems) > _MOST_TOLD else ""
    return bad_request(f"Nothing was changed: {told}{more}.", f"line {problems[0][0]}", "invalid_row")


def _lines_with_errors(services: Services, principal: Principal, file: File, model: str | None) -> Iterable[int]:
    """Raises ApiError 409 until a report knows them."""
    base = None if model is None else base_model_of(services, principal.project_id, model)
    found: Report | Making | Failed | None = None
    if base is None:
        found = services.reports.any_of(file.project_id, file.sha256)
    else:
        found = services.reports.of_model(asked_of(services, file, base))
    if found is None:
        found = services.reports.find(asked_of(services, file, base))
    if isinstance(found, Making):
        raise ApiError(
            409, "The file is being read to find its rows with errors. Ask again when its report is there.",
            code="report_in_progress", headers={"retry-after": "1"},
        )  # fmt: skip
    if isinstance(found, Failed):
        raise ApiError(409, f"Nobody knows which rows have errors. {found.message}", code="report_failed")
    if found.summary.file_format is None:
        raise bad_request(
            f"The format of {file.id} is not recognized, so every row would go. Its report says what is wrong.",
            "drops_rows_with_errors",
        )  # fmt: skip
    return found.lines_with_errors(of_model=base is not None)


@dataclass(frozen=True, slots=True)
class _Made:
    sha256: str
    num_bytes: int
    num_lines: int
    num_edited: int
    num_dropped: int


def _write(services: Services, file: File, revision: Revision, last_edit: int) -> _Made:
    """The new bytes, kept as a blob; raises ApiError 400 where there would be none, or a line is not in the file."""
    blobs, digest, num_bytes = services.blobs, hashlib.sha256(), 0
    path = blobs.new_temporary()
    try:
        source = _whole(blobs.read(file.sha256), file)
        with durable.disk_errors(path), path.open("xb", buffering=1 << 20) as out:
            for piece in revision.pieces(source):
                digest.update(piece)
                num_bytes += out.write(piece)
        if last_edit > revision.num_lines:
            raise _refusal([(last_edit, f"the file has {revision.num_lines:,} lines")])
        if num_bytes == 0:
            raise bad_request("No row would be left.", "drops_rows_with_errors")
        blobs.put_file(path, digest.hexdigest())
    finally:
        path.unlink(missing_ok=True)
    num_lines = revision.num_lines - revision.num_dropped
    return _Made(digest.hexdigest(), num_bytes, num_lines, revision.num_edited, revision.num_dropped)


def _whole(pieces: Iterator[bytes], file: File) -> Iterator[bytes]:
    """The same pieces; raises ApiError for bytes that were damaged, or that hold no lines."""
    digest, is_first = hashlib.sha256(), True
    try:
        for piece in pieces:
            if is_first and is_array(piece[:HEAD_BYTES]):
                raise bad_request(
                    f"File {file.id} is one JSON array. Write one row a line and upload that, to change single rows.",
                    "file_id",
                )
            is_first = False
            digest.update(piece)
            yield piece
    except DamagedBlob:
        raise _damaged(file) from None
    if digest.hexdigest() != file.sha256:
        raise _damaged(file)


def _damaged(file: File) -> ApiError:
    return ApiError(
        500, f"The stored bytes of {file.id} are damaged or lost. Upload the file again, or restore a backup.",
        headers={"x-should-retry": "false"},
    )  # fmt: skip
