"""What ``tunesmith data clean``, ``canaries``, ``restore`` and ``person`` do and print."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from tunesmith.core.errors import UserError
from tunesmith.data import cleaning
from tunesmith.data.clean_row import Account, Cleaning, Policy, counted
from tunesmith.data.personal.decisions import Decisions, read_decisions
from tunesmith.data.personal.kinds import chosen_kinds
from tunesmith.data.personal.recognizers import load_recognizers
from tunesmith.data.personal.scan import Scanner
from tunesmith.data.personal.surrogates import Surrogates
from tunesmith.data.personal.vault import Vault, read_vault, write_vault
from tunesmith.data.preview import visible

KEY_VARIABLE: Final = "TUNESMITH_SURROGATE_KEY"
PASSPHRASE_VARIABLE: Final = "TUNESMITH_VAULT_PASSPHRASE"
_SHORTEST_KEY: Final = 16


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line asks for."""

    file: Path
    policy: Policy
    kinds: tuple[str, ...] | None
    keep_kinds: tuple[str, ...]
    recognizers: tuple[str, ...]
    decisions: Path | None
    key_file: Path | None
    vault: Path | None


def run_clean(request: Request, out: Path, *, overwrite: bool, as_json: bool) -> None:
    cleaning.refuse_output(request.file, out, overwrite=overwrite)
    if request.vault and request.policy != "surrogate":
        raise UserError("A vault keeps surrogates, and there are none under this policy.", "add --policy surrogate")
    passphrase = _passphrase(request.vault) if request.vault else ""
    vault = read_vault(request.vault, passphrase) if request.vault and request.vault.exists() else Vault()
    how, is_drawn = _cleaning(request, vault if request.vault else None)
    with _progress(request.file) as progress:
        account = cleaning.clean_file(request.file, out, how, overwrite=overwrite, progress=progress)
    if request.vault:
        write_vault(request.vault, vault, passphrase)
    if as_json:
        _print_json({"file": str(request.file), "out": str(out), "policy": request.policy, **account.as_json()})
        return
    _print_account(account)
    typer.echo(
        f"\n✓ {out}: {account.rows_read - account.rows_dropped:,} rows; what was done stands in {out.name}.version.json"
    )
    if request.policy == "surrogate" and is_drawn:
        typer.echo(
            f"  The surrogates' key was drawn for this file alone. For the same ones in other files, set {KEY_VARIABLE}."
        )


def show_survey(request: Request, *, is_dry: bool, as_json: bool) -> None:
    with _progress(request.file) as progress:
        account = cleaning.survey_file(request.file, _cleaning(request)[0], progress)
    if as_json:
        _print_json({"file": str(request.file), "out": None, "policy": request.policy, **account.as_json()})
    else:
        _print_account(account)
        typer.echo("\nNothing was written." + ("" if is_dry else " Add --out OUT to write the cleaned file."))


def show_findings(request: Request, *, as_json: bool, show_values: bool) -> None:
    scanner = _cleaning(request)[0].scanner
    for listed in cleaning.list_findings(request.file, scanner):
        facts = listed.as_json(masked=not show_values)
        if as_json:
            typer.echo(json.dumps(facts, ensure_ascii=False))
            continue
        value = (
            visible(f"{facts['before']}⟦{facts['value']}⟧{facts['after']}") if show_values else visible(facts["value"])
        )
        note = " (nobody's: stays)" if listed.is_nobodys else ""
        typer.echo(f"{listed.id}  line {listed.line}  {listed.kind}  {value}  {visible(listed.place)}{note}")


def show_canaries(
    file: Path, count: int, kinds: tuple[str, ...] | None, recognizers: tuple[str, ...], seed: int, *, as_json: bool
) -> None:
    from tunesmith.data.personal.canaries import measure_recall

    recalls = measure_recall(file, Scanner(chosen_kinds(kinds, ()), load_recognizers(recognizers)), count, seed)
    if as_json:
        _print_json({"file": str(file), "seed": seed, "kinds": [recall.as_json() for recall in recalls]})
        return
    if not recalls:
        raise UserError(f"{file} has no row with a text to plant values in.", f"tunesmith data check {file}")
    table = Table("kind", "planted", "found", "recall", "95 % interval", "found without words around", box=None)
    for recall in recalls:
        low, high = recall.interval
        share = f"{recall.found / recall.planted:.2f}"
        bare = f"{recall.bare_found} of {recall.bare_planted}"
        table.add_row(recall.kind, str(recall.planted), str(recall.found), share, f"{low:.2f}–{high:.2f}", bare)
    Console(highlight=False).print(table)


def show_original(path: Path, surrogate: str, *, as_json: bool) -> None:
    originals = read_vault(path, _passphrase(path)).originals(surrogate)
    if as_json:
        _print_json({"surrogate": surrogate, "originals": list(originals)})
    elif not originals:
        raise UserError(
            f"The vault {path} knows no surrogate “{surrogate}”.", "write it as it stands in the cleaned file"
        )
    else:
        typer.echo("\n".join(map(visible, originals)))


def run_restore(file: Path, path: Path, out: Path, *, overwrite: bool, as_json: bool) -> None:
    from tunesmith.data.personal.restoring import restore_file

    vault = read_vault(path, _passphrase(path))
    with _progress(file) as progress:
        restored = restore_file(file, out, vault, overwrite=overwrite, progress=progress)
    if as_json:
        _print_json({"file": str(file), "out": str(out), **restored.as_json()})
        return
    changed = f"{out}: {restored.rows_changed:,} of {restored.rows_read:,} rows hold their originals again"
    if restored.is_exact:
        typer.echo(f"✓ {changed}, to the letter")
        return
    typer.echo(f"! {changed}, but not all of them for sure:")
    if restored.unknown:
        typer.echo(
            f"  {restored.unknown:,} rows are not in the vault as they are now (changed since, or never cleaned with it): a surrogate"
            " there that stands for one value became it again; dates of birth and tags stayed"
        )
        if restored.ambiguous:
            typer.echo(
                f"  {restored.ambiguous:,} surrogates stand for more than one value; they stayed there (--show tells)"
            )
    if restored.doubtful:
        typer.echo(
            f"  {restored.doubtful:,} rows came from different originals that were cleaned to the same; they stayed"
        )


def show_person(files: Sequence[Path], who: Sequence[str], *, as_json: bool) -> None:
    from tunesmith.data.personal.person import find_person

    rows = list(find_person(who, files))
    if as_json:
        _print_json({"rows": [row.as_json() for row in rows]})
        return
    for row in rows:
        typer.echo(f"{row.file}:{row.line}  {', '.join(row.places)}  ({', '.join(row.forms)})")
    typer.echo(
        f"{len(rows):,} rows in {len({row.file for row in rows}):,} of {len(files):,} files speak of this person"
    )


def run_erase(
    file: Path, who: Sequence[str], out: Path, erasure: Literal["drop", "redact"], *, overwrite: bool, as_json: bool
) -> None:
    from tunesmith.data.personal.person import erase_person

    with _progress(file) as progress:
        erased = erase_person(who, file, out, erasure, overwrite=overwrite, progress=progress)
    if as_json:
        _print_json({"file": str(file), "out": str(out), "erasure": erasure, **erased.as_json()})
    else:
        done = "left out" if erasure == "drop" else "redacted"
        typer.echo(f"✓ {out}: {erased.rows_erased:,} of {erased.rows_read:,} rows {done}, {erased.places:,} places")
        if erased.rows_with_a_part:
            lines = ", ".join(map(str, erased.lines_with_a_part))
            more = " …" if erased.rows_with_a_part > len(erased.lines_with_a_part) else ""
            typer.echo(
                f"! {erased.rows_with_a_part:,} more rows hold a part of the name alone and stayed; it may be somebody else's."
                f" Look at lines {lines}{more} of {file}"
            )


def _cleaning(request: Request, vault: Vault | None = None) -> tuple[Cleaning, bool]:
    """And whether its key was drawn just now."""
    scanner = Scanner(chosen_kinds(request.kinds, request.keep_kinds), load_recognizers(request.recognizers))
    decisions = read_decisions(request.decisions) if request.decisions else Decisions()
    key = _key(request.key_file)
    surrogates = Surrogates(key or secrets.token_bytes(32))
    return Cleaning(scanner, request.policy, surrogates, decisions, vault), key is None


def _key(file: Path | None) -> bytes | None:
    try:
        key = file.read_bytes().strip() if file else os.environ.get(KEY_VARIABLE, "").encode()
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror}.", "check the path of the key") from None
    if (file or key) and len(key) < _SHORTEST_KEY:
        raise UserError(
            f"The surrogates' key has {len(key)} bytes, fewer than 16.", "make one: openssl rand -hex 32 > key.txt"
        )
    return key or None


def _passphrase(vault: Path) -> str:
    found = os.environ.get(PASSPHRASE_VARIABLE)
    return found if found else str(typer.prompt(f"Passphrase of {vault}", hide_input=True, err=True))


@contextmanager
def _progress(file: Path) -> Iterator[Callable[[int], None]]:
    console = Console(stderr=True)
    columns = (TextColumn(file.name), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=file.stat().st_size if file.exists() else None)
        yield lambda num_bytes: progress.advance(task, num_bytes)


def _print_account(account: Account) -> None:
    typer.echo(f"rows: {account.rows_read:,} read, {account.rows_changed:,} changed, {account.rows_dropped:,} dropped")
    typer.echo(f"found: {counted(account.found)}")
    typer.echo(f"replaced: {counted(account.replaced)}")
    if account.left_as_nobodys:
        typer.echo(f"left, for they are nobody's: {counted(account.left_as_nobodys)}")
    if account.left_as_decided:
        typer.echo(f"left, as decided: {counted(account.left_as_decided)}")
    typer.echo("not covered:")
    for sentence in account.not_covered:
        typer.echo(f"  {sentence}")


def _print_json(value: dict[str, Any]) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))
