"""Tells the outside what happened: webhooks and e-mail whose rows were written with it.

Takes deliveries whose time has come, one by one, and sends each; what does not arrive is tried again for three
days, ever more seldom. At least once: whoever ends between sending and noting it sends again, under the same
id. Several workers share the rows; each row is one sender's at a time.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final

from tunesmith.core.mail import Mail, Mailer, MailError
from tunesmith.core.outbound import Outbound, OutboundError
from tunesmith.core.settings import Settings
from tunesmith.core.standard_webhooks import body_of, signed_headers
from tunesmith.store import deliveries, members, projects, webhooks
from tunesmith.store.db import Database, DatabaseUnavailable
from tunesmith.store.deliveries import Delivery
from tunesmith.worker.job_mail import JobEnded, job_mail

RETRY_SECONDS: Final = tuple(3600.0 * hours for hours in (5 / 3600, 5 / 60, 0.5, 2, 5, 10, 14, 20, 24))
"""Pauses between tries: 75 hours altogether."""
JITTER: Final = 0.1
"""Each pause is longer by up to this share, so that a receiver that comes back is not met by all at once."""
POLL_SECONDS: Final = 1.0
KEEP_SECONDS: Final = 30 * 86400.0
"""How long it can be seen what was delivered."""
_TIDY_SECONDS: Final = 3600.0
_GONE: Final = 410

log = logging.getLogger(__name__)


class _NotDelivered(Exception):
    """``is_final``: trying again is of no use. ``is_chosen``: the operator wants it so, and needs no warning."""

    def __init__(self, reason: str, *, is_final: bool = False, is_chosen: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.is_final, self.is_chosen = reason, is_final, is_chosen


@dataclass(frozen=True, slots=True)
class Courier:
    """``mailer`` is None where no mail server is named. Threads share it."""

    database: Database
    outbound: Outbound
    mailer: Mailer | None
    now: Callable[[], float]
    api_url: str = "http://127.0.0.1:8000/v1"
    """Where people reach the API, for the text of mails."""
    random: random.Random = field(default_factory=random.Random)

    @classmethod
    def of(cls, settings: Settings, database: Database, now: Callable[[], float]) -> Courier:
        """Raises UserError for a mail server's URL that is none."""
        return cls(database, Outbound.of(settings), Mailer.of(settings), now, settings.api_url)

    def deliver_due(self) -> int:
        """Send whatever is due by now; how many were tried."""
        tried = 0
        while self.deliver_one():
            tried += 1
        return tried

    def deliver_one(self) -> bool:
        """False where nothing is due. Raises DatabaseUnavailable: what was sent and not noted is sent again."""
        with self.database.read() as connection:
            if not deliveries.is_any_due(connection, self.now()):
                return False
        with self.database.write() as connection:
            delivery = deliveries.claim_due(connection, self.now())
        if delivery is None:
            return False
        try:
            self._send(delivery)
        except _NotDelivered as failure:
            self._note_failure(delivery, failure)
        else:
            with self.database.write() as connection:
                deliveries.delivered(connection, delivery)
        return True

    def tidy(self) -> None:
        with self.database.write() as connection:
            deliveries.forget(connection, self.now() - KEEP_SECONDS)

    def _send(self, delivery: Delivery) -> None:
        if delivery.num_attempts > len(RETRY_SECONDS) + 1:
            raise _NotDelivered("The senders before ended in the middle.", is_final=True)
        if delivery.kind == "email":
            self._send_mail(delivery)
        else:
            self._send_webhook(delivery)

    def _send_webhook(self, delivery: Delivery) -> None:
        with self.database.read() as connection:
            endpoint = webhooks.get(connection, delivery.project_id, delivery.target_id)
        if endpoint is None:
            raise _NotDelivered("The webhook endpoint was deleted.", is_final=True)
        now, body = self.now(), body_of(delivery.payload)
        try:
            status = self.outbound.post(
                endpoint.url, body, signed_headers(delivery.id, body, endpoint.secrets_at(now), now)
            )
        except OutboundError as error:
            raise _NotDelivered(error.message) from None
        if not 200 <= status < 300:
            raise _NotDelivered(f"The receiver answered HTTP {status}.", is_final=status == _GONE)

    def _send_mail(self, delivery: Delivery) -> None:
        if self.mailer is None:
            raise _NotDelivered("No mail server is set (TUNESMITH_SMTP_URL).", is_final=True, is_chosen=True)
        if self.outbound.is_offline:
            raise _NotDelivered("This installation is offline: nothing is sent anywhere.")
        with self.database.read() as connection:
            member = members.get_membership(connection, delivery.project_id, delivery.target_id)
            project = projects.get_project(connection, delivery.project_id)
        if member is None or project is None:
            raise _NotDelivered("The member has left the project.", is_final=True)
        subject, text = job_mail(JobEnded.of(delivery.payload), project.name, member.name, self.api_url)
        mail = Mail(delivery.id, member.name, member.email, subject, text, delivery.created_at)
        try:
            self.mailer.send(mail)
        except MailError as error:
            raise _NotDelivered(error.message, is_final=error.is_final) from None

    def _note_failure(self, delivery: Delivery, failure: _NotDelivered) -> None:
        is_last = failure.is_final or delivery.num_attempts > len(RETRY_SECONDS)
        retry_at = None if is_last else self.now() + self._pause(delivery.num_attempts)
        log.log(
            logging.WARNING if is_last and not failure.is_chosen else logging.INFO, "%s (%s to %s) did not arrive%s: %s", delivery.id,
            delivery.kind, delivery.target_id, " and is given up" if is_last else "", failure.reason,
        )  # fmt: skip
        with self.database.write() as connection:
            deliveries.failed(connection, delivery, failure.reason, retry_at=retry_at)

    def _pause(self, num_attempts: int) -> float:
        return RETRY_SECONDS[num_attempts - 1] * (1 + JITTER * self.random.random())


class Notifier:
    """``with Notifier(courier):`` delivers in threads of its own until the end of the block."""

    def __init__(self, courier: Courier, *, num_threads: int = 3, poll_seconds: float = POLL_SECONDS) -> None:
        self._courier, self._poll_seconds = courier, poll_seconds
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(index == 0,), name=f"notify-{index}", daemon=True)
            for index in range(num_threads)
        ]

    def __enter__(self) -> Notifier:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """A message that is being sent is finished; one that takes too long is sent again by the next worker."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(self._courier.outbound.timeout_seconds + 5)

    def _run(self, tidies: bool) -> None:
        tidied_at = float("-inf")
        while not self._stopping.is_set():
            try:
                while not self._stopping.is_set() and self._courier.deliver_one():
                    pass
                if tidies and abs(self._courier.now() - tidied_at) > _TIDY_SECONDS:
                    self._courier.tidy()
                    tidied_at = self._courier.now()
            except DatabaseUnavailable as error:
                log.warning("Notices wait: %s", error.message)
            except Exception:  # the border: one delivery must not end all others
                log.exception("A delivery ended by an error; it is tried again later")
            self._stopping.wait(self._poll_seconds)
