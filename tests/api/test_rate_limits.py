"""Reserve, settle, refund: exact to the token, whatever the clock and the order."""

from __future__ import annotations

import pytest

from tunesmith.api.errors import ApiError
from tunesmith.api.rate_limits import RateLimits, duration


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_what_was_not_used_goes_back(clock: Clock) -> None:
    limits = RateLimits(100, 1000, clock)
    reservation = limits.reserve("k", 600)
    with pytest.raises(ApiError):
        limits.reserve("k", 600)
    reservation.settle(100)
    assert limits.reserve("k", 0).headers["x-ratelimit-remaining-tokens"] == "900"


def test_settling_twice_counts_once(clock: Clock) -> None:
    limits = RateLimits(100, 1000, clock)
    reservation = limits.reserve("k", 500)
    reservation.settle(0)
    reservation.settle(0)
    limits.reserve("k", 1000)
    with pytest.raises(ApiError):
        limits.reserve("k", 1)


def test_answer_longer_than_reserved_is_paid_before_the_next(clock: Clock) -> None:
    limits = RateLimits(100, 600, clock)
    limits.reserve("k", 0).settle(900)
    with pytest.raises(ApiError) as caught:
        limits.reserve("k", 0)
    assert caught.value.headers["retry-after"] == "31"  # 301 tokens at ten a second
    clock.now += 30.2
    limits.reserve("k", 0)


def test_bucket_fills_evenly_and_never_above_its_limit(clock: Clock) -> None:
    limits = RateLimits(60, 1000, clock)
    for _ in range(60):
        limits.reserve("k", 0)
    with pytest.raises(ApiError) as caught:
        limits.reserve("k", 0)
    assert caught.value.headers["retry-after-ms"] == "1000"
    clock.now += 1.0
    limits.reserve("k", 0)
    clock.now += 3600
    for _ in range(60):
        limits.reserve("k", 0)
    with pytest.raises(ApiError):
        limits.reserve("k", 0)


def test_keys_do_not_share(clock: Clock) -> None:
    limits = RateLimits(1, 1000, clock)
    limits.reserve("a", 0)
    limits.reserve("b", 0)
    with pytest.raises(ApiError):
        limits.reserve("a", 0)


def test_refused_request_costs_nothing(clock: Clock) -> None:
    limits = RateLimits(10, 100, clock)
    limits.reserve("k", 90)
    for _ in range(20):
        with pytest.raises(ApiError):
            limits.reserve("k", 50)
    assert limits.reserve("k", 10).headers["x-ratelimit-remaining-requests"] == "8"


def test_request_above_the_whole_limit_is_not_tried_again(clock: Clock) -> None:
    with pytest.raises(ApiError, match="too large") as caught:
        RateLimits(10, 100, clock).reserve("k", 101)
    assert caught.value.headers["x-should-retry"] == "false"


@pytest.mark.parametrize(
    ("seconds", "spelled"),
    [(0, "0ms"), (0.0004, "1ms"), (0.06, "60ms"), (1, "1s"), (1.5, "1.5s"), (360, "6m0s"), (61.25, "1m1.25s")],
)
def test_durations_are_spelled_as_the_headers_do(seconds: float, spelled: str) -> None:
    assert duration(seconds) == spelled
