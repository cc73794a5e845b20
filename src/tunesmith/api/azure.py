"""Azure's data plane as far as paths go: ``AzureOpenAI(azure_endpoint=…)`` reaches the same routes as ``OpenAI``.

``/openai/v1/…`` and ``/openai/…`` mean ``/v1/…``; ``/openai/deployments/{deployment}/chat/completions`` means
``/v1/chat/completions`` with the deployment as its model. A deployment is a model's name here. ``api-version`` is not
looked at: there is one version.
"""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from tunesmith.api.errors import bad_request

# The name of a deployment may hold slashes: the SDK does not encode the one that its client was made with.
_DEPLOYMENT = re.compile(rb"/openai/deployments/(.+?)(/chat/completions)")
_PREFIX = re.compile(rb"/openai(?:/v1)?(?=/)")


def as_ours(raw_path: bytes) -> tuple[bytes, str | None]:
    """A path as it came → ours, and the model that it names in the place of the body's. Raises ApiError 400 where the
    name is no text."""
    if not raw_path.startswith(b"/openai/"):
        return raw_path, None
    if found := _DEPLOYMENT.fullmatch(raw_path):
        try:
            return b"/v1" + found[2], unquote_to_bytes(found[1]).decode()
        except UnicodeDecodeError:
            raise bad_request("The deployment's name is not UTF-8.") from None
    return _PREFIX.sub(b"/v1", raw_path, count=1), None
