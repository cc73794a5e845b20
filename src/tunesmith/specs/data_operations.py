"""What may be asked to be done to data files: each kind with its settings.

``parse_settings`` takes a kind and settings as JSON, gives the typed value; every problem is told at once.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

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
    delimiter: Annotated[str, Field(min_length=1, max_length=9)] | None = None
    """Of a CSV: what parts its cells, one character or tab, comma, semicolon, bar; guessed if not given."""
    header: bool | None = None
    """Of a CSV: whether its first row names the columns; guessed if not given."""
    list_labels: bool = False
    """Of a classification: all labels are named in a system message."""
    continue_output: Literal["chat", "prompt_completion", "preference"] = "chat"
    """Of Continue's data: what rows to make."""
    refused: bool = False
    """Of Continue's data: suggestions that were refused, or not decided on, are used too."""
    me: list[Annotated[str, Field(max_length=320)]] = Field(default_factory=list, max_length=200)
    """Of mail: whose answers are learned, by address or @domain; guessed if empty."""
    whole_threads: bool = False
    """Of mail: a row for each thread instead of one for each answer."""
    keep_lists: bool = False
    """Of mail: mailing lists are used too."""
    since: date | None = None
    """Of mail: what is older is left out."""
    fill: dict[str, Annotated[str, Field(max_length=1000)]] = Field(default_factory=dict, max_length=100)
    """What to write for names that stand open in the data, such as {{name}}."""


class ConvertSettings(ImportSettings):
    """Files of any kind into one file of training data."""

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


class GenerationSettings(Settings):
    """Examples that a model writes, as drafts for people to decide about."""

    mode: Literal["synthetic", "semi_synthetic", "documents"] = "synthetic"
    """Questions and answers like the file's, questions for people to answer, or both about a document's passages."""
    model: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    """Who writes: a model of this installation, by name; the endpoint that its operator has set if not given."""
    language: Literal["en", "zh"] = "en"
    """Of the prompt that is built in."""
    num_rows: Annotated[int, Field(ge=1, le=5_000)] = 50
    """So many drafts are wanted."""
    rows_per_request: Annotated[int, Field(ge=1, le=20)] = 5
    """So many are asked for at once."""
    seeds_per_request: Annotated[int, Field(ge=1, le=20)] = 4
    """So many of the file's rows are shown at once."""
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.9
    """How freely the model writes."""
    max_tokens: Annotated[int, Field(ge=16, le=32_000)] = 1_500
    """The longest answer to one request."""
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 1
    """The same seed shows the same rows."""
    about: Annotated[str, Field(max_length=2_000)] = ""
    """What the examples are about, in words of one's own."""
    with_proposals: bool = False
    """Of semi_synthetic: the model proposes answers too."""
    prompt: Annotated[str, Field(max_length=1 << 16)] | None = None
    """The prompt with its places in braces; the one that is built in if not given."""
    max_similarity: Annotated[float, Field(gt=0, le=1)] = 0.7
    """A question more alike to another one is refused, from 0 to 1."""


Text = Annotated[str, Field(min_length=1, max_length=1 << 16)]


class NewRow(Settings):
    """A draft that somebody approved, or wrote anew."""

    question: Text
    answer: Text
    provenance: Literal["synthetic", "semi-synthetic"] = "synthetic"
    """Whether a person wrote some of it."""
    metadata: dict[Annotated[str, Field(max_length=64)], Annotated[str, Field(max_length=8_000)]] = Field(
        default_factory=dict, max_length=16
    )
    """What the draft says it was made from."""


_MOST_NEW_LETTERS: Final = 4 << 20


class AddExamplesSettings(Settings):
    """A copy with more rows."""

    rows: Annotated[list[NewRow], Field(min_length=1, max_length=10_000)]
    """What is added, in this order. Forgotten when the operation has ended: the new file has them."""
    only_new: bool = False
    """The new file has these rows alone: the input is the document that they are about."""
    system: Annotated[str, Field(max_length=1 << 16)] | None = None
    """The system message of the new rows; the file's own, where all of its rows have the same, if not given."""
    filename: Filename | None = None
    """What the new file is called."""

    @field_validator("rows")
    @classmethod
    def _bounded(cls, rows: list[NewRow]) -> list[NewRow]:
        if sum(len(row.question) + len(row.answer) for row in rows) > _MOST_NEW_LETTERS:
            raise ValueError(f"these rows have more than {_MOST_NEW_LETTERS:,} characters together; add them in parts")
        return rows


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
    "preview_generation": GenerationSettings,
    "generate_examples": GenerationSettings,
    "add_examples": AddExamplesSettings,
}
NUM_INPUTS: Final[Mapping[str, tuple[int, int]]] = {
    **dict.fromkeys(KINDS, (1, 1)), "convert": (1, 100), "find_person": (1, 100), "compare": (2, 2),
}  # fmt: skip
"""Of each kind, how many files it takes, at least and at most."""


ASKS_A_MODEL: Final = frozenset({"preview_generation", "generate_examples"})
"""Their settings say which."""
_READS_ANYTHING: Final = frozenset({"preview_import", "convert", "preview_generation", "generate_examples"})
_FORGOTTEN: Final = frozenset({"said", "rows"})


def reads_anything(kind: str, settings: Mapping[str, Any]) -> bool:
    """Whether its files may be of any kind; the others read training data."""
    return kind in _READS_ANYTHING or bool(settings.get("only_new"))


def without_secrets(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of the settings once an operation has ended: whom somebody asked to erase is not written down,
    nor rows that a file of their own holds."""
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
