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
# Who may speak to a network at all, each file with what it speaks with; docs/connections.md says to whom and when.
SPEAKERS = {
    "core/outbound.py": {"httpcore2", "httpx2", "socket", "ssl"},
    "core/mail.py": {"smtplib", "socket", "ssl"},
    "core/addresses.py": {"socket"},  # reads addresses
    "nn/catalog.py": {"huggingface_hub"},
    "nn/foreign.py": {"huggingface_hub"},  # an error's class
    "store/blobs_s3.py": {"httpx2", "obstore"},
    "api/health.py": {"socket"},  # a Unix socket
    "api/protocol.py": {"uvicorn"},  # reads what comes in
    "cli/remote.py": {"httpx2"},
    "cli/processes.py": {"httpx2", "socket"},  # the one that listens; its own port's health
    "cli/parts.py": {"socket", "uvicorn"},  # the same, inherited
    "worker/serving_client.py": {"socket"},  # a Unix socket
    "worker/run.py": {"socket"},  # this machine's name
}
UNIX_SPEAKERS = {"api/serving_client.py": "open_unix_connection", "serve/run.py": "start_unix_server"}
NETWORK_MODULES = {
    "socket", "ssl", "http", "urllib.request", "smtplib", "ftplib", "poplib", "imaplib", "nntplib", "telnetlib", "xmlrpc",
    "socketserver", "wsgiref", "httpx", "httpx2", "httpcore", "httpcore2", "requests", "urllib3", "aiohttp", "websockets", "h11",
    "huggingface_hub", "datasets", "obstore", "boto3", "psycopg", "grpc", "zmq", "uvicorn", "openai", "torch.hub",
}  # fmt: skip
NETWORK_CALLS = {
    "open_connection", "start_server", "open_unix_connection", "start_unix_server", "create_connection", "create_server",
    "create_datagram_endpoint", "create_unix_connection", "create_unix_server", "urlopen", "urlretrieve", "snapshot_download",
    "hf_hub_download", "load_state_dict_from_url", "connect_tcp", "sock_connect",
}  # fmt: skip
BANNED_NAMES = {"utils", "common", "helpers", "misc"}
DISTRIBUTION_OF = {
    "ruamel": "ruamel.yaml", "pydantic_core": "pydantic", "pydantic_settings": "pydantic-settings",
    "python_multipart": "python-multipart", "starlette": "fastapi",
    "anyio": "fastapi", "ahocorasick": "pyahocorasick", "phonenumbers": "phonenumberslite",
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


@pytest.mark.parametrize("module", MODULES, ids=named)
def test_only_named_files_speak_to_a_network(module: Path) -> None:
    path = str(module.relative_to(SRC))
    tree = ast.parse(module.read_text())
    spoken = {name for name in all_imports(tree) if name in NETWORK_MODULES or name.split(".")[0] in NETWORK_MODULES}
    assert {name if name in NETWORK_MODULES else name.split(".")[0] for name in spoken} == SPEAKERS.get(path, set())
    if path not in SPEAKERS:
        calls = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)} & NETWORK_CALLS
        assert calls == ({UNIX_SPEAKERS[path]} if path in UNIX_SPEAKERS else set())


def test_every_file_that_speaks_to_a_network_is_documented() -> None:
    text = (ROOT / "docs" / "connections.md").read_text()
    silent = {"core/addresses.py", "nn/foreign.py", "cli/parts.py", "worker/run.py", "api/health.py", "api/protocol.py"}
    assert [path for path in {*SPEAKERS, *UNIX_SPEAKERS} - silent if path not in text] == []


def all_imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


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
