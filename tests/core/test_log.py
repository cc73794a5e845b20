"""Logs hold no secret, in either format, in messages, arguments and tracebacks; and one line stays one line."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys

import pytest

from tunesmith.core.ids import new_id
from tunesmith.core.log import HIDDEN, LineFormatter, redacted, request_id, secrets_of
from tunesmith.core.settings import Settings
from tunesmith.core.standard_webhooks import new_secret

CANARY = "cAnArY1234567890cAnArY"


@pytest.mark.parametrize(
    "text",
    [
        f"sk-{CANARY}",
        f"sk-proj-{CANARY}_x-y",
        f"The key sk-{CANARY}.",
        f"whsec_{CANARY}+/a=",
        f"Authorization: Bearer {CANARY}",
        f"{{'authorization': 'Bearer {CANARY}'}}",
        f"[(b'authorization', b'Bearer {CANARY}'), (b'accept', b'*/*')]",
        f"[('api-key', '{CANARY}')]",
        f"api-key={CANARY}",
        f'{{"api_key": "{CANARY}"}}',
        f'{{\\"password\\": \\"{CANARY}\\"}}',
        f"bearer {CANARY}",
        f"Cookie: session={CANARY}",
        f"postgresql+psycopg://user:{CANARY}@host/name",
        f"smtp://me@example.com:{CANARY}@mail.example:587",
        f"https://{CANARY}@host.example/",
        f"signing_secret='whsec_{CANARY}'",
        f"SMTP_PASSWORD={CANARY}",
        f"AWS_SECRET_ACCESS_KEY={CANARY}",
        f"https://host.example/hook?token={CANARY}&x=1",
        f"eyJhbGciOiJIUzI1NiJ9.{CANARY}.{CANARY}",
        f"-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----",
    ],
)
def test_what_looks_like_a_secret_is_cut_out(text: str) -> None:
    found = redacted(text)
    assert CANARY not in found
    assert HIDDEN in found


@pytest.mark.parametrize(
    "text",
    [
        "max_tokens=500, total_tokens: 100000",
        "trained 3,456 tokens; token ids 1, 2, 3",
        "file-abcdefghijklmnopqrstuvwx of ftjob-abcdefghijklmnopqrstuvwx",
        "https://hooks.example/in?x=1#a@b",
        "mail to ada@example.com",
        "Incorrect API key provided: sk-ab***wxyz.",
        "in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
        "task-skipping-is-fine",
        "the model hf_hub_cache and pk_members",
        'File "/src/tunesmith/store/keys.py", line 3, in hash_of',
    ],
)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert redacted(text) == text


def test_real_keys_and_secrets_are_known() -> None:
    for secret in (*(new_id("sk-") for _ in range(100)), *(new_secret() for _ in range(100))):
        assert secret[6:] not in redacted(f"it was {secret}, they say")
        assert secret[6:] not in redacted(f"Authorization: Bearer {secret} (not YOUR_KEY)")


def test_the_placeholder_hides_nothing_that_begins_like_it() -> None:
    assert "1234" not in redacted("Authorization: Bearer YOUR_KEY1234")
    assert "sneaky" not in redacted("api_key=YOUR_KEYsneaky")


class Log:
    """A logger that writes into ``lines``."""

    def __init__(self, is_json: bool, literals: tuple[str, ...] = ()) -> None:
        self.stream = io.StringIO()
        handler = logging.StreamHandler(self.stream)
        handler.setFormatter(LineFormatter("api", is_json, literals))
        self.logger = logging.Logger("tunesmith.test")
        self.logger.addHandler(handler)

    @property
    def lines(self) -> list[str]:
        return self.stream.getvalue().splitlines()


@pytest.fixture(params=[False, True], ids=["text", "json"])
def log(request: pytest.FixtureRequest) -> Log:
    return Log(request.param, literals=("a preset key with blanks",))


def test_arguments_tracebacks_and_told_secrets_are_redacted(log: Log) -> None:
    try:
        raise ValueError(f"bad key sk-{CANARY}")
    except ValueError:
        log.logger.exception("it failed for %s", {"authorization": f"Bearer {CANARY}"})
    log.logger.error("preset: %s", "a preset key with blanks")
    text = log.stream.getvalue()
    assert CANARY not in text
    assert "preset key with" not in text
    assert "ValueError" in text
    assert "test_log.py" in text


def test_nobody_writes_a_line_of_their_own(log: Log) -> None:
    log.logger.warning("name: %s", "x\n2026-11-21T00:00:00.000Z ERROR api forged: \x1b[31mowned\r\u2028y")
    (line,) = log.stream.getvalue().split("\n")[:-1]
    assert "forged" in line
    assert "\x1b" not in line


def test_a_line_of_json_is_an_object_with_the_request() -> None:
    log = Log(True)
    token = request_id.set("req_1")
    log.logger.warning("%d rows", 3)
    request_id.reset(token)
    found = json.loads(log.lines[0])
    assert (found["level"], found["process"], found["logger"], found["message"], found["request_id"]) == (
        "WARNING", "api", "tunesmith.test", "3 rows", "req_1",
    )  # fmt: skip


def test_a_line_of_text_names_level_process_and_request() -> None:
    log = Log(False)
    token = request_id.set("req_1")
    log.logger.warning("%d rows", 3)
    request_id.reset(token)
    assert log.lines[0].partition(" ")[2] == "WARNING api tunesmith.test: 3 rows request_id=req_1"


def test_arguments_that_do_not_fit_hide_nothing(log: Log) -> None:
    log.logger.warning("%d rows", "many")
    assert "many" in log.lines[0]


def test_passwords_of_the_settings_are_secrets() -> None:
    settings = Settings(
        admin_key="preset-admin-key-1",  # type: ignore[arg-type]
        smtp_url="smtp://me:p%40ssw0rd@mail.example",  # type: ignore[arg-type]
        database_url="postgresql://u:dbpassword@host/name",
    )
    assert set(secrets_of(settings)) == {"preset-admin-key-1", "p%40ssw0rd", "p@ssw0rd", "dbpassword"}


SCRIPT = """
import logging, sys, threading, warnings
from tunesmith.core.log import set_up
from tunesmith.core.settings import Settings
set_up("worker", Settings(log_format=sys.argv[1], admin_key="preset-key-canary", log_level="warning"))
warnings.warn("sk-canary-in-a-warning")
logging.getLogger("uvicorn.error").error("Bearer canary-of-uvicorn")
logging.getLogger("uvicorn.access").error("never written")
logging.getLogger("tunesmith").info("not at this level")
thread = threading.Thread(target=lambda: 1 / len("sk-canary-in-a-thread".strip("sk-canary-in-a-thread")))
thread.start(); thread.join()
raise RuntimeError("preset-key-canary and sk-canary-at-the-end")
"""


@pytest.fixture(params=["text", "json"])
def process_log(request: pytest.FixtureRequest) -> str:
    done = subprocess.run([sys.executable, "-c", SCRIPT, request.param], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stdout == ""
    return done.stderr


def test_a_whole_process_speaks_through_the_one_log(process_log: str) -> None:
    assert "canary-in" not in process_log.replace("sk-canary-in-a-thread", "")  # the source line of a traceback
    assert "canary-of" not in process_log
    assert "key-canary" not in process_log
    assert "canary-at" not in process_log
    assert process_log.count("worker") >= 4
    assert "ZeroDivisionError" in process_log
    assert "This process ends by an error" in process_log
    assert "never written" not in process_log
    assert "not at this level" not in process_log
