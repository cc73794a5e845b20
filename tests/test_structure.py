"""The tree keeps its own rules: folder docstrings are true, dangerous calls are absent, the CLI starts fast."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SRC = ROOT / "src" / "tunesmith"
MODULES = sorted(SRC.rglob("*.py"))
FOLDERS = sorted(path.parent for path in MODULES if path.name == "__init__.py")

BANNED_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
BANNED_CALLS = {"eval", "exec", "torch.load", "os.system", "os.popen"}
BANNED_NAMES = {"utils", "common", "helpers", "misc"}
DISTRIBUTION_OF = {
    "ruamel": "ruamel.yaml", "pydantic_core": "pydantic", "pydantic_settings": "pydantic-settings",
    "python_multipart": "python-multipart", "starlette": "fastapi",
    "anyio": "fastapi",
}  # fmt: skip


def named(path: Path) -> str:
    return str(path.relative_to(SRC.parent))


@pytest.mark.parametrize("folder", FOLDERS, ids=named)
def test_folder_docstring_names_exactly_its_modules(folder: Path) -> None:
    tree = ast.parse((folder / "__init__.py").read_text())
    listed = re.findall(r"^([a-z]\w*): ", ast.get_docstring(tree) or "", re.MULTILINE)
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__", "__main__"}
    packages = {path.parent.name for path in folder.glob("*/__init__.py")}
    assert sorted(listed) == sorted(modules | packages)


@pytest.mark.parametrize("folder", [folder for folder in FOLDERS if folder != SRC], ids=named)
def test_folder_init_holds_only_a_docstring(folder: Path) -> None:
    tree = ast.parse((folder / "__init__.py").read_text())
    assert len(tree.body) == 1
    assert ast.get_docstring(tree)


def test_every_folder_of_modules_is_a_package() -> None:
    assert {path.parent for path in MODULES} == set(FOLDERS)


@pytest.mark.parametrize("module", MODULES, ids=named)
def test_nothing_dangerous_is_written(module: Path) -> None:
    tree = ast.parse(module.read_text())
    assert [f"{module.name}:{line}: {what}" for line, what in dangers(tree)] == []


def dangers(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Assert():
                yield node.lineno, "assert (vanishes under python -O)"
            case ast.Import(names=names) if banned := {name.name.split(".")[0] for name in names} & BANNED_MODULES:
                yield node.lineno, f"import {banned}"
            case ast.ImportFrom(module=str(name)) if name.split(".")[0] in BANNED_MODULES:
                yield node.lineno, f"from {name}"
            case ast.ImportFrom(module="torch" | "os", names=names) if any(
                f"{node.module}.{name.name}" in BANNED_CALLS for name in names
            ):
                yield node.lineno, f"from {node.module} import {names[0].name}"
            case ast.Call(func=function, keywords=keywords):
                if ast.unparse(function) in BANNED_CALLS:
                    yield node.lineno, f"{ast.unparse(function)}()"
                for keyword in keywords:
                    if keyword.arg in ("shell", "allow_pickle") and ast.unparse(keyword.value) != "False":
                        yield node.lineno, f"{keyword.arg}={ast.unparse(keyword.value)}"


@pytest.mark.parametrize(
    "code",
    [
        "assert x",
        "import pickle",
        "from joblib import load",
        "import torch\ntorch.load('x')",
        "from torch import load",
        "eval('1')",
        "subprocess.run('ls', shell=True)",
        "np.load('x', allow_pickle=True)",
    ],
)
def test_the_search_for_dangers_finds_them(code: str) -> None:
    assert list(dangers(ast.parse(code)))


def test_no_file_is_named_for_nothing_in_particular() -> None:
    assert [named(path) for path in MODULES if path.stem in BANNED_NAMES or path.parent.name in BANNED_NAMES] == []


def test_every_import_is_declared_in_pyproject() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    requirements = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    declared = {re.split(r"[\[<>=!~ ]", requirement)[0].lower() for requirement in requirements}
    imported = {name for module in MODULES for name in top_level_imports(module)}
    foreign = imported - set(sys.stdlib_module_names) - {"tunesmith", "__future__"}
    assert {DISTRIBUTION_OF.get(name, name).lower() for name in foreign} <= declared


def top_level_imports(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module.split(".")[0]


def test_cli_starts_without_torch() -> None:
    code = "import sys, tunesmith.cli.main; print(sorted({'torch', 'transformers', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr
