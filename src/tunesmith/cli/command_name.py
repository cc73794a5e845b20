"""How this program is called."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path


def command_name() -> str:
    """How to call this program again: by its name where the shell finds it, else by the path it was called by."""
    called = Path(sys.argv[0])
    if called.name != "tunesmith" or shutil.which("tunesmith"):
        return "tunesmith"
    return shlex.quote(os.path.relpath(called))
