"""Models on the wire: base models, aliases, tuned ones, checkpoints."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from openai import NotFoundError, OpenAI, PermissionDeniedError
from openai.types import Model, ModelDeleted
from sqlalchemy import select

from tunesmith.store import blob_references, models, tables
from tunesmith.store.blob_references import BlobRef
from tunesmith.store.jobs import Job

Make = Callable[..., Any]


def register(server: Any, job: Job) -> models.Model:
    with server.database.write() as connection:
        model = models.register(connection, job, 100.5, "starter")
        blob_references.announce(connection, "ab" * 32, 5, 100)
        blob_references.refer(connection, "model", model.id, [BlobRef("tunesmith.json", "ab" * 32, 5)], 100)
    return model


def test_base_models_come_first_then_the_projects_own(
    server: Any, client: OpenAI, other_client: OpenAI, make_job: Make, make_checkpoint: Make, validate_list: Make
) -> None:
    names = [register(server, make_job(suffix=suffix)).name for suffix in ("a", "b")]
    make_checkpoint()
    page = validate_list(Model, client.models.with_raw_response.list().content)
    assert [model["id"] for model in page["data"]] == ["starter", *names]
    assert [model.id for model in other_client.models.list()] == ["starter"]


def test_golden_wire_json(server: Any, client: OpenAI, make_job: Make, validate: Make) -> None:
    model = register(server, make_job(suffix="mine"))
    raw = client.models.with_raw_response
    assert validate(Model, raw.retrieve(model.name).content) == {
        "id": model.name, "object": "model", "created": 100, "owned_by": server.project().id, "base_model": "starter",
    }  # fmt: skip
    assert validate(Model, raw.retrieve("starter").content) == {
        "id": "starter", "object": "model", "created": 0, "owned_by": "tunesmith",
    }  # fmt: skip
    assert validate(Model, raw.retrieve("gpt-4o-mini").content) == {
        "id": "gpt-4o-mini", "object": "model", "created": 0, "owned_by": "tunesmith", "alias_of": "starter",
    }  # fmt: skip
    assert validate(ModelDeleted, raw.delete(model.name).content) == {
        "id": model.name, "object": "model", "deleted": True,
    }  # fmt: skip


def test_a_checkpoint_is_retrieved_by_its_name(client: OpenAI, make_checkpoint: Make) -> None:
    name = make_checkpoint().name
    assert client.models.retrieve(name).id == name


def test_a_name_with_slashes_is_reached(server: Any, client: OpenAI, make_job: Make) -> None:
    model = register(server, make_job(spec={"base_model": "org/base", "training_file": "f"}))
    assert model.name.startswith("ft:org/base:default:")
    assert client.models.retrieve(model.name).id == model.name
    assert client.models.delete(model.name).deleted


def test_a_deleted_model_is_gone_everywhere_and_its_job_stays(server: Any, client: OpenAI, make_job: Make) -> None:
    job = make_job()
    model = register(server, job)
    client.models.delete(model.name)
    for call in (client.models.retrieve, client.models.delete):
        with pytest.raises(NotFoundError) as raised:
            call(model.name)
        assert raised.value.code == "model_not_found"
    assert [each.id for each in client.models.list()] == ["starter"]
    assert client.fine_tuning.jobs.retrieve(job.id).id == job.id
    with server.database.read() as connection:
        assert blob_references.of(connection, "model", model.id) == ()
        assert connection.execute(select(tables.audit_log.c.action)).scalars().all() == ["model.delete"]


def test_a_deleted_checkpoint_is_gone_everywhere(client: OpenAI, make_checkpoint: Make) -> None:
    checkpoint = make_checkpoint()
    assert client.models.delete(checkpoint.name).deleted
    with pytest.raises(NotFoundError):
        client.models.retrieve(checkpoint.name)
    assert client.fine_tuning.jobs.checkpoints.list(checkpoint.job_id).data == []


@pytest.mark.parametrize("name", ["starter", "gpt-4o-mini", "babbage-002"])
def test_base_models_are_not_deleted(client: OpenAI, name: str) -> None:
    with pytest.raises(PermissionDeniedError, match="only tuned models can be deleted"):
        client.models.delete(name)


@pytest.mark.parametrize("role", ["viewer", "member"])
def test_only_owners_delete(server: Any, client: OpenAI, make_client: Make, make_job: Make, role: str) -> None:
    model = register(server, make_job())
    with pytest.raises(PermissionDeniedError):
        make_client(role).models.delete(model.name)
    assert client.models.retrieve(model.name).id == model.name


def test_a_strangers_model_is_as_unknown_as_none(
    server: Any, client: OpenAI, other_client: OpenAI, make_job: Make
) -> None:
    model = register(server, make_job())
    said = []
    for name in (model.name, "ft:starter:default::AAAAAAAAAAAA"):
        for call in (other_client.models.retrieve, other_client.models.delete):
            with pytest.raises(NotFoundError) as raised:
                call(name)
            said.append(json.dumps(raised.value.body).replace(name, "NAME"))
    assert len(set(said)) == 1
    assert client.models.retrieve(model.name).id == model.name


def test_a_shared_checkpoint_is_not_the_other_projects_to_delete(
    server: Any, client: OpenAI, other_client: OpenAI, make_checkpoint: Make
) -> None:
    name = make_checkpoint().name
    client.fine_tuning.checkpoints.permissions.create(name, project_ids=[server.project("other").id])
    with pytest.raises(NotFoundError):
        other_client.models.delete(name)
    assert client.models.retrieve(name).id == name
