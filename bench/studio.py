#!/usr/bin/env python3
"""The Studio in the system's Chromium: how soon the first page works, how smoothly a page of 100,000 steps moves, how
soon what happens is shown.

    python bench/studio.py --rounds 5

A platform of its own (`tunesmith up`) on the built-in model. *first page*: a browser without a cache opens /studio/;
what is counted ends when the page's main button can be pressed. *frames*: times between the browser's animation frames
while the mouse moves over the curves of a job of 100,000 steps and while its page scrolls, beside the same on a page
that shows nothing, in turn. *live*: from the moment at which something stands in the database, or the API has answered,
to the moment at which the open page shows it. There is no GPU here: Chromium paints with the processor.
See bench/README.md.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import measure
import tables
from train import write

KEY = "sk-a-key-for-this-bench-only"
NUM_STEPS = 100_000
FRAME_MS = 1000 / 60
PATIENCE_SECONDS = 300
SIZE = {"width": 1280, "height": 800}
ROWS = [("Say red.", "red"), ("Say blue.", "blue"), ("Say old.", "old"), ("Say new.", "new")]
BLANK = "<title>blank</title><body style='height:6000px'></body>"
NOTE_FRAMES = """() => {
    window.frames_ = []
    const note = (time) => { window.frames_.push(time); window.noting = requestAnimationFrame(note) }
    requestAnimationFrame(note)
}"""
TAKE_FRAMES = "() => { cancelAnimationFrame(window.noting); return window.frames_ }"
NOTE_TEXT = """(text) => {
    window.shown = null
    const look = () => {
        if (window.shown === null && document.body.textContent.includes(text)) window.shown = Date.now()
        if (window.shown === null) requestAnimationFrame(look)
    }
    look()
}"""


def main() -> None:
    options = _options()
    with platform() as (url, home):
        client = _client(url)
        finished, running = furnish(client, home)
        with chromium() as browser:
            runs = [first_page(browser, url, number) for number in range(1, options.rounds + 1)]
            runs += frames(browser, url, finished, options)
            runs += live(browser, url, home, client, running, options.rounds)
        client.fine_tuning.jobs.cancel(running)
    document = measure.document("studio", runs)
    text = table(document)
    print("\n" + text)
    write(document, text, options.out, "studio")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured (default: 5)")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each movement (default: 3)")
    parser.add_argument("--out", type=Path, default=Path("runs/bench/results"),
                        help="where the table and the raw numbers go (default: runs/bench/results)")  # fmt: skip
    return parser.parse_args()


# --- the platform and the browser ------------------------------------------------------------------------------------


@contextmanager
def platform() -> Iterator[tuple[str, Path]]:
    """→ the address and the home of one that is ready."""
    with tempfile.TemporaryDirectory(prefix="tunesmith-bench-") as folder:
        home, output = Path(folder) / "home", Path(folder) / "output"
        command = [sys.executable, "-m", "tunesmith", "up", "--home", str(home), "--port", "0", "--no-browser"]
        with output.open("wb") as file:
            process = subprocess.Popen(
                command, stdout=file, stderr=file, env={**os.environ, "TUNESMITH_ADMIN_KEY": KEY}
            )
        try:
            found = until(lambda: re.search(r"^Studio: (http://\S+)/studio/", output.read_text(), re.MULTILINE))
            yield str(found[1]), home
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def until(condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := condition()):
        if time.monotonic() > deadline:
            sys.exit("studio: this takes too long")
        time.sleep(0.1)
    return found


def _client(url: str) -> Any:
    from openai import OpenAI

    return OpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=10)


def furnish(client: Any, home: Path) -> tuple[str, str]:
    """→ a job that has ended, with a curve of NUM_STEPS, and one that runs."""
    chats = [{"messages": [{"role": "user", "content": a}, {"role": "assistant", "content": b}]} for a, b in ROWS * 10]
    content = "".join(json.dumps(chat) + "\n" for chat in chats).encode()
    file = client.files.create(file=("words.jsonl", content), purpose="fine-tune").id
    common = {"model": "starter", "training_file": file, "seed": 1}
    finished = client.fine_tuning.jobs.create(**common, suffix="long", extra_body={"max_steps": 4}).id
    until(lambda: client.fine_tuning.jobs.retrieve(finished).status == "succeeded")
    write_curve(home, finished)
    # Paused as soon as it has begun: it is not over, and leaves the processor to the browser.
    running = client.fine_tuning.jobs.create(**common, suffix="running", extra_body={"max_steps": 100_000}).id
    until(lambda: client.fine_tuning.jobs.retrieve(running).model_extra.get("step", 0) > 2)
    client.fine_tuning.jobs.pause(running)
    until(lambda: client.fine_tuning.jobs.retrieve(running).status == "paused")
    return finished, running


def write_curve(home: Path, job_id: str) -> None:
    import random

    from tunesmith.store import job_metrics

    rng = random.Random(1)
    with database(home) as found:
        for start in range(0, NUM_STEPS, 1000):
            rows = []
            for step in range(start + 1, start + 1001):
                loss = 4 / step**0.2 + rng.random() / 3
                valid = loss + 0.1 if step % 100 == 0 else None
                rows.append({
                    "step": step, "train_loss": loss, "train_mean_token_accuracy": 1 - loss / 5, "valid_loss": valid,
                    "valid_mean_token_accuracy": None if valid is None else 1 - valid / 5,
                    "learning_rate": 1e-3 * (1 - step / NUM_STEPS), "grad_norm": rng.random(),
                    "tokens_per_second": 5000 + rng.random() * 1000,
                })  # fmt: skip
            with found.write() as connection:
                job_metrics.put(connection, job_id, rows)


@contextmanager
def database(home: Path) -> Iterator[Any]:
    from tunesmith.core.settings import Settings
    from tunesmith.store.db import Database

    found = Database(Settings(home=str(home)).sqlalchemy_url)
    try:
        yield found
    finally:
        found.close()


@contextmanager
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium")
    if path is None:
        sys.exit("studio: there is no chromium on the path")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def opened(browser: Any) -> Iterator[Any]:
    """A page of a browser that has seen nothing yet, but knows the key."""
    context = browser.new_context(viewport=SIZE, locale="en-GB")
    context.add_init_script(f"localStorage['tunesmith.key'] = {json.dumps(KEY)}")
    page = context.new_page()
    page.set_default_timeout(PATIENCE_SECONDS * 1000)
    yield page
    context.close()


# --- what is measured ------------------------------------------------------------------------------------------------


def first_page(browser: Any, url: str, number: int) -> dict[str, Any]:
    """Milliseconds from the request to the first paint, to the page's heading, and until its link can be followed."""
    with opened(browser) as page:
        page.goto(f"{url}/studio/", wait_until="commit")
        page.get_by_role("heading", level=1).wait_for()
        heading = page.evaluate("() => performance.now()")
        page.get_by_role("link", name="Data", exact=True).click(trial=True)  # visible, in place, and nothing covers it
        usable = page.evaluate("() => performance.now()")
        paint = page.evaluate("() => performance.getEntriesByName('first-contentful-paint')[0].startTime")
        sizes = page.evaluate("() => performance.getEntriesByType('resource').map((r) => r.encodedBodySize)")
    print(f"first page, round {number}: painted {paint:.0f}, heading {heading:.0f}, usable {usable:.0f} ms", flush=True)
    return {"part": "first page", "round": number, "paint_ms": paint, "heading_ms": heading, "usable_ms": usable,
            "bytes": sum(sizes)}  # fmt: skip


def frames(browser: Any, url: str, job_id: str, options: argparse.Namespace) -> list[dict[str, Any]]:
    runs = []
    with opened(browser) as job, opened(browser) as blank:
        job.goto(f"{url}/studio/jobs/{job_id}")
        job.locator("canvas").first.wait_for()
        job.wait_for_timeout(1500)
        blank.set_content(BLANK)
        box = job.locator("canvas").first.bounding_box()
        for number in range(1, options.rounds + 1):
            for name, page in (("job", job), ("blank", blank)):
                page.bring_to_front()
                for movement in (hover, scroll):
                    began = measure.moment()
                    page.evaluate(NOTE_FRAMES)
                    movement(page, box, options.seconds)
                    times = page.evaluate(TAKE_FRAMES)
                    page.evaluate("() => scrollTo(0, 0)")
                    gaps = [later - earlier for earlier, later in pairwise(times)]
                    run = {
                        "part": "frames",
                        "round": number,
                        "page": name,
                        "movement": movement.__name__,
                        "gaps_ms": gaps,
                    }
                    runs.append({**run, "others_cores": measure.disturbance(began, measure.moment())["others_cores"]})
                    print(f"frames, round {number}, {name}, {movement.__name__}: {described(gaps)}", flush=True)
    return runs


def hover(page: Any, box: dict[str, float], seconds: float) -> None:
    """To and fro over the first chart, as fast as the browser takes it."""
    end, place = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        place = (place + 7) % int(2 * box["width"])
        x = min(place, 2 * box["width"] - place)
        page.mouse.move(box["x"] + x, box["y"] + box["height"] / 2)


def scroll(page: Any, box: dict[str, float], seconds: float) -> None:
    """Down and up again, a turn of the wheel after the other."""
    page.mouse.move(box["x"] + 50, box["y"] + box["height"] / 2)
    end, turn = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        page.mouse.wheel(0, 60 if turn % 60 < 30 else -60)
        page.wait_for_timeout(FRAME_MS)
        turn += 1


def live(browser: Any, url: str, home: Path, client: Any, job_id: str, rounds: int) -> list[dict[str, Any]]:
    """A sentence of a job on its page, and a new job in the list."""
    runs = []
    training_file = client.fine_tuning.jobs.retrieve(job_id).training_file
    with opened(browser) as job, opened(browser) as jobs, database(home) as found:
        job.goto(f"{url}/studio/jobs/{job_id}?tab=events")
        jobs.goto(f"{url}/studio/jobs")
        for page in (job, jobs):
            page.get_by_role("heading", level=1).wait_for()
            page.wait_for_timeout(2000)
        for number in range(1, rounds + 1):
            job.bring_to_front()
            runs.append({"part": "live", "round": number, "what": "event", "ms": shown(job, f"Marker {number}.", lambda text: say(found, job_id, text))})  # fmt: skip
            jobs.bring_to_front()
            runs.append({"part": "live", "round": number, "what": "new job", "ms": shown(jobs, f"marker-{number}x", lambda text: create(client, training_file, text))})  # fmt: skip
            print(f"live, round {number}: event {runs[-2]['ms']:.0f} ms, new job {runs[-1]['ms']:.0f} ms", flush=True)
    return runs


def shown(page: Any, text: str, happen: Callable[[str], None]) -> float:
    """Milliseconds from the end of what happens until the page shows the text."""
    page.evaluate(NOTE_TEXT, text)
    happen(text)
    happened = 1000 * time.time()
    page.wait_for_function("() => window.shown !== null")
    return max(0.0, float(page.evaluate("() => window.shown")) - happened)


def say(found: Any, job_id: str, text: str) -> None:
    """As a worker does: with the heartbeat by which the API knows that there is news."""
    from sqlalchemy import update

    from tunesmith.store import job_events
    from tunesmith.store.tables import jobs

    with found.write() as connection:
        job_events.add(connection, job_id, message=text, now=time.time())
        raised = {"heartbeats": jobs.c.heartbeats + 1}
        connection.execute(update(jobs).where(jobs.c.id == job_id).values(raised))


def create(client: Any, training_file: str, suffix: str) -> None:
    job = client.fine_tuning.jobs.create(model="starter", training_file=training_file, suffix=suffix)
    client.fine_tuning.jobs.cancel(job.id)


# --- the table -------------------------------------------------------------------------------------------------------


def described(gaps: Sequence[float]) -> str:
    return f"median {median(gaps):.1f}, p95 {quantiles(gaps, n=20)[-1]:.1f} ms, {1000 * len(gaps) / sum(gaps):.0f} a second"


def table(document: dict[str, Any]) -> str:
    runs = document["runs"]
    first = [run for run in runs if run["part"] == "first page"]
    parts = [
        tables.head(document, "The Studio in Chromium"),
        "## First page",
        f"{first[0]['bytes'] / 1024:.0f} KB as sent.",
    ]
    lines = ["| to | ms, median [min, max] |", "| --- | --- |"]
    for name, key in (("first paint", "paint_ms"), ("heading", "heading_ms"), ("usable", "usable_ms")):
        lines.append(f"| {name} | {spread([run[key] for run in first])} |")
    parts += ["\n".join(lines), f"## Frames, {NUM_STEPS:,} steps"]
    lines = [
        "| movement | page | ms between frames, median | p95 | frames a second | frames on time |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for movement in ("hover", "scroll"):
        for name in ("job", "blank"):
            chosen = [r for r in runs if r["part"] == "frames" and (r["page"], r["movement"]) == (name, movement)]
            gaps = [gap for run in chosen for gap in run["gaps_ms"]]
            within = sum(gap < 1.5 * FRAME_MS for gap in gaps) / len(gaps)
            lines.append(
                f"| {movement} | {name} | {median(gaps):.1f} | {quantiles(gaps, n=20)[-1]:.1f} | "
                f"{1000 * len(gaps) / sum(gaps):.1f} | {100 * within:.1f} % |"
            )
    parts += ["\n".join(lines), "## Until it is shown"]
    lines = ["| what | ms, median [min, max] |", "| --- | --- |"]
    for what in ("event", "new job"):
        lines.append(f"| {what} | {spread([r['ms'] for r in runs if r['part'] == 'live' and r['what'] == what])} |")
    return "\n\n".join([*parts, "\n".join(lines)]) + "\n"


def spread(values: Sequence[float]) -> str:
    return f"{median(values):.0f} [{min(values):.0f}, {max(values):.0f}]"


if __name__ == "__main__":
    main()
