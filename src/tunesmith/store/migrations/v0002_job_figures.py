"""A job's figures: its steps as numbers, its attempts, its certificates. Steps of before are taken from the events."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"

JSON = sa.JSON().with_variant(JSONB, "postgresql")
EVENT_FIGURES = ("train_loss", "train_mean_token_accuracy", "valid_loss", "valid_mean_token_accuracy")


def upgrade(op: Operations) -> None:
    op.create_table(
        "job_attempts",
        sa.Column("job_id", sa.String(length=64), nullable=False),
        sa.Column("attempt", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("first_step", sa.Integer(), nullable=False),
        sa.Column("fingerprint", JSON, nullable=False),
        sa.Column("is_same_machine", sa.Boolean(), nullable=True),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_job_attempts_job_id")),
        sa.PrimaryKeyConstraint("job_id", "attempt", name=op.f("pk_job_attempts")),
    )
    op.create_table(
        "job_certificates",
        sa.Column("job_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("figures", JSON, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_job_certificates_job_id")),
        sa.PrimaryKeyConstraint("job_id", "name", name=op.f("pk_job_certificates")),
    )
    op.create_table(
        "job_metrics",
        sa.Column("job_id", sa.String(length=64), nullable=False),
        sa.Column("step", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("train_loss", sa.Double(), nullable=True),
        sa.Column("train_mean_token_accuracy", sa.Double(), nullable=True),
        sa.Column("valid_loss", sa.Double(), nullable=True),
        sa.Column("valid_mean_token_accuracy", sa.Double(), nullable=True),
        sa.Column("learning_rate", sa.Double(), nullable=True),
        sa.Column("grad_norm", sa.Double(), nullable=True),
        sa.Column("tokens_per_second", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_job_metrics_job_id")),
        sa.PrimaryKeyConstraint("job_id", "step", name=op.f("pk_job_metrics")),
        sqlite_with_rowid=False,
    )
    _take_over(op)


def _take_over(op: Operations) -> None:
    """What the metrics events hold. Learning rate, gradient norm and speed were not kept."""
    is_postgres = op.get_bind().dialect.name == "postgresql"
    read = "(data->>'{}')::{}" if is_postgres else "CAST(json_extract(data, '$.{}') AS {})"
    figures = ", ".join(read.format(name, "DOUBLE PRECISION") for name in EVENT_FIGURES)
    op.execute(
        f"INSERT INTO job_metrics (job_id, step, {', '.join(EVENT_FIGURES)}) "
        f"SELECT job_id, {read.format('step', 'INTEGER')}, {figures} FROM job_events WHERE type = 'metrics' "
        "ON CONFLICT DO NOTHING"
    )
