"""Tables larger than the memory that reading them may take."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

MOST_MIB = 300
CSV = r"""
import io, re
from pathlib import Path
from tunesmith.data.importers.mapping import ColumnMapping, apply
from tunesmith.data.importers.tables import read_delimited

class Table(io.RawIOBase):
    row = ('where is my card?,"on its way,\n' + "卡在路上。" * 40 + '"\n').encode()
    pending = b"question,answer\n"
    left = (1 << 30) // len(row)

    def readable(self):
        return True

    def readinto(self, buffer):
        if not self.pending and self.left:
            self.pending = self.row
            self.left -= 1
        content, self.pending = self.pending[: len(buffer)], self.pending[len(buffer) :]
        buffer[: len(content)] = content
        return len(content)

rows = sum(1 for _ in apply(ColumnMapping("question", "answer"), read_delimited(io.BufferedReader(Table(), 1 << 16), "t.csv")))
print(rows, int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) // 1024)
"""
PARQUET = r"""
import re, sys
from pathlib import Path
from tunesmith.data.importers.tables import read_parquet

rows = sum(1 for _ in read_parquet(Path(sys.argv[1]), "t.parquet"))
print(rows, int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) // 1024)
"""


def measured(code: str, *arguments: str) -> tuple[int, int]:
    """→ rows, and the peak of the memory in MiB, of the process itself: getrusage would count its parent's as well."""
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    rows, peak = map(int, done.stdout.split())
    return rows, peak


@pytest.mark.soak
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_csv_of_a_gigabyte_is_read_in_little_memory() -> None:
    rows, peak = measured(CSV)
    assert rows > 1_000_000
    assert peak <= MOST_MIB


@pytest.mark.soak
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_parquet_of_one_row_group_of_a_gigabyte_is_read_in_little_memory(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    answers = pa.array([f"{number} {'on its way ' * 90}" for number in range(1_000_000)])
    table = pa.table({"question": pa.array(["where?"] * 1_000_000), "answer": answers})
    parquet.write_table(
        table, tmp_path / "a.parquet", row_group_size=1_000_000, use_dictionary=False, compression="none"
    )
    assert (tmp_path / "a.parquet").stat().st_size > 900_000_000
    rows, peak = measured(PARQUET, str(tmp_path / "a.parquet"))
    assert rows == 1_000_000
    assert peak <= MOST_MIB
