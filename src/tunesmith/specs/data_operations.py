"""What may be asked to be done to data files: each kind with its settings.

``parse_settings`` takes a kind and settings as JSON, gives the typed value; every problem is told at once.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tunesmith.core.errors import Problem, Problems


class Settings(BaseModel):
    """Unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, strict=False)


Filename = Annotated[str, Field(min_length=1, max_length=200, pattern=r"(?i)^[^/\\\x00]+\.jsonl$")]
InputFormat = Literal[
    "chat", "reinforcement", "sharegpt", "preference", "kto", "prompt_completion", "seed_tasks", "alpaca", "dolly",
    "question_answer", "classification", "text", "table", "continue", "mail",
]  # fmt: skip


class ImportSettings(Settings):
    """How files are read; what is not said is detected."""

    format: InputFormat | None = None
    """What the rows are."""
    mapping: dict[str, Any] | None = None
    """Of a table: which column, or which text with columns in braces, each part of a row is made of."""
    encoding: Annotated[str, Field(max_length=40)] | None = None
    """The text's encoding."""
    sheet: Annotated[str, Field(max_length=200)] | None = None
    """The sheet of a workbook; all that are shown if not given."""
    me: list[Annotated[str, Field(max_length=320)]] = Field(default_factory=list, max_length=200)
    """Of mail: whose answers are learned, by address or @domain; guessed if empty."""
    whole_threads: bool = False
    """Of mail: a row for each thread instead of one for each answer."""
    keep_lists: bool = False
    """Of mail: mailing lists are used too."""
    since: date | None = None
    """Of mail: what is older is left out."""


class ConvertSettings(ImportSettings):
    """Files of any kind into one file of training data."""

    fill: dict[str, Annotated[str, Field(max_length=1000)]] = Field(default_factory=dict, max_length=100)
    """What to write for names that stand open in the data, such as {{name}}."""
    filename: Filename | None = None
    """What the new file is called."""
    licence: Annotated[str, Field(max_length=200)] | None = None
    """The data's licence, kept in its version."""
    source: Annotated[str, Field(max_length=1000)] | None = None
    """Where the data is from, kept in its version."""


Decisions = Annotated[dict[str, Literal["accept", "reject"]], Field(max_length=100_000)]


class PersonalDataSettings(Settings):
    """What counts as personal data."""

    kinds: list[Annotated[str, Field(max_length=40)]] | None = Field(default=None, max_length=100)
    """What is looked for: name, email, phone …; everything if not given."""


class CleanSettings(PersonalDataSettings):
    """A copy without personal data."""

    policy: Literal["redact", "surrogate", "drop"] = "redact"
    """A tag in its place, an invented value of the same kind (the same one each time), or the whole row goes."""
    decisions: Decisions = Field(default_factory=dict)
    """Of what was found, by its id or its value's: what is rejected stays. What nobody decided is taken out."""
    filename: Filename | None = None
    """What the new file is called."""


class RecallSettings(PersonalDataSettings):
    """How much of the personal data that is planted in copies of the rows is found again."""

    per_kind: Annotated[int, Field(ge=2, le=1000)] = 100
    """So many values of each kind are planted."""
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    """The same seed plants the same values."""


class DuplicateSettings(Settings):
    """Which rows say the same."""

    threshold: Annotated[float, Field(ge=0.5, le=1)] = 0.8
    """How alike two rows must be, from 0.5 to 1."""
    compared: Literal["question", "answer", "both"] = "both"
    """Which text counts."""
    near: bool = True
    """False finds rows that say exactly the same only."""


class DeduplicateSettings(DuplicateSettings):
    """A copy without rows that say the same as an earlier one."""

    decisions: Decisions = Field(default_factory=dict)
    """Of groups, by id: a rejected one stays whole."""
    filename: Filename | None = None
    """What the new file is called."""


class SplitSettings(Settings):
    """A training and a validation part of one file; rows that say nearly the same stay on one side."""

    share: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """The validation part's share of the rows."""
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 42
    """The same seed gives the same parts."""
    by_group: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """Rows with the same value of this key (thread, author, or a path) stay on one side."""
    stratify: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """Each part has its share of every value of this key (label, or a path)."""


class CompareSettings(Settings):
    """What differs between two files; the first is the one before."""


class PersonSettings(Settings):
    """One person, in as many ways as are known."""

    said: Annotated[list[Annotated[str, Field(min_length=2, max_length=320)]], Field(min_length=1, max_length=50)]
    """Names, e-mail addresses, phone numbers. They are forgotten when the operation has ended."""


class ErasePersonSettings(PersonSettings):
    """A copy without this person."""

    erasure: Literal["drop", "redact"] = "drop"
    """The person's rows go, or a tag stands in the place of what names them."""
    filename: Filename | None = None
    """What the new file is called."""


KINDS: Final[Mapping[str, type[Settings]]] = {
    "preview_import": ImportSettings,
    "convert": ConvertSettings,
    "find_personal_data": PersonalDataSettings,
    "measure_recall": RecallSettings,
    "clean": CleanSettings,
    "find_duplicates": DuplicateSettings,
    "deduplicate": DeduplicateSettings,
    "split": SplitSettings,
    "compare": CompareSettings,
    "find_person": PersonSettings,
    "erase_person": ErasePersonSettings,
}
NUM_INPUTS: Final[Mapping[str, tuple[int, int]]] = {
    **dict.fromkeys(KINDS, (1, 1)), "convert": (1, 100), "find_person": (1, 100), "compare": (2, 2),
}  # fmt: skip
"""Of each kind, how many files it takes, at least and at most."""


@dataclass(frozen=True, slots=True)
class About:
    """What people are told of a kind: what it makes, and what ``result`` and each item of its list hold, by name."""

    makes: str
    result: Mapping[str, str]
    items: Mapping[str, str]


ABOUT: Final[Mapping[str, About]] = {
    "preview_import": About(
        "no file: what the first rows would be",
        {
            "format": "what the rows are",
            "reason": "why",
            "is_sure": "false where somebody should look",
            "notes": "what was noticed",
            "columns": "of a table",
            "mapping": "column by column, as convert takes it",
            "mapping_reason": "why",
        },
        {
            "record": "as it stood",
            "row": "what it becomes",
            "place": "file and line",
            "left": "why it gives no row: rule, message, hint",
        },
    ),
    "convert": About(
        "one file of training data",
        {
            "file_format": "what the rows are",
            "notes": "what was noticed",
            "sources": "of each file: name, format, reason, made",
        },
        {},
    ),
    "find_personal_data": About(
        "no file: every place, to be accepted or rejected",
        {
            "num_found": "how many places",
            "num_rows": "in how many rows",
            "kinds": "how many of each kind",
            "num_not_listed": "places beyond the first 100,000",
            "not_covered": "what is not looked for",
        },
        {
            "id": "of this place",
            "value_id": "of all places of this value",
            "kind": "name, email …",
            "line": "of the file",
            "path": "within the row",
            "before": "some text before it",
            "value": "what was found",
            "after": "some text after it",
            "confidence": "from 0 to 1",
            "source": "what found it",
        },
    ),
    "measure_recall": About(
        "no file: how many planted values are found again, kind by kind",
        {"kinds": "of each: what was planted, what was found"},
        {},
    ),
    "clean": About(
        "one file, `NAME.clean.jsonl`",
        {
            "rows_read": "how many",
            "rows_changed": "how many",
            "rows_dropped": "how many",
            "rows_written": "how many",
            "found": "places of each kind",
            "replaced": "places of each kind",
            "left_as_nobodys": "tags and invented values of an earlier clean-up",
            "left_as_decided": "what somebody rejected, of each kind",
            "not_covered": "what is not looked for",
        },
        {},
    ),
    "find_duplicates": About(
        "no file: groups of rows that say the same",
        {
            "num_rows": "that were read",
            "num_groups": "of two rows or more",
            "num_removable": "rows that deduplicate drops",
            "num_not_listed": "groups beyond the first 100,000",
        },
        {
            "id": "of the group",
            "similarity": "the least in it",
            "num_rows": "in it",
            "rows": "the one that is kept, then copies: line, is_kept, similarity, row",
        },
    ),
    "deduplicate": About("one file, `NAME.distinct.jsonl`", {}, {}),
    "split": About(
        "two files, `NAME.train.jsonl` and `NAME.validation.jsonl`",
        {
            "num_rows": "that were read",
            "num_validation": "of them held back",
            "num_groups": "of rows that stay together",
            "num_exact": "rows that repeat an earlier one",
            "num_joined": "rows joined for saying nearly the same",
            "num_ungrouped": "rows without the key of `by_group`",
            "labels": "of each value of `stratify`: rows in training, rows in validation",
        },
        {},
    ),
    "compare": About(
        "no file: what the second file has changed",
        {
            "same": "rows",
            "moved": "rows, otherwise the same",
            "added": "rows",
            "removed": "rows",
            "changed": "rows",
        },
        {
            "change": "changed, removed, added",
            "line": "in the second file",
            "other_line": "in the first",
            "row": "in the second",
            "before": "the row in the first",
            "differences": "of a changed row, text by text",
        },
    ),
    "find_person": About(
        "no file: rows that speak of a person; `/affected` says where they went",
        {"rows_of_inputs": "how many, file by file"},
        {"input": "which file, from 0", "file": "its name", "line": "of the file", "places": "where in the row"},
    ),
    "erase_person": About("one file, `NAME.erased.jsonl`", {}, {}),
}
READS_ANYTHING: Final = frozenset({"preview_import", "convert"})
"""The others read training data."""
_FORGOTTEN: Final = frozenset({"said"})


def without_secrets(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of the settings once an operation has ended: whom somebody asked to erase is not written down."""
    return {name: value for name, value in settings.items() if name not in _FORGOTTEN}


def parse_settings(kind: str, raw: Mapping[str, Any]) -> Settings:
    """Raises Problems: an unknown kind, unknown keys, and values out of their range, each with its path."""
    if kind not in KINDS:
        near = difflib.get_close_matches(kind, KINDS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"choose one of {', '.join(KINDS)}"
        raise Problems(
            f"There is no operation {kind[:60]!r}.",
            [Problem("unknown_kind", "an unknown kind", hint, path="kind")],
            hint,
        )
    try:
        return KINDS[kind].model_validate(raw)
    except ValidationError as error:
        found = [_problem(each, KINDS[kind]) for each in error.errors(include_url=False, include_input=False)]
        told = "; ".join(f"{problem.path}: {problem.message} ({problem.hint})" for problem in found[:5])
        raise Problems(f"The settings of {kind} cannot be used: {told}.", found) from None


def _problem(error: Any, kind: type[Settings]) -> Problem:
    path = ".".join(["settings", *(str(part) for part in error["loc"])])
    if error["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(error["loc"][-1]), kind.model_fields, n=1)
        hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(kind.model_fields)}"
        return Problem("unknown_setting", "there is no such setting", hint, path=path)
    message = str(error["msg"])
    return Problem("invalid_setting", message[:1].lower() + message[1:], "change the value", path=path)
