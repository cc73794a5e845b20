"""``tunesmith doctor``: what it shows, what it says is missing, and how it leaves."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from tunesmith.cli.doctor import Surroundings, Torch, find_problems, look_around, run_doctor
from tunesmith.cli.machine import Card, Cpu, Disk, Machine, Memory
from tunesmith.cli.main import run
from tunesmith.nn import lora
from tunesmith.train.mathematics import CHECKS

CPU_TORCH = Torch("2.13.0+cpu")
CUDA_TORCH = Torch("2.13.0", cuda="13.0")
ROCM_TORCH = Torch("2.13.0+rocm7.1", hip="7.1")
MACHINE = Machine("Linux", Cpu("A CPU", 2.0, ("avx2",)), Memory(1 << 34, 1 << 33, False), (), None, False)
NVIDIA, AMD = Card("NVIDIA", "2330"), Card("AMD", "74a1")


def rules(torch: Torch, **machine: Any) -> list[str]:
    return [problem.rule for problem in find_problems(surroundings(torch, **machine))]


def surroundings(torch: Torch = CPU_TORCH, free_bytes: int = 1 << 40, **machine: Any) -> Surroundings:
    return Surroundings(replace(MACHINE, **machine), torch, (Disk("/runs", free_bytes),), {}, None, False)


# ---- the command ---------------------------------------------------------------------------------


def test_sound_machine_leaves_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"✓ all \d+ checks passed in [\d.]+ s\n$", out)
    assert [check.name for check in CHECKS if not re.search(rf"^✓  {check.name} ", out, re.MULTILINE)] == []
    assert "✗" not in out


def test_output_fits_in_eighty_columns_and_breaks_no_word(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    run(["doctor"])
    out = capsys.readouterr().out
    table = out[out.index("mathematics ") :]
    assert max(cell_len(line) for line in table.splitlines()) <= 80
    words = set(re.findall(r"[\w.'-]+", " ".join(check.claim + " " + check.name for check in CHECKS)))
    assert [word for word in words if not re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", table)] == []


def test_json_is_one_object_with_every_figure(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert set(said) == {"format", "passed", "machine", "problems", "certificate"}
    assert (said["format"], said["passed"], said["certificate"]["whole"]) == (1, True, False)
    findings = said["certificate"]["findings"]
    assert {finding["name"] for finding in findings} == {check.name for check in CHECKS}
    assert all(finding["figure"] <= finding["limit"] and finding["passed"] for finding in findings)
    assert {"cpu", "memory", "cards", "disks", "versions", "torch", "cpp_compiler", "is_offline"} <= set(
        said["machine"]
    )
    assert said["machine"]["versions"]["tunesmith"]


def test_failed_check_leaves_with_1_and_says_what_it_means(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    original = lora._attach
    monkeypatch.setattr(lora, "_attach", lambda layer, down, up, scale: original(layer, down, up + 1e-3, scale))
    assert run(["doctor"]) == 1
    out = capsys.readouterr().out
    (check,) = [check for check in CHECKS if check.name == "adapter at step 0"]
    assert re.search(rf"^✗  {check.name} ", out, re.MULTILINE)
    assert f"{check.meaning}\n    → {check.advice}\n" in out
    assert "checks failed: do not train on this machine" in out


def test_failed_check_leaves_with_1_in_json_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    original = lora._attach
    monkeypatch.setattr(lora, "_attach", lambda layer, down, up, scale: original(layer, down, up + 1e-3, scale))
    assert run(["doctor", "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["passed"] is False
    assert "adapter at step 0" in {f["name"] for f in said["certificate"]["findings"] if not f["passed"]}


def without_torch(*arguments: str) -> subprocess.CompletedProcess[str]:
    code = (
        "import sys; sys.modules['torch'] = None\n"
        f"from tunesmith.cli.main import run; sys.exit(run(['doctor', *{list(arguments)!r}]))"
    )
    environment = {**os.environ, "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=environment, check=False
    )


def test_machine_without_torch_is_told_what_to_install() -> None:
    done = without_torch()
    assert (done.returncode, done.stderr) == (1, "")
    assert "torch is not installed" in done.stdout
    assert f"→ {sys.executable} -m pip install 'tunesmith[train]'" in done.stdout
    assert "CPU" in done.stdout
    assert "Traceback" not in done.stdout


def test_json_without_torch_has_no_certificate() -> None:
    done = without_torch("--json")
    said = json.loads(done.stdout)
    assert (done.returncode, said["passed"], said["certificate"]) == (1, False, None)
    assert [problem["rule"] for problem in said["problems"]] == ["no_torch"]


def test_home_is_where_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TUNESMITH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TUNESMITH_OFFLINE", "1")
    monkeypatch.setattr("tunesmith.train.mathematics.CHECKS", CHECKS[:1])
    run_doctor(whole=False, as_json=True)
    machine = json.loads(capsys.readouterr().out)["machine"]
    assert str(tmp_path / "home") in {disk["path"] for disk in machine["disks"]}
    assert machine["is_offline"] is True
    assert not (tmp_path / "home").exists()


# ---- what is missing -----------------------------------------------------------------------------


def test_machine_with_nothing_missing_has_no_problems() -> None:
    assert rules(CPU_TORCH) == []


@pytest.mark.parametrize(
    ("torch", "machine", "rule"),
    [
        (CPU_TORCH, {"cards": (NVIDIA,)}, "no_driver"),
        (CPU_TORCH, {"cards": (NVIDIA,), "nvidia_driver": "580.1"}, "cpu_only_torch"),
        (ROCM_TORCH, {"cards": (NVIDIA,), "nvidia_driver": "580.1"}, "cpu_only_torch"),
        (CUDA_TORCH, {"cards": (NVIDIA,), "nvidia_driver": "470.1"}, "unusable_card"),
        (CPU_TORCH, {"nvidia_driver": "580.1"}, "cpu_only_torch"),
        (CPU_TORCH, {"cards": (AMD,)}, "no_driver"),
        (CPU_TORCH, {"cards": (AMD,), "has_amd_driver": True}, "cpu_only_torch"),
        (ROCM_TORCH, {"cards": (AMD,), "has_amd_driver": True}, "unusable_card"),
    ],
)
def test_card_that_torch_cannot_use_is_explained(torch: Torch, machine: dict[str, Any], rule: str) -> None:
    (problem,) = find_problems(surroundings(torch, **machine))
    assert (problem.rule, problem.severity) == (rule, "warning")
    assert "training runs on the CPU" in problem.message
    assert problem.hint


def test_right_build_is_a_command_to_type() -> None:
    (nvidia,) = find_problems(surroundings(CPU_TORCH, cards=(NVIDIA,), nvidia_driver="580.1"))
    assert nvidia.hint == f"{sys.executable} -m pip install --force-reinstall torch==2.13.0"
    (amd,) = find_problems(surroundings(CPU_TORCH, cards=(AMD,), has_amd_driver=True))
    assert "torch==2.13.0 --index-url https://download.pytorch.org/whl/rocm" in amd.hint


def test_card_that_torch_uses_is_no_problem() -> None:
    from tunesmith.cli.doctor import Accelerator

    torch = replace(CUDA_TORCH, accelerators=(Accelerator("H100", 80 << 30, "9.0"),))
    assert rules(torch, cards=(NVIDIA, AMD), nvidia_driver="580.1") == []


def test_torch_that_cannot_load_says_why() -> None:
    (problem,) = find_problems(surroundings(Torch(None, "libcudart.so.13: cannot open shared object file")))
    assert (problem.rule, problem.severity) == ("broken_torch", "error")
    assert "libcudart.so.13" in problem.message


def test_card_that_torch_counts_and_cannot_open_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> None:
        raise RuntimeError("CUDA unknown error")

    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    monkeypatch.setattr("torch.cuda.get_device_properties", fail)
    for is_available in (False, True):
        monkeypatch.setattr("torch.cuda.is_available", lambda answer=is_available: answer)
        assert look_around(tmp_path, tmp_path).torch.accelerators == ()


@pytest.mark.parametrize(("free_bytes", "found"), [((5 << 30) - 1, ["little_disk"]), (5 << 30, [])])
def test_little_free_space_is_a_warning(free_bytes: int, found: list[str]) -> None:
    assert [problem.rule for problem in find_problems(surroundings(free_bytes=free_bytes))] == found


def test_cards_on_the_bus_are_found_below_another_root(tmp_path: Path) -> None:
    folder = tmp_path / "sys/bus/pci/devices/0000:01:00.0"
    folder.mkdir(parents=True)
    for name, text in (("vendor", "0x10de"), ("device", "0x2330"), ("class", "0x030200")):
        (folder / name).write_text(text + "\n")
    seen = look_around(tmp_path, tmp_path)
    assert seen.machine.cards == (NVIDIA,)
    expected = [] if seen.torch.accelerators else ["no_driver"]
    assert [p.rule for p in find_problems(seen) if p.rule != "little_disk"] == expected


def test_doctor_is_imported_without_torch() -> None:
    code = "import sys, tunesmith.cli.doctor; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout.strip(), done.returncode) == ("False", 0), done.stderr
