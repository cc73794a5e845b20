"""What was measured of a job: certificates by name, and the attempts that trained it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from tunesmith.core.certificates import Certificate
from tunesmith.store.tables import job_attempts, job_certificates, models

Fingerprint = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class JobAttempt:
    """One attempt that began to train; store.tables says what the columns mean."""

    attempt: int
    first_step: int
    is_same_machine: bool | None


def put(connection: Connection, job_id: str, certificates: Sequence[Certificate], now: float) -> None:
    """What was measured later takes the place of what was measured before."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert(job_certificates)
    newer = {name: statement.excluded[name] for name in ("state", "sentence", "figures", "created_at")}
    for certificate in certificates:
        row = {
            "job_id": job_id, "name": certificate.name, "state": certificate.state, "sentence": certificate.sentence,
            "figures": [asdict(figure) for figure in certificate.figures], "created_at": int(now),
        }  # fmt: skip
        connection.execute(
            statement.on_conflict_do_update(index_elements=["job_id", "name"], set_=newer), row
        )  # fmt: skip


def put_for_model(connection: Connection, model_id: str, certificates: Sequence[Certificate], now: float) -> None:
    """To the job that the model came from; nothing where it is gone."""
    job_id = connection.execute(select(models.c.job_id).where(models.c.id == model_id)).scalar_one_or_none()
    if job_id is not None:
        put(connection, job_id, certificates, now)


def of(connection: Connection, job_id: str) -> Sequence[Certificate]:
    rows = connection.execute(select(job_certificates).where(job_certificates.c.job_id == job_id))
    return [Certificate.of(row._asdict()) for row in rows]


def note_attempt(
    connection: Connection, job_id: str, attempt: int, *, first_step: int, fingerprint: Fingerprint,
    saved: Fingerprint | None, now: float,
) -> None:  # fmt: skip
    """``saved`` is the fingerprint under which the state was saved that training goes on from. Said twice, it counts
    once."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    row = {
        "job_id": job_id, "attempt": attempt, "first_step": first_step, "fingerprint": dict(fingerprint),
        "is_same_machine": None if saved is None else dict(saved) == dict(fingerprint), "begun_at": int(now),
    }  # fmt: skip
    connection.execute(insert(job_attempts).values(row).on_conflict_do_nothing())


def attempts(connection: Connection, job_id: str) -> Sequence[JobAttempt]:
    """Oldest first."""
    columns = (job_attempts.c.attempt, job_attempts.c.first_step, job_attempts.c.is_same_machine)
    rows = connection.execute(select(*columns).where(job_attempts.c.job_id == job_id).order_by(job_attempts.c.attempt))
    return [JobAttempt(*row) for row in rows]
