"""The parts of the platform, each alone: the API, a worker, the serving process. ``tunesmith up`` starts these.

Nothing heavy is imported before it is known which part is wanted: the API never meets torch.
"""

from __future__ import annotations

import os
import signal
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tunesmith.core.errors import UserError
from tunesmith.core.settings import Settings

if TYPE_CHECKING:
    from tunesmith.api.services import Services

API_GRACE_SECONDS: Final = 15
# A worker shows itself every few seconds; its lease bounds how long it may be silent.
WORKER_SIGHT_LEASES: Final = 2


def run_api(settings: Settings, unix_socket: Path | None, descriptor: int | None) -> None:
    """Until SIGTERM or Ctrl-C; answers under way are finished first."""
    import uvicorn

    from tunesmith.api.app import make_app
    from tunesmith.api.protocol import http_protocol
    from tunesmith.cli.processes import listening, url_of

    _begin("api", settings)
    services = services_of(settings)
    config = uvicorn.Config(
        make_app(services), log_config=None, access_log=False, server_header=False, proxy_headers=False,
        timeout_graceful_shutdown=API_GRACE_SECONDS, lifespan="off", http=http_protocol(),
        uds=None if unix_socket is None else str(unix_socket),
    )  # fmt: skip
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)  # uvicorn's own handlers end it; then it would raise the signal again
    try:
        if descriptor is not None:
            with _inherited(descriptor) as listener:
                uvicorn.Server(config).run([listener])
        elif unix_socket is not None:
            uvicorn.Server(config).run()
        else:
            with listening(settings.host, settings.port) as listener:
                print(f"The API answers on {url_of(listener)}  (Ctrl-C stops it)", flush=True)
                uvicorn.Server(config).run([listener])
    finally:
        services.reports.close()
        services.database.close()


def services_of(settings: Settings) -> Services:
    """What the API works with, with a health check for each of the other parts."""
    from tunesmith.api.health import socket_check, worker_check
    from tunesmith.api.services import Services
    from tunesmith.store.db import Database

    database = Database(settings.sqlalchemy_url)
    return Services.of(
        settings,
        database,
        worker=worker_check(database, time.time, WORKER_SIGHT_LEASES * settings.lease_seconds),
        serving=socket_check(settings.serving_socket),
    )


def run_worker(settings: Settings) -> None:
    """Until SIGTERM or Ctrl-C; jobs under way are saved and given back."""
    _begin("worker", settings)
    from tunesmith.worker.run import run_worker as run

    run(settings)


def run_serve(settings: Settings) -> None:
    """Until SIGTERM or Ctrl-C; answers under way are finished first."""
    _begin("serve", settings)
    # A thread of a product waits for the others by spinning: for ever it would take a core from the API beside it, not
    # at all costs a third of the speed. libgomp reads this when torch loads it.
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")
    from tunesmith.serve.run import run

    run(settings)


def _begin(name: str, settings: Settings) -> None:
    """The home folder, the log, and libraries that keep quiet: before any of them is imported."""
    from tunesmith.cli.processes import prepare_home
    from tunesmith.core import log, offline

    prepare_home(settings.folder)
    log.set_up(name, settings)
    offline.quieten_libraries(settings.offline)


def _inherited(descriptor: int) -> socket.socket:
    try:
        return socket.socket(fileno=descriptor)
    except OSError as error:
        raise UserError(f"Descriptor {descriptor} is no socket: {error.strerror}.") from None
