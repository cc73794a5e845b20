#!/usr/bin/env python3
"""Build the Studio: studio/ → src/tunesmith/api/studio_assets/, which is committed.

    python scripts/build_studio.py [--check | --install]

Installs the packages of studio/package-lock.json into studio/node_modules where they are not there, in exactly these
versions and without running anything of theirs. ``--check`` builds into a temporary folder and leaves with 1 where the
committed files are others; ``--install`` only installs. The same sources give the same bytes on every machine.
"""

from __future__ import annotations

import argparse
import filecmp
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STUDIO = ROOT / "studio"
ASSETS = ROOT / "src" / "tunesmith" / "api" / "studio_assets"
MENDS = "make studio"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--check", action="store_true", help="only say whether the committed build is that of the sources"
    )
    what.add_argument("--install", action="store_true", help="only install the packages")
    options = parser.parse_args()
    if not options.check:
        install()
    if options.check:
        check()
    elif not options.install:
        build(ASSETS)
        print(f"studio: built into {ASSETS.relative_to(ROOT)}")


def install() -> None:
    if is_installed():
        return
    print("studio: installing the packages of studio/package-lock.json ...", flush=True)
    run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    if not is_installed():
        sys.exit("studio: npm ci left other versions than studio/package-lock.json names")


def is_installed() -> bool:
    """Whether studio/node_modules holds what the lock names; what is optional may be for another machine."""
    try:
        wanted, found = (
            json.loads(path.read_text(encoding="utf-8"))["packages"]
            for path in (STUDIO / "package-lock.json", STUDIO / "node_modules" / ".package-lock.json")
        )
    except (OSError, ValueError, KeyError):
        return False
    is_right = all(wanted.get(place, {}).get("version") == package.get("version") for place, package in found.items())
    return is_right and not [
        place for place, package in wanted.items() if place and not package.get("optional") and place not in found
    ]


def check() -> None:
    with tempfile.TemporaryDirectory() as folder:
        built = Path(folder) / "studio_assets"
        build(built)
        differing = sorted(differences(built, ASSETS))
    if differing:
        lines = "".join(f"\n  {line}" for line in differing)
        sys.exit(f"src/tunesmith/api/studio_assets is not what studio/ gives; mend it: {MENDS}{lines}")


def differences(built: Path, committed: Path) -> Iterator[str]:
    names = {path.relative_to(folder) for folder in (built, committed) for path in folder.rglob("*") if path.is_file()}
    for name in names:
        if not (committed / name).is_file():
            yield f"missing: {name}"
        elif not (built / name).is_file():
            yield f"left over: {name}"
        elif not filecmp.cmp(built / name, committed / name, shallow=False):
            yield f"other: {name}"


def build(target: Path) -> None:
    run("node", "node_modules/vite/bin/vite.js", "build", "--logLevel", "warn", STUDIO_OUT=str(target))


def run(program: str, *arguments: str, **variables: str) -> None:
    """Quiet when all is well; otherwise the program's own words, and the end."""
    found = find(program)
    path = os.pathsep.join([str(Path(found).parent), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path, "NODE_ENV": "production", **variables}
    if program == "npm":
        environment.pop("NODE_ENV")
    command = [found, *arguments]
    done = subprocess.run(
        command, cwd=STUDIO, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode != 0:
        sys.exit(f"{done.stdout.rstrip()}\nstudio: failed: {program} {' '.join(arguments)}")


def find(program: str) -> str:
    """Node beside this Python goes before one of the system."""
    found = shutil.which(program, path=str(Path(sys.executable).parent)) or shutil.which(program)
    if found is None:
        sys.exit(f"studio: there is no {program} here. Hint: {MENDS} brings one along")
    return found


if __name__ == "__main__":
    main()
