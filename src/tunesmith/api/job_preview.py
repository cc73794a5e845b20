"""``POST /v1/fine_tuning/jobs/preview``: what a job would be, before anybody asks for it. Nothing is made.

The body is judged as ``POST /v1/fine_tuning/jobs`` judges it; the files' figures come from their reports
(``api.file_reports``), which are begun where there are none; settings are resolved by the worker's own rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import ConfigDict
from ruamel.yaml import YAML
from starlette.responses import Response

from tunesmith.api.auth import IdOf, permit
from tunesmith.api.errors import ApiError, Refusals, bad_request
from tunesmith.api.file_report_wire import ProblemWire
from tunesmith.api.file_reports import asked_of
from tunesmith.api.job_creation import Start, find_start, judge
from tunesmith.api.job_figures_wire import JobPreviewWire, MemoryEstimateWire, TimeEstimateWire
from tunesmith.api.job_request import JobCreate
from tunesmith.api.job_wire import SettingWire
from tunesmith.api.report_maker import Failed, Making
from tunesmith.api.services import Services, ServicesOf
from tunesmith.api.usable_body import setting_of, without
from tunesmith.api.wire import RequestBody, answer
from tunesmith.core.errors import Problem, Severity, UserError
from tunesmith.core.machine import cpu_has_fast_bf16
from tunesmith.data.report_file import Summary
from tunesmith.data.statistics import TokenStatistics
from tunesmith.data.validate import FEW_EXAMPLES
from tunesmith.nn.catalog import BaseModel, locate
from tunesmith.nn.known_models import KnownModel
from tunesmith.nn.shapes import facts_of, shape_of
from tunesmith.specs.fine_tune import FineTuneSpec
from tunesmith.specs.memory import DataFacts, estimate
from tunesmith.specs.resolve import ResolvedSpec, resolve, resolve_max_seq_len
from tunesmith.store import files, job_metrics, jobs, workers
from tunesmith.store.files import File
from tunesmith.store.principals import Action, Principal

router = APIRouter(tags=["Fine-tuning"])

# Stands where a request names no file yet, so that the rest of it can be judged.
_NO_FILE = "file-none"
_OF_NO_FILE = ("training_file", _NO_FILE)
_ALIVE_SECONDS = 60
_JOBS_LOOKED_AT, _STEPS_LOOKED_AT = 50, 1_000
# The first steps are slower than those that follow; fewer than these tell no speed.
_WARM_UP_STEPS, _FEWEST_STEPS = 2, 3
_Param = Literal["training_file", "validation_file"]


class JobPreviewBody(RequestBody):
    """The body of ``POST /v1/fine_tuning/jobs``, as far as it is known; everything else of it is judged as it comes."""

    model_config = ConfigDict(extra="allow", frozen=True)

    model: Annotated[str, IdOf("model")] | None = None
    training_file: Annotated[str, IdOf("file")] | None = None
    validation_file: Annotated[str, IdOf("file")] | None = None


@dataclass(frozen=True, slots=True)
class _Counted:
    """A file's examples after the over-length policy, in tokens."""

    num_examples: int
    total_tokens: int
    trained_tokens: int
    longest: int


@dataclass(frozen=True, slots=True)
class _Device:
    is_gpu: bool
    has_fast_bf16: bool
    memory_bytes: int | None


@router.post("/v1/fine_tuning/jobs/preview", response_model=JobPreviewWire)
def preview_fine_tuning_job(
    body: JobPreviewBody, principal: Annotated[Principal, permit(Action.JOB_READ)], services: ServicesOf
) -> Response:  # fmt: skip
    return answer(_Preview(services, principal, body.model_dump(exclude_none=True)).wire())


class _Preview:
    """One request, judged step by step: each step needs what the one before found."""

    def __init__(self, services: Services, principal: Principal, values: Mapping[str, Any]) -> None:
        self._services, self._principal, self._values = services, principal, values
        # The values without those that are refused, and what settings these were.
        self._usable, self._refused = dict(values), set[str]()
        self._problems: list[ProblemWire] = []
        self._is_waiting = False

    def wire(self) -> JobPreviewWire:
        start, job = self._judge_body()
        known = None if start is None else self._services.known_models.resolve(start.base_model)
        spec = base = None
        training = validation = None
        resolved: ResolvedSpec | None = None
        if start is not None and job is not None:
            spec = job.spec(start.base_model, job.seed or 0, start.settings or {})
            base = None if known is None else self._locate(known)
            spec = spec if base is None else self._within_context(spec, base)
        if known is not None and spec is not None and base is not None:
            training = self._count("training_file", spec, known, base)
            validation = self._count("validation_file", spec, known, base)
            resolved = self._resolve(spec, base, training, validation)
        data = None if training is None or spec is None else _data_facts(training, validation, spec)
        memory = duration = None
        if resolved is not None and base is not None and data is not None:
            memory = self._memory(base, resolved, data)
        passes = resolved.num_epochs if resolved is not None else None
        share = 1 - (spec.validation_split or 0) if spec is not None else 1.0
        trained = None if training is None else round(training.trained_tokens * share)
        if training is not None and resolved is not None and spec is not None:
            duration = self._time(spec, training.total_tokens * share * resolved.num_epochs)
        return JobPreviewWire(
            is_ready=resolved is not None and not self._has_errors and not self._is_waiting,
            problems=self._problems,
            model=None if start is None else start.model,
            resolved={} if resolved is None else self._settings(resolved),
            is_waiting_for_report=self._is_waiting,
            num_examples=None if data is None else data.num_examples,
            num_validation_examples=_num_validation(training, validation, spec),
            trained_tokens=trained,
            total_trained_tokens=None if trained is None or passes is None else round(trained * passes),
            memory=memory,
            time=duration,
            yaml=self._yaml(start),
            body=dict(self._values),
        )

    @property
    def _has_errors(self) -> bool:
        return any(problem.severity == "error" for problem in self._problems)

    def _judge_body(self) -> tuple[Start | None, JobCreate | None]:
        """What it asks for, judged as if what is refused had not been given."""
        if "training_file" not in self._values:
            self._refuse(bad_request("Choose a training file.", "training_file", "missing"))
        job = self._typed(tells=True)
        if job is None:
            return None, None
        project_id, known_models = self._principal.project_id, self._services.known_models
        with self._services.database.read() as connection:
            try:
                return judge(connection, known_models, project_id, job, self._services.now()), job
            except ApiError as error:
                refused = [each for each in _apart(error) if (each.param, job.training_file) != _OF_NO_FILE]
            for each in refused:
                self._refuse(each)
            job = self._typed() if self._leave_out(refused) else None
            try:
                return (None if job is None else find_start(connection, known_models, project_id, job.model)), job
            except ApiError:
                return None, job

    def _typed(self, *, tells: bool = False) -> JobCreate | None:
        """The body without what its description refuses; None where that cannot be told apart."""
        while True:
            try:
                return JobCreate.model_validate({"training_file": _NO_FILE, **self._usable})
            except ApiError as error:
                # What is found once something was left out may come of that, so it is not told.
                if tells:
                    self._refuse(error)
                    tells = False
                if not self._leave_out(_apart(error)):
                    return None

    def _leave_out(self, refused: Sequence[ApiError]) -> bool:
        """Whether the values were found."""
        left = without(self._usable, [each.param for each in refused])
        if left is None:
            return False
        self._usable = left
        self._refused |= {setting_of(each.param) for each in refused if each.param}
        return True

    def _within_context(self, spec: FineTuneSpec, base: BaseModel) -> FineTuneSpec:
        try:
            resolve_max_seq_len(spec, base.config.max_position_embeddings)
            return spec
        except UserError as error:
            self._refuse(bad_request(f"{error.message} ({error.hint})", "max_seq_len", "invalid_value"))
            self._refused.add("max_seq_len")
            return spec.model_copy(update={"max_seq_len": "auto"})

    def _locate(self, known: KnownModel) -> BaseModel | None:
        try:
            return locate(known.location, offline=True)
        except UserError as error:
            self._refuse(bad_request(f"{error.message} ({error.hint})", "model", "model_not_available"))
            return None

    def _count(self, param: _Param, spec: FineTuneSpec, known: KnownModel, base: BaseModel) -> _Counted | None:
        """From the file's report; None where there is none yet, or the file cannot be used."""
        file = self._file(param)
        if file is None:
            return None
        limit = resolve_max_seq_len(spec, base.config.max_position_embeddings)
        found = self._services.reports.find(asked_of(self._services, file, known, limit))
        if isinstance(found, Making):
            self._is_waiting = True
            return None
        if isinstance(found, Failed):
            self._refuse(bad_request(found.message, param, "invalid_file"))
            return None
        self._problems += _problems_of(found.summary, param)
        tokens = found.summary.figures.tokens if found.summary.figures else None
        return None if tokens is None else self._after_policy(found.summary, tokens, limit, spec, param)

    def _after_policy(
        self, summary: Summary, tokens: TokenStatistics, limit: int, spec: FineTuneSpec, param: _Param
    ) -> _Counted | None:  # fmt: skip
        """What is left of the file's examples, and whether that is enough."""
        if tokens.num_over_length and spec.over_length == "error":
            message = f"{tokens.num_over_length:,} rows are longer than {limit:,} tokens"
            hint = "choose what happens to them (over_length), or split them"
            self._add(Problem("over_length", message, hint, path="over_length"))
            # Counted as they are, so that the other settings have their values beside this problem.
        costs = {cost.policy: cost for cost in tokens.over_length_costs}
        cost = costs.get(spec.over_length)
        kept = summary.num_rows - (cost.rows_dropped if cost else 0)
        if param == "training_file" and kept < FEW_EXAMPLES:
            message = f"{kept} examples are left to train on; {FEW_EXAMPLES} are the least"
            self._add(Problem("invalid_n_examples", message, "add examples", path=param))
            return None
        return _Counted(
            kept,
            tokens.total_tokens - (cost.tokens_cut if cost else 0),
            tokens.trained_tokens - (cost.trained_tokens_lost if cost else 0),
            min(tokens.lengths.max, limit),
        )

    def _file(self, param: _Param) -> File | None:
        file_id = self._usable.get(param)
        if file_id is None:
            return None
        with self._services.database.read() as connection:
            return files.get(connection, self._principal.project_id, file_id, self._services.now())

    def _resolve(
        self, spec: FineTuneSpec, base: BaseModel, training: _Counted | None, validation: _Counted | None
    ) -> ResolvedSpec | None:
        """As the worker will; None while the file's figures are not there."""
        if training is None or (spec.validation_file is not None and validation is None):
            return None
        device = self._device()
        facts = facts_of(
            base, _data_facts(training, validation, spec), "cuda" if device.is_gpu else "cpu",
            has_fast_bf16=device.has_fast_bf16, can_compile=False,
        )  # fmt: skip
        try:
            return resolve(spec, facts)
        except UserError as error:
            # The one value that the facts alone can refuse.
            self._refuse(bad_request(f"{error.message} ({error.hint})", "compile", "invalid_value"))
            self._refused.add("compile")
            return resolve(spec.model_copy(update={"compile": "auto"}), facts)

    def _settings(self, resolved: ResolvedSpec) -> dict[str, SettingWire]:
        found = _settings(resolved, self._usable)
        return {name: setting for name, setting in found.items() if name not in self._refused}

    def _device(self) -> _Device:
        """That of the largest worker that is there; this machine's processor where none is."""
        with self._services.database.read() as connection:
            found = workers.list_all(connection)
        alive = [each.facts for each in found if self._services.now() - each.seen_at <= _ALIVE_SECONDS]
        best = max(alive, key=lambda facts: facts.get("memory_bytes") or 0, default=None)
        if best is None:
            return _Device(False, cpu_has_fast_bf16(), None)
        fast = best.get("has_fast_bf16", cpu_has_fast_bf16())
        return _Device(bool(best.get("is_gpu")), bool(fast), best.get("memory_bytes") or None)

    def _memory(self, base: BaseModel, resolved: ResolvedSpec, data: DataFacts) -> MemoryEstimateWire:
        needed = estimate(shape_of(base), resolved, data).total_bytes
        there = self._device().memory_bytes
        return MemoryEstimateWire(
            needed_bytes=needed, free_bytes=there, fits=None if there is None else needed <= there
        )

    def _time(self, spec: FineTuneSpec, num_tokens: float) -> TimeEstimateWire | None:
        """By the slower and the faster quarter of the steps of the newest job that is like this one."""
        project_id = self._principal.project_id
        with self._services.database.read() as connection:
            for job in jobs.list_page(connection, project_id, limit=_JOBS_LOOKED_AT).items:
                if job.base_model != spec.base_model or job.spec.get("adapter") != spec.adapter:
                    continue
                speeds = job_metrics.speeds(connection, job.id, _WARM_UP_STEPS, _STEPS_LOOKED_AT)
                if len(speeds) >= _FEWEST_STEPS:
                    slow, fast = speeds[len(speeds) // 4], speeds[3 * len(speeds) // 4]
                    return TimeEstimateWire(
                        least_seconds=num_tokens / fast, most_seconds=num_tokens / slow, job_id=job.id
                    )
        return None

    def _yaml(self, start: Start | None) -> str:
        """Of what was given: a file that ``tunesmith train`` takes. Files are named as they were uploaded."""
        values = self._usable
        named = {param: file.filename for param in ("training_file", "validation_file") if (file := self._file(param))}
        settings = _given_settings(values)
        spec = {"base_model": start.model if start else values.get("model", ""), **named, **settings}
        if "seed" in values:
            spec["seed"] = values["seed"]
        stream = StringIO()
        writer = YAML(typ="rt", pure=True)
        writer.default_flow_style = False
        writer.dump(spec, stream)
        return stream.getvalue()

    def _refuse(self, error: ApiError) -> None:
        for each in _apart(error):
            self._add(Problem(each.code or "invalid_value", each.message, "", path=each.param))

    def _add(self, problem: Problem) -> None:
        self._problems.append(_problem_wire(problem))


def _apart(error: ApiError) -> Sequence[ApiError]:
    return error.each if isinstance(error, Refusals) else [error]


def _problem_wire(problem: Problem) -> ProblemWire:
    return ProblemWire(
        rule=problem.rule, severity=problem.severity, message=problem.message, hint=problem.hint, line=problem.line,
        column=problem.column, byte_column=problem.byte_column, path=problem.path,
    )  # fmt: skip


def _problems_of(summary: Summary, param: str) -> list[ProblemWire]:
    """The report in a line or two; the findings themselves stand in the report."""
    found = []
    counts: tuple[tuple[Severity, int], ...] = (("error", summary.num_errors), ("warning", summary.num_warnings))
    for severity, count in counts:
        if count:
            what = f"The file has {count:,} {severity}{'s' if count != 1 else ''} in {summary.num_rows:,} rows"
            problem = Problem(f"file_{severity}s", what, "look at its report", severity=severity, path=param)
            found.append(_problem_wire(problem))
    return found


def _data_facts(training: _Counted, validation: _Counted | None, spec: FineTuneSpec) -> DataFacts:
    held_out = round(training.num_examples * (spec.validation_split or 0))
    longest = max(training.longest, validation.longest if validation else 0)
    total = training.total_tokens + (validation.total_tokens if validation else 0)
    return DataFacts(training.num_examples - held_out, longest, total, bool(validation or held_out))


def _num_validation(
    training: _Counted | None, validation: _Counted | None, spec: FineTuneSpec | None
) -> int | None:  # fmt: skip
    if validation is not None:
        return validation.num_examples
    if training is None or spec is None or spec.validation_split is None:
        return None
    return round(training.num_examples * spec.validation_split)


def _given_settings(values: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a body by the names that the YAML file has for them."""
    try:
        job = JobCreate.model_validate({"training_file": _NO_FILE, "model": "starter", **values})
    except ApiError:
        return {}
    given = job.spec("starter", 0, {}).model_dump(exclude_unset=True, mode="json")
    return {
        key: value
        for key, value in given.items()
        if key not in ("base_model", "training_file", "validation_file", "seed")
    }


def _settings(resolved: ResolvedSpec, values: Mapping[str, Any]) -> dict[str, SettingWire]:
    """Every setting with its value and reason; the seed of a job that names none is drawn when it is made."""
    found = {name: SettingWire(**setting) for name, setting in resolved.as_json()["settings"].items()}
    given = _given_settings(values)
    for name, setting in found.items():
        if setting.reason == "as given" and name not in given and name != "seed":
            found[name] = SettingWire(value=setting.value, reason="the default")
    if "seed" not in values:
        found["seed"] = SettingWire(value="auto", reason="drawn by chance when the job is made")
    return found
