"""Who is alive: a worker's own sign of life, and the judgement on others'.

Two signs tell that a worker is dead. Its lock file lies on this machine and nobody holds it: certain, and
seen at once. Or its job's heartbeats stand still for as long as the lease, measured on the clock of whoever
looks, which no hand sets: a jump of the wall clock frees nothing and keeps nothing.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tunesmith.store.queue import Held


class LeaseWatch:
    """Remembers since when each held job shows the same heartbeat. ``instant`` is monotonic, in seconds.

    Who did not look for a while (stopped, or cut off from the database) cannot tell silence from deafness, and
    begins to count anew.
    """

    def __init__(self, lease_seconds: float) -> None:
        self._lease_seconds = lease_seconds
        self._since: dict[Held, float] = {}
        self._looked_at = float("-inf")

    def overdue(self, held: Iterable[Held], instant: float) -> tuple[Held, ...]:
        """Those whose workers said nothing for the length of the lease, as seen from here."""
        if instant - self._looked_at > self._lease_seconds / 2:
            self._since = {}
        self._looked_at = instant
        self._since = {one: self._since.get(one, instant) for one in held}
        return tuple(one for one, since in self._since.items() if instant - since >= self._lease_seconds)


def lock_path(folder: Path, worker_id: str) -> Path:
    return folder / f"worker-{worker_id}.lock"


@contextmanager
def signed_in(folder: Path, worker_id: str) -> Iterator[None]:
    """Hold this worker's lock; the system lets go of it at the process's end, however that comes."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = lock_path(folder, worker_id)
    hidden = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    descriptor = os.open(hidden, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.replace(hidden, path)  # seen by others only once it is held
        yield
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)
        os.close(descriptor)


def dead_workers(folder: Path) -> tuple[str, ...]:
    """Workers of this machine whose lock nobody holds."""
    found = []
    for path in sorted(folder.glob("worker-*.lock")):
        if _is_free(path):
            found.append(path.name.removeprefix("worker-").removesuffix(".lock"))
    return tuple(found)


def forget(folder: Path, worker_id: str) -> None:
    """Remove a dead worker's lock file, once nothing is left of its jobs."""
    lock_path(folder, worker_id).unlink(missing_ok=True)


def _is_free(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(descriptor)
