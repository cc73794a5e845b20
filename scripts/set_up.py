#!/usr/bin/env python3
"""Set up ``.venv`` beside this repository's pyproject.toml: Tunesmith, its engine, and what was asked for besides.

    python3 scripts/set_up.py [--groups test,parity,lint] [--torch auto|cpu|default]

Needs only the standard library, and no network when nothing changed: a stamp in ``.venv`` records what was
installed from which files. Versions come from constraints.txt. Where no NVIDIA driver is found, a CPU build
of torch is preferred to the default one, which brings several GB of CUDA libraries along; a torch of the
right version that is already in ``.venv`` is kept, whatever its build.

Old Pythons must be able to read this file, so that they reach the sentence that asks for a newer one.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

OLDEST_PYTHON = (3, 11)
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
PROBE_TIMEOUT_SECONDS = "5"

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
STAMP = VENV / "tunesmith-set-up.json"
CONSTRAINTS = ROOT / "constraints.txt"


def main() -> None:
    options = parse_options()
    require_python()
    if options.refresh_constraints:
        refresh_constraints()
        return
    fingerprint, installed = fingerprint_of_inputs(), read_stamp()
    groups = set(options.groups)
    if installed is not None:
        if installed["fingerprint"] == fingerprint and groups <= set(installed["groups"]):
            return
        groups |= set(installed["groups"]) & known_groups().keys()
    requirements = requirements_of(sorted(groups))
    make_venv(moved=installed is not None and installed["place"] != str(VENV))
    STAMP.unlink(missing_ok=True)
    install_torch(options.torch, options.cpu_index)
    install_tunesmith(sorted(groups), requirements)
    stamp = {"fingerprint": fingerprint_of_inputs(), "groups": sorted(groups), "place": str(VENV)}
    STAMP.write_text(json.dumps(stamp) + "\n")


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Set up .venv with Tunesmith and what it needs.")
    parser.add_argument(
        "--groups",
        type=lambda text: [name for name in text.split(",") if name],
        default=[],
        help="dependency groups of pyproject.toml to install as well, such as test,parity,lint",
    )
    parser.add_argument(
        "--torch",
        choices=("auto", "cpu", "default"),
        default="auto",
        help="which build: auto takes a CPU build where no NVIDIA driver is found; cpu insists on one; "
        "default takes what the index gives",
    )
    parser.add_argument(
        "--cpu-index",
        default=os.environ.get("TUNESMITH_CPU_INDEX", CPU_INDEX),
        help="where to look for a CPU build when the ordinary index has none; empty: nowhere "
        f"(default: $TUNESMITH_CPU_INDEX or {CPU_INDEX})",
    )
    parser.add_argument(
        "--refresh-constraints",
        action="store_true",
        help="write constraints.txt anew from the newest versions that fit together (torch keeps its version), then stop",
    )
    return parser.parse_args()


def require_python() -> None:
    if sys.version_info >= OLDEST_PYTHON:
        return
    newer = [name for name in ("python3.13", "python3.12", "python3.11") if shutil.which(name)]
    hint = f"try: make PYTHON={newer[0]} ..." if newer else "install a newer one, then: make PYTHON=/path/to/it ..."
    stop(f"Tunesmith needs Python 3.11 or newer; {sys.executable} is {sys.version.split()[0]}. Hint: {hint}")


# --- what is there already ---------------------------------------------------------------------------------------


def fingerprint_of_inputs() -> str:
    """Changes with everything that decides what belongs into ``.venv``, its place and its Python included."""
    digest = hashlib.sha256(str(VENV).encode())
    for path in (ROOT / "pyproject.toml", CONSTRAINTS, VENV / "pyvenv.cfg"):
        digest.update(b"\0" + (path.read_bytes() if path.exists() else b""))
    return digest.hexdigest()


def read_stamp() -> "dict | None":
    if not STAMP.exists() or not VENV_PYTHON.exists():
        return None
    try:
        return json.loads(STAMP.read_text())
    except ValueError:
        return None


# --- the stages --------------------------------------------------------------------------------------------------


def make_venv(moved: bool = False) -> None:
    """A venv whose folder was moved or copied is made anew: its scripts name the Python of the old place."""
    if not moved and works([VENV_PYTHON, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]):
        if not works([VENV_PYTHON, "-c", "import pip"]):
            run([VENV_PYTHON, "-m", "ensurepip"])
        return
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        stop(
            f"{sys.executable} cannot make virtual environments: its venv module is missing. "
            f"Hint: on Debian or Ubuntu, sudo apt install python{version}-venv; elsewhere install a complete Python."
        )
    with Stage(f"making .venv with Python {sys.version.split()[0]}"):
        run([sys.executable, "-m", "venv", "--clear", VENV])


def install_torch(build: str, cpu_index: str) -> None:
    """Put a CPU build in place where one is wanted; otherwise leave torch to the next stage."""
    version = constrained("torch")
    if build == "default" or has_torch(version) or sys.platform != "linux":
        return  # only on Linux does the default build bring CUDA along
    if build == "auto" and has_nvidia_driver():
        say("an NVIDIA driver is there; the default build of torch brings several GB of CUDA libraries")
        return
    if build == "auto":
        say("no NVIDIA driver found, so a CPU build of torch is preferred")
    cpu_build = f"torch=={version}+cpu"
    for index in ([], ["--index-url", cpu_index] if cpu_index else None):
        if index is not None and offers(index, f"{version}+cpu"):
            with Stage(f"installing {cpu_build}, about 200 MB"):
                pip("install", *index, "--no-deps", "-c", CONSTRAINTS, cpu_build)
            return
    if build == "cpu":
        stop(f"No CPU build of torch {version} for this Python was found. Hint: name an index by --cpu-index.")
    say("no CPU build found; installing the default build, which brings several GB of CUDA libraries")


def install_tunesmith(groups: "list[str]", requirements: "list[str]") -> None:
    what = ", ".join(["the engine", *(f"group {name}" for name in groups)])
    with Stage(f"installing Tunesmith with {what}"):
        pip("install", "-c", CONSTRAINTS, "-e", f"{ROOT}[train]", *requirements)


# --- torch -------------------------------------------------------------------------------------------------------


def has_nvidia_driver() -> bool:
    return Path("/proc/driver/nvidia/version").exists() or shutil.which("nvidia-smi") is not None


def has_torch(version: str) -> bool:
    found = VENV.glob("lib/python3*/site-packages/torch-*.dist-info")
    return any(re.fullmatch(rf"torch-{re.escape(version)}(\+\w+)?\.dist-info", path.name) for path in found)


def offers(index: "list[str]", version: str) -> bool:
    """Whether the index lists that very build for this Python and machine; fetches the list only."""
    asked = ["index", "versions", *index, "--timeout", PROBE_TIMEOUT_SECONDS, "--retries", "0", "torch"]
    answer = subprocess.run(
        [str(VENV_PYTHON), "-m", "pip", *asked], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    return version in re.split(r"[\s,()]+", answer.stdout)


# --- requirements ------------------------------------------------------------------------------------------------


def known_groups() -> "dict[str, list[str]]":
    """Read here rather than by ``pip install --group``, which the pip of many a fresh venv does not know yet."""
    import tomllib  # an older Python has none

    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]


def requirements_of(groups: "list[str]") -> "list[str]":
    known = known_groups()
    unknown = [name for name in groups if name not in known]
    if unknown:
        stop(f"pyproject.toml has no dependency group named {', '.join(unknown)}; it has {', '.join(known)}.")
    return [requirement for name in groups for requirement in known[name]]


def constrained(name: str) -> str:
    match = re.search(rf"^{name}==(\S+)$", CONSTRAINTS.read_text(), re.MULTILINE)
    if match is None:
        stop(f"constraints.txt has no line {name}==VERSION. Hint: restore the file.")
    return match.group(1)


CONSTRAINTS_HEADER = """\
# The versions that are tested together. Refresh: python3 scripts/set_up.py --refresh-constraints
# (newest that fit; torch keeps its version: to move it, edit its line first), then make test.
"""


def refresh_constraints() -> None:
    torch = constrained("torch")
    make_venv()
    report = VENV / "resolved.json"
    with Stage("resolving the newest versions that fit together"):
        pip(
            *("install", "--dry-run", "--ignore-installed", "--report", report, f"torch=={torch}"),
            *(
                "-e",
                f"{ROOT}[train,transformers,postgres,s3,tables,vault]",
                *requirements_of(["test", "s3-server", "parity", "bench", "studio", "browser", "lint"]),
            ),
        )
    found = {
        item["metadata"]["name"]: item["metadata"]["version"] for item in json.loads(report.read_text())["install"]
    }
    report.unlink()
    lines = [
        f"{name}=={version.split('+')[0]}\n"
        for name, version in sorted(found.items(), key=lambda item: item[0].lower())
        if not re.match(r"tunesmith$|nvidia-|cuda-|triton$", name)  # the last three come with torch's CUDA build only
    ]
    CONSTRAINTS.write_text(CONSTRAINTS_HEADER + "".join(lines))


# --- processes and words -----------------------------------------------------------------------------------------


class Stage:
    """One line for one stage: what is done, then how long it took."""

    def __init__(self, what: str) -> None:
        self.what = what

    def __enter__(self) -> None:
        print(f"set-up: {self.what} ...", end="", flush=True)
        self.started = time.monotonic()

    def __exit__(self, error: object, *_: object) -> None:
        print(" failed" if error else f" {time.monotonic() - self.started:.0f} s", flush=True)


def pip(*arguments: object) -> None:
    run([VENV_PYTHON, "-m", "pip", "--disable-pip-version-check", *arguments])


def run(command: list) -> None:
    """Quiet when all is well; otherwise the program's own words, and the end."""
    done = subprocess.run(
        [str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=str(ROOT)
    )
    if done.returncode != 0:
        raise SetUpFailed(f"{done.stdout.rstrip()}\nset-up: failed: {' '.join(str(part) for part in command)}")


def works(command: list) -> bool:
    try:
        done = subprocess.run([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except OSError:
        return False
    return done.returncode == 0


class SetUpFailed(Exception):
    """The message is for the person at the terminal."""


def say(sentence: str) -> None:
    print(f"set-up: {sentence}", flush=True)


def stop(sentence: str) -> None:
    raise SetUpFailed(f"set-up: {sentence}")


if __name__ == "__main__":
    try:
        main()
    except SetUpFailed as failed:
        sys.exit(str(failed))
    except KeyboardInterrupt:
        sys.exit("\nset-up: interrupted; the same command goes on where this one stopped")
