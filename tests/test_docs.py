"""The documents stay in step with the code: README's YAML names the spec's fields, and links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tunesmith.specs.fine_tune import FineTuneSpec

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
# In the YAML only as comments, each beside the key whose place it takes.
ALTERNATIVES = {"validation_split", "max_steps"}


def test_readme_shows_every_key_of_the_spec_and_no_other() -> None:
    keys = set(re.findall(r"^(\w+):", readme_yaml(), re.MULTILINE))
    fields = set(FineTuneSpec.model_fields)
    assert (fields - keys - ALTERNATIVES, keys - fields) == (set(), set())


def test_readme_names_the_alternatives_in_comments() -> None:
    missing = [key for key in ALTERNATIVES & set(FineTuneSpec.model_fields) if f"or {key}" not in readme_yaml()]
    assert missing == []


def test_readme_shows_the_defaults() -> None:
    shown = YAML(typ="safe").load(readme_yaml())
    # num_epochs is None where max_steps may stand in for it; 3 is what it then means.
    defaults = {name: field.default for name, field in FineTuneSpec.model_fields.items() if not field.is_required()}
    defaults |= {"num_epochs": 3, "validation_file": shown["validation_file"]}
    assert {name: value for name, value in shown.items() if value != defaults.get(name, value)} == {}
    assert FineTuneSpec(**shown)


def readme_yaml() -> str:
    match = re.search(r"```yaml\n(base_model:.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert match, "README.md holds a YAML block that starts with base_model"
    return match[1]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_relative_links_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", document.read_text())
    targets = [link.split("#")[0] for link in links if not re.match(r"[a-z]+:|#", link)]
    assert [target for target in targets if not (document.parent / target).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_named_in_code_style_exist(document: Path) -> None:
    """Only names that begin with a folder of the repository, such as ``src/tunesmith/data/render.py``."""
    names = re.findall(r"`((?:src|tests|docs|scripts|bench)/[\w./-]+\.\w+)`", document.read_text())
    assert [name for name in names if not (ROOT / name).exists()] == []


def test_every_decision_is_in_the_index() -> None:
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text()
    assert [path.name for path in sorted(folder.glob("[0-9]*.md")) if path.name not in index] == []
