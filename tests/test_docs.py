"""The documents stay in step with the code: README's YAML names the spec's fields, and links lead somewhere."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tunesmith.specs.data_operations import KINDS
from tunesmith.specs.fine_tune import FineTuneSpec
from tunesmith.specs.wire_job import EXTENSION_KEYS

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


def test_generated_pages_are_in_step_with_the_code() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "write_docs.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_page_that_is_out_of_step_is_named(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "docs").mkdir()
    script = shutil.copy(ROOT / "scripts" / "write_docs.py", tmp_path / "scripts")
    for page in ("cli.md", "api.md", "settings.md"):
        shutil.copy(ROOT / "docs" / page, tmp_path / "docs")
    stale = (ROOT / "docs" / "config.md").read_text().replace("## seed", "## seeds")
    (tmp_path / "docs" / "config.md").write_text(stale)
    done = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr.count("out of step")) == (1, 1)
    assert "config.md" in done.stderr
    assert (tmp_path / "docs" / "config.md").read_text() == stale


def test_config_page_has_every_key_with_its_meaning() -> None:
    page = (ROOT / "docs" / "config.md").read_text()
    parts = dict(re.findall(r"^## (\w+)\n\n.+\n\n(.+)", page, re.MULTILINE))
    assert list(parts) == list(FineTuneSpec.model_fields)
    assert [key for key, meaning in parts.items() if len(meaning) < 15] == []


def test_api_page_has_every_extension_with_its_meaning() -> None:
    table, _, _ = (ROOT / "docs" / "api.md").read_text().partition("<!-- Here the table ends. -->")
    rows = re.findall(r"^\| `(\w+)` \| .+ \| .+ \| (.{15,}) \|$", table, re.MULTILINE)
    assert [key for key, _ in rows] == list(EXTENSION_KEYS)


def test_api_page_has_every_kind_of_operation_and_every_setting_with_its_meaning() -> None:
    _, _, page = (ROOT / "docs" / "api.md").read_text().partition("<!-- The kinds are written")
    kinds, _, settings = page.partition("| kinds | setting |")
    assert re.findall(r"^\| `(\w+)` \|", kinds, re.MULTILINE) == list(KINDS)
    rows = re.findall(r"^\| (`.+`) \| `(\w+)` \| .+ \| .+ \| .{15,} \|$", settings, re.MULTILINE)
    told = {(kind, setting) for kinds_of_it, setting in rows for kind in re.findall(r"\w+", kinds_of_it)}
    assert told == {(kind, name) for kind, model in KINDS.items() for name in model.model_fields}


def test_readme_says_where_the_command_is_before_it_is_used() -> None:
    readme = (ROOT / "README.md").read_text()
    first_use = re.search(r"`tunesmith [a-z]|^tunesmith [a-z]", readme, re.MULTILINE)
    assert first_use is not None
    assert readme.count("`.venv/bin/tunesmith`") == 1
    assert readme.index("`.venv/bin/tunesmith`") < first_use.start()


@pytest.mark.parametrize("page", ["README.md", "docs/api.md"])
def test_page_says_how_to_get_the_client_before_it_is_imported(page: str) -> None:
    text = (ROOT / page).read_text()
    assert 0 < text.find("pip install openai") < text.index("from openai import")


@pytest.mark.parametrize("page", ["walk.md", "cli.md", "data.md", "config.md", "settings.md", "api.md"])
def test_readme_leads_to_the_page(page: str) -> None:
    assert f"](docs/{page})" in (ROOT / "README.md").read_text()
