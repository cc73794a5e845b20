#!/usr/bin/env python3
"""Writes docs/cli.md, docs/config.md, docs/settings.md and tables of docs/api.md from the code.

``python scripts/write_docs.py`` writes them; ``--check`` leaves with 1 and names those that are out of step.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import os
import re
import sys
import textwrap
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typer
from pydantic import SecretStr

from tunesmith.cli.main import app
from tunesmith.core.settings import Settings
from tunesmith.specs.data_operations import KINDS, NUM_INPUTS
from tunesmith.specs.data_operations import Settings as OperationSettings
from tunesmith.specs.fine_tune import FineTuneSpec
from tunesmith.specs.operation_answers import ABOUT
from tunesmith.specs.wire_job import EXTENSION_KEYS

DOCS = Path(__file__).resolve().parent.parent / "docs"
WIDTH = 100
NOTE = "<!-- Written by scripts/write_docs.py; change the code, then run it again. -->\n\n"

TABLE_BEGINS = "<!-- The table is written by scripts/write_docs.py. -->\n\n"
TABLE_ENDS = "\n<!-- Here the table ends. -->\n"
KINDS_BEGIN = "<!-- The kinds are written by scripts/write_docs.py. -->\n\n"
KINDS_END = "\n<!-- Here the kinds end. -->\n"

CLI_HEAD = """\
# The command line

Every command with its help. Exit codes: 0 good, 1 the machine's fault, 2 the user's mistake, 130 interrupted with a
checkpoint saved. Errors go to standard error; with `--json` so does everything but the one JSON object.
"""

CONFIG_HEAD = """\
# The configuration

The keys of the YAML file that [`tunesmith train`](cli.md#tunesmith-train) takes. Only `base_model` and `training_file`
are needed. An unknown key is an error. Whatever is `auto` is chosen for you and printed first with its reason; value and
reason are saved as `resolved.json`.
"""

SETTINGS_HEAD = """\
# The settings

The variables that [`tunesmith up`](cli.md#tunesmith-up), `api`, `worker`, `serve` and the commands that work on a home
read, once, when they start. Options of the command line go before them. None is needed. A value that cannot be used is
named; it is never shown, for it may be a secret. Several machines share one platform when they share
`TUNESMITH_DATABASE_URL` and `TUNESMITH_BLOB_URL`: run `tunesmith worker` on as many as you like, `tunesmith api` and
`tunesmith serve` on one.
"""


def main() -> int:
    options = _options()
    pages = {
        DOCS / "cli.md": cli_page(), DOCS / "config.md": config_page(), DOCS / "settings.md": settings_page(),
        DOCS / "api.md": api_page(),
    }  # fmt: skip
    stale = [path for path, text in pages.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    if options.check:
        for path in stale:
            print(f"{path} is out of step with the code: python scripts/write_docs.py writes it anew", file=sys.stderr)
        return 1 if stale else 0
    for path in stale:
        path.write_text(pages[path], encoding="utf-8")
        print(f"wrote {path}")
    return 0


def cli_page() -> str:
    """Every command, the groups before what is in them."""
    # Where the output goes must not show in the help: no colours, one width.
    os.environ.update(COLUMNS=str(WIDTH), TERM="dumb", NO_COLOR="1")
    sections = [f"## {name}\n\n```\n{text}\n```\n" for name, text in _helps(typer.main.get_command(app), "tunesmith")]
    return "\n".join([NOTE + CLI_HEAD, *sections])


def _helps(command: Any, name: str, parent: Any = None) -> Iterator[tuple[str, str]]:
    context = command.make_context(
        name.rpartition(" ")[2], [], parent=parent, resilient_parsing=True, terminal_width=WIDTH
    )
    help_text = command.get_help(context)
    yield name, "\n".join(line.rstrip() for line in help_text.strip().splitlines())
    for child in command.list_commands(context) if hasattr(command, "list_commands") else ():
        yield from _helps(command.get_command(context, child), f"{name} {child}", context)


def config_page() -> str:
    meanings = _meanings(FineTuneSpec)
    sections = [
        f"## {name}\n\n{_kind(field.annotation, field.metadata)} · {_default(field)}\n\n{_wrapped(meanings[name])}\n"
        for name, field in FineTuneSpec.model_fields.items()
    ]
    return "\n".join([NOTE + CONFIG_HEAD, *sections])


def settings_page() -> str:
    meanings = _meanings(Settings)
    sections = [
        f"## TUNESMITH_{name.upper()}\n\n{_kind(field.annotation, field.metadata)} · {_default(field)}\n\n"
        f"{_wrapped(meanings[name])}\n"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join([NOTE + SETTINGS_HEAD, *sections])


def api_page() -> str:
    """What stands there, with the tables between their marks anew."""
    page = (DOCS / "api.md").read_text(encoding="utf-8")
    page = _between(page, TABLE_BEGINS, _extensions(), TABLE_ENDS)
    return _between(page, KINDS_BEGIN, _kinds(), KINDS_END)


def _between(page: str, begins: str, table: str, ends: str) -> str:
    before, _, rest = page.partition(begins)
    _, _, after = rest.partition(ends)
    return "".join([before, begins, table, ends, after])


def _extensions() -> str:
    meanings = _meanings(FineTuneSpec)
    rows = [
        f"| `{key}` | {_kind(field.annotation, field.metadata)} | {_default(field)} | {meanings[key]} |\n"
        for key, field in FineTuneSpec.model_fields.items()
        if key in EXTENSION_KEYS
    ]
    return "".join(["| key | value | | meaning |\n| --- | --- | --- | --- |\n", *rows])


def _kinds() -> str:
    """What each kind of operation on data takes, makes and lists; then the settings, those that kinds share once."""
    kinds = [
        f"| `{kind}` | {_num_files(*NUM_INPUTS[kind])} | {ABOUT[kind].makes} | {_held(ABOUT[kind].result)} "
        f"| {_held(ABOUT[kind].items)} |\n"
        for kind in KINDS
    ]
    groups = list(dict.fromkeys(group for model in KINDS.values() for group in reversed(model.__mro__)))
    settings = [
        f"| {_of_kinds(group)} | `{name}` | {_kind(field.annotation, field.metadata)} | {_default(field)} "
        f"| {_meanings(group)[name]} |\n"
        for group in groups
        if issubclass(group, OperationSettings)
        for name, field in group.model_fields.items()
        if name in group.__annotations__
    ]
    head = "| kind | takes | makes | `result` | each item |\n| --- | --- | --- | --- | --- |\n"
    of_settings = "| kinds | setting | value | | meaning |\n| --- | --- | --- | --- | --- |\n"
    return "".join([head, *kinds, "\n", of_settings, *settings])


def _num_files(least: int, most: int) -> str:
    if least == most:
        return f"{most} file{'s' if most > 1 else ''}"
    return f"{least} to {most} files"


def _held(names: Mapping[str, str]) -> str:
    return "; ".join(f"`{name}`: {meaning}" for name, meaning in names.items())


def _of_kinds(group: type) -> str:
    return ", ".join(f"`{kind}`" for kind, model in KINDS.items() if issubclass(model, group))


def _meanings(model: type) -> dict[str, str]:
    """Field → the string below it."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(model)))
    body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
    found = {}
    for field, below in pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            match below:
                case ast.Expr(value=ast.Constant(value=str(text))):
                    found[field.target.id] = re.sub(r"``(.+?)``", r"`\1`", " ".join(text.split()))
    return found


def _kind(annotation: Any, metadata: list[Any]) -> str:
    """A type in words, such as ``a whole number from 1 to 1024, or `auto` ``."""
    kinds = [kind for part in _alternatives(annotation, metadata) if (kind := _one_kind(*part))]
    return ", or ".join(kinds)


def _alternatives(annotation: Any, metadata: list[Any]) -> Iterator[tuple[Any, list[Any]]]:
    if get_origin(annotation) is not None and hasattr(annotation, "__metadata__"):
        inner, *more = get_args(annotation)
        yield from _alternatives(inner, [*more, *metadata])
    elif "Union" in str(get_origin(annotation)):
        for part in get_args(annotation):
            yield from _alternatives(part, metadata)
    else:
        yield annotation, metadata


def _one_kind(annotation: Any, metadata: list[Any]) -> str:
    if annotation is type(None):
        return ""
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(annotation))
    if get_origin(annotation) is list:
        return "a list of names"
    if annotation is bool:
        return "`true`, `false`"
    if get_origin(annotation) is dict:
        return "a JSON object" if Any in get_args(annotation) else "a JSON object of texts"
    if annotation is date:
        return "a date"
    if annotation is SecretStr:
        return "a secret"
    if annotation is Path:
        return "a path"
    word = {int: "a whole number", float: "a number", str: "text"}[annotation]
    return f"{word} {limits}" if annotation is not str and (limits := _limits(metadata)) else word


def _limits(metadata: list[Any]) -> str:
    constraints = [inner for item in metadata for inner in (item, *getattr(item, "metadata", ()))]
    bounds = {key: getattr(item, key) for item in constraints for key in ("gt", "ge", "lt", "le") if hasattr(item, key)}
    words = {"gt": "above {}", "ge": "from {}", "lt": "below {}", "le": "to {}"}
    return " ".join(words[key].format(bounds[key]) for key in words if bounds.get(key) is not None)


def _default(field: Any) -> str:
    if field.is_required():
        return "needed"
    if field.default_factory is not None or field.default == "":
        return "empty unless given"
    return "not set unless given" if field.default is None else f"default `{_shown(field.default)}`"


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 120, break_long_words=False, break_on_hyphens=False)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; leave with 1 if a page is out of step")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
