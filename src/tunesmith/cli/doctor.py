"""``tunesmith doctor``: what this machine has, and whether the engine computes right on it.

Shows the machine (``cli.machine``), what torch makes of it, and the mathematics certificate
(``train.mathematics``); says what to install or mend. Nothing is asked over the network. torch is
imported when the command runs, so that a machine without it gets an answer too.
"""

from __future__ import annotations

import json
import math
import os
import platform
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from tunesmith import __version__
from tunesmith.cli.machine import Disk, Machine, Memory, read_disk, read_machine
from tunesmith.core.errors import MachineError, Problem
from tunesmith.core.offline import is_offline

if TYPE_CHECKING:
    from tunesmith.train.mathematics import Finding

LITTLE_DISK_BYTES: Final = 5 << 30
_PACKAGES: Final = ("torch", "tokenizers", "safetensors", "transformers", "peft")


@dataclass(frozen=True, slots=True)
class Accelerator:
    name: str
    total_bytes: int
    capability: str


@dataclass(frozen=True, slots=True)
class Torch:
    """What torch makes of the machine; ``error`` says why it cannot be imported. ``cuda`` and ``hip`` are its build's."""

    version: str | None
    error: str = ""
    num_threads: int = 0
    cuda: str | None = None
    hip: str | None = None
    accelerators: tuple[Accelerator, ...] = ()

    @property
    def build(self) -> str:
        return f"CUDA {self.cuda}" if self.cuda else f"ROCm {self.hip}" if self.hip else "CPU only"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the certificate runs in: machine, torch, disks, versions."""

    machine: Machine
    torch: Torch
    disks: tuple[Disk, ...]
    versions: Mapping[str, str | None]
    compiler: str | None
    is_offline: bool

    def as_json(self) -> dict[str, object]:
        return {
            **self.machine.as_json(),
            "disks": [asdict(disk) for disk in self.disks],
            "versions": dict(self.versions),
            "torch": {**asdict(self.torch), "build": self.torch.build},
            "cpp_compiler": self.compiler,
            "is_offline": self.is_offline,
        }


def run_doctor(*, whole: bool, as_json: bool, root: Path = Path("/"), home: Path | None = None) -> None:
    """Leaves with 1 where a check failed or training cannot run. ``root`` is where the machine's files lie."""
    # Threads that wait for each other by spinning cost minutes on a machine that is busy; torch reads this when it loads.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    home = home or Path(os.path.expanduser(os.environ.get("TUNESMITH_HOME") or "~/.tunesmith"))
    console = Console(highlight=False, emoji=False)
    surroundings = look_around(root, home)
    problems = find_problems(surroundings)
    if not as_json:
        _print_surroundings(console, surroundings)
        _print_problems(console, problems)
    started = time.monotonic()
    findings = _certify(whole) if surroundings.torch.version else ()
    seconds = time.monotonic() - started
    passed = bool(findings) and all(finding.passed for finding in findings)
    if as_json:
        certificate = {"whole": whole, "seconds": round(seconds, 1), "findings": [f.as_json() for f in findings]}
        said = {"format": 1, "passed": passed, "machine": surroundings.as_json()}
        said |= {"problems": [p.as_json() for p in problems], "certificate": certificate if findings else None}
        typer.echo(json.dumps(said, ensure_ascii=False, indent=2))
    elif findings:
        _print_certificate(console, findings, seconds)
    if not passed:
        raise typer.Exit(MachineError.exit_code)


# ---- what is there -------------------------------------------------------------------------------


def look_around(root: Path, home: Path) -> Surroundings:
    compilers = (os.environ.get("CXX"), "g++", "clang++")
    return Surroundings(
        machine=read_machine(root),
        torch=_torch(),
        disks=(read_disk(Path.cwd()), read_disk(home)),
        versions={"python": platform.python_version(), "tunesmith": __version__} | {p: _version(p) for p in _PACKAGES},
        compiler=next((path for name in compilers if name and (path := shutil.which(name))), None),
        is_offline=is_offline(),
    )


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _torch() -> Torch:
    try:
        import torch
    except ModuleNotFoundError as error:
        return Torch(None, f"there is no module {error.name}")
    except (ImportError, OSError) as error:  # a library that torch itself cannot load
        return Torch(None, " ".join(str(error).split())[:300])
    try:
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        found = [torch.cuda.get_device_properties(i) for i in range(count)]
    except (RuntimeError, AssertionError):  # a driver that names a card and cannot open it
        found = []
    devices = tuple(Accelerator(d.name, d.total_memory, _capability(d, torch.version.hip)) for d in found)
    return Torch(
        str(torch.__version__), "", torch.get_num_threads(), torch.version.cuda, torch.version.hip, devices
    )  # fmt: skip


def _capability(properties: object, hip: str | None) -> str:
    if hip:
        return str(getattr(properties, "gcnArchName", ""))
    return f"{getattr(properties, 'major', '?')}.{getattr(properties, 'minor', '?')}"


# ---- what is missing -----------------------------------------------------------------------------


def find_problems(s: Surroundings) -> tuple[Problem, ...]:
    """What keeps training from running, or from running as fast as this machine could."""
    return (*_torch_problems(s.torch), *_card_problems(s.machine, s.torch), *_disk_problems(s.disks))


def _torch_problems(torch: Torch) -> list[Problem]:
    if torch.version:
        return []
    if torch.error == "there is no module torch":
        return [
            Problem(
                "no_torch",
                "torch is not installed: data can be checked, but nothing can be trained.",
                f"{_pip()} 'tunesmith[train]'",
            )
        ]
    return [
        Problem(
            "broken_torch", f"torch cannot be imported: {torch.error}.",
            f"install it anew: {_pip()} --force-reinstall 'tunesmith[train]'",
        )
    ]  # fmt: skip


def _card_problems(machine: Machine, torch: Torch) -> list[Problem]:
    """Cards on the bus that torch cannot use, and why."""
    if torch.accelerators:
        return []
    vendors = {card.vendor for card in machine.cards} | ({"NVIDIA"} if machine.nvidia_driver else set())
    problems = []
    if "NVIDIA" in vendors:
        problems.append(_nvidia_problem(machine, torch))
    if "AMD" in vendors:
        problems.append(_amd_problem(machine, torch))
    return problems


def _nvidia_problem(machine: Machine, torch: Torch) -> Problem:
    release = _release(torch)
    if machine.nvidia_driver is None:
        return _warning(
            "no_driver",
            "There is an NVIDIA card, and its driver is not loaded; training runs on the CPU.",
            "install NVIDIA's driver with the system's package manager, start the machine again, then tunesmith doctor",
        )
    if torch.version and not torch.cuda:
        return _warning(
            "cpu_only_torch",
            f"There is an NVIDIA card, and torch {torch.version} is built for {torch.build}; training runs on the CPU.",
            f"{_pip()} --force-reinstall {release}",
        )
    return _warning(
        "unusable_card",
        f"There is an NVIDIA card with driver {machine.nvidia_driver}, and torch"
        f"{f', built for {torch.build},' if torch.version else ''} cannot use it; training runs on the CPU.",
        "update the driver until nvidia-smi shows that CUDA version or a newer one, and see that the card is visible here "
        "(CUDA_VISIBLE_DEVICES; in a container, --gpus all)",
    )


def _amd_problem(machine: Machine, torch: Torch) -> Problem:
    if not machine.has_amd_driver:
        return _warning(
            "no_driver",
            "There is an AMD card, and its compute driver (amdgpu, /dev/kfd) is not loaded; training runs on the CPU.",
            "if ROCm supports this card, install AMD's driver, start the machine again, then tunesmith doctor",
        )
    if torch.version and not torch.hip:
        return _warning(
            "cpu_only_torch",
            f"There is an AMD card, and torch {torch.version} is built for {torch.build}; training runs on the CPU.",
            f"{_pip()} --force-reinstall {_release(torch)} --index-url https://download.pytorch.org/whl/rocmX.Y, "
            "with X.Y as pytorch.org/get-started/locally names it",
        )
    return _warning(
        "unusable_card",
        "There is an AMD card, and torch cannot use it; training runs on the CPU.",
        "see that ROCm supports the card, and that you may open /dev/kfd (groups render and video)",
    )


def _disk_problems(disks: Sequence[Disk]) -> list[Problem]:
    return [
        _warning(
            "little_disk",
            f"{disk.path}: only {_gib(disk.free_bytes)} are free; checkpoints and models may not fit.",
            "free some space, or write elsewhere: --out for runs, TUNESMITH_HOME for the rest",
        )
        for disk in disks
        if disk.free_bytes < LITTLE_DISK_BYTES
    ]


def _warning(rule: str, message: str, hint: str) -> Problem:
    return Problem(rule, message, hint, severity="warning")


def _pip() -> str:
    return f"{quote(sys.executable)} -m pip install"


def _release(torch: Torch) -> str:
    return f"torch=={torch.version.partition('+')[0]}" if torch.version else "torch"


# ---- what is shown of the machine ----------------------------------------------------------------


def _print_surroundings(console: Console, s: Surroundings) -> None:
    table = Table.grid(padding=(0, 2))
    for name, fact in _facts(s):
        table.add_row(Text(name, "dim"), Text(fact))
    console.print(table)


def _facts(s: Surroundings) -> Iterator[tuple[str, str]]:
    cpu, memory, torch = s.machine.cpu, s.machine.memory, s.torch
    yield "system", s.machine.system
    yield "CPU", f"{cpu.model}, {cpu.usable_cores:g} usable cores"
    features = ", ".join(cpu.features) or "none that matters is known"
    yield "instructions", f"{features}; {'fast bf16' if cpu.has_fast_bf16 else 'no fast bf16'}"
    yield "memory", _memory_fact(memory)
    for disk in s.disks:
        yield "disk", f"{_gib(disk.free_bytes)} free in {_home_as_tilde(disk.path)}"
    yield "torch", f"{torch.version}, {torch.build}, {torch.num_threads} threads" if torch.version else "missing"
    driver = f", driver {s.machine.nvidia_driver}" if torch.cuda and s.machine.nvidia_driver else ""
    for device in torch.accelerators:
        yield "GPU", f"{device.name}, {_gib(device.total_bytes)}, {device.capability}{driver}"
    if not torch.accelerators:
        cards = ", ".join(f"{card.vendor} {card.pci_id}" for card in s.machine.cards)
        yield "GPU", f"{cards}: not used" if cards else "none"
    yield "versions", ", ".join(f"{p} {v or 'missing'}" for p, v in s.versions.items() if p != "torch")
    yield "C++ compiler", s.compiler or "none: torch.compile cannot be used on the CPU"
    offline = "TUNESMITH_OFFLINE is set: nothing is downloaded"
    yield "network", offline if s.is_offline else "used only to download a base model named by a hub id"


def _memory_fact(memory: Memory) -> str:
    if memory.total_bytes is None:
        return "not known"
    free = f", {_gib(memory.available_bytes)} available" if memory.available_bytes is not None else ""
    return f"{_gib(memory.total_bytes)}{' (a limit of the container)' if memory.is_limited else ''}{free}"


def _gib(number_of_bytes: int) -> str:
    return f"{number_of_bytes / (1 << 30):.1f} GiB"


def _home_as_tilde(path: str) -> str:
    home = str(Path.home())
    return f"~{path.removeprefix(home)}" if path == home or path.startswith(f"{home}/") else path


def _print_problems(console: Console, problems: Sequence[Problem]) -> None:
    styles = {"error": "bold red", "warning": "yellow"}
    for problem in problems:
        console.print()
        console.print(
            Text.assemble((problem.severity, styles[problem.severity]), f" {problem.message}"), soft_wrap=True
        )
        console.print(Text(f"    → {problem.hint}"), soft_wrap=True)


# ---- the certificate -----------------------------------------------------------------------------


def _certify(whole: bool) -> tuple[Finding, ...]:
    """Run the checks, with progress on standard error."""
    from tunesmith.train import device
    from tunesmith.train.mathematics import judge, plan

    device.prepare()
    cases = plan(device.choose_device(), whole=whole)
    console = Console(stderr=True, highlight=False, emoji=False)
    columns = (TextColumn("{task.description}"), BarColumn(20), MofNCompleteColumn(), TimeElapsedColumn())
    findings: list[Finding] = []
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=len(cases))
        for check, subject in cases:
            what = f"{subject.name}: {check.name}"
            progress.update(task, description=what)
            if not console.is_terminal and check.is_slow:
                console.print(f"{what}, {len(findings)} of {len(cases)} checks done", soft_wrap=True)
            findings.append(judge(check, subject))
            progress.advance(task)
    return tuple(findings)


def _print_certificate(console: Console, findings: Sequence[Finding], seconds: float) -> None:
    table = Table(box=None, padding=(0, 1), pad_edge=False)
    for heading, where in (("", "left"), ("mathematics", "left"), ("figure", "right"), ("limit", "right")):
        table.add_column(heading, justify="right" if where == "right" else "left", no_wrap=heading != "mathematics")
    table.add_column("what holds")
    for worst in _worst_of_each(findings):
        mark = Text("✓", "green") if worst.passed else Text("✗", "bold red")
        table.add_row(mark, worst.name, _figure(worst.figure), _figure(worst.limit), worst.claim)
    console.print()
    console.print(table)
    subjects = list(dict.fromkeys(finding.subject for finding in findings))
    models = f"the worst of {len(subjects)} tiny models" if len(subjects) > 1 else "those of a tiny model"
    note = f"\nFigures are {models} ({'; '.join(subjects)}): max |a - b| / max |b|, or a count of what differs."
    console.print(Text(note, "dim"))
    failed = [finding for finding in findings if not finding.passed]
    for finding in failed:
        _print_failure(console, finding)
    if failed:
        verdict = (
            f"\n✗ {len(failed)} of {len(findings)} checks failed: do not train on this machine until this is mended"
        )
        console.print(Text(verdict, "bold red"))
    else:
        console.print(Text(f"\n✓ all {len(findings)} checks passed in {seconds:.1f} s", "bold green"))


def _worst_of_each(findings: Sequence[Finding]) -> list[Finding]:
    """One finding a check: a failed one before any that passed, then the largest figure."""
    worst: dict[str, Finding] = {}
    for finding in findings:
        known = worst.setdefault(finding.name, finding)
        if (not finding.passed, finding.figure) > (not known.passed, known.figure):
            worst[finding.name] = finding
    return list(worst.values())


def _print_failure(console: Console, finding: Finding) -> None:
    figure = f"{_figure(finding.figure)}, the limit is {_figure(finding.limit)} ({finding.unit})"
    console.print()
    console.print(Text.assemble(("✗", "bold red"), f" {finding.name} ({finding.subject}): {figure}"), soft_wrap=True)
    if finding.error:
        console.print(Text(f"    {finding.error}"), soft_wrap=True)
    console.print(Text(f"    {finding.meaning}"), soft_wrap=True)
    console.print(Text(f"    → {finding.advice}"), soft_wrap=True)


def _figure(value: float) -> str:
    if not math.isfinite(value):
        return "∞"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:.1e}"
