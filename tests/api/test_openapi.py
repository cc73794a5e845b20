"""Our own description: whole, without FastAPI's error shapes, and served to anybody."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx2
import schemathesis


def test_description_is_whole(server: Any) -> None:
    document = httpx2.get(f"{server.base_url}/openapi.json").json()
    text = json.dumps(document)
    assert document["openapi"].startswith("3.1")
    for reference in set(re.findall(r'"\$ref": "#/components/schemas/([^"]+)"', text)):
        assert reference in document["components"]["schemas"]
    assert "HTTPValidationError" not in text
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    ids = [operation["operationId"] for operation in operations]
    assert len(ids) == len(set(ids))
    for operation in operations:
        assert "422" not in operation["responses"]
        assert operation["responses"]["default"]["content"]["application/json"]["schema"]["$ref"].endswith(
            "ErrorEnvelope"
        )


def test_every_operation_can_be_generated(server: Any) -> None:
    found = list(schemathesis.openapi.from_dict(server.app.openapi()).get_all_operations())
    assert [each for each in found if not hasattr(each, "ok")] == []
    assert len(found) > 40


def test_every_route_but_the_open_ones_asks_for_a_key_in_the_description(server: Any) -> None:
    document = server.app.openapi()
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert ("security" in operation) == (path != "/healthz")
