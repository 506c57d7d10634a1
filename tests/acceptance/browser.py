"""A real browser on the designer of recipes: Debian's Chromium, or any other that is installed."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from handlers.console import libraries

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
SECONDS = 180

MISSING = (
    "no Chromium is installed (Debian: apt-get install chromium)"
    if CHROMIUM is None
    else "the designer's libraries are not here (make designer, with npm)"
    if not libraries.are_here()
    else ""
)
"""Why nothing can be looked at here; empty where it can."""


_UNNAMED = """() => [...document.querySelectorAll('button, a[href], input, select, textarea, [role=tab]')]
  .filter((one) => one.checkVisibility() && !one.closest('.djs-container, .dmn-js-parent'))
  .filter((one) => !(one.labels?.length || one.getAttribute('aria-label') || one.textContent.trim() || one.title))
  .map((one) => one.outerHTML)"""


@dataclass
class Designer:
    """The designer as a person uses it who has no pointer.

    Attributes:
        foreign: addresses of other hosts that the page asked for.
        faults: errors of its scripts, and what the browser has against it.
    """

    page: Page
    foreign: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)

    def choose(self, words: str) -> None:
        """Take what a list of choices has for these words."""
        self.page.locator("dialog input").wait_for()
        self.type(words)
        self.page.locator("#choices li").first.wait_for()
        self.press("Enter")
        self.page.locator("dialog").wait_for(state="detached")

    def new(self, name: str) -> None:
        """Begin a recipe."""
        self.page.get_by_role("button", name="New recipe").click()
        self.page.get_by_label("Name").fill(name)
        self.press("Enter")
        self.page.locator(".djs-shape").first.wait_for()

    def add(self, words: str, name: str = "") -> None:
        """Add an element after the one that is selected, and name it."""
        self.press("a")
        self.choose(words)
        if name:
            self.press("e")
            self.page.locator(".djs-direct-editing-content").wait_for()
            self.type(name)
            self.press("Enter")

    def connect(self, target: str) -> None:
        """Connect the selected element with another one."""
        self.press("c")
        self.choose(target)

    def select(self, name: str) -> None:
        """Select an element by its name, in the outline."""
        self.page.get_by_role("tab", name="Outline").click()
        self.page.locator("#page-outline").get_by_role("button", name=name, exact=True).click()
        self.page.locator("#panel h2", has_text=name).wait_for()

    def nothing(self) -> None:
        """Select nothing, so that the properties are those of the recipe."""
        self.page.locator("#canvas svg[tabindex]").click(position={"x": 20, "y": 20})
        self.page.locator("#panel", has_text="What it is for").wait_for()

    def fill(self, label: str, value: str) -> None:
        """Fill in a property."""
        self.field(label).fill(value)
        self.press("Tab")

    def complete(self, label: str, begun: str, rest: str) -> None:
        """Fill in an expression, of which a name is completed from its beginning."""
        self.field(label).click()
        self.type(begun)
        self.page.locator(".completion li").first.wait_for()
        self.press("Enter")
        self.type(rest)
        self.press("Tab")

    def row(self, label: str, name: str, value: str) -> None:
        """Add a row of a name and an expression."""
        self.page.get_by_role("button", name=f"Add {label.lower().removesuffix('s')}").click()
        self.type(name)
        self.press("Tab")
        self.type(value)
        self.press("Tab")

    def offered(self, label: str) -> list[str]:
        """What a field offers to choose from."""
        listed = self.page.locator(f'datalist[id="{self.field(label).get_attribute("list")}"] option')
        return [str(one.get_attribute("value")) for one in listed.all()]

    def unnamed(self) -> list[str]:
        """What people can use on the page and readers of screens have no name for."""
        found: list[str] = self.page.evaluate(_UNNAMED)
        return found

    def field(self, label: str) -> Locator:
        return self.page.locator("#panel").get_by_label(label, exact=True)

    def mouse_add(self, after: str, kind: str, name: str) -> None:
        """Append a task by mouse: out of what stands beside an element, made what it is to be, and named."""
        self.shape(after).click()
        self.page.locator('.djs-context-pad .entry[data-action="append.append-task"]').click()
        self.page.locator('.djs-context-pad .entry[data-action="replace"]').click()
        self.page.locator(f'.djs-popup [data-id="replace-with-{kind}-task"]').click()
        self.page.locator(".djs-shape.selected").dblclick()
        self.page.locator(".djs-direct-editing-content").wait_for()
        self.type(name)
        self.press("Enter")

    def shape(self, name: str) -> Locator:
        """An element on the canvas, by the text in it."""
        return self.page.locator(".djs-shape", has_text=re.compile(rf"^\s*{name}\s*$")).first

    def step(self, button: str, why: str) -> None:
        """Take a step of the recipe's life."""
        self.page.locator("#actions").get_by_role("button", name=button).click()
        self.page.get_by_label("Why").fill(why)
        self.press("Enter")
        self.page.locator("dialog").wait_for(state="detached")

    def passed(self) -> set[str]:
        """The names of the elements that the trial has passed, of which each is coloured."""
        found = self._outline(self.page.locator("#page-outline li", has_text="passed"))
        expect(self.page.locator(".djs-shape.passed")).to_have_count(len(found))
        return found

    def names(self) -> set[str]:
        """The names of all elements."""
        return self._outline(self.page.locator("#page-outline li"))

    def _outline(self, lines: Locator) -> set[str]:
        self.page.get_by_role("tab", name="Outline").click()
        return set(lines.locator("button").all_inner_texts())


@dataclass
class Runs:
    """The page of runs, beside the designer."""

    page: Page

    def open(self, recipe: str, version: str) -> None:
        """Open the newest run of a version, from the list of its runs."""
        self.page.goto(f"{self.page.url.partition('/console')[0]}/console/runs#/?recipe={recipe}&version={version}")
        self.page.locator("#list tbody a").first.click()
        self.page.locator(".djs-shape").first.wait_for()

    def expect(self, state: str, *names: str) -> None:
        """Wait until these elements are in a state, and no others; they are coloured so on the drawing."""
        rows = self.page.locator("#page-steps tr", has=self.page.locator(f".visit-state.{state}"))
        expect(rows.locator("button.link")).to_have_text(list(names))
        marker = ":is(.djs-shape, .djs-connection)"
        expect(self.page.locator(f"{marker}.run-{state}")).to_have_count(len(names))


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser."""
    with sync_playwright() as playwright:
        sandbox = [] if os.getuid() else ["--no-sandbox"]  # which Chromium refuses to root
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=sandbox)
        yield browser
        browser.close()


@contextmanager
def designer(browser: Browser, url: str) -> Iterator[Designer]:
    """The page of all recipes, opened."""
    page = browser.new_page(viewport={"width": 1400, "height": 880})
    page.set_default_timeout(SECONDS * 1000)
    opened = Designer(page)
    page.on("request", lambda sent: _note(opened, url, sent.url))
    page.on("pageerror", lambda fault: opened.faults.append(str(fault)))
    page.on("console", lambda said: _hear(opened, said.type, said.text))
    page.goto(f"{url}/console/recipes")
    page.get_by_role("button", name="New recipe").wait_for()
    yield opened
    page.close()


def _note(opened: Designer, url: str, asked: str) -> None:
    if not asked.startswith((f"{url}/", "data:", "blob:")):
        opened.foreign.append(asked)


def _hear(opened: Designer, kind: str, text: str) -> None:
    """Note what the browser complains of; what the server refuses is shown on the page, and dmn-js's build says so."""
    if kind == "error" and not re.search("Failed to load resource|Inferno", text):
        opened.faults.append(text)
