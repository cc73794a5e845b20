"""The unmodified SDK accepts what is signed here, and nothing else."""

from __future__ import annotations

import time

import pytest
from openai import InvalidWebhookSignatureError, OpenAI

from tunesmith.core.standard_webhooks import body_of, new_secret, signature, signed_headers

PAYLOAD = {
    "id": "evt_1",
    "object": "event",
    "created_at": 1,
    "type": "fine_tuning.job.succeeded",
    "data": {"id": "ftjob-1"},
}
SDK = OpenAI(api_key="sk-not-used-here")


def test_the_sdk_unwraps_it() -> None:
    secret, body = new_secret(), body_of(PAYLOAD)
    event = SDK.webhooks.unwrap(body, signed_headers("msg_1", body, [secret], time.time()), secret=secret)
    assert (event.type, event.data.id, event.id) == ("fine_tuning.job.succeeded", "ftjob-1", "evt_1")


def test_either_secret_verifies_while_there_are_two() -> None:
    new, old, body = new_secret(), new_secret(), body_of(PAYLOAD)
    headers = signed_headers("msg_1", body, [new, old], time.time())
    for secret in (new, old):
        SDK.webhooks.verify_signature(body, headers, secret=secret)
    with pytest.raises(InvalidWebhookSignatureError):
        SDK.webhooks.verify_signature(body, headers, secret=new_secret())


@pytest.mark.parametrize("change", ["body", "id", "time", "signature"])
def test_whatever_is_changed_on_the_way_is_noticed(change: str) -> None:
    secret, body, now = new_secret(), body_of(PAYLOAD), time.time()
    headers = signed_headers("msg_1", body, [secret], now)
    changed = {
        "body": (body.replace(b"ftjob-1", b"ftjob-2"), headers),
        "id": (body, {**headers, "webhook-id": "msg_2"}),
        "time": (body, {**headers, "webhook-timestamp": str(int(now) + 1)}),
        "signature": (body, {**headers, "webhook-signature": signature(new_secret(), "msg_1", int(now), body)}),
    }
    with pytest.raises(InvalidWebhookSignatureError):
        SDK.webhooks.verify_signature(*changed[change], secret=secret)


def test_an_old_message_is_too_old() -> None:
    secret, body = new_secret(), body_of(PAYLOAD)
    with pytest.raises(InvalidWebhookSignatureError):
        SDK.webhooks.verify_signature(body, signed_headers("m", body, [secret], time.time() - 400), secret=secret)


def test_a_known_signature() -> None:
    """The example of the specification (standard-webhooks, "signature scheme")."""
    body = b'{"test": 2432232314}'
    found = signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
