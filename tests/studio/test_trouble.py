"""What a page does when something is not as one would wish: a role that may little, a key that ends, a server that ends."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from tests.acceptance.conftest import Start, starting

pytestmark = pytest.mark.needs("chromium")


@pytest.fixture
def start() -> Iterator[Start]:
    with starting() as function:
        yield function


# What a viewer must not be offered, in the words that owners see. Any request that is refused fails the test by itself.
FORBIDDEN = (
    "Upload files", "Upload", "Create job", "Start training", "New job", "Pause", "Resume", "Cancel job", "Clone", "Delete",
    "Send", "Add member", "New key", "New project", "Add webhook",
)  # fmt: skip


@pytest.mark.parametrize(
    "page",
    [
        "", "data", "data/{file}", "data/{broken_file}", "fine-tune", "jobs", "jobs/{job}", "jobs/{other_job}", "models",
        "models/{model}", "playground", "settings", "settings/members", "settings/keys", "settings/webhooks",
    ],
)  # fmt: skip
def test_viewer_is_offered_nothing_that_would_be_refused(visit, world, page: str) -> None:
    names = {name: quote(getattr(world, name), safe="") for name in world.__dataclass_fields__}
    window = visit(page.format(**names), key=world.viewer_key)
    for name in FORBIDDEN:
        for role in ("button", "link", "menuitem"):
            assert window.page.get_by_role(role, name=name, exact=True).count() == 0, f"{role} {name}"
    assert window.page.get_by_text("Your role viewer may not").count() == 0


def test_key_that_is_revoked_leads_to_the_sign_in_and_back_to_the_same_page(visit, platform, world) -> None:
    client = platform.client()
    at = f"/organization/projects/{world.project}/api_keys"
    member = client.get("/me", cast_to=object)["member_id"]  # type: ignore[index]
    key = client.post(at, body={"user_id": member, "name": "short", "role": "member"}, cast_to=object)
    window = visit("jobs", key=key["value"])  # type: ignore[index]
    window.allow("status of 401", "ERR_INCOMPLETE_CHUNKED_ENCODING")
    client.delete(f"{at}/{key['id']}", cast_to=object)  # type: ignore[index]
    window.page.get_by_label("API key").wait_for()  # nobody has to press anything
    window.page.get_by_text("This key is no longer good").wait_for()
    address = window.page.url
    window.page.get_by_label("API key").fill(platform.key)
    window.page.get_by_role("button", name="Sign in").click()
    window.page.get_by_role("navigation").wait_for()
    assert window.page.url == address


def test_server_that_ends_is_told_and_the_page_goes_on_when_it_is_back(visit, start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    first = start(port=port)
    window = visit("jobs", platform=first)
    window.allow("net::ERR_", "status of 5")
    assert first.interrupt() == 0
    banner = window.page.get_by_text("The server does not answer")
    banner.first.wait_for(timeout=60_000)
    start(first.home, port=port)
    banner.first.wait_for(state="detached", timeout=60_000)
    window.page.get_by_role("link", name="Models").click()
    window.page.get_by_role("heading", level=1, name="Models").wait_for()
    window.page.get_by_text("starter").first.wait_for()


def test_api_that_is_killed_is_not_even_noticed(visit, platform) -> None:
    """The port stays open meanwhile: what is asked waits."""
    window = visit("models")
    window.allow("net::ERR_")
    os.kill(platform.pids()["api"], signal.SIGKILL)
    window.page.get_by_role("link", name="Jobs").click()
    window.page.get_by_role("heading", level=1, name="Jobs").wait_for()
    window.page.reload()
    window.settle()
    assert window.page.get_by_role("heading", level=1).inner_text() == "Jobs"


def test_page_that_does_not_load_without_a_connection_comes_by_itself_with_it(visit, world) -> None:
    window = visit("")
    window.allow("ERR_INTERNET_DISCONNECTED", "Unable to preload CSS", "Failed to fetch dynamically imported module")
    page = window.page
    page.evaluate("() => { window.sameDocument = true }")
    page.context.set_offline(True)
    page.get_by_role("link", name="Data", exact=True).click()
    page.get_by_role("heading", level=1, name="This page could not be loaded").wait_for()
    page.get_by_role("button", name="Try again").click()
    page.get_by_text("It did not come this time either").wait_for()
    page.context.set_offline(False)
    page.get_by_role("heading", level=1, name="Data").wait_for()
    assert page.evaluate("() => window.sameDocument") is True
    assert (
        page.evaluate("() => [...document.styleSheets].length") == page.locator("link[rel=stylesheet], style").count()
    )
