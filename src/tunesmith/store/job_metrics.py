"""The figures of a job's steps as numbers: written as training goes on, read as points of a curve.

A curve of a million steps is gathered by the database: nothing but the points comes into this process.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, case, func, literal, select
from sqlalchemy.dialects import postgresql, sqlite

from tunesmith.store.tables import job_metrics

FIGURES: Final = (
    "train_loss", "train_mean_token_accuracy", "valid_loss", "valid_mean_token_accuracy", "learning_rate", "grad_norm",
    "tokens_per_second",
)  # fmt: skip
_COLUMNS = [job_metrics.c[name] for name in FIGURES]


@dataclass(frozen=True, slots=True)
class Extent:
    """Which steps are there: 0, 0 and none before the first. Step 0 is the validation before training."""

    first_step: int
    last_step: int
    num_steps: int


@dataclass(frozen=True, slots=True)
class Point:
    """One figure over the steps of a bucket: ``step`` is the first at which it was measured."""

    step: int
    mean: float
    min: float
    max: float


def put(connection: Connection, job_id: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows with ``step`` and FIGURES. A step that is trained again after a resume takes the place of the first one:
    the model is made from it."""
    if not rows:
        return
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert(job_metrics)
    newer = {name: statement.excluded[name] for name in FIGURES}
    values = [
        {"job_id": job_id, "step": row["step"], **{name: _finite(row.get(name)) for name in FIGURES}} for row in rows
    ]
    connection.execute(
        statement.on_conflict_do_update(index_elements=["job_id", "step"], set_=newer),
        values,
    )


def after(connection: Connection, job_id: str, step: int, limit: int) -> Sequence[Row[Any]]:
    """Rows of the steps behind ``step``, oldest first."""
    found = select(job_metrics.c.step, *_COLUMNS).where(job_metrics.c.job_id == job_id, job_metrics.c.step > step)
    return connection.execute(found.order_by(job_metrics.c.step).limit(limit)).all()


def speeds(connection: Connection, job_id: str, after_step: int, limit: int) -> list[float]:
    """Tokens a second of the newest steps behind ``after_step``, in ascending order."""
    speed = job_metrics.c.tokens_per_second
    found = select(speed).where(job_metrics.c.job_id == job_id, job_metrics.c.step > after_step, speed > 0)
    return sorted(connection.execute(found.order_by(job_metrics.c.step.desc()).limit(limit)).scalars())


def newest_step(connection: Connection, job_id: str) -> int:
    """-1 before the first."""
    found = select(func.max(job_metrics.c.step)).where(job_metrics.c.job_id == job_id)
    step = connection.execute(found).scalar_one()
    return -1 if step is None else int(step)


def extent(connection: Connection, job_id: str, first_step: int, last_step: int) -> Extent:
    """Of the steps from ``first_step`` to ``last_step``, both included."""
    step = job_metrics.c.step
    found = select(func.min(step), func.max(step), func.count()).where(
        job_metrics.c.job_id == job_id, step.between(first_step, last_step)
    )
    first, last, number = connection.execute(found).one()
    return Extent(0, 0, 0) if number == 0 else Extent(first, last, number)


def curves(connection: Connection, job_id: str, extent: Extent, points: int) -> Mapping[str, Sequence[Point]]:
    """Each figure as at most so many points over the extent; a figure that was never measured has none."""
    width = -(-(extent.last_step - extent.first_step + 1) // points)
    if width == 1:
        return _each_step(connection, job_id, extent)
    found: dict[str, list[Point]] = {name: [] for name in FIGURES}
    for (raw,) in connection.execute(_buckets(connection, job_id, extent, width)):
        train_step, valid_step, *figures = json.loads(raw) if isinstance(raw, str) else raw
        for number, name in enumerate(FIGURES):
            step = valid_step if name.startswith("valid_") else train_step
            mean, low, high = figures[3 * number : 3 * number + 3]
            if mean is not None and step is not None:
                found[name].append(Point(step, mean, low, high))
    return found


def _each_step(connection: Connection, job_id: str, extent: Extent) -> Mapping[str, Sequence[Point]]:
    rows = connection.execute(
        select(job_metrics.c.step, *_COLUMNS)
        .where(job_metrics.c.job_id == job_id, job_metrics.c.step.between(extent.first_step, extent.last_step))
        .order_by(job_metrics.c.step)
    ).all()
    return {
        name: [Point(row[0], row[n], row[n], row[n]) for row in rows if row[n] is not None]
        for n, name in enumerate(FIGURES, start=1)
    }


def _buckets(connection: Connection, job_id: str, extent: Extent, width: int) -> Select[Any]:
    """For each bucket in order, its figures in one JSON array. The buckets are counted out, and each takes its range
    of the primary key: half the time of a GROUP BY, which sorts all rows first."""
    array = func.json_build_array if connection.dialect.name == "postgresql" else func.json_array
    first = select(literal(extent.first_step).label("first")).cte("buckets", recursive=True)
    following = select(first.c.first + width).where(first.c.first + width <= extent.last_step)
    buckets = first.union_all(following)
    step = job_metrics.c.step
    figures = [reduce(column) for column in _COLUMNS for reduce in (func.avg, func.min, func.max)]
    inside = select(
        array(
            func.min(case((job_metrics.c.train_loss.is_not(None), step))),
            func.min(case((job_metrics.c.valid_loss.is_not(None), step))),
            *figures,
        )
    ).where(job_metrics.c.job_id == job_id, step >= buckets.c.first, step < buckets.c.first + width)
    return select(inside.correlate(buckets).scalar_subquery()).select_from(buckets).order_by(buckets.c.first)


def _finite(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None
