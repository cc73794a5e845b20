"""What an operator sets, read once where a process begins, from ``TUNESMITH_…`` variables.

Passed down as values; nothing else reads the environment.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from tunesmith.core.errors import Problem, Problems, UserError

GIB = 1 << 30


class Settings(BaseSettings):
    """Every setting of the platform's processes; ``TUNESMITH_HOME`` sets ``home``, and so on."""

    model_config = SettingsConfigDict(env_prefix="TUNESMITH_", env_ignore_empty=True, frozen=True, extra="ignore")

    home: Path = Path("~/.tunesmith")
    """Where the embedded database, the blobs, the sockets and the workers' folders lie."""
    host: str = "127.0.0.1"
    """The address that the API listens on."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    """The port that the API listens on."""
    database_url: str = ""
    """``postgresql://user@host/name``; empty: SQLite in the home folder."""
    blob_url: str = ""
    """``s3://bucket/prefix`` (credentials and endpoint from the ``AWS_…`` variables); empty: the home folder."""
    admin_key: SecretStr | None = None
    """The first administrator's key; made and printed once at the first start if absent."""
    offline: bool = False
    """Forbids webhooks, e-mail and downloads from a hub: docs/connections.md lists every connection."""
    allow_private_addresses: bool = False
    """Lets webhooks, and what asks for examples, reach this machine and its private networks."""
    max_file_bytes: Annotated[int, Field(ge=1)] = GIB
    """The largest file that one request may upload."""
    default_model: str = "starter"
    """The base model behind other vendors' names for chat models."""
    default_completion_model: str = "starter"
    """The base model behind other vendors' names for completion models."""
    base_models: Annotated[dict[str, str], Field(default_factory=dict)]
    """More base models as JSON, name → local folder or hub id: ``{"smollm2": "/models/SmolLM2-135M"}``."""
    model_aliases: Annotated[dict[str, str], Field(default_factory=dict)]
    """More names for base models as JSON, added to the built-in ones: ``{"my-gpt": "starter"}``."""
    num_slots: Annotated[int, Field(ge=1, le=64)] = 1
    """How many jobs one worker trains at once."""
    training_threads: Annotated[int, Field(ge=0)] = 0
    """Threads of one training process; 0: the machine's cores divided among the slots."""
    lease_seconds: Annotated[float, Field(ge=1)] = 15.0
    """How long a worker may be silent before another one takes its job."""
    max_attempts: Annotated[int, Field(ge=1)] = 3
    """How often a job that kills its process is tried."""
    serving_memory_bytes: Annotated[int, Field(ge=1 << 20)] = 4 * GIB
    """What weights and KV caches of the serving process may take together."""
    serving_threads: Annotated[int, Field(ge=0)] = 0
    """Threads of the serving process; 0: as many as the machine has cores. Training yields to them."""
    max_streams: Annotated[int, Field(ge=1, le=1024)] = 32
    """How many completions are generated at once."""
    max_waiting: Annotated[int, Field(ge=0)] = 256
    """How many completions may wait for a place; more are refused with 429."""
    requests_per_minute: Annotated[int, Field(ge=1)] = 10_000
    """Chat requests of one key in a minute."""
    tokens_per_minute: Annotated[int, Field(ge=1)] = 2_000_000
    """Chat tokens of one key in a minute."""
    synthesis_url: str = ""
    """An endpoint that writes examples, up to ``/v1``: ``https://api.openai.com/v1``; empty: this installation's models do."""
    synthesis_model: str = ""
    """The model that is asked there."""
    synthesis_key: SecretStr | None = None
    """The endpoint's key."""
    smtp_url: SecretStr | None = None
    """``smtp://user:password@host:587`` (STARTTLS where offered) or ``smtps://…``; absent: no e-mail."""
    mail_from: str = "tunesmith@localhost"
    """The sender of e-mail."""
    public_url: str = ""
    """How people reach the API, for links in e-mail; empty: host and port."""
    log_format: Literal["text", "json"] = "text"
    """How the processes' logs are written: lines to read, or a JSON object a line."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """What the logs hold: this and whatever is worse."""

    @property
    def folder(self) -> Path:
        """``home`` with ``~`` followed."""
        return self.home.expanduser()

    @property
    def sqlalchemy_url(self) -> str:
        if not self.database_url:
            return f"sqlite:///{self.folder / 'tunesmith.db'}"
        for prefix in ("postgresql://", "postgres://"):
            if self.database_url.startswith(prefix):
                return "postgresql+psycopg://" + self.database_url.removeprefix(prefix)
        return self.database_url

    @property
    def api_url(self) -> str:
        """How people reach the API, with ``/v1``."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        base = (self.public_url or f"http://{host}:{self.port}").rstrip("/")
        return base if base.endswith("/v1") else f"{base}/v1"

    @property
    def serving_socket(self) -> Path:
        """The Unix socket of the serving process."""
        return self.folder / "run" / "serve.sock"


def read_settings(**given: object) -> Settings:
    """The variables, with ``given`` (options of a command line) before them; None: not given.

    Raises Problems naming each variable that cannot be used, never its value: it may be a secret.
    """
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    except SettingsError as error:
        raise UserError(f"{error}.", "write it as JSON") from None
    except ValidationError as error:
        raise Problems(
            "The settings cannot be used:", [_problem(detail["loc"], detail["msg"]) for detail in error.errors()]
        ) from None


def _problem(place: tuple[int | str, ...], message: str) -> Problem:
    name = f"TUNESMITH_{str(place[0]).upper()}" if place else "a setting"
    return Problem("invalid_setting", message[0].lower() + message[1:], "mend that variable, or unset it", path=name)
