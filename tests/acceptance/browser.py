"""A real browser on the designer of recipes: Debian's Chromium, or any other that is installed."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Locator, Page, expect, sync_playwright

from handlers.console import libraries

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
SECONDS = 60

MISSING = (
    "no Chromium is installed (Debian: apt-get install chromium)"
    if CHROMIUM is None
    else "the designer's libraries are not here (make designer, with npm)"
    if not libraries.are_here()
    else ""
)
"""Why nothing can be looked at here; empty where it can."""


@dataclass
class Designer:
    """The designer as a person uses it who has no pointer.

    Attributes:
        foreign: addresses of other hosts that the page asked for.
        faults: errors of its scripts.
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

    def fill(self, label: str, value: str) -> None:
        """Fill in a property."""
        self.field(label).fill(value)
        self.press("Tab")

    def field(self, label: str) -> Locator:
        return self.page.locator("#panel").get_by_label(label, exact=True)

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


@contextmanager
def designer(url: str) -> Iterator[Designer]:
    """The page of all recipes, opened."""
    with sync_playwright() as playwright:
        sandbox = [] if os.getuid() else ["--no-sandbox"]  # which Chromium refuses to root
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=sandbox)
        page = browser.new_page(viewport={"width": 1400, "height": 880})
        page.set_default_timeout(SECONDS * 1000)
        opened = Designer(page)
        page.on("request", lambda sent: _note(opened, url, sent.url))
        page.on("pageerror", lambda fault: opened.faults.append(str(fault)))
        page.goto(f"{url}/console/recipes")
        page.get_by_role("button", name="New recipe").wait_for()
        yield opened
        browser.close()


def _note(opened: Designer, url: str, asked: str) -> None:
    if not asked.startswith((f"{url}/", "data:", "blob:")):
        opened.foreign.append(asked)
