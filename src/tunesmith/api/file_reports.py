"""The report of a file's rows: made once by a process of its own, read in pages. An extension."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from tunesmith.api.auth import IdOf, permit
from tunesmith.api.errors import bad_request, not_found
from tunesmith.api.file_report_wire import (
    FileReportWire,
    OverLengthCostWire,
    ProblemWire,
    RowFiguresWire,
    RuleCountWire,
    Severity,
    SpreadWire,
    TokenFiguresWire,
)
from tunesmith.api.files import FileId, no_such_file
from tunesmith.api.report_maker import Asked, Failed, Making
from tunesmith.api.services import Services, ServicesOf
from tunesmith.api.wire import answer
from tunesmith.data.report_file import Summary
from tunesmith.data.statistics import Spread
from tunesmith.nn.known_models import KnownModel
from tunesmith.store import files, models
from tunesmith.store.files import File
from tunesmith.store.principals import Action, Principal

router = APIRouter(tags=["Files"])

PURPOSE = "fine-tune"
Reader = Annotated[Principal, permit(Action.FILE_READ)]
ModelAsked = Annotated[str | None, IdOf("model"), Query(max_length=500)]


@router.get("/v1/files/{file_id}/report", response_model=FileReportWire)
def retrieve_report(
    file_id: FileId, services: ServicesOf, principal: Reader, model: ModelAsked = None,
    max_seq_len: Annotated[int | None, Query(ge=2, le=1 << 24)] = None,
    rule: Annotated[str | None, Query(max_length=100)] = None, severity: Severity | None = None,
    offset: Annotated[int, Query(ge=0)] = 0, limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:  # fmt: skip
    """What is wrong with the rows. Ask again while the status is ``in_progress``: whoever asks first has it made."""
    file = training_file(services, principal, file_id)
    if max_seq_len is not None and model is None:
        raise bad_request("max_seq_len counts tokens, so it needs a model.", "max_seq_len")
    base = None if model is None else base_model_of(services, principal.project_id, model)
    found = services.reports.find(asked_of(services, file, base, max_seq_len))
    if isinstance(found, Making | Failed):
        return answer(_without_report(file, found))
    data, total = found.page(rule, severity, offset, limit)
    common = _of_summary(file, found.summary, None if base is None else base.name)
    problems = [ProblemWire.model_construct(**each) for each in data]
    return answer(
        FileReportWire.model_construct(**common, data=problems, total=total, has_more=offset + len(data) < total)
    )


def training_file(services: Services, principal: Principal, file_id: str) -> File:
    """Raises ApiError 404, and 400 for a file of another purpose."""
    with services.database.read() as connection:
        file = files.get(connection, principal.project_id, file_id, services.now())
    if file is None:
        raise no_such_file(file_id)
    if file.purpose != PURPOSE:
        raise bad_request(
            f"File {file_id} has the purpose {file.purpose}; the rows of {PURPOSE} files alone are judged.", "file_id"
        )
    return file


def base_model_of(services: Services, project_id: str, name: str) -> KnownModel:
    """The base model by its name or an alias, or the one that a tuned model was made from; raises ApiError 404."""
    known = services.known_models.resolve(name)
    if known is None:
        with services.database.read() as connection:
            tuned = models.find_servable(connection, project_id, name)
        known = None if tuned is None else services.known_models.resolve(tuned.base_model)
    if known is None:
        raise not_found(f"The model '{name}' does not exist", param="model", code="model_not_found")
    return known


def asked_of(
    services: Services, file: File, base: KnownModel | None = None, max_seq_len: int | None = None
) -> Asked:  # fmt: skip
    """Raises ApiError 400 where the base model is not on this machine."""
    if base is None:
        return Asked(file.project_id, file.sha256, file.num_bytes)
    version = services.renderers.version(base)
    return Asked(file.project_id, file.sha256, file.num_bytes, base.name, base.location, version, max_seq_len)


def _without_report(file: File, found: Making | Failed) -> FileReportWire:
    is_making = isinstance(found, Making)
    return FileReportWire(
        file_id=file.id,
        status="in_progress" if is_making else "failed",
        progress=found.progress if isinstance(found, Making) else 0.0,
        error=found.message if isinstance(found, Failed) else None,
        file_format=None, sha256=file.sha256, num_rows=0, num_rows_with_errors=0, num_errors=0, num_warnings=0, rules=[],
        rows=None, tokens=None, data=[], total=0, has_more=False,
    )  # fmt: skip


def _of_summary(file: File, summary: Summary, model: str | None) -> dict[str, Any]:
    return {
        "object": "file.report", "file_id": file.id, "status": "completed", "progress": 1.0, "error": None,
        "file_format": summary.file_format, "sha256": file.sha256, "num_rows": summary.num_rows,
        "num_rows_with_errors": summary.num_rows_with_errors, "num_errors": summary.num_errors, "num_warnings": summary.num_warnings,
        "rules": [
            RuleCountWire(rule=each.rule, severity=each.severity, count=each.count, num_kept=each.num_kept)
            for each in summary.rules
        ],
        "rows": _row_figures(summary), "tokens": _token_figures(summary, model),
    }  # fmt: skip


def _row_figures(summary: Summary) -> RowFiguresWire | None:
    figures = summary.figures
    if figures is None:
        return None
    return RowFiguresWire(
        num_characters=figures.num_characters, num_turns=figures.num_turns, num_with_system=figures.num_with_system,
        num_without_user=figures.num_without_user,
        num_duplicates=figures.num_duplicates, messages_per_row=_spread(figures.messages_per_row),
    )  # fmt: skip


def _token_figures(summary: Summary, model: str | None) -> TokenFiguresWire | None:
    tokens = summary.figures.tokens if summary.figures else None
    if tokens is None or model is None or summary.context_length is None:
        return None
    return TokenFiguresWire(
        model=model,
        context_length=summary.context_length,
        max_seq_len=tokens.max_seq_len or summary.context_length,
        total_tokens=tokens.total_tokens,
        trained_tokens=tokens.trained_tokens,
        lengths=_spread(tokens.lengths),
        bucket_edges=tokens.bucket_edges,
        bucket_counts=tokens.bucket_counts,
        num_over_length=tokens.num_over_length,
        over_length_costs=[
            OverLengthCostWire(
                policy=cost.policy,
                rows_dropped=cost.rows_dropped,
                tokens_cut=cost.tokens_cut,
                trained_tokens_lost=cost.trained_tokens_lost,
                end_tokens_lost=cost.end_tokens_lost,
            )
            for cost in tokens.over_length_costs
            if cost.policy != "error"
        ],
    )


def _spread(spread: Spread) -> SpreadWire:
    return SpreadWire(min=spread.min, mean=spread.mean, median=spread.median, p95=spread.p95, max=spread.max)
