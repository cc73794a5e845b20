"""What the API says of a file's rows: the report, one row painted, and a corrected copy. All of it is an extension."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from tunesmith.api.auth import IdOf, NoId
from tunesmith.api.wire import RequestBody, Wire

Severity = Literal["error", "warning"]


class ProblemWire(Wire):
    """One finding; ``line``, ``column`` (in characters) and ``byte_column`` count from 1, ``path`` is a JSON path such
    as ``messages[1].content``."""

    rule: str
    severity: Severity
    message: str
    hint: str
    line: int | None
    column: int | None
    byte_column: int | None
    path: str | None


class RuleCountWire(Wire):
    """How often a rule was broken; beyond a bound findings are counted and not kept."""

    rule: str
    severity: Severity
    count: int
    num_kept: int


class SpreadWire(Wire):
    min: int
    mean: float
    median: int
    p95: int
    max: int


class OverLengthCostWire(Wire):
    policy: Literal["drop", "truncate_left", "truncate_right"]
    rows_dropped: int
    tokens_cut: int
    trained_tokens_lost: int
    end_tokens_lost: int


class TokenFiguresWire(Wire):
    """Lengths as the model's tokenizer and template give them. Bucket i holds lengths from ``bucket_edges[i]`` up to,
    not including, ``bucket_edges[i + 1]``."""

    model: Annotated[str, NoId("the base model whose tokenizer counted")]
    context_length: int
    max_seq_len: int
    total_tokens: int
    trained_tokens: int
    lengths: SpreadWire
    bucket_edges: Sequence[int]
    bucket_counts: Sequence[int]
    num_over_length: int
    over_length_costs: Sequence[OverLengthCostWire]


class RowFiguresWire(Wire):
    num_characters: int
    num_turns: int
    num_with_system: int
    num_without_user: int
    num_duplicates: int
    messages_per_row: SpreadWire


class FileReportWire(Wire):
    """``data`` is one page of the findings, in the file's order, those of ``rule`` and ``severity`` where asked."""

    object: Literal["file.report"] = "file.report"
    file_id: Annotated[str, IdOf("file")]
    status: Literal["in_progress", "completed", "failed"]
    progress: float
    """Share of the bytes that were read, 0 to 1."""
    error: str | None
    """Why there is no report, where ``status`` is failed."""
    file_format: str | None
    sha256: str
    num_rows: int
    num_rows_with_errors: int
    """Rows with at least one error; those are what ``drops_rows_with_errors`` takes away."""
    num_errors: int
    num_warnings: int
    rules: Sequence[RuleCountWire]
    rows: RowFiguresWire | None
    """None where an error keeps the file from being read whole."""
    tokens: TokenFiguresWire | None
    """None where no model was named, or the file has errors."""
    data: Sequence[ProblemWire]
    total: int
    """Kept findings that the filter lets through; pages are cut from them by ``offset`` and ``limit``."""
    has_more: bool


class SegmentWire(Wire):
    """Tokens in a row with the same loss weight; 0: not trained on."""

    text: str
    weight: float
    num_tokens: int


class FileRowWire(Wire):
    """One row of the file: its text, its findings, and, where a model was named and the row can be used, how the
    model sees it."""

    object: Literal["file.row"] = "file.row"
    file_id: Annotated[str, IdOf("file")]
    line: int
    text: str
    is_cut: bool
    """The row is longer than what is sent of it; it cannot be mended here."""
    value: Any
    """The row as JSON, None where it is no JSON."""
    problems: Sequence[ProblemWire]
    segments: Sequence[SegmentWire] | None
    num_tokens: int | None
    num_trained_tokens: int | None


class FileRowList(Wire):
    """Rows from ``first`` on, in the file's order, without findings and segments."""

    object: Literal["list"] = "list"
    data: Sequence[FileRowWire]
    num_rows: int | None
    """None while the report is being made."""
    has_more: bool


class RowEdit(RequestBody):
    """``text`` takes the row's place, as one line of JSON; null takes the row away."""

    line: Annotated[int, Field(ge=1)]
    text: Annotated[str, Field(max_length=1 << 20)] | None


class RevisionCreate(RequestBody):
    """A corrected copy of a file; the file itself stays as it is."""

    edits: Annotated[Sequence[RowEdit], Field(max_length=1000)] = ()
    drops_rows_with_errors: bool = False
    model: Annotated[str, IdOf("model")] | None = None
    """Drops the rows that cannot be rendered for this model too."""
    filename: Annotated[str, Field(min_length=1, max_length=255)] | None = None


class RevisionWire(Wire):
    object: Literal["file.revision"] = "file.revision"
    file: Mapping[str, Any]
    """The new file, as ``GET /v1/files/{file_id}`` gives it."""
    num_edited: int
    num_dropped: int
