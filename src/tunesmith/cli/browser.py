"""Whether a person sits before this process, and their browser.

The address that is opened carries no key: other people of the machine can read the arguments of its programs.
"""

from __future__ import annotations

import os
import sys
import webbrowser
from collections.abc import Mapping
from contextlib import suppress
from typing import TextIO


def has_person(
    stream: TextIO = sys.stdout, environment: Mapping[str, str] = os.environ, platform: str = sys.platform
) -> bool:
    """Whether the output goes to a terminal on the machine whose screen would show a window."""
    if not stream.isatty() or "SSH_CONNECTION" in environment or "CI" in environment:
        return False
    return platform == "darwin" or bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


def open_page(url: str) -> None:
    """In the browser of the desktop, if there is one; one that runs in the terminal would take it over."""
    with suppress(webbrowser.Error, OSError):
        found = webbrowser.get()
        if type(found) is not webbrowser.GenericBrowser:
            found.open(url)
