"""The Studio is opened for a person at a screen, and for nobody else."""

from __future__ import annotations

import io
import webbrowser
from typing import Any

import pytest

from tunesmith.cli.browser import has_person, open_page
from tunesmith.cli.processes import first_words

URL = "http://127.0.0.1:8000"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "environment", "platform", "expected"),
    [
        (Terminal(), {"DISPLAY": ":0"}, "linux", True),
        (Terminal(), {"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        (Terminal(), {}, "darwin", True),
        (Terminal(), {}, "linux", False),
        (Terminal(), {"DISPLAY": ""}, "linux", False),
        (io.StringIO(), {"DISPLAY": ":0"}, "linux", False),
        (Terminal(), {"DISPLAY": "localhost:10", "SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"}, "linux", False),
        (Terminal(), {"CI": "1"}, "darwin", False),
    ],
)
def test_person_sits_at_a_terminal_with_a_screen(
    stream: Any, environment: dict[str, str], platform: str, expected: bool
) -> None:
    assert has_person(stream, environment, platform) is expected


def test_page_is_opened_in_a_browser_of_the_desktop_only(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    class Desktop(webbrowser.BackgroundBrowser):
        def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:
            opened.append(url)
            return True

    monkeypatch.setattr(webbrowser, "get", lambda: webbrowser.GenericBrowser("true"))
    open_page(f"{URL}/studio/")
    assert opened == []
    monkeypatch.setattr(webbrowser, "get", lambda: Desktop("true"))
    open_page(f"{URL}/studio/")
    assert opened == [f"{URL}/studio/"]


def test_no_browser_is_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    def get() -> None:
        raise webbrowser.Error("could not locate runnable browser")

    monkeypatch.setattr(webbrowser, "get", get)
    open_page(URL)


def test_link_that_signs_in_is_for_a_terminal_only() -> None:
    link = f"{URL}/studio/#key=sk-secret"
    assert link in first_words(URL, "sk-secret", is_terminal=True)
    assert link not in first_words(URL, "sk-secret", is_terminal=False)
    assert "\n  sk-secret\n" in first_words(URL, "sk-secret", is_terminal=False)
