"""What is committed of the Studio is what its sources give; its types and its logic hold; the wheel carries it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
STUDIO = ROOT / "studio"
ASSETS = ROOT / "src" / "tunesmith" / "api" / "studio_assets"


def run(*command: str, where: Path = ROOT) -> None:
    """Fails with the program's own words."""
    environment = {**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    environment |= {"NO_COLOR": "1", "FORCE_COLOR": "0"}
    done = subprocess.run(
        command, cwd=where, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode != 0:
        pytest.fail(done.stdout[-8000:], pytrace=False)


@pytest.mark.needs("studio")
def test_committed_build_is_what_the_sources_give() -> None:
    run(sys.executable, "scripts/build_studio.py", "--check")


@pytest.mark.needs("studio")
def test_types_of_the_api_are_in_step() -> None:
    run(sys.executable, "scripts/write_studio_types.py", "--check")


@pytest.mark.needs("studio")
def test_types_hold() -> None:
    run("node", "node_modules/typescript/bin/tsc", "--noEmit", "--pretty", "false", where=STUDIO)


@pytest.mark.needs("studio")
def test_logic_holds() -> None:
    run("node", "node_modules/vitest/vitest.mjs", "run", "--reporter", "dot", where=STUDIO)


def test_every_version_is_exact_and_no_package_comes_from_elsewhere() -> None:
    package, lock = (json.loads((STUDIO / name).read_text()) for name in ("package.json", "package-lock.json"))
    wanted = package["dependencies"] | package["devDependencies"]
    assert [name for name, version in wanted.items() if not version.replace(".", "").isdigit()] == []
    root = lock["packages"].pop("")
    assert (root["dependencies"], root["devDependencies"]) == (package["dependencies"], package["devDependencies"])
    assert [place for place, found in lock["packages"].items() if "integrity" not in found or "resolved" in found] == []


def test_build_is_committed_with_the_licences_of_what_it_contains() -> None:
    notices = (ASSETS / "THIRD-PARTY.txt").read_text()
    assert "%CSP_NONCE%" in (ASSETS / "index.html").read_text()
    for name in ("react", "react-dom", "@mantine/core", "@tanstack/react-router"):
        assert f"\n{name} " in notices
    assert notices.count("Permission is hereby granted") > 10


def test_build_names_no_other_place() -> None:
    """No script, style sheet, font or picture comes from anywhere but the server itself."""
    index = (ASSETS / "index.html").read_text()
    assert [part for part in index.split('"') if "//" in part] == []
    styles = "".join(path.read_text() for path in ASSETS.rglob("*.css"))
    assert "@import" not in styles
    assert "--lightningcss-" not in styles  # what it writes for older browsers knows no colours that a script chooses
    assert "url(http" not in styles.replace('"', "").replace("'", "")
    assert list(ASSETS.rglob("*.map")) == []


def test_wheel_carries_the_build(tmp_path: Path) -> None:
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path))
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        carried = {
            name.removeprefix("tunesmith/api/studio_assets/") for name in archive.namelist() if "studio_assets" in name
        }
    assert carried == {path.relative_to(ASSETS).as_posix() for path in ASSETS.rglob("*") if path.is_file()}
    assert {"index.html", "THIRD-PARTY.txt"} <= carried
