"""Tuned models, checkpoints and permissions: names, and what a name stands for in whose project."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert

from tunesmith.store import checkpoint_permissions, checkpoints, jobs, models
from tunesmith.store.db import Database
from tunesmith.store.jobs import Job
from tunesmith.store.paging import UnknownCursor
from tunesmith.store.tables import projects

A, B, C = "proj_a", "proj_b", "proj_c"


@pytest.fixture(autouse=True)
def three_projects(database: Database) -> None:
    with database.write() as connection:
        for id in (A, B, C):
            connection.execute(insert(projects).values(id=id, name=f"team-{id[-1]}", created_at=1))


def make_job(database: Database, suffix: str | None = "mine", base: str = "starter") -> Job:
    with database.write() as connection:
        return jobs.create(
            connection, A, member_id=None, model=base, requested_model=base, training_file_id="f",
            validation_file_id=None, spec={"base_model": base}, request={}, suffix=suffix, seed=1, metadata=None, now=1,
        )  # fmt: skip


def make_checkpoint(database: Database, job: Job, step: int = 5) -> checkpoints.Checkpoint:
    with database.write() as connection:
        return checkpoints.add(connection, job, step_number=step, metrics={"step": step, "train_loss": 0.5}, now=9.9)


def found(database: Database, project_id: str, name: str) -> models.Servable | None:
    with database.read() as connection:
        return models.find_servable(connection, project_id, name)


@pytest.mark.parametrize(("suffix", "part"), [("mine", "mine"), (None, "")])
@pytest.mark.parametrize("base", ["starter", "org/name"])
def test_names_say_base_project_suffix_and_id(database: Database, suffix: str | None, part: str, base: str) -> None:
    job = make_job(database, suffix, base)
    with database.write() as connection:
        model = models.register(connection, job, 7.7, base)
    prefix, id = model.name.rsplit(":", 1)
    assert prefix == f"ft:{base}:team-a:{part}"
    assert id.isalnum()
    assert job.id.startswith(f"ftjob-{id}")
    assert make_checkpoint(database, job).name == f"{model.name}:ckpt-step-5"


def test_a_registered_model_is_found_by_its_project_alone(database: Database) -> None:
    job = make_job(database)
    with database.write() as connection:
        model = models.register(connection, job, 7.7, "starter")
    servable = found(database, A, model.name)
    assert servable == models.Servable("model", model.id, model.name, "starter", A, 7)
    assert found(database, B, model.name) is None
    with database.read() as connection:
        assert models.get(connection, B, model.name) is None
        assert [models.list_all(connection, project) for project in (A, B)] == [[model], []]


def test_a_deleted_model_is_nowhere_and_its_job_stays(database: Database) -> None:
    job = make_job(database)
    with database.write() as connection:
        model = models.register(connection, job, 1, "starter")
        assert models.delete(connection, B, model.name, 2) is None
        assert models.delete(connection, A, model.name, 2) == model
        assert models.delete(connection, A, model.name, 3) is None
        assert models.get(connection, A, model.name) is None
        assert models.list_all(connection, A) == []
        assert jobs.get(connection, A, job.id) is not None
    assert found(database, A, model.name) is None


def test_a_checkpoint_answers_by_its_name_and_outlives_the_model(database: Database) -> None:
    job = make_job(database)
    checkpoint = make_checkpoint(database, job)
    with database.write() as connection:
        model = models.register(connection, job, 1, "starter")
        models.delete(connection, A, model.name, 2)
    servable = models.Servable("checkpoint", checkpoint.id, checkpoint.name, "starter", A, 9)
    assert found(database, A, checkpoint.name) == servable
    assert found(database, B, checkpoint.name) is None


def test_a_checkpoint_of_one_step_is_made_once(database: Database) -> None:
    job = make_job(database)
    assert make_checkpoint(database, job) == make_checkpoint(database, job)


def test_a_deleted_checkpoint_is_neither_listed_nor_found(database: Database) -> None:
    job = make_job(database)
    first, second = make_checkpoint(database, job, 1), make_checkpoint(database, job, 2)
    with database.write() as connection:
        assert checkpoints.delete(connection, B, first.name, 3) is None
        assert checkpoints.delete(connection, A, first.name, 3) == first
        assert [c.name for c in checkpoints.list_page(connection, A, job.id).items] == [second.name]
        assert checkpoints.get(connection, A, first.name) is None
    assert found(database, A, first.name) is None


def test_checkpoints_come_newest_first_in_pages(database: Database) -> None:
    job = make_job(database)
    names = [make_checkpoint(database, job, step).name for step in (1, 2, 3)]
    with database.read() as connection:
        page = checkpoints.list_page(connection, A, job.id, limit=2)
        rest = checkpoints.list_page(connection, A, job.id, limit=2, after=page.items[-1].id)
        assert checkpoints.list_page(connection, B, job.id).items == []
    assert [c.name for c in [*page.items, *rest.items]] == names[::-1]
    assert (page.has_more, rest.has_more) == (True, False)


def grant(database: Database, name: str, to: str) -> checkpoint_permissions.CheckpointPermission:
    with database.write() as connection:
        return checkpoint_permissions.grant(connection, A, name, to, 4.4)


def test_a_granted_project_finds_the_checkpoint_until_it_is_revoked(database: Database) -> None:
    checkpoint = make_checkpoint(database, make_job(database))
    permission = grant(database, checkpoint.name, B)
    shared = found(database, B, checkpoint.name)
    assert shared is not None
    assert (shared.owner_id, shared.project_id) == (checkpoint.id, A)
    assert found(database, C, checkpoint.name) is None
    with database.write() as connection:
        assert not checkpoint_permissions.revoke(connection, B, checkpoint.name, permission.id)
        assert not checkpoint_permissions.revoke(connection, A, "ft:other", permission.id)
        assert checkpoint_permissions.revoke(connection, A, checkpoint.name, permission.id)
        assert not checkpoint_permissions.revoke(connection, A, checkpoint.name, permission.id)
    assert found(database, B, checkpoint.name) is None


def test_a_grant_is_for_one_checkpoint_not_for_its_siblings(database: Database) -> None:
    job = make_job(database)
    first, second = make_checkpoint(database, job, 1), make_checkpoint(database, job, 2)
    grant(database, first.name, B)
    assert found(database, B, second.name) is None


def test_granting_twice_is_one_permission(database: Database) -> None:
    checkpoint = make_checkpoint(database, make_job(database))
    assert grant(database, checkpoint.name, B) == grant(database, checkpoint.name, B)


def test_permissions_are_listed_in_both_orders_and_by_project(database: Database) -> None:
    checkpoint = make_checkpoint(database, make_job(database))
    first, second = grant(database, checkpoint.name, B), grant(database, checkpoint.name, C)

    def listed(project_id: str = A, **query: Any) -> list[str]:
        with database.read() as connection:
            page = checkpoint_permissions.list_page(connection, project_id, checkpoint.name, **query)
        return [permission.id for permission in page.items]

    assert listed() == [second.id, first.id]
    assert listed(newest_first=False) == [first.id, second.id]
    assert listed(granted_project_id=B) == [first.id]
    assert listed(after=second.id) == [first.id]
    assert listed(B) == []
    with pytest.raises(UnknownCursor):
        listed(B, after=first.id)


def test_projects_that_are_not_there_are_told(database: Database) -> None:
    with database.read() as connection:
        assert checkpoint_permissions.unknown_projects(connection, [A, "proj_x", B]) == ["proj_x"]
