"""Requests and tokens of each key in a minute: reserved when a request comes, settled when it ends.

Two buckets a key that fill up evenly through the minute. What a request reserved and did not use goes
back, so that after every end, a dropped connection among them, exactly what was made is paid for.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tunesmith.api.errors import ApiError

# A key that has been silent for a minute has full buckets, as one that was never seen has.
_MOST_KEYS = 10_000


@dataclass(slots=True)
class _Bucket:
    """``level`` may be below zero: an answer turned out longer than was reserved."""

    level: float
    at: float

    def refill(self, most: int, now: float) -> float:
        self.level = min(float(most), self.level + (now - self.at) * most / 60)
        self.at = now
        return self.level


@dataclass(slots=True)
class _Buckets:
    requests: _Bucket
    tokens: _Bucket


class Reservation:
    """``settle`` once, with the tokens that were used; ``headers`` tell how matters stood when it was made."""

    def __init__(self, limits: RateLimits, key_id: str, num_tokens: int, headers: Mapping[str, str]) -> None:
        self.headers = headers
        self._limits, self._key_id, self._num_tokens = limits, key_id, num_tokens
        self._is_settled = False

    def settle(self, num_tokens: int) -> None:
        if not self._is_settled:
            self._is_settled = True
            self._limits.give_back(self._key_id, self._num_tokens - num_tokens)


class RateLimits:
    """One for the API process. ``clock`` gives seconds that never jump."""

    def __init__(
        self, requests_per_minute: int, tokens_per_minute: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._requests, self._tokens, self._clock = requests_per_minute, tokens_per_minute, clock
        self._keys: OrderedDict[str, _Buckets] = OrderedDict()
        self._lock = threading.Lock()

    def reserve(self, key_id: str, num_tokens: int) -> Reservation:
        """Raises ApiError 429 with the time after which it would succeed."""
        with self._lock:
            now = self._clock()
            buckets = self._buckets_of(key_id, now)
            if num_tokens > self._tokens:
                raise self._too_large(num_tokens, buckets)
            requests, tokens = buckets.requests.refill(self._requests, now), buckets.tokens.refill(self._tokens, now)
            if requests < 1:
                raise self._limited("requests", self._requests, (1 - requests) * 60 / self._requests, buckets)
            if tokens < num_tokens or tokens <= 0:
                missing = max(num_tokens, 1) - tokens
                raise self._limited("tokens", self._tokens, missing * 60 / self._tokens, buckets)
            buckets.requests.level -= 1
            buckets.tokens.level -= num_tokens
            return Reservation(self, key_id, num_tokens, self._headers(buckets))

    def give_back(self, key_id: str, num_tokens: int) -> None:
        """Less than nothing where more was used than reserved."""
        with self._lock:
            now = self._clock()
            tokens = self._buckets_of(key_id, now).tokens
            tokens.refill(self._tokens, now)
            tokens.level = min(float(self._tokens), tokens.level + num_tokens)

    def _buckets_of(self, key_id: str, now: float) -> _Buckets:
        buckets = self._keys.get(key_id)
        if buckets is None:
            buckets = _Buckets(_Bucket(self._requests, now), _Bucket(self._tokens, now))
            self._keys[key_id] = buckets
            if len(self._keys) > _MOST_KEYS:
                self._keys.popitem(last=False)
        self._keys.move_to_end(key_id)
        return buckets

    def _headers(self, buckets: _Buckets) -> dict[str, str]:
        requests, tokens = buckets.requests.level, buckets.tokens.level
        return {
            "x-ratelimit-limit-requests": str(self._requests),
            "x-ratelimit-limit-tokens": str(self._tokens),
            "x-ratelimit-remaining-requests": str(max(0, int(requests))),
            "x-ratelimit-remaining-tokens": str(max(0, int(tokens))),
            "x-ratelimit-reset-requests": duration((self._requests - requests) * 60 / self._requests),
            "x-ratelimit-reset-tokens": duration((self._tokens - tokens) * 60 / self._tokens),
        }

    def _limited(self, kind: str, limit: int, seconds: float, buckets: _Buckets) -> ApiError:
        seconds = min(max(seconds, 0.001), 120.0)
        return ApiError(
            429,
            f"Rate limit reached for {kind} per min. Limit: {limit:,}. Please try again in {duration(seconds)}.",
            code="rate_limit_exceeded",
            type=kind,
            headers={
                **self._headers(buckets),
                "retry-after": str(-int(-seconds // 1)),
                "retry-after-ms": str(-int(-seconds * 1000 // 1)),
            },
        )

    def _too_large(self, num_tokens: int, buckets: _Buckets) -> ApiError:
        return ApiError(
            429,
            f"Request too large: about {num_tokens:,} tokens, and the limit is {self._tokens:,} per min. "
            "Shorten the messages or lower max_completion_tokens.",
            code="rate_limit_exceeded",
            type="tokens",
            headers={**self._headers(buckets), "x-should-retry": "false"},
        )


def duration(seconds: float) -> str:
    """As the headers spell it: ``60ms``, ``1s``, ``6m0s``."""
    milliseconds = -int(-max(seconds, 0.0) * 1000 // 1)
    if milliseconds < 1000:
        return f"{milliseconds}ms"
    minutes, rest = divmod(milliseconds, 60_000)
    spelled = f"{rest // 1000}s" if rest % 1000 == 0 else f"{rest / 1000:g}s"
    return f"{minutes}m{spelled}" if minutes else spelled
