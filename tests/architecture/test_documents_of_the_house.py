"""Documents that lead nowhere are red tests."""

import re
from pathlib import Path

import pytest

from adapters.kinds import BUILT_IN
from adapters.optional_kinds import OPTIONAL

ROOT = Path(__file__).parents[2]
CLASSES = {kind.kind: kind.__name__ for kind in BUILT_IN} | {
    kind: where.source.partition(":")[2] for kind, where in OPTIONAL.items()
}
PAGES = sorted(
    page.relative_to(ROOT).as_posix() for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")] if page.is_file()
)


def targets(page: Path) -> list[str]:
    """The files that a page links to."""
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    links = re.findall(r"\]\(([^)\s]+)\)", text)
    return [link.partition("#")[0] for link in links if "://" not in link and not link.startswith(("#", "mailto:"))]


@pytest.mark.parametrize("name", PAGES)
def test_every_link_of_a_page_leads_somewhere(name: str) -> None:
    page = ROOT / name
    assert [target for target in targets(page) if not (page.parent / target).exists()] == []


def test_the_index_leads_to_every_page() -> None:
    docs = ROOT / "docs"
    listed = {(docs / target).resolve() for target in targets(docs / "README.md")}
    pages = {
        page.resolve()
        for folder in ("tutorial", "how-to", "explanation", "reference")
        for page in docs.glob(f"{folder}/*.md")
    }
    assert pages - listed == set()


def test_every_decision_is_in_the_list() -> None:
    decisions = ROOT / "docs" / "decisions"
    listed = set(targets(decisions / "README.md"))
    assert {page.name for page in decisions.glob("0*.md")} <= listed


def test_every_make_target_that_the_house_promises_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in ("setup", "demo", "stop", "test", "lint", "bench", "serve", "clean"):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@pytest.mark.parametrize("kind", sorted(CLASSES))
def test_every_kind_of_fulfiller_says_what_it_was_run_against_and_passes_the_suite(kind: str) -> None:
    page = (ROOT / "docs" / "reference" / "fulfillers.md").read_text(encoding="utf-8")
    table = page.partition("\n## What each kind was run against\n")[2]
    assert re.search(rf"^\| `{kind}` \| \S.* \|.*\|$", table, re.MULTILINE), "the table leaves it out"
    tests = [test.read_text(encoding="utf-8") for test in (ROOT / "tests" / "integration").rglob("test_*.py")]
    name = re.compile(rf"\b{CLASSES[kind]}\b")
    assert any("(FulfillerSuite)" in text and name.search(text) for text in tests), "no suite runs it"
