"""The machine is read from the files of its system, whatever they say; a container's limits count."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tunesmith.cli.machine import Card, read_disk, read_machine

GIB = 1 << 30
MEMINFO = f"MemTotal:       {16 * GIB // 1024} kB\nMemFree: 1 kB\nMemAvailable:   {10 * GIB // 1024} kB\n"


def write(root: Path, **files: str) -> Path:
    for name, text in files.items():
        write_file(root / name.replace("__", "/"), text)
    return root


def write_file(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def add_pci(root: Path, slot: str, vendor: str, device: str, kind: str) -> None:
    folder = root / "sys/bus/pci/devices" / slot
    for name, text in (("vendor", vendor), ("device", device), ("class", kind)):
        write_file(folder / name, text + "\n")


def test_empty_root_is_a_machine_of_which_little_is_known(tmp_path: Path) -> None:
    machine = read_machine(tmp_path)
    assert machine.cpu.usable_cores >= 1
    assert (machine.cpu.features, machine.cards, machine.nvidia_driver, machine.has_amd_driver) == ((), (), None, False)


def test_this_machine_is_read() -> None:
    machine = read_machine()
    assert machine.cpu.model
    assert machine.memory.total_bytes
    assert machine.memory.total_bytes >= (machine.memory.available_bytes or 0) > 0
    assert 0 < machine.cpu.usable_cores <= (os.cpu_count() or 1)


@pytest.mark.parametrize(
    ("cpuinfo", "model", "features", "is_fast"),
    [
        ("model name\t: AMD EPYC\nflags\t\t: fpu avx2 avx512f avx512_bf16\n", "AMD EPYC", ("avx2", "avx512f", "avx512_bf16"), True),
        ("model name : Xeon\nflags : avx2 avx512f\n\nmodel name : other\nflags : amx_bf16\n", "Xeon", ("avx2", "avx512f"), False),
        ("processor : 0\nFeatures : fp asimd bf16\nModel : Raspberry Pi 9\n", "Raspberry Pi 9", ("asimd", "bf16"), True),
    ],
)  # fmt: skip
def test_processor(tmp_path: Path, cpuinfo: str, model: str, features: tuple[str, ...], is_fast: bool) -> None:
    cpu = read_machine(write(tmp_path, proc__cpuinfo=cpuinfo)).cpu
    assert (cpu.model, cpu.features, cpu.has_fast_bf16) == (model, features, is_fast)


def test_memory_without_a_container(tmp_path: Path) -> None:
    memory = read_machine(write(tmp_path, proc__meminfo=MEMINFO)).memory
    assert (memory.total_bytes, memory.available_bytes, memory.is_limited) == (16 * GIB, 10 * GIB, False)


def test_limit_of_an_outer_control_group_counts(tmp_path: Path) -> None:
    """Version 2: the innermost group has no limit, the one around it has; its file cache can be taken back."""
    write(tmp_path, proc__meminfo=MEMINFO, proc__self__cgroup="0::/box/inner\n")
    groups = tmp_path / "sys/fs/cgroup/box"
    write_file(groups / "inner/memory.max", "max\n")
    write_file(groups / "memory.max", f"{4 * GIB}\n")
    write_file(groups / "memory.current", f"{3 * GIB}\n")
    write_file(groups / "memory.stat", f"anon 5\ninactive_file {2 * GIB}\n")
    memory = read_machine(tmp_path).memory
    assert (memory.total_bytes, memory.available_bytes, memory.is_limited) == (4 * GIB, 3 * GIB, True)


def test_group_that_is_not_visible_means_the_root_of_what_is(tmp_path: Path) -> None:
    write(tmp_path, proc__meminfo=MEMINFO, proc__self__cgroup="0::/docker/abc\n")
    write_file(tmp_path / "sys/fs/cgroup/memory.max", f"{2 * GIB}\n")
    assert read_machine(tmp_path).memory.total_bytes == 2 * GIB


def test_version_1_limits_count(tmp_path: Path) -> None:
    write(tmp_path, proc__meminfo=MEMINFO, proc__self__cgroup="5:memory:/a\n4:cpu,cpuacct:/a\n")
    groups = tmp_path / "sys/fs/cgroup"
    write_file(groups / "memory/a/memory.limit_in_bytes", f"{GIB}\n")
    write_file(groups / "memory/a/memory.usage_in_bytes", f"{GIB // 4}\n")
    write_file(groups / "memory/memory.limit_in_bytes", f"{(1 << 63) - 4096}\n")
    write_file(groups / "cpu/a/cpu.cfs_quota_us", "50000\n")
    write_file(groups / "cpu/a/cpu.cfs_period_us", "100000\n")
    machine = read_machine(tmp_path)
    assert (machine.memory.total_bytes, machine.memory.available_bytes) == (GIB, GIB - GIB // 4)
    assert machine.cpu.usable_cores == 0.5


@pytest.mark.parametrize(("quota", "cores"), [("25000 100000", 0.25), ("max 100000", None), ("", None)])
def test_quota_of_the_processor_counts(tmp_path: Path, quota: str, cores: float | None) -> None:
    write(tmp_path, proc__self__cgroup="0::/\n")
    unlimited = read_machine(tmp_path).cpu.usable_cores
    write_file(tmp_path / "sys/fs/cgroup/cpu.max", quota + "\n")
    assert read_machine(tmp_path).cpu.usable_cores == (cores or unlimited)


def test_cards_are_displays_and_accelerators_of_two_makers(tmp_path: Path) -> None:
    add_pci(tmp_path, "0000:01:00.0", "0x10de", "0x2330", "0x030200")
    add_pci(tmp_path, "0000:01:00.1", "0x10de", "0x22ba", "0x040300")  # its sound
    add_pci(tmp_path, "0000:02:00.0", "0x1002", "0x74a1", "0x120000")
    add_pci(tmp_path, "0000:03:00.0", "0x8086", "0x56a0", "0x030000")  # another maker
    add_pci(tmp_path, "0000:04:00.0", "0x1002", "0x1480", "0x060000")  # a bridge
    assert read_machine(tmp_path).cards == (Card("NVIDIA", "2330"), Card("AMD", "74a1"))


@pytest.mark.parametrize(
    "line",
    [
        "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024",
        "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  550.54.15  Release Build  (dvs-builder)",
    ],
)
def test_version_of_the_nvidia_driver(tmp_path: Path, line: str) -> None:
    write_file(tmp_path / "proc/driver/nvidia/version", line + "\nGCC version: gcc 12.3.0\n")
    assert read_machine(tmp_path).nvidia_driver == "550.54.15"


def test_amd_driver_is_module_and_device(tmp_path: Path) -> None:
    (tmp_path / "sys/module/amdgpu").mkdir(parents=True)
    assert not read_machine(tmp_path).has_amd_driver
    write_file(tmp_path / "dev/kfd", "")
    assert read_machine(tmp_path).has_amd_driver


def test_disk_of_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    disk = read_disk(tmp_path / "a" / "b")
    assert disk.path == str(tmp_path / "a" / "b")
    assert disk.free_bytes > 0
