"""Which models are in memory: loaded when first asked for, certified before they answer, unloaded when room is needed.

Takes what a request names (``Served``); gives a ``Resident`` to answer with. Base models are shared by their adapters.
Weights, adapters and KV caches together stay below ``most_bytes``: what was used longest ago and is idle goes.
Loading happens in a thread of its own, so that answers go on meanwhile.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import torch

from tunesmith import __version__
from tunesmith.core.errors import MachineError, TunesmithError, UserError
from tunesmith.infer.loaded import Prompting, check_base
from tunesmith.infer.protocol import Figure, Served, ServedReport
from tunesmith.infer.scheduler import Scheduler
from tunesmith.nn.catalog import BaseModel, ForeignConfig, locate, read_folder
from tunesmith.nn.lora import ADAPTER_CONFIG, ADAPTER_WEIGHTS
from tunesmith.nn.models import load_causal_model
from tunesmith.serve.artifacts import BlobSource, FileReference, drop_oldest, fetch_folder
from tunesmith.serve.certify import Certificate, NotCertified, ServedModel, certify
from tunesmith.serve.chat import CallSyntax, call_syntax
from tunesmith.serve.engine import Engine

# How long a model that was refused is refused again without another look.
REFUSED_SECONDS = 60.0
# Of the memory, what one model's KV cache may take at most.
CACHE_SHARE = 4

Key = tuple[str, str]
FindFiles = Callable[[str, str], Sequence[FileReference]]
"""Owner type and id → the files of a tuned model; none where it was deleted."""
NoteCertificate = Callable[[Served, Certificate | NotCertified], None]
"""Hears of every model that was looked at, in the loading thread."""

log = logging.getLogger(__name__)


class NoRoom(MachineError):
    """The model does not fit. ``is_passing``: others in use hold the memory; asking again later may help."""

    def __init__(self, message: str, hint: str, *, is_passing: bool) -> None:
        super().__init__(message, hint)
        self.is_passing = is_passing


@dataclass(frozen=True, slots=True)
class Limits:
    """What the operator allows, and how the machine computes. ``offline``: base models are not fetched from a hub."""

    most_bytes: int
    max_streams: int
    dtype: Literal["bf16", "fp32"]
    device: torch.device
    num_threads: int
    offline: bool


@dataclass(slots=True, eq=False)
class Base:
    """Weights in memory, with the scheduler that generates on them. Its adapters go with it."""

    key: Key
    model: BaseModel
    scheduler: Scheduler
    num_bytes: int
    sha256: str


@dataclass(slots=True, eq=False)
class Resident:
    """A model that answers. ``adapter`` is its name in the scheduler; ``num_users`` are requests that use it now."""

    served: Served
    base: Base
    adapter: str | None
    prompting: Prompting
    syntax: CallSyntax | None
    certificate: Certificate
    fingerprint: str
    num_bytes: int
    num_users: int = 0
    used_at: float = field(default_factory=time.monotonic)

    @property
    def context(self) -> int:
        return self.base.scheduler.max_tokens


@dataclass(frozen=True, slots=True)
class _Refusal:
    served: Served
    error: TunesmithError
    until: float


class Residents:
    """``borrow`` from the event loop; everything else that touches memory happens in the loading thread."""

    def __init__(
        self, limits: Limits, engine: Engine, find_files: FindFiles, blobs: BlobSource, models_folder: Path,
        note_certificate: NoteCertificate,
    ) -> None:  # fmt: skip
        self.limits = limits
        self._note_certificate = note_certificate
        self._engine, self._find_files, self._blobs, self._folder = engine, find_files, blobs, models_folder
        self._lock = threading.RLock()
        self._bases: dict[Key, Base] = {}
        self._residents: dict[Key, Resident] = {}
        self._refused: dict[Key, _Refusal] = {}
        self._loading: dict[Key, asyncio.Future[None]] = {}
        self._loader = ThreadPoolExecutor(1, "loading")

    @asynccontextmanager
    async def borrow(self, served: Served) -> AsyncIterator[Resident]:
        """The model, which stays in memory within the block. Raises NotCertified, NoRoom, UserError, MachineError."""
        key = (served.owner_type, served.owner_id)
        while (resident := self._take(key)) is None:
            self._raise_refusal(key)
            if key not in self._loading:
                self._loading[key] = asyncio.ensure_future(self._load_in_thread(key, served))
                self._loading[key].add_done_callback(lambda task: task.cancelled() or task.exception())
            await asyncio.shield(self._loading[key])  # who leaves does not stop it for the others
        try:
            yield resident
        finally:
            with self._lock:
                resident.num_users -= 1
                resident.used_at = time.monotonic()

    def reports(self) -> list[ServedReport]:
        """What is loaded, and what was refused lately and why."""
        with self._lock:
            loaded = [_report(resident) for resident in self._residents.values()]
            refused = [
                ServedReport(each.served.name, *key, "refused", each.error.message, [], 0)
                for key, each in self._refused.items()
                if each.until > time.monotonic()
            ]
        return loaded + refused

    @property
    def used_bytes(self) -> int:
        with self._lock:
            own = sum(resident.num_bytes for resident in self._residents.values())
            return own + sum(base.num_bytes for base in self._bases.values())

    def load_figures(self) -> tuple[int, int]:
        """Streams that run, and that wait."""
        with self._lock:
            stats = [base.scheduler.stats() for base in self._bases.values()]
        return sum(each.streams for each in stats), sum(each.waiting for each in stats)

    async def drop_deleted(self) -> None:
        """Unload tuned models whose files nobody keeps any more."""
        await self._in_loading_thread(self._drop_deleted)

    def close(self) -> None:
        self._loader.shutdown(wait=True, cancel_futures=True)

    # --- the event loop ------------------------------------------------------------------------------------------

    def _take(self, key: Key) -> Resident | None:
        with self._lock:
            resident = self._residents.get(key)
            if resident is not None:
                resident.num_users += 1
                resident.used_at = time.monotonic()
            return resident

    def _raise_refusal(self, key: Key) -> None:
        with self._lock:
            refusal = self._refused.get(key)
            if refusal is not None and refusal.until > time.monotonic():
                raise refusal.error
            self._refused.pop(key, None)

    async def _load_in_thread(self, key: Key, served: Served) -> None:
        try:
            await self._in_loading_thread(lambda: self._load(key, served))
        finally:
            del self._loading[key]

    async def _in_loading_thread(self, work: Callable[[], None]) -> None:
        """One piece of work after another, each in a thread that ends with it: OpenMP keeps a team for every thread
        that lives, and once the teams together have more threads than there are cores, it puts the engine's to sleep
        between any two products (a third of the speed at 135M on two cores)."""

        def work_apart() -> None:
            num_threads = self.limits.num_threads
            with ThreadPoolExecutor(1, "load", initializer=lambda: torch.set_num_threads(num_threads)) as apart:
                apart.submit(work).result()

        await asyncio.get_running_loop().run_in_executor(self._loader, work_apart)

    # --- the loading thread --------------------------------------------------------------------------------------

    def _load(self, key: Key, served: Served) -> None:
        started = time.monotonic()
        try:
            resident = self._loaded(key, served)
        except (NotCertified, UserError) as error:
            with self._lock:
                self._refused[key] = _Refusal(served, error, time.monotonic() + REFUSED_SECONDS)
            log.warning("%s does not answer: %s", served.name, error.message)
            if isinstance(error, NotCertified):
                self._note_certificate(served, error)
            raise
        with self._lock:
            if self._bases.get(resident.base.key) is not resident.base:
                raise MachineError(f"The base model of {served.name} failed while it was loaded.", "ask again")
            self._residents[key] = resident
        self._note_certificate(served, resident.certificate)
        log.info("%s loaded in %.1f s: %s", served.name, time.monotonic() - started, resident.certificate.sentence)

    def _loaded(self, key: Key, served: Served) -> Resident:
        if served.owner_type == "base":
            return self._whole_model(served, self._shared_base(served))
        files = self._find_files(served.owner_type, served.owner_id)
        if not files:
            raise MachineError(f"The files of {served.name} are not there.", "train the model again")
        drop_oldest(self._folder, self._folders_in_use())
        folder = fetch_folder(files, self._blobs, self._folder)
        if (folder / ADAPTER_CONFIG).is_file():
            return self._adapted(served, folder)
        base = self._base(key, lambda: read_folder(folder, served.name))
        return self._whole_model(served, base)

    def _shared_base(self, served: Served) -> Base:
        return self._base(("base", served.base_model), lambda: locate(served.base_model, offline=self.limits.offline))

    def _base(self, key: Key, find: Callable[[], BaseModel]) -> Base:
        """The weights, shared by everybody who names them."""
        with self._lock:
            base = self._bases.get(key)
        if base is None:
            base = self._load_base(key, find())
            with self._lock:
                self._bases[key] = base
        return base

    def _load_base(self, key: Key, model: BaseModel) -> Base:
        needed = weight_bytes(model, self.limits)
        cache_bytes = self._cache_bytes(model)
        self._make_room(model.name, needed + cache_bytes, keep=None)
        decoder = load_causal_model(model, _DTYPES[self.limits.dtype], self.limits.device)
        scheduler = Scheduler(decoder, max_streams=self.limits.max_streams, max_cache_bytes=cache_bytes)
        base = Base(key, model, scheduler, needed + cache_bytes, model.sha256())
        self._engine.do(lambda: self._engine.add(scheduler, lambda reason: self._broke(base, reason))).result()
        return base

    def _whole_model(self, served: Served, base: Base) -> Resident:
        prompting = Prompting.of(base.model, base.model.folder)
        certificate = Certificate("a base model, with its own template")
        if served.owner_type != "base":
            certificate = self._certified(base, None, prompting, base.model.folder)
        return self._resident(served, base, None, prompting, certificate, base.sha256, 0)

    def _adapted(self, served: Served, folder: Path) -> Resident:
        base = self._shared_base(served)
        try:
            check_base(folder, base.model.name, base.sha256)
            prompting = Prompting.of(base.model, folder)
            num_bytes = _file_bytes(folder / ADAPTER_WEIGHTS)
            self._make_room(served.name, num_bytes, keep=base)
            name = f"{served.owner_type}/{served.owner_id}"
            base.scheduler.add_adapter(name, folder)
        except UserError as error:
            message = error.message.replace(str(folder), served.name)
            raise NotCertified(message, error.hint, "adapter_applied") from error
        try:
            certificate = self._certified(base, name, prompting, folder)
        except BaseException:
            base.scheduler.remove_adapter(name)
            raise
        return self._resident(served, base, name, prompting, certificate, f"{base.sha256} {folder.name}", num_bytes)

    def _certified(self, base: Base, adapter: str | None, prompting: Prompting, folder: Path) -> Certificate:
        score = base.scheduler.logprobs
        served = ServedModel(
            prompting.renderer,
            prompting.is_chat,
            self.limits.dtype,
            lambda ids: score(ids, adapter),
            None if adapter is None else score,
        )
        return certify(folder, served)

    def _resident(
        self, served: Served, base: Base, adapter: str | None, prompting: Prompting, certificate: Certificate,
        weights: str, num_bytes: int,
    ) -> Resident:  # fmt: skip
        digest = hashlib.sha256(f"{__version__} {self.limits.dtype} {weights}".encode()).hexdigest()
        syntax = call_syntax(prompting.renderer) if prompting.is_chat else None
        return Resident(served, base, adapter, prompting, syntax, certificate, f"fp_{digest[:10]}", num_bytes)

    # --- room ----------------------------------------------------------------------------------------------------

    def _cache_bytes(self, model: BaseModel) -> int:
        """Enough for every stream's whole context, but no more than a share of the memory."""
        whole = kv_bytes_a_token(model, self.limits) * model.config.max_position_embeddings
        most = max(self.limits.most_bytes // CACHE_SHARE, 1)
        return min(whole * (self.limits.max_streams + 1), most)

    def _make_room(self, name: str, needed: int, keep: Base | None) -> None:
        """Unload what was used longest ago until so many bytes are free; raises NoRoom."""
        most = self.limits.most_bytes
        if needed > most:
            raise NoRoom(
                f"{name} needs {needed / 2**30:.2f} GiB of memory, and serving may use {most / 2**30:.2f} GiB.",
                "raise TUNESMITH_SERVING_MEMORY_BYTES",
                is_passing=False,
            )
        while self.used_bytes + needed > most:
            if not self._unload_oldest(keep):
                raise NoRoom(
                    f"There is no room for {name} now: models that are answering hold the memory.",
                    "ask again soon",
                    is_passing=True,
                )

    def _unload_oldest(self, keep: Base | None) -> bool:
        """The adapter or base that was used longest ago, and nobody uses now; → whether there was one."""
        with self._lock:
            idle = [r for r in self._residents.values() if r.num_users == 0 and r.adapter is not None]
            of_base = {
                base.key: [r for r in self._residents.values() if r.base is base] for base in self._bases.values()
            }
            bases = [
                base
                for base in self._bases.values()
                if base is not keep and all(r.num_users == 0 for r in of_base[base.key])
            ]
            ages: list[tuple[float, Resident | Base]] = [(resident.used_at, resident) for resident in idle]
            ages += [(max((r.used_at for r in of_base[base.key]), default=0.0), base) for base in bases]
            if not ages:
                return False
            _, oldest = min(ages, key=lambda each: each[0])
            self._take_out(oldest)
        if isinstance(oldest, Base):
            self._unload_base(oldest)
        else:
            self._unload(oldest)
        return True

    def _take_out(self, one: Resident | Base) -> None:
        """Nobody borrows it from here on; to be called with the lock under which it was seen to be idle."""
        if isinstance(one, Base):
            self._forget(one)
        else:
            self._residents.pop((one.served.owner_type, one.served.owner_id), None)

    def _unload(self, resident: Resident) -> None:
        if resident.adapter is not None:
            resident.base.scheduler.remove_adapter(resident.adapter)
        log.info("%s unloaded", resident.served.name)

    def _unload_base(self, base: Base) -> None:
        self._engine.do(lambda: self._retire(base)).result()
        log.info("%s unloaded", base.model.name)

    def _forget(self, base: Base) -> None:
        with self._lock:
            if self._bases.get(base.key) is base:
                del self._bases[base.key]
            for key in [key for key, resident in self._residents.items() if resident.base is base]:
                del self._residents[key]

    def _retire(self, base: Base) -> None:
        self._engine.remove(base.scheduler)
        base.scheduler.close()

    def _broke(self, base: Base, reason: str) -> None:
        """In the engine's thread: its streams end, and the next request loads it anew."""
        log.error("%s: %s", base.model.name, reason)
        self._forget(base)
        base.scheduler.close()

    def _folders_in_use(self) -> set[Path]:
        with self._lock:
            return {resident.base.model.folder for resident in self._residents.values()}

    def _drop_deleted(self) -> None:
        with self._lock:
            tuned = [r for r in self._residents.values() if r.served.owner_type != "base" and r.num_users == 0]
        for resident in tuned:
            if self._find_files(resident.served.owner_type, resident.served.owner_id):
                continue
            with self._lock:
                if resident.num_users > 0:  # since then; the next look takes it
                    continue
                self._take_out(resident.base if resident.adapter is None else resident)
            self._unload_base(resident.base) if resident.adapter is None else self._unload(resident)


_DTYPES = {"bf16": torch.bfloat16, "fp32": torch.float32}


def weight_bytes(model: BaseModel, limits: Limits) -> int:
    """The weights in the type they are computed in; on a CPU in bf16 twice, for the layout that reads faster."""
    stored = sum(_file_bytes(path) for path in model.weight_files)
    if isinstance(model.config, ForeignConfig):
        return stored if limits.dtype == "bf16" else 2 * stored
    copies = 2 if limits.dtype == "bf16" and limits.device.type == "cpu" else 1
    return model.config.num_parameters * (2 if limits.dtype == "bf16" else 4) * copies


def kv_bytes_a_token(model: BaseModel, limits: Limits) -> int:
    config, width = model.config, 2 if limits.dtype == "bf16" else 4
    if isinstance(config, ForeignConfig):
        return 2 * config.num_layers * config.hidden_size * width
    return 2 * config.num_layers * config.num_kv_heads * config.head_dim * width


def _file_bytes(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _report(resident: Resident) -> ServedReport:
    served, certificate = resident.served, resident.certificate
    figures = [Figure(f.name, f.value, min(f.most, 1e308)) for f in certificate.figures]
    num_bytes = resident.num_bytes or resident.base.num_bytes
    return ServedReport(
        served.name, served.owner_type, served.owner_id, "loaded", certificate.sentence, figures, num_bytes
    )
