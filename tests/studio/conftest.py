"""The Studio as a person meets it: `tunesmith up` on the starter, and the system's Chromium in front of it.

``visit()`` opens a window of one's own, signed in. Whatever a person would never see fails the test when its window
closes: an error on the console, a breach of the policy, a request to another host.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from tests.acceptance.conftest import Platform, starting, until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

AXE = Path(__file__).parent.parent.parent / "studio" / "node_modules" / "axe-core" / "axe.min.js"
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
# What a browser says of every answer that is no success, whatever the page makes of it.
STATUS = re.compile(r"Failed to load resource: the server responded with a status of (\d+)")


@dataclass
class Window:
    """One window, and what went wrong in it. ``allow`` says what a test means to happen: part of a line of ``problems``."""

    page: Page
    platform: Platform
    problems: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)
    num_bytes: int = 0
    """What came over the wire so far."""

    def allow(self, *parts: str) -> None:
        self.allowed += parts

    def open(self, path: str) -> None:
        """A page by its address below /studio/, until it stands still."""
        self.page.goto(f"{self.platform.url}/studio/{path.lstrip('/')}")
        self.settle()

    def settle(self) -> None:
        """Until the page has what it asked for first; live streams stay open."""
        self.page.get_by_role("heading", level=1).first.wait_for()
        self.page.wait_for_function("() => !document.querySelector('[aria-busy=true], [data-loading]')")
        self.page.wait_for_timeout(150)

    def take_problems(self) -> list[str]:
        """All that went wrong so far and was not meant to; forgotten with that."""
        found = [each for each in self.problems if not any(part in each for part in self.allowed)]
        self.problems.clear()
        return found

    def is_wider_than_the_screen(self) -> list[str]:
        """What sticks out to the right, so that the page scrolls sideways; nothing, where all fits."""
        found: list[str] = self.page.evaluate(
            """() => {
                const width = document.documentElement.clientWidth
                if (document.documentElement.scrollWidth <= width && document.body.scrollWidth <= width) return []
                return [...document.querySelectorAll('body *')]
                    .filter((each) => each.getBoundingClientRect().right > width + 1)
                    .map((each) => `${each.tagName} ${each.className} ${(each.textContent ?? '').slice(0, 60)}`).slice(0, 5)
            }"""
        )
        return found

    def axe(self) -> list[str]:
        """What axe-core finds serious or critical: rule, what is wrong, where."""
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(AXE.read_text())
        found: list[dict[str, Any]] = self.page.evaluate(
            "async () => (await axe.run(document, {resultTypes: ['violations'], preload: false})).violations"
        )
        return [
            f"{each['id']}: {each['help']}: {node['html'][:200]} {node.get('failureSummary', '')[:300]}"
            for each in found
            if each["impact"] in ("serious", "critical")
            for node in each["nodes"][:3]
        ]

    def hear(self) -> None:
        """Listen from now on."""
        page, origin = self.page, urlsplit(self.platform.url).netloc
        page.on(
            "console", lambda message: self._note_console(message.type, message.text, message.location.get("url", ""))
        )
        page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        page.on("request", lambda request: self._note_request(request.url, origin))
        page.on("requestfinished", lambda request: self._count(request))
        page.on("crash", lambda _: self.problems.append("the page crashed"))
        page.on("dialog", lambda dialog: (self.problems.append(f"dialog: {dialog.message}"), dialog.dismiss()))

    def _note_console(self, kind: str, text: str, place: str) -> None:
        if kind in ("error", "warning", "assert"):
            self.problems.append(f"console {kind}: {text} ({place})")

    def _note_request(self, url: str, origin: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != origin:
            self.problems.append(f"request to {url}")

    def _count(self, request: Any) -> None:
        try:
            sizes = request.sizes()
        except Exception:  # noqa: BLE001 - the window was closed meanwhile
            return
        self.num_bytes += sizes["responseBodySize"] + sizes["responseHeadersSize"]


Visit = Callable[..., Window]


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    """One for all tests of the Studio."""
    with starting() as start:
        yield start()


HOSTILE = "<img src=x onerror='window.wasHere=1'><script>window.wasHere=1</script>{{constructor.constructor('window.wasHere=1')()}}"
LONG = "word" * 40


@dataclass(frozen=True)
class World:
    """What there is to see: ids and names. All of it carries markup that must stay text, and words without end."""

    file: str
    broken_file: str
    job: str
    other_job: str
    model: str
    project: str
    viewer_key: str


def chat_row(question: str, answer: str) -> str:
    return json.dumps({"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]})


@pytest.fixture(scope="session")
def world(platform: Platform) -> World:
    """Two files, one of them with mistakes; a job that succeeded with its model; one that was cancelled; a viewer."""
    client = platform.client()
    rows = [
        chat_row(f"Say {i} {HOSTILE}", f"{word} {HOSTILE}")
        for i, word in enumerate(["red", "blue", "green", LONG] * 10)
    ]
    broken = [
        *rows[:12],
        chat_row("Who?", ""),
        '{"messages": [',
        json.dumps({"messages": [{"role": HOSTILE, "content": LONG}]}),
        rows[0],
        "",
    ]
    file, broken_file = (
        client.files.create(file=(name, "\n".join(lines).encode()), purpose="fine-tune").id
        for name, lines in ((f"rows {HOSTILE.replace('/', '')}.jsonl", rows), (f"broken-{LONG}.jsonl", broken))
    )
    asked: dict[str, Any] = {
        "model": "starter",
        "training_file": file,
        "seed": 1,
        "metadata": {HOSTILE[:60]: HOSTILE + LONG},
    }
    settings = {
        "lora_rank": 4,
        "max_steps": 6,
        "batch_size": 10,
        "eval_every_steps": 2,
        "save_every_steps": 2,
        "validation_split": 0.2,
    }
    job = client.fine_tuning.jobs.create(**asked, suffix="first", extra_body=settings)
    try:
        until(lambda: client.fine_tuning.jobs.retrieve(job.id).status in ("succeeded", "failed"), "the first job's end")
    except AssertionError as error:
        events = [event.message for event in client.fine_tuning.jobs.list_events(job.id).data]
        log = (platform.home / "logs" / "worker.log").read_text()[-3000:]
        raise AssertionError(f"{error}\n{client.fine_tuning.jobs.retrieve(job.id)}\n{events}\n{log}") from None
    other = client.fine_tuning.jobs.create(
        **asked, suffix="second", extra_body=settings | {"max_steps": 5000, "learning_rate": 0.001}
    )
    until(lambda: (client.fine_tuning.jobs.retrieve(other.id).model_extra or {})["step"] >= 3, "the second job's start")
    client.fine_tuning.jobs.cancel(other.id)
    model = client.fine_tuning.jobs.retrieve(job.id).fine_tuned_model
    assert model is not None
    me = client.get("/me", cast_to=object)
    project = me["project_id"]  # type: ignore[index]
    at = f"/organization/projects/{project}"
    viewer = client.post(
        f"{at}/users", body={"email": "viewer@example.com", "name": HOSTILE[:100], "role": "viewer"}, cast_to=object
    )
    key = client.post(
        f"{at}/api_keys", body={"user_id": viewer["id"], "name": HOSTILE[:60], "role": "viewer"}, cast_to=object
    )  # type: ignore[index]
    return World(file, broken_file, job.id, other.id, model, project, key["value"])  # type: ignore[index]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Not for the session: while it lives, this process has an event loop that runs."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Browser, platform: Platform) -> Iterator[Visit]:
    """``visit(path="", key=…, language="en", scheme="light", size=WIDE, platform=…)``; ``key=None`` is nobody yet."""
    with visiting(browser, platform) as function:
        yield function


@pytest.fixture(scope="module")
def shared_visit(browser: Browser, platform: Platform) -> Iterator[Visit]:
    """The same, for windows that stay open for a module's tests."""
    with visiting(browser, platform) as function:
        yield function


@contextmanager
def visiting(browser: Browser, platform: Platform) -> Iterator[Visit]:
    opened: list[Window] = []

    def visit(
        path: str | None = "", *, key: str | None = platform.key, language: str = "en", scheme: Any = "light",
        size: Any = None, platform: Platform = platform,
    ) -> Window:  # fmt: skip
        context = browser.new_context(
            viewport=size or WIDE,
            color_scheme=scheme,
            locale={"en": "en-GB", "zh": "zh-CN"}[language],
            reduced_motion="reduce",
        )
        context.set_default_timeout(60_000)
        if key is not None:
            context.add_init_script(
                f"if (!sessionStorage.began) {{ sessionStorage.began = 1; localStorage['tunesmith.key'] = {json.dumps(key)} }}"
            )
        window = Window(context.new_page(), platform)
        opened.append(window)
        window.hear()
        if path is not None:
            window.open(path)
        return window

    yield visit
    for window in opened:
        window.page.context.close()
    assert [problem for window in opened for problem in window.take_problems()] == []


@pytest.fixture
def anonymous(visit: Visit) -> Window:
    """Somebody who has shown no key yet."""
    return visit(key=None)
