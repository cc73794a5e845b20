"""How an attempt begins: in a folder of its own, or with a sentence about why not."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from tunesmith.store.jobs import State
from tunesmith.worker.attempt import make_folder


def test_a_folder_is_made_while_earlier_attempts_take_those_above_away(tmp_path: Path) -> None:
    above, is_over = tmp_path / "ftjob-x" / "attempts", threading.Event()

    def end_earlier_attempts() -> None:
        while not is_over.wait(0.0005):
            with suppress(OSError):
                above.rmdir()
                above.parent.rmdir()

    other = threading.Thread(target=end_earlier_attempts)
    other.start()
    try:
        for number in range(1000):
            make_folder(above / str(number))
            (above / str(number)).rmdir()
    finally:
        is_over.set()
        other.join()


def test_an_attempt_that_finds_no_place_for_its_folder_is_counted_and_named(world: Any) -> None:
    job_id = world.new_job()
    (world.home / "jobs").mkdir()
    (world.home / "jobs" / job_id).write_text("in the way")
    job = world.do(job_id, max_attempts=1)
    assert (job.state, job.error["code"]) == (State.FAILED, "worker_failed")
    assert "could not be written: Not a directory" in job.error["message"]
