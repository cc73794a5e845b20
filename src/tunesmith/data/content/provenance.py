"""How much of a file says, in its rows' metadata, that a model wrote it."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Final

# Inside a JSON text the quotes would have backslashes before them, so that this is always a key and its value.
_PROVENANCE: Final = re.compile(rb'"provenance"[ \t]*:[ \t]*"(organic|semi-synthetic|synthetic)"')
_BLOCK_BYTES: Final = 1 << 20
_LONGEST: Final = 64


def provenance_of(path: Path) -> Counter[str]:
    """Rows by what their ``metadata.provenance`` says; in one pass over the bytes, of which few are held."""
    counts: Counter[str] = Counter()
    kept = b""
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            content = kept + block
            end = 0
            if b'"provenance"' in content:
                for match in _PROVENANCE.finditer(content):
                    counts[match[1].decode()] += 1
                    end = match.end()
            kept = content[max(end, len(content) - _LONGEST) :]
    return counts
