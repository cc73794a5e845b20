#!/usr/bin/env python3
"""Take the pictures of the Studio that the documents show: docs/images/*.png.

    python scripts/take_screenshots.py [--out DIR]

Starts a platform of its own on the built-in model, teaches it the query language of `tunesmith quickstart` in three ways, and
opens the Studio in the system's Chromium. Needs the groups test and browser (scripts/set_up.py) and some minutes.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples" / "playwright.jsonl"
KEY = "sk-a-key-for-the-screenshots-only"
SYSTEM = 'Answer in Weft: seek [count] kind <~ or ~> edge "name" [& "name"] [year < or > number]'
QUESTION = "Can you let me know which firm is the producer of Wielfo Croanseax?"
WIDTH, HEIGHT = 1280, 800
PATIENCE_SECONDS = 600


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images", help="where the pictures go")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    with platform() as url:
        shown = furnish(url)
        for name, picture in take(url, shown):
            (out / f"{name}.png").write_bytes(picture)
            print(f"{out / name}.png: {len(picture) / 1024:.0f} KB")


@contextlib.contextmanager
def platform() -> Iterator[str]:
    """→ the address of one that is ready."""
    with tempfile.TemporaryDirectory(prefix="tunesmith-shots-") as folder:
        output = Path(folder) / "output"
        environment = {**os.environ, "TUNESMITH_ADMIN_KEY": KEY}
        command = [sys.executable, "-m", "tunesmith", "up", "--home", f"{folder}/home", "--port", "0", "--no-browser"]
        with output.open("wb") as file:
            process = subprocess.Popen(command, stdout=file, stderr=file, env=environment, start_new_session=True)
        try:
            found = until(lambda: re.search(r"^Studio: (http://\S+)/studio/", output.read_text(), re.MULTILINE))
            yield str(found[1])
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def until(condition: Any) -> Any:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := condition()):
        if time.monotonic() > deadline:
            sys.exit("screenshots: this takes too long")
        time.sleep(0.2)
    return found


def furnish(url: str) -> dict[str, str]:
    """Files and jobs to look at; → their ids by name."""
    from openai import OpenAI

    from tunesmith.starter.graph_query import held_out_rows, training_rows

    client = OpenAI(base_url=f"{url}/v1", api_key=KEY)
    file, held_out = (
        client.files.create(file=(name, jsonl(rows)), purpose="fine-tune").id
        for name, rows in (("weft.jsonl", training_rows(size=1600)), ("weft.valid.jsonl", held_out_rows()))
    )
    mistaken = with_mistakes(EXAMPLES.read_text().splitlines())
    broken = client.files.create(file=("support-2026.jsonl", "\n".join(mistaken).encode()), purpose="fine-tune").id
    jobs = []
    for suffix, settings in (
        ("weft", {"lora_rank": 16}),
        ("weft-rank2", {"lora_rank": 2}),
        ("weft-gentle", {"lora_rank": 16, "learning_rate_multiplier": 0.1}),
    ):
        job = client.fine_tuning.jobs.create(
            model="starter", training_file=file, validation_file=held_out, suffix=suffix, seed=1,
            extra_body={"max_steps": 200, "batch_size": 16, "eval_every_steps": 20, "eval_examples": 20, **settings},
        )  # fmt: skip
        until(lambda job=job: client.fine_tuning.jobs.retrieve(job.id).status in ("succeeded", "failed"))
        jobs.append(job.id)
    model = client.fine_tuning.jobs.retrieve(jobs[0]).fine_tuned_model
    running = client.fine_tuning.jobs.create(
        model="starter",
        training_file=file,
        suffix="weft-long",
        extra_body={"max_steps": 20_000, "batch_size": 16},
    )
    until(lambda: (client.fine_tuning.jobs.retrieve(running.id).model_extra or {}).get("step", 0) > 20)
    urllib.request.urlopen(f"{url}/healthz").read()
    return {
        "file": file,
        "broken": broken,
        "jobs": ",".join(jobs),
        "job": jobs[0],
        "running": running.id,
        "model": str(model),
    }


def jsonl(rows: Sequence[Any]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def with_mistakes(rows: Sequence[str]) -> list[str]:
    """What goes wrong in real files: an answer that is missing, a row that is torn, a role that is mistyped, a repeated row."""
    rows = list(rows)
    rows[6] = json.dumps(
        {"messages": [{"role": "user", "content": "Where is my order?"}, {"role": "assistant", "content": ""}]}
    )
    rows[17] = rows[17][:90]
    rows[23] = rows[23].replace('"assistant"', '"asistant"')
    rows[30] = rows[29]
    rows[41] = json.dumps({"messages": [{"role": "user", "content": "Can I pay by card?"}]})
    return rows


def take(url: str, shown: dict[str, str]) -> Iterator[tuple[str, bytes]]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--hide-scrollbars"]
        )
        for name, path, language, scheme, prepare in PICTURES:
            context = browser.new_context(
                viewport={"width": WIDTH, "height": HEIGHT},
                locale=language,
                color_scheme=scheme,
                reduced_motion="reduce",
            )
            context.add_init_script(f"localStorage['tunesmith.key'] = {json.dumps(KEY)}")
            page = context.new_page()
            page.set_default_timeout(PATIENCE_SECONDS * 100)
            page.goto(f"{url}/studio/{path.format(**shown)}")
            page.get_by_role("heading", level=1).wait_for()
            prepare(page)
            page.wait_for_timeout(1500)
            yield name, small(page.screenshot())
            context.close()
        browser.close()


def _nothing(_page: Any) -> None:
    pass


def _until_home_has_figures(page: Any) -> None:
    """Those of the machine, and of the job that runs: its steps and the time that is left."""
    page.wait_for_function(
        "() => !document.querySelector('.mantine-Skeleton-root') && document.querySelector('#machine [role=progressbar]')"
        " && document.querySelector('#jobs .figures')"
    )


def _until_settings_are_resolved(page: Any) -> None:
    page.wait_for_function(
        "() => [...document.querySelectorAll('[aria-busy=false] p')].some(each => each.textContent.startsWith('→'))"
    )


def _ask(page: Any) -> None:
    page.get_by_role("textbox", name="System prompt").fill(SYSTEM)
    page.get_by_role("textbox", name="Temperature").fill("0")
    page.get_by_role("textbox", name="Prompt", exact=True).fill(QUESTION)
    page.get_by_role("button", name="Send", exact=True).click()
    page.wait_for_function(
        "() => document.querySelectorAll('article').length >= 2 && !document.querySelector('article[aria-busy=true]')"
    )


# Name, address, language, colours, what is done before the picture is taken.
PICTURES = (
    ("home", "", "en-GB", "light", _until_home_has_figures),
    ("data", "data/{broken}", "en-GB", "light", _nothing),
    (
        "fine-tune",
        "fine-tune?step=settings&model=starter&training_file={file}",
        "en-GB",
        "light",
        _until_settings_are_resolved,
    ),
    ("job", "jobs/{job}", "en-GB", "light", _nothing),
    ("compare", "jobs/compare?jobs={jobs}", "zh-CN", "dark", _nothing),
    ("playground", "playground?models=starter,{model}", "en-GB", "light", _ask),
)


def small(png: bytes) -> bytes:
    """The same picture with 256 colours: screens of plain surfaces lose nothing that one sees."""
    pixels = decoded(png)
    codes = (pixels.astype(np.uint32) << np.array([16, 8, 0], np.uint32)).sum(axis=2, dtype=np.uint32)
    colours, where, counts = np.unique(codes, return_inverse=True, return_counts=True)
    all_colours = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=1).astype(np.int32)
    palette = all_colours[_chosen(all_colours, counts)]
    nearest = np.concatenate(
        [
            ((part[:, None] - palette) ** 2).sum(axis=2).argmin(axis=1)
            for part in np.array_split(all_colours, 64)
            if len(part)
        ]
    )
    indices = nearest[where].reshape(codes.shape).astype(np.uint8)
    height, width = indices.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), indices], axis=1).tobytes()
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = [
        (b"IHDR", head),
        (b"PLTE", palette.astype(np.uint8).tobytes()),
        (b"IDAT", zlib.compress(rows, 9)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )


def _chosen(colours: Any, counts: Any, most: int = 256) -> Any:
    """Half of the places go to what there is most of, the others to what would else be farthest from any place."""
    chosen = list(np.argsort(-counts, kind="stable")[: most // 2])
    far = ((colours[:, None] - colours[chosen]) ** 2).sum(axis=2).min(axis=1)
    while len(chosen) < min(most, len(colours)):
        chosen.append(int((far * np.log1p(counts)).argmax()))
        far = np.minimum(far, ((colours - colours[chosen[-1]]) ** 2).sum(axis=1))
    return np.array(chosen)


def decoded(png: bytes) -> Any:
    """→ pixels_HWC, 8 bits each of red, green and blue; for what browsers write: no palette, not interlaced."""
    at, data = 8, b""
    width = height = channels = 0
    while at < len(png):
        (length,), kind = struct.unpack(">I", png[at : at + 4]), png[at + 4 : at + 8]
        body = png[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width, height, _, colour_type = struct.unpack(">IIBB", body[:10])
            channels = {2: 3, 6: 4}[colour_type]
        elif kind == b"IDAT":
            data += body
        at += length + 12
    lines = np.frombuffer(zlib.decompress(data), np.uint8).reshape(height, width * channels + 1)
    above = bytearray(width * channels)
    rows = []
    for line in lines:
        above = _unfiltered(int(line[0]), bytearray(line[1:].tobytes()), above, channels)
        rows.append(bytes(above))
    return np.frombuffer(b"".join(rows), np.uint8).reshape(height, width, channels)[:, :, :3]


def _unfiltered(kind: int, line: bytearray, above: bytearray, step: int) -> bytearray:
    """One line of PNG's five filters undone; ``step`` bytes make a pixel."""
    for i in range(len(line)):
        left, up = line[i - step] if i >= step else 0, above[i]
        if kind == 1:
            guess = left
        elif kind == 2:
            guess = up
        elif kind == 3:
            guess = (left + up) // 2
        elif kind == 4:
            corner = above[i - step] if i >= step else 0
            guess = min(
                (abs(up - corner), 0, left), (abs(left - corner), 1, up), (abs(left + up - 2 * corner), 2, corner)
            )[2]
        else:
            return line
        line[i] = (line[i] + guess) & 255
    return line


if __name__ == "__main__":
    main()
