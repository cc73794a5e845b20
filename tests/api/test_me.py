"""Whose key it is and what it may do."""

from __future__ import annotations

from typing import Any

import pytest

from tunesmith.store.principals import MINIMUM_ROLE, Action, Role


def test_administrator_hears_who_they_are(client: Any, server: Any) -> None:
    me = client.get("/me", cast_to=dict)
    assert (me["object"], me["project_name"], me["role"], me["is_admin"]) == ("me", "default", "owner", True)
    assert set(me["may"]) == {action.value for action in Action}
    assert "@" in me["email"]


def test_viewer_may_what_the_published_table_says(viewer_client: Any) -> None:
    me = viewer_client.get("/me", cast_to=dict)
    assert (me["role"], me["is_admin"]) == ("viewer", False)
    assert set(me["may"]) == {a.value for a, role in MINIMUM_ROLE.items() if role is Role.VIEWER}


@pytest.mark.parametrize("key", ["", "sk-of-nobody"])
def test_nobody_hears_nothing(make_client: Any, server: Any, key: str) -> None:
    import httpx2

    answer = httpx2.get(f"{server.base_url}/me", headers={"authorization": f"Bearer {key}"} if key else {})
    assert answer.status_code == 401
    assert "project" not in answer.text
