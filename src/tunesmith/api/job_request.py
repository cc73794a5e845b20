"""The body of ``POST /v1/fine_tuning/jobs``: OpenAI's fields, and every key of the YAML file beside them.

Whatever is wrong with it, in OpenAI's part or in ours, is told in one answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from fastapi.exceptions import RequestValidationError
from pydantic import ConfigDict, Field, ModelWrapValidatorHandler, ValidationError, field_validator, model_validator

from tunesmith.api.auth import IdOf
from tunesmith.api.errors import ApiError, Refusals, bad_request
from tunesmith.api.findings import told_apart
from tunesmith.api.wire import RequestBody
from tunesmith.core.errors import Problem, Problems
from tunesmith.specs.fine_tune import FineTuneSpec
from tunesmith.specs.wire_job import EXTENSION_KEYS, WIRE_KEYS, parse_wire_job

MOST_INTEGRATIONS = 5
_Auto = Literal["auto"]
Metadata = Annotated[
    dict[Annotated[str, Field(min_length=1, max_length=64)], Annotated[str, Field(max_length=512)]],
    Field(max_length=16),
]


class Hyperparameters(RequestBody):
    """OpenAI's, and ``prompt_loss_weight`` as its older API had it."""

    n_epochs: Annotated[int, Field(ge=1, le=50)] | _Auto | None = None
    batch_size: Annotated[int, Field(ge=1, le=256)] | _Auto | None = None
    learning_rate_multiplier: Annotated[float, Field(gt=0, le=100)] | _Auto | None = None
    prompt_loss_weight: Annotated[float, Field(ge=0, le=1)] | None = None

    @field_validator("*", mode="before")
    @classmethod
    def _numbers_are_no_text(cls, value: object) -> object:
        if isinstance(value, bool) or (isinstance(value, str) and value != "auto"):
            raise ValueError("it should be a number or auto")
        return value

    def given(self) -> dict[str, Any]:
        return self.model_dump(exclude_none=True)


class SupervisedMethod(RequestBody):
    hyperparameters: Hyperparameters | None = None


class Method(RequestBody):
    """Blocks of other types may be present, as the SDK's own types allow; nothing is read from them."""

    type: str
    supervised: SupervisedMethod | None = None
    dpo: Any = None
    reinforcement: Any = None

    @field_validator("type")
    @classmethod
    def _exists(cls, method: str) -> str:
        if method in ("dpo", "reinforcement"):
            raise ValueError(f"method {method} does not exist here yet; supervised does")
        if method != "supervised":
            raise ValueError(f"there is no method {method}; supervised is one")
        return method


class Wandb(RequestBody):
    project: Annotated[str, Field(min_length=1, max_length=300)]
    name: Annotated[str, Field(max_length=300)] | None = None
    entity: Annotated[str, Field(max_length=300)] | None = None
    tags: Annotated[list[Annotated[str, Field(max_length=300)]], Field(max_length=100)] | None = None


class Integration(RequestBody):
    type: Literal["wandb"]
    wandb: Wandb


def _with_extensions(schema: dict[str, Any]) -> None:
    """The description names every extension, with the limits that FineTuneSpec gives it."""
    known = FineTuneSpec.model_json_schema()["properties"]
    schema["properties"] |= {key: known[key] for key in EXTENSION_KEYS}
    schema["additionalProperties"] = False


class JobCreate(RequestBody):
    model_config = ConfigDict(extra="allow", json_schema_extra=_with_extensions)

    model: Annotated[str, IdOf("model"), Field(min_length=1, max_length=300)]
    training_file: Annotated[str, IdOf("file"), Field(min_length=1, max_length=200)]
    validation_file: Annotated[str, IdOf("file"), Field(min_length=1, max_length=200)] | None = None
    method: Method | None = None
    hyperparameters: Hyperparameters | None = None
    suffix: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.-]+$")] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**31, strict=True)] | None = None
    integrations: Annotated[list[Integration], Field(max_length=MOST_INTEGRATIONS)] | None = None
    metadata: Metadata | None = None
    trainingType: Any = None
    """Azure's; there is one kind of training here."""

    @model_validator(mode="wrap")
    @classmethod
    def _all_problems_at_once(cls, values: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if not isinstance(values, Mapping):
            return handler(values)
        refusals: list[ApiError] = []
        body = None
        try:
            body = handler(values)
        except ValidationError as error:
            refusals.append(_told(error, values))
        try:
            extensions = {key: value for key, value in values.items() if key not in WIRE_KEYS}
            _parse("starter", "file", None, 0, body.hyperparameters_given() if body else {}, extensions)
        except ApiError as error:
            refusals.append(error)
        if body is None or refusals:
            raise Refusals(refusals)
        return body

    def hyperparameters_given(self) -> dict[str, Any]:
        """From the method's block or the older place; raises ApiError where the two disagree."""
        legacy = self.hyperparameters.given() if self.hyperparameters else {}
        block = self.method.supervised if self.method else None
        own = block.hyperparameters.given() if block and block.hyperparameters else {}
        differing = [name for name in own if name in legacy and legacy[name] != own[name]]
        if differing:
            raise bad_request(
                "hyperparameters and method.supervised.hyperparameters disagree about "
                f"{', '.join(differing)}; give one of them.",
                f"hyperparameters.{differing[0]}",
                "invalid_value",
            )
        return legacy | own

    def spec(self, base_model: str, seed: int, settings: Mapping[str, Any]) -> FineTuneSpec:
        """What is asked for, typed; files are named by their ids. ``settings`` are given by the model to start from."""
        return _parse(
            base_model, self.training_file, self.validation_file, seed, self.hyperparameters_given(),
            {**self.extensions(), **settings},
        )  # fmt: skip

    def extensions(self) -> dict[str, Any]:
        """The keys that OpenAI's body does not have."""
        return dict(self.model_extra or {})

    def fingerprint(self) -> str:
        """The same for two bodies that ask for the same."""
        return json.dumps(self.model_dump(mode="json", exclude_none=True), sort_keys=True)


def _parse(
    base_model: str, training_file: str, validation_file: str | None, seed: int, hyperparameters: Mapping[str, Any],
    extensions: Mapping[str, Any],
) -> FineTuneSpec:  # fmt: skip
    try:
        return parse_wire_job(
            base_model=base_model, training_file=training_file, validation_file=validation_file, seed=seed,
            hyperparameters=hyperparameters, extensions=extensions,
        )  # fmt: skip
    except Problems as error:
        raise refusal(*error.problems) from None


def refusal(*problems: Problem) -> ApiError:
    """All of them in one message; ``param`` names the first one's place."""
    return Refusals([_refused(problem) for problem in problems])


def _refused(problem: Problem) -> ApiError:
    sentence = f"{problem.message}; {problem.hint.rstrip('.')}.".replace("?.", "?")
    return bad_request(
        sentence, problem.path, "unknown_parameter" if problem.rule == "unknown_key" else "invalid_value"
    )


def _told(error: ValidationError, values: Mapping[str, Any]) -> ApiError:
    findings = [{**finding, "loc": ("body", *finding["loc"])} for finding in error.errors(include_url=False)]
    return Refusals(told_apart(RequestValidationError(findings, body=dict(values))))
