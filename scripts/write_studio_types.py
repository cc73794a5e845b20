#!/usr/bin/env python3
"""Write the Studio's types of the API from the API's own description: studio/src/api/schema.d.ts.

    python scripts/write_studio_types.py [--check]

Runs openapi-typescript from studio/node_modules on what ``GET /openapi.json`` would answer. ``--check`` writes nothing
and leaves with 1 where the file is not what would be written.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tunesmith.api.app import make_app
from tunesmith.api.services import Services
from tunesmith.core.settings import Settings
from tunesmith.store.db import Database

STUDIO = Path(__file__).resolve().parent.parent / "studio"
SCHEMA = STUDIO / "src" / "api" / "schema.d.ts"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only say whether the file is in step")
    written = types_of(description())
    if not parser.parse_args().check:
        SCHEMA.write_text(written)
    elif not SCHEMA.is_file() or SCHEMA.read_text() != written:
        sys.exit(
            "studio/src/api/schema.d.ts is not in step with the API; mend it: python scripts/write_studio_types.py"
        )


def description() -> dict[str, Any]:
    """The API's OpenAPI document; nothing is served and nothing stays."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder))
        database = Database(settings.sqlalchemy_url)
        try:
            return make_app(Services.of(settings, database)).openapi()
        finally:
            database.close()


def types_of(document: dict[str, Any]) -> str:
    node = shutil.which("node", path=str(Path(sys.executable).parent)) or shutil.which("node")
    program = STUDIO / "node_modules" / "openapi-typescript" / "bin" / "cli.js"
    if node is None or not program.is_file():
        sys.exit("openapi-typescript is not installed: make studio")
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "openapi.json", Path(folder) / "schema.d.ts"
        source.write_text(json.dumps(document))
        subprocess.run([node, str(program), str(source), "-o", str(target)], check=True, stdout=subprocess.DEVNULL)
        return target.read_text()


if __name__ == "__main__":
    main()
