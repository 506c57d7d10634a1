"""The pages of the console and their files, each under an address of its own; nothing else of the disk is served."""

import mimetypes
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from handlers.console import libraries
from handlers.exchange import Reply

FixedPath = Callable[[], Awaitable[Reply]]

HOME = "/console"
DESIGNER = "/console/recipes"
RUNS = "/console/runs"
ASSETS = "/console/assets"

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""No other host is contacted. Styles in attributes are the way in which bpmn-js places things."""

_SECURE = [
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
]
_FRESH = (b"cache-control", b"no-cache")
_FOR_GOOD = (b"cache-control", b"public, max-age=31536000, immutable")

_OWN = (".js", ".css", ".svg")


@dataclass(frozen=True, slots=True)
class _File:
    """A file as it is served, read when it is asked for."""

    path: Path
    cache: tuple[bytes, bytes]

    async def reply(self) -> Reply:
        kind = mimetypes.guess_type(self.path.name)[0] or "application/octet-stream"
        text = f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
        return Reply(200, self.path.read_bytes(), [*_SECURE, self.cache], text.encode())


@dataclass(frozen=True, slots=True)
class _Page:
    """A page, complete."""

    text: str

    async def reply(self) -> Reply:
        return Reply(200, self.text.encode(), [*_SECURE, _FRESH], b"text/html; charset=utf-8")


async def _to_the_designer() -> Reply:
    """Lead on to the designer, below whatever path a proxy has the console under."""
    return Reply(302, headers=[*_SECURE, _FRESH, (b"location", b"console/recipes")])


def console_paths(vendor: Path = libraries.VENDOR) -> dict[str, FixedPath]:
    """What the console answers to GET, by path."""
    folder = libraries.FOLDER
    own = (file for file in sorted(folder.iterdir()) if file.suffix in _OWN)
    served: dict[str, FixedPath] = {f"{ASSETS}/{file.name}": _File(file, _FRESH).reply for file in own}
    served[HOME] = _to_the_designer
    if not libraries.are_here(vendor):
        missing = (folder / "missing.html").read_text("utf-8")
        return {**served, DESIGNER: _Page(missing).reply, RUNS: _Page(_page(folder / "runs.html")).reply}
    # Relative addresses, so that the pages work below whatever path a proxy has them under.
    base = f"vendor/{libraries.edition(vendor)}"
    for _, name in libraries.files():
        served[f"/console/{base}/{name}"] = _File(vendor / name, _FOR_GOOD).reply
    designer = _page(folder / "designer.html", base, ("bpmn-js",), later=("dmn-js",))
    runs = _page(folder / "runs.html", base, ("bpmn-js",))
    return {**served, DESIGNER: _Page(designer).reply, RUNS: _Page(runs).reply}


def _page(template: Path, base: str = "", now: Sequence[str] = (), later: Sequence[str] = ()) -> str:
    """A page with the libraries that it uses now, and those that it takes out of `#later` when they are needed."""
    text = template.read_text("utf-8").replace("<!-- libraries -->", _tags(base, now))
    return text.replace("<!-- later -->", f'<template id="later">{_tags(base, later)}</template>' if later else "")


def _tags(base: str, packages: Sequence[str]) -> str:
    """What has a page load libraries, whose files are at this address."""
    names = [name for name in libraries.stylesheets() if name.startswith(tuple(f"{package}." for package in packages))]
    styles = [f'<link rel="stylesheet" href="{base}/{name}">' for name in names]
    scripts = [f'<script src="{base}/{libraries.SCRIPTS[package]}" defer></script>' for package in packages]
    return "\n".join([*styles, *scripts])
