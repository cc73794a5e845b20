"""The Studio at ``/studio/``: built pages from ``studio_assets``, served to anybody, for they tell nothing of any project.

An address is looked up among the names that were found in the folder at the start, so that none leads out of it.
What is built carries a hash in its name and is kept by browsers for ever; ``index.html`` answers every other address
(the pages have addresses of their own) and is made for each answer, with the nonce that its policy names.
"""

from __future__ import annotations

import gzip
import hashlib
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from tunesmith.api.auth import NoId
from tunesmith.api.errors import not_found

ASSETS: Final = Path(__file__).parent / "studio_assets"
PREFIX: Final = "/studio/"
NONCE_PLACE: Final = b"%CSP_NONCE%"
_HASHED: Final = "assets/"
"""The folder whose files carry a hash in their names."""

_KINDS: Final[Mapping[str, str]] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
"""What a build may hold; a file of another kind is not served."""
_SMALLER_WITH_GZIP: Final = frozenset({".css", ".html", ".js", ".json", ".svg", ".txt"})

POLICY: Final = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        # Components bring small style sheets of their own, each with the nonce. Attributes are set by the script.
        "style-src 'self' 'nonce-{nonce}'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)
_GUARDS: Final[Mapping[str, str]] = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

_NOT_BUILT: Final = b"""\
<!doctype html>
<html lang="en">
  <head><meta charset="utf-8" /><title>Tunesmith Studio</title></head>
  <body>
    <h1>The Studio is not built here</h1>
    <p>This server runs from sources that hold no built pages. Where those sources lie, this builds them:</p>
    <pre>make studio</pre>
    <p>Then start the server again. The API works without it.</p>
  </body>
</html>
"""

router = APIRouter()


@dataclass(slots=True)
class Asset:
    """A file of the build. ``packed`` is made when it is first asked for; None where gzip makes it no smaller."""

    kind: str
    content: bytes
    is_packable: bool
    etag: str = field(init=False)
    _packed: bytes | None = None
    _is_tried: bool = False

    def __post_init__(self) -> None:
        # Weak: the packed file and the plain one share it.
        self.etag = f'W/"{hashlib.sha256(self.content).hexdigest()[:32]}"'

    @property
    def packed(self) -> bytes | None:
        if self.is_packable and not self._is_tried:
            packed = gzip.compress(self.content, 9, mtime=0)
            self._packed, self._is_tried = packed if len(packed) < len(self.content) else None, True
        return self._packed


@cache
def assets_in(folder: Path) -> Mapping[str, Asset]:
    """Every servable file by its name below the folder; read once. Nothing where nothing is built."""
    found = {}
    for path in sorted(folder.rglob("*")):
        kind = _KINDS.get(path.suffix)
        if kind is not None and path.is_file() and not path.is_symlink():
            name = path.relative_to(folder).as_posix()
            found[name] = Asset(kind, path.read_bytes(), path.suffix in _SMALLER_WITH_GZIP)
    return found


@router.get("/", include_in_schema=False)
def get_door(request: Request) -> Response:
    """A browser that was sent to the server's bare address is led to the Studio."""
    if "text/html" not in request.headers.get("accept", ""):
        raise not_found("Unknown request URL: GET /. The API is at /v1, the Studio at /studio/.", code="unknown_url")
    return RedirectResponse(PREFIX, 307, headers={**_GUARDS, "vary": "accept"})


@router.get("/studio", include_in_schema=False)
def get_studio() -> Response:
    return RedirectResponse(PREFIX, 307, headers=_GUARDS)


@router.get("/studio/{place:path}", include_in_schema=False)
def get_place(
    place: Annotated[str, NoId("a page or a file of the Studio, none of any project")], request: Request
) -> Response:
    """A file of the build, or the page that shows whatever has this address."""
    assets = assets_in(ASSETS)
    index = assets.get("index.html")
    if index is None:
        return _page(_NOT_BUILT, request, 503)
    asset = assets.get(place) if place != "index.html" else None
    if asset is not None:
        return _file(asset, request, is_hashed=place.startswith(_HASHED))
    if place.startswith(_HASHED):  # of another version: no page is shown in the place of a script
        return Response("There is no such file.\n", 404, _headers("no-store"), "text/plain; charset=utf-8")
    return _page(index.content, request)


def _page(content: bytes, request: Request, status: int = 200) -> Response:
    """With a nonce that nobody has seen before, so it has no ETag: an old page would name another nonce."""
    nonce = secrets.token_urlsafe(18)
    content = content.replace(NONCE_PLACE, nonce.encode())
    headers = _headers("no-cache", nonce) | {"vary": "accept-encoding"}
    if _takes_gzip(request):
        content, headers["content-encoding"] = gzip.compress(content, 6, mtime=0), "gzip"
    return Response(content, status, headers, _KINDS[".html"])


def _file(asset: Asset, request: Request, *, is_hashed: bool) -> Response:
    headers = _headers("public, max-age=31536000, immutable" if is_hashed else "no-cache")
    headers["etag"] = asset.etag
    if asset.is_packable:
        headers["vary"] = "accept-encoding"
    if _is_known(asset, request):
        return Response(None, 304, headers)
    content, packed = asset.content, asset.packed if _takes_gzip(request) else None
    if packed is not None:
        content, headers["content-encoding"] = packed, "gzip"
    return Response(content, 200, headers, asset.kind)


def _headers(cache_control: str, nonce: str | None = None) -> dict[str, str]:
    policy = POLICY.format(nonce=nonce) if nonce else POLICY.replace(" 'nonce-{nonce}'", "")
    return {"cache-control": cache_control, "content-security-policy": policy, **_GUARDS}


def _takes_gzip(request: Request) -> bool:
    weights = dict(_weighed(request.headers.get("accept-encoding", "")))
    return weights.get("gzip", weights.get("*", 0)) > 0


def _weighed(header: str) -> Iterator[tuple[str, float]]:
    for part in header.lower().split(","):
        name, _, parameter = part.partition(";")
        _, _, weight = parameter.partition("q=")
        try:
            yield name.strip(), float(weight or 1)
        except ValueError:
            yield name.strip(), 0.0


def _is_known(asset: Asset, request: Request) -> bool:
    """Whether the caller has it already."""
    tags = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
    return asset.etag.removeprefix("W/") in tags
