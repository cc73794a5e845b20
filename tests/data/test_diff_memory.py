"""Two files of very many rows are compared in little memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

NUM_ROWS = 600_000
MOST_MIB = 110
COMPARED = r"""
import re, sys
from pathlib import Path
from tunesmith.data.row_file import RowFile
from tunesmith.data.version_diff import diff

with RowFile(Path(sys.argv[1])) as before, RowFile(Path(sys.argv[2])) as after:
    found = diff(before, after)
print(found.num_same, len(found.changed), int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) // 1024)
"""


@pytest.mark.soak
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_files_of_very_many_rows_are_compared_in_little_memory(tmp_path: Path) -> None:
    for name, mark in (("before", "now"), ("after", "soon")):
        with (tmp_path / name).open("w") as file:
            for number in range(NUM_ROWS):
                answer = f"it comes {mark if number % 3 == 0 else 'today'} {number}"
                file.write(f'{{"prompt": "where is parcel {number}", "completion": "{answer}"}}\n')
    arguments = [sys.executable, "-c", COMPARED, str(tmp_path / "before"), str(tmp_path / "after")]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    num_same, num_changed, peak = map(int, done.stdout.split())
    assert (num_same, num_changed) == (NUM_ROWS * 2 // 3, NUM_ROWS // 3)
    assert peak <= MOST_MIB
