"""The designer in a real browser: a recipe is drawn by keyboard, mended, tried, published, and edited as XML."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from playwright.sync_api import expect

from tests.acceptance.browser import MISSING, SECONDS, Designer, designer
from tests.acceptance.server_process import ServerProcess

expect.set_options(timeout=SECONDS * 1000)

SOM = "/som/v1"
START = "Start event Start"


@pytest.fixture
def opened(server: ServerProcess) -> Iterator[Designer]:
    with designer(server.url) as page:
        yield page


def stored(server: ServerProcess, key: str) -> dict[str, Any]:
    found: dict[str, Any] = requests.get(f"{server.url}{SOM}/recipe/{key}", timeout=60).json()
    return found


def draw(opened: Designer) -> None:
    """A service, a choice, a person, a timer, and a way for what goes wrong."""
    opened.press("]")
    opened.add("Service task", "Build the line")
    opened.add("Exclusive", "Big?")
    opened.add("User task", "Look at it")
    opened.add("Timer: wait", "Settle")
    opened.add("End", "Done")
    opened.select("Big?")
    opened.connect("Settle")
    opened.select("Build the line")
    opened.add("At the task: error", "Busy")
    opened.add("User task", "Mend it")
    opened.add("End", "Mended")


def specify(opened: Designer) -> None:
    """What the elements do."""
    opened.select("Build the line")
    opened.fill("Capability: specification", "designed-line")
    opened.field("Capability: action").select_option("add")
    opened.select("Look at it")
    opened.fill("Queue", "engineering")
    opened.select("Mend it")
    opened.fill("Queue", "engineering")
    opened.select("Settle")
    opened.fill("Time", "PT10M")


@pytest.mark.skipif(bool(MISSING), reason=MISSING)
def test_a_recipe_is_drawn_mended_tried_and_published_by_keyboard(server: ServerProcess, opened: Designer) -> None:
    page = opened.page
    opened.new("drawn")
    draw(opened)
    expect(page.locator("#tab-problems")).to_have_text(re.compile(r"Problems \(\d+\)"))
    expect(page.locator(".problem-mark").first).to_be_visible()
    specify(opened)
    opened.press("Escape")
    choose_ways(opened)
    expect(page.locator("#tab-problems")).to_have_text("Problems")
    expect(page.locator(".problem-mark")).to_have_count(0)

    page.locator("#try").click()
    page.locator("#trial-input").fill('{"size": 30}')
    page.locator("#run-trial").click()
    expect(page.locator("#trial-status")).to_have_text("completed after 10 min.")
    assert opened.passed() == {START, "Build the line", "Big?", "Look at it", "Settle", "Done"}
    page.get_by_role("tab", name="Try").click()
    page.locator("#trial-answers").fill('{"Build the line": {"error": "busy"}}')
    page.locator("#run-trial").click()
    expect(page.locator("#page-trial")).to_contain_text("Mend it")
    page.locator("#keep-case").click()
    assert opened.passed() == {START, "Build the line", "Busy", "Mend it", "Mended"}

    opened.step("Send to review", "please look")
    opened.step("Publish…", "CR 7")
    expect(page.locator("#title .state")).to_have_text("Published")
    found = stored(server, "drawn:1.0.0")
    assert [(one["state"], one.get("why")) for one in found["step"]] == [
        ("draft", None),
        ("inReview", "please look"),
        ("published", "CR 7"),
    ]
    assert found["testCase"][0]["answers"] == {"Build the line": {"error": "busy"}}
    expect(page.locator(".bjs-powered-by")).to_be_visible()
    assert (opened.foreign, opened.faults) == ([], [])


def choose_ways(opened: Designer) -> None:
    """Large ones are looked at; the others go on at once."""
    opened.select("Big?")
    opened.page.get_by_role("button", name="Way to Look at it").click()
    opened.fill("Condition", "size > 10")
    opened.select("Big?")
    opened.page.get_by_role("button", name="Way to Settle").click()
    opened.field("Taken where no condition holds").check()


@pytest.mark.skipif(bool(MISSING), reason=MISSING)
def test_a_drawing_edited_as_xml_is_the_same_graph(server: ServerProcess, opened: Designer) -> None:
    page = opened.page
    opened.new("written")
    opened.press("]")
    opened.add("Service task", "Build it")
    opened.add("End", "Done")
    page.locator("#toggle-xml").click()
    text = page.locator("#xml").input_value()
    assert "Build it" in text
    page.locator("#xml").fill(text.replace("Build it", "Build it well"))
    page.locator("#toggle-xml").click()
    expect(page.locator(".djs-shape")).not_to_have_count(0)
    assert opened.names() == {START, "Build it well", "Done"}
    opened.press("Control+s")
    expect(page.locator("#notice")).to_have_text("Saved.")
    kept = stored(server, "written:1.0.0")["bpmn"]
    assert "Build it well" in kept
    assert graph(kept) == graph(text)
    assert opened.faults == []


def graph(xml: str) -> list[str]:
    """The elements of a drawing, and how they hang together."""
    return sorted(re.findall(r'(?:\bid|sourceRef|targetRef|bpmnElement)="([^"]+)"', xml))
