"""What the API says of itself: the machine, the base models' cards, what a model was made from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tunesmith.api import base_models
from tunesmith.nn.known_models import KnownModel, KnownModels
from tunesmith.store import blob_references, models, projects, workers
from tunesmith.store.blob_references import BlobRef


def test_machine_is_told_in_figures(client: Any, server: Any) -> None:
    with server.services.database.write() as connection:
        facts = {"num_slots": 2, "num_threads": 3, "device": "NVIDIA H200", "memory_bytes": 5}
        workers.register(connection, "w1", host="h", facts=facts, now=server.services.now())
        workers.register(connection, "w2", host="old", facts={}, now=server.services.now() - 3600)
    told = client.get("/installation", cast_to=dict)
    assert told["disk_free_bytes"] <= told["disk_total_bytes"]
    shown = {worker["name"]: (worker["is_alive"], worker["num_slots"]) for worker in told["workers"]}
    assert shown == {"w1": (True, 2), "w2": (False, 1)}
    assert told["workers"][-1]["device"] == "NVIDIA H200"
    assert told["serving"]["state"] == "away"  # none runs here
    assert (told["sends_email"], told["default_model"]) == (False, "starter")


def test_stored_bytes_count_what_is_shared_once(client: Any, server: Any, other_client: Any) -> None:
    content = b'{"messages": []}\n' * 20
    before = client.get("/installation", cast_to=dict)["stored_bytes"]
    for name in ("a.jsonl", "b.jsonl"):
        client.files.create(file=(name, content), purpose="fine-tune")
    assert client.get("/installation", cast_to=dict)["stored_bytes"] == before + len(content)
    assert other_client.get("/installation", cast_to=dict)["stored_bytes"] == 0


def test_starter_has_a_card(client: Any) -> None:
    cards = client.get("/base_models", cast_to=dict)["data"]
    card = {each["id"]: each for each in cards}["starter"]
    assert (card["kind"], card["licence"], card["context_length"]) == ("instruct", "apache-2.0", 2048)
    assert (card["family"], card["languages"]) == ("llama", ["en", "zh"])
    assert card["num_parameters"] == 8_392_960
    assert card["num_bytes"] > 16_000_000
    assert card["is_default"] is True
    assert "gpt-4o-mini" in card["aliases"]
    assert [each["id"] for each in cards] == [m.id for m in client.models.list() if not m.id.startswith("ft:")]


def test_card_of_a_model_that_is_not_there_says_why() -> None:
    known = KnownModels.of(base_models={"absent": "/nowhere/at/all"})
    absent = base_models._card(KnownModel("absent", "/nowhere/at/all"), known)
    assert absent.is_available is False
    assert absent.why_not
    assert absent.aliases == []


@pytest.mark.parametrize(
    "card, licence, languages",
    [
        ("---\nlicense: mit\nlanguage: de\n---\nText", "mit", ["de"]),
        ("---\nlicense: other\nlicense_name: llama3.2\n---\n", "llama3.2", []),
        ("---\nlicense: [1]\nlanguage: [en, 3]\n---\n", None, ["en"]),
        ("---\n: : [\n---\n", None, []),
        ("no front matter", None, []),
    ],
)
def test_card_says_what_the_folder_says(tmp_path: Path, card: str, licence: str | None, languages: list[str]) -> None:
    (tmp_path / "README.md").write_text(card)
    front = base_models._front_matter(tmp_path)
    assert (base_models._text(front.get("license_name")) or base_models._text(front.get("license"))) == licence
    assert list(base_models._texts(front.get("language"))) == languages


def test_lineage_of_a_tuned_model(client: Any, server: Any, make_object: Any) -> None:
    name = make_object("model", "default")
    model = name if isinstance(name, str) else name[0]
    told = client.get(f"/models/{model}/lineage", cast_to=dict)
    assert (told["kind"], told["model"], told["base_model"]) == ("tuned", model, "starter")
    job = client.fine_tuning.jobs.retrieve(told["job_id"])
    assert told["training_file"] == job.training_file
    assert told["parent_model"] is None
    base = client.get("/models/gpt-4o-mini/lineage", cast_to=dict)
    assert (base["kind"], base["model"]) == ("base", "starter")
    assert model in base["children"]


def test_lineage_names_who_starts_from_it(client: Any, server: Any, make_object: Any) -> None:
    name = make_object("model", "default")
    model = name if isinstance(name, str) else name[0]
    file = client.files.create(file=("x.jsonl", json.dumps({"messages": []}).encode()), purpose="fine-tune")
    job = client.fine_tuning.jobs.create(model=model, training_file=file.id)
    told = client.get(f"/models/{model}/lineage", cast_to=dict)
    assert told["jobs_under_way"] == [job.id]
    client.fine_tuning.jobs.cancel(job.id)
    assert client.get(f"/models/{model}/lineage", cast_to=dict)["jobs_under_way"] == []


def test_lineage_of_another_project_is_none(other_client: Any, make_object: Any) -> None:
    name = make_object("model", "default")
    model = name if isinstance(name, str) else name[0]
    with pytest.raises(Exception, match="does not exist"):
        other_client.get(f"/models/{model}/lineage", cast_to=dict)


def test_owned_bytes_are_the_models_own(server: Any, client: Any, make_object: Any) -> None:
    name = make_object("model", "default")
    model = name if isinstance(name, str) else name[0]
    with server.services.database.write() as connection:
        project = projects.find_project(connection, "default")
        row = models.get(connection, project.id, model)
        sha = "ab" * 32
        blob_references.announce(connection, sha, 12, server.services.now())
        blob_references.refer(connection, "model", row.id, [BlobRef("x", sha, 12)], server.services.now())
    assert client.get(f"/models/{model}/lineage", cast_to=dict)["num_bytes"] >= 12
