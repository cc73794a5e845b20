"""What a mail says of a job that has ended: how, why, and what to do next. Plain text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class JobEnded:
    """The facts that were written down with the end (store.deliveries)."""

    job_id: str
    model: str
    state: str
    error: Mapping[str, Any] | None
    fine_tuned_model: str | None
    created_at: int
    started_at: int | None
    finished_at: int | None
    suffix: str | None

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> JobEnded:
        known: dict[str, Any] = {field.name: facts.get(field.name) for field in fields(cls)}
        return cls(**known)


def job_mail(job: JobEnded, project: str, member: str, api_url: str) -> tuple[str, str]:
    """Subject and text."""
    name = job.fine_tuned_model or job.suffix or job.model
    subject = f"Fine-tuning job {job.state}: {name} ({job.job_id})"
    facts = [
        ("Job", job.job_id), ("Project", project), ("State", job.state), ("Trained from", job.model),
        ("Fine-tuned model", job.fine_tuned_model), ("Training time", _duration(job.started_at, job.finished_at)),
        ("From creation to end", _duration(job.created_at, job.finished_at)),
    ]  # fmt: skip
    lines = [f"Hello {member},", "", f"your fine-tuning job {job.job_id} has ended: it {_ended(job.state)}.", ""]
    lines += [f"{label + ':':<22}{value}" for label, value in facts if value]
    lines += [
        "",
        *_next(job, api_url),
        "",
        "-- ",
        f"Sent by Tunesmith at {api_url}, because the job was created with a key of yours.",
    ]
    return subject, "\n".join(lines) + "\n"


def _ended(state: str) -> str:
    return {"succeeded": "succeeded", "failed": "failed", "cancelled": "was cancelled"}.get(state, state)


def _next(job: JobEnded, api_url: str) -> list[str]:
    if job.state == "succeeded" and job.fine_tuned_model:
        return [
            "Use it:", "",
            "    from openai import OpenAI", "",
            f'    client = OpenAI(base_url="{api_url}")  # your key in OPENAI_API_KEY',
            "    answer = client.chat.completions.create(",
            f'        model="{job.fine_tuned_model}",',
            '        messages=[{"role": "user", "content": "Hello!"}],',
            "    )",
            "    print(answer.choices[0].message.content)",
        ]  # fmt: skip
    if job.state == "failed":
        error = job.error or {}
        where = f" ({error['param']})" if error.get("param") else ""
        return [
            f"Why{where}: {error.get('message') or 'the reason was not recorded.'}", "",
            "Mend what it names and create the job again. Every finding is among the job's events:", "",
            f"    tunesmith jobs events {job.job_id} --server {api_url}",
        ]  # fmt: skip
    return [
        "Checkpoints made until then stay usable:", "",
        f"    tunesmith jobs checkpoints {job.job_id} --server {api_url}",
    ]  # fmt: skip


def _duration(since: int | None, until: int | None) -> str | None:
    if since is None or until is None:
        return None
    minutes, seconds = divmod(max(0, until - since), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (seconds, "s")]
    shown = [f"{number} {unit}" for number, unit in parts if number]
    return " ".join(shown) or "less than a second"
