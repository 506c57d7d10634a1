"""The pages of the console: complete where their libraries are, an explanation where they are not."""

import re
from pathlib import Path
from urllib.parse import urljoin

import pytest

from handlers.console import libraries
from handlers.console.pages import DESIGNER, HOME, RUNS, console_paths
from handlers.exchange import Reply


async def answer(folder: Path, path: str) -> Reply:
    return await console_paths(folder)[path]()


def installed(folder: Path) -> Path:
    """Libraries that are not what they say, in a folder."""
    for _, name in libraries.files():
        (folder / name).write_text(f"/* {name} */")
    return folder


async def test_without_its_libraries_the_page_says_how_they_are_installed(tmp_path: Path) -> None:
    reply = await answer(tmp_path, DESIGNER)
    assert reply.status == 200
    assert b"make designer" in (reply.body or b"")
    assert b"<script" not in (reply.body or b"")


async def test_the_console_leads_to_the_designer_wherever_it_is(tmp_path: Path) -> None:
    reply = await answer(tmp_path, HOME)
    assert reply.status == 302
    assert (
        urljoin(f"https://proxy/oss{HOME}", dict(reply.headers)[b"location"].decode()) == f"https://proxy/oss{DESIGNER}"
    )


async def test_without_its_libraries_runs_are_shown_without_a_drawing(tmp_path: Path) -> None:
    page = ((await answer(tmp_path, RUNS)).body or b"").decode()
    assert re.findall(r'<script [^>]*src="([^"]+)"', page) == ["assets/runs.js"]


@pytest.mark.parametrize(("path", "packages"), [(DESIGNER, ("bpmn-js", "dmn-js")), (RUNS, ("bpmn-js",))])
async def test_everything_that_a_page_asks_for_is_served_beside_it(
    tmp_path: Path, path: str, packages: tuple[str, ...]
) -> None:
    served = console_paths(installed(tmp_path))
    page = ((await served[path]()).body or b"").decode()
    wanted = re.findall(r'(?:src|href)="([^"#]+)"', page)
    libs = [name for source, name in libraries.files() if source.startswith(packages) and not name.endswith("LICENSE")]
    assert sorted(one.rpartition("/")[2] for one in wanted if one.startswith("vendor/")) == sorted(libs)
    for address in wanted:
        reply = await served[f"/console/{address}"]()
        assert reply.status == 200
        assert reply.body
    modules = [one for one in served if one.endswith(".js") and "/assets/" in one]
    for module in modules:
        text = ((await served[module]()).body or b"").decode()
        for name in re.findall(r"^import .* from '\./([^']+)';", text, re.MULTILINE):
            assert f"/console/assets/{name}" in served, module


async def test_no_other_host_can_be_asked_for_anything(tmp_path: Path) -> None:
    for path, reply in console_paths(installed(tmp_path)).items():
        headers = dict((await reply()).headers)
        policy = headers[b"content-security-policy"].decode()
        assert "default-src 'none'" in policy, path
        assert not re.search(r"https?:|\*", policy), path
        assert "'unsafe-eval'" not in policy


async def test_libraries_are_kept_by_browsers_until_there_are_other_ones(tmp_path: Path) -> None:
    first = set(console_paths(installed(tmp_path)))
    (tmp_path / "bpmn-modeler.js").write_text("// newer")
    changed = {path for path in set(console_paths(tmp_path)) - first if path not in (DESIGNER, RUNS)}
    assert len(changed) == len(list(libraries.files()))
    reply = await answer(tmp_path, min(changed))
    assert dict(reply.headers)[b"cache-control"].endswith(b"immutable")
