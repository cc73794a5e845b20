"""What a user may say about an import of mail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from tunesmith.core.errors import UserError


@dataclass(frozen=True, slots=True)
class MailOptions:
    """``tell`` is called once, with the sentence that says whose answers are learnt, and why."""

    me: tuple[str, ...] = ()
    """Whose answers are learnt: addresses, or whole domains as ``@helpdesk.example``; empty: guessed from the mail."""
    whole_threads: bool = False
    """A row for each thread, with several turns, instead of one for each answer."""
    keep_lists: bool = False
    """Mail of mailing lists and newsletters is used like any other."""
    with_subject: bool = False
    """The subject stands above the first question."""
    min_chars: int = 1
    """Shorter questions and answers are left out."""
    max_chars: int = 50_000
    """Longer ones too; nothing is ever cut."""
    since: date | None = None
    """Older mail is left out."""
    tell: Callable[[str], None] | None = None

    def __post_init__(self) -> None:
        for address in self.me:
            if "@" not in address[:-1] or any(sign.isspace() for sign in address):
                raise UserError(
                    f"'{address}' is no mail address.",
                    "Give an address, dana@shop.example, or a domain, @shop.example.",
                )
        if not 0 <= self.min_chars <= self.max_chars:
            raise UserError(
                f"No text has at least {self.min_chars:,} and at most {self.max_chars:,} characters.",
                "Give a smaller minimum or a larger maximum.",
            )
