"""The logs of all processes: one line a record on standard error, and no secret in any of them.

``set_up`` once where a process begins; modules use ``logging.getLogger(__name__)``. Every line passes
``redacted``, tracebacks too: whatever looks like a key, a signing secret, a password in a URL or the value of
an authorizing header is cut out. What else is secret (a preset key in a shape of its own) is told to ``set_up``.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
from collections.abc import Iterable
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Final
from urllib.parse import unquote, urlsplit

from tunesmith.core.settings import Settings

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The request that is being answered, where one is: part of each line."""

HIDDEN: Final = "[redacted]"
_SHORTEST_SECRET: Final = 6
_NAMES: Final = (
    r"(?:proxy-)?authorization|(?:x-)?api[-_]?key|admin[-_]?key|(?:set-)?cookie|(?:client|signing|old)?[-_]?secret"
    r"|pass(?:word|wd)|(?:access|auth|bearer|refresh|session|api)[-_]?token|webhook-signature|aws_secret_access_key"
)
# What our own sentence shows in the place of a key.
_PLACEHOLDER: Final = r"YOUR_KEY(?![^\s)])"
_VALUE: Final = (
    rf"(?!(?:bearer\s+)?{_PLACEHOLDER})(?:(?:bearer|basic)\s+)?"
    r"[^\s\"'\\,;&(){}\[\]]{3,}"
)
# Each with what stays of it.
_PATTERNS: Final = tuple(
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), rest)
    for pattern, rest in (
        # A name and its value: a header, a JSON field, a keyword argument, a pair of a list of headers.
        (rf"(?<![a-z])({_NAMES})((?:\\?[\"'])?\]?\s*[:=]\s*(?:b?\\?[\"'])?|\\?[\"']\s*,\s*b?\\?[\"']){_VALUE}", rf"\1\2{HIDDEN}"),
        (r"([?&](?:token|key|sig|signature)=)[^\s&#\"']+", rf"\1{HIDDEN}"),
        (rf"\b(bearer\s+)(?!{_PLACEHOLDER})[a-z0-9._~+/=-]{{8,}}", rf"\1{HIDDEN}"),
        (r"whsec_[a-z0-9+/=_-]+", f"whsec_{HIDDEN}"),
        (r"\bsk-[a-z0-9_-]{6,}", f"sk-{HIDDEN}"),
        (r"\b(?:hf_|ghp_|gho_|xox[abp]-)[a-z0-9-]{16,}|\bA[KS]IA[A-Z0-9]{12,}", HIDDEN),
        (r"\beyJ[a-z0-9_-]{8,}\.[a-z0-9_-]+(?:\.[a-z0-9_-]*)?", HIDDEN),
        (r"\b([a-z][a-z0-9+.-]*://)[^\s/?#\"']*@", rf"\1{HIDDEN}@"),
        (r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", HIDDEN),
    )
)  # fmt: skip


def redacted(text: str, literals: Iterable[str] = ()) -> str:
    """``text`` without what looks like a secret, and without ``literals``."""
    for literal in literals:
        text = text.replace(literal, HIDDEN)
    for pattern, rest in _PATTERNS:
        text = pattern.sub(rest, text)
    return text


def set_up(process: str, settings: Settings) -> None:
    """One handler for everything in this process, uncaught errors and warnings included.

    uvicorn must be told ``log_config=None, access_log=False``, so that its lines come through here too.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(process, settings.log_format == "json", secrets_of(settings)))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    for name in ("httpcore2", "httpx2", "urllib3", "asyncio", "python_multipart"):
        logging.getLogger(name).setLevel(max(root.level, logging.WARNING))
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers[:] = []
        logger.propagate = True
        logger.disabled = name == "uvicorn.access"
    logging.captureWarnings(True)
    logging.raiseExceptions = False  # a line that cannot be written stops nothing
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread


def secrets_of(settings: Settings) -> tuple[str, ...]:
    """What the operator has set and nobody may read: keys and passwords, as set and as decoded."""
    found = [settings.admin_key.get_secret_value() if settings.admin_key else ""]
    for url in (settings.smtp_url.get_secret_value() if settings.smtp_url else "", settings.database_url):
        try:
            password = urlsplit(url).password or ""
        except ValueError:
            password = ""
        found += [password, unquote(password)]
    return tuple(dict.fromkeys(secret for secret in found if len(secret) >= _SHORTEST_SECRET))


class LineFormatter(logging.Formatter):
    """``2026-11-21T12:00:00.123Z WARNING api tunesmith.api.edge: message request_id=req_…``, or the same as JSON."""

    def __init__(self, process: str, is_json: bool, literals: tuple[str, ...] = ()) -> None:
        super().__init__()
        self._process, self._is_json, self._literals = process, is_json, literals

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        message, trace = self._clean(_message(record)), self._clean(self._trace(record))
        request = request_id.get()
        if self._is_json:
            line: dict[str, object] = {
                "at": at, "level": record.levelname, "process": self._process, "logger": record.name, "message": message,
            }  # fmt: skip
            line |= {"request_id": request} if request else {}
            line |= {"traceback": trace} if trace else {}
            return json.dumps(line, ensure_ascii=False)
        head = f"{at} {record.levelname} {self._process} {record.name}: {_on_one_line(message)}"
        head += f" request_id={request}" if request else ""
        return head + "".join(f"\n    {line}" for line in trace.splitlines())

    def _trace(self, record: logging.LogRecord) -> str:
        parts = [self.formatException(record.exc_info)] if record.exc_info and record.exc_info[0] else []
        parts += [record.stack_info] if record.stack_info else []
        return "\n".join(parts)

    def _clean(self, text: str) -> str:
        return redacted(text, self._literals)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):  # arguments that do not fit the text must not hide it
        return f"{record.msg} {record.args}"


def _on_one_line(text: str) -> str:
    """What came from outside cannot write lines of its own, nor speak to the terminal."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: object) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("tunesmith").critical("This process ends by an error", exc_info=error)


def _log_uncaught_in_thread(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_value is not None and not issubclass(arguments.exc_type, SystemExit):
        name = arguments.thread.name if arguments.thread else "?"
        logging.getLogger("tunesmith").error("The thread %s ends by an error", name, exc_info=arguments.exc_value)
