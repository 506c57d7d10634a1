"""The designer in a real browser: a recipe is drawn, tried, published, ordered, watched, and changed while it runs."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.acceptance.browser import MISSING, SECONDS, Designer, Runs, chromium, designer
from tests.acceptance.server_process import ServerProcess
from tests.acceptance.test_recipe_runs import PORT, Story

expect.set_options(timeout=SECONDS * 1000)

START = "Start event Start"

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def opened(server: ServerProcess, browser: Browser) -> Iterator[Designer]:
    with designer(browser, server.url) as page:
        yield page


@pytest.fixture
def story(server: ServerProcess) -> Story:
    return Story(server)


def draw(opened: Designer) -> None:
    """A service, a choice, a person, a timer, and a way for what goes wrong; by mouse, and by keyboard."""
    opened.mouse_add("", "service", "Build the line")
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


def specify(opened: Designer, specification: str) -> None:
    """What the recipe is for, and what the elements do."""
    opened.page.get_by_role("button", name="Add an action on a specification").click()
    opened.fill("Specification 1", specification)
    make_form(opened)
    opened.select("Build the line")
    opened.fill("Capability: specification", specification)
    assert specification in opened.offered("Capability: specification")
    opened.field("Capability: action").select_option("add")
    opened.row("Inputs", "site", "=service.name")  # which every order brings
    opened.row("Outputs", "speed", "=output.speed")
    opened.select("Look at it")
    opened.fill("Queue", specification)
    assert opened.offered("Form") == ["port"]
    opened.fill("Form", "port")
    opened.select("Mend it")
    opened.fill("Queue", specification)
    opened.select("Settle")
    opened.fill("Time", "PT1S")
    choose_ways(opened)


def make_form(opened: Designer) -> None:
    """What a person reports: a field of a row, which the schema then says more of."""
    page = opened.page
    page.locator("#panel fieldset", has_text="Forms").get_by_role("button", name="Add").click()
    page.get_by_label("Name", exact=True).fill("port")
    page.get_by_role("button", name="Add field").click()
    page.get_by_label("Field 1: name").fill("port")
    page.get_by_label("Field 1: type").select_option("integer")
    page.get_by_label("required").check()
    schema = page.get_by_label("What people fill in (JSON Schema)")
    written = json.loads(schema.input_value())
    written["properties"]["port"]["minimum"] = 1
    assert written == PORT
    schema.fill(json.dumps(PORT))
    page.get_by_role("button", name="Keep").click()


def choose_ways(opened: Designer) -> None:
    """Large ones are looked at; the others go on at once."""
    opened.select("Big?")
    opened.page.get_by_role("button", name="Way to Look at it").click()
    opened.complete("Condition", "spe", " > 10")
    opened.select("Big?")
    opened.page.get_by_role("button", name="Way to Settle").click()
    opened.field("Taken where no condition holds").check()


def try_out(opened: Designer) -> None:
    """Both ways, the second kept as a test case."""
    page = opened.page
    page.locator("#try").click()
    page.locator("#trial-answers").fill('{"Build the line": {"output": {"speed": 100}}}')
    page.locator("#run-trial").click()
    expect(page.locator("#trial-status")).to_have_text("completed after 1 s.")
    assert opened.passed() == {START, "Build the line", "Big?", "Look at it", "Settle", "Done"}
    page.get_by_role("tab", name="Try").click()
    page.locator("#trial-answers").fill('{"Build the line": {"error": "busy"}}')
    page.locator("#run-trial").click()
    expect(page.locator("#page-trial")).to_contain_text("Mend it")
    page.locator("#keep-case").click()
    assert opened.passed() == {START, "Build the line", "Busy", "Mend it", "Mended"}


def publish(opened: Designer, why: str) -> None:
    opened.step("Send to review", "please look")
    opened.step("Publish…", why)
    expect(opened.page.locator("#title .state")).to_have_text("Published")


def add_a_step(opened: Designer, specification: str) -> None:
    """A test before the end, in a version of its own."""
    page = opened.page
    page.locator("#actions").get_by_role("button", name="New version").click()
    page.get_by_label("Version", exact=True).wait_for()
    opened.press("Enter")
    expect(page.locator("#title")).to_contain_text("1.1.0")
    opened.select("Settle")
    page.get_by_role("button", name="Way to Done").click()
    page.locator("#canvas svg[tabindex]").focus()
    opened.add("Service task", "Test the line")
    opened.select("Test the line")
    opened.fill("Capability: specification", specification)
    opened.field("Capability: action").select_option("add")


def compare(opened: Designer) -> None:
    """What the new version adds to the one before, as it is kept."""
    page = opened.page
    opened.press("Control+s")
    expect(page.locator("#title")).not_to_contain_text("not saved")
    opened.nothing()
    page.locator("summary", has_text="History").click()
    page.get_by_role("button", name="Compare with another version").click()
    expect(page.locator("dialog .added").first).to_contain_text("Test the line")
    page.get_by_role("button", name="Close").click()


def test_a_recipe_is_drawn_tried_published_ordered_and_changed_while_it_runs(story: Story, opened: Designer) -> None:
    page, name = opened.page, story.name
    opened.new(name)
    draw(opened)
    assert opened.unnamed() == []
    expect(page.locator("#tab-problems")).to_have_text(re.compile(r"Problems \(\d+\)"))
    expect(page.locator(".problem-mark").first).to_be_visible()
    opened.press("Escape")
    opened.nothing()
    specify(opened, name)
    expect(page.locator("#tab-problems")).to_have_text("Problems")
    expect(page.locator(".problem-mark")).to_have_count(0)
    try_out(opened)
    publish(opened, "CR 7")
    check_life(story, name)

    first = story.order()
    flow = story.flow()
    add_a_step(opened, name)
    compare(opened)
    publish(opened, "CR 8")
    opened.step("Retire…", "too early")
    expect(page.locator("#title .state")).to_have_text("Retired")
    opened.step("Publish again…", "not too early")
    expect(page.locator("#title .state")).to_have_text("Published")
    runs = Runs(page)
    runs.open(name, "1.0.0")
    runs.expect("active", "Look at it")
    assert opened.unnamed() == []
    story.report(flow, 7)
    expect(page.locator("#title .state")).to_have_text("Completed")
    runs.expect("passed", START, "Build the line", "Big?", "Look at it", "Settle", "Done")
    details(runs, first)

    second = story.order()
    story.report(story.flow(), 8)
    runs.open(name, "1.1.0")
    expect(page.locator("#title .state")).to_have_text("Completed")
    runs.expect("passed", START, "Build the line", "Big?", "Look at it", "Settle", "Test the line", "Done")
    for order in (first, second):
        assert story.completed(order)["state"] == "completed"
    assert (opened.foreign, opened.faults) == ([], [])


def check_life(story: Story, name: str) -> None:
    """The recipe as it is kept: each step of its life, and the case that was tried."""
    found = story.call("GET", f"/som/v1/recipe/{name}:1.0.0")
    assert [(one["state"], one.get("why")) for one in found["step"]] == [
        ("draft", None),
        ("inReview", "please look"),
        ("published", "CR 7"),
    ]
    assert found["testCase"][0]["answers"] == {"Build the line": {"error": "busy"}}


def details(runs: Runs, order: str) -> None:
    """What is told of the run, and of the step of a person."""
    panel = runs.page.locator("#panel")
    expect(panel).to_contain_text(order)
    runs.page.locator(".djs-shape.run-passed", has_text="Look at it").click()
    expect(panel).to_contain_text("ada")
    expect(panel.locator("section", has_text="What it answered")).to_contain_text('"port": 7')
    expect(panel.locator("section", has_text="Variables it made")).to_contain_text("port = 7")


def test_a_drawing_edited_as_xml_and_as_yaml_is_the_same_graph(story: Story, opened: Designer) -> None:
    page = opened.page
    opened.new(f"{story.name}-text")
    opened.press("]")
    opened.add("Service task", "Build it")
    opened.add("End", "Done")
    page.locator("#as-xml").click()
    text = page.locator("#text").input_value()
    assert "Build it" in text
    page.locator("#text").fill(text.replace("Build it", "Build it well"))
    page.locator("#as-drawing").click()
    expect(page.locator(".djs-shape")).not_to_have_count(0)
    assert opened.names() == {START, "Build it well", "Done"}
    opened.press("Control+s")
    expect(page.locator("#notice")).to_have_text("Saved.")
    kept = story.call("GET", f"/som/v1/recipe/{story.name}-text:1.0.0")["bpmn"]
    assert "Build it well" in kept
    assert graph(kept) == graph(text)
    edit_as_yaml(story, opened)
    assert opened.faults == []


def edit_as_yaml(story: Story, opened: Designer) -> None:
    """The same drawing as YAML: a step is added there, with a remark that is found again; the server lays it out."""
    page = opened.page
    page.locator("#as-yaml").click()
    expect(page.locator("#text")).to_be_visible()
    text = page.locator("#text").input_value()
    assert "service: Build it well" in text
    longer = text.replace("  - end: Done", "  # looked at\n  - person: Look at it\n    queue: field\n  - end: Done")
    page.locator("#text").fill(longer + "  - nothing: at all\n")
    expect(page.locator("#page-problems")).to_contain_text("Line ")
    page.locator("#text").fill(longer)
    page.locator("#as-drawing").click()
    expect(page.locator("#canvas")).to_be_visible()
    assert opened.names() >= {"Build it well", "Look at it"}
    opened.press("Control+s")
    expect(page.locator("#title")).not_to_contain_text("not saved")
    kept = story.call("GET", f"/som/v1/recipe/{story.name}-text:1.0.0")
    assert kept["source"] == longer
    assert 'name="Look at it"' in kept["bpmn"]


def test_a_file_is_opened_extended_by_keyboard_and_saved_beside_somebody_elses_change(
    story: Story, opened: Designer, tmp_path: Path
) -> None:
    page, name = opened.page, f"{story.name}-file"
    file = tmp_path / f"{name}.yaml"
    file.write_text("recipe: Fibre\nsteps:\n  - person: Look at it\n    queue: field\n  - end: Done\n")
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_label("Version", exact=True).wait_for()
    opened.press("Enter")
    opened.select("Look at it")
    opened.field("It is done").select_option("sequential")
    opened.fill("For each of", "=sites")
    page.get_by_role("button", name="Way to Done").click()
    page.locator("#canvas svg[tabindex]").focus()
    opened.add("Sub-process", "Part")
    opened.press("]")
    opened.add("User task", "Inside")
    theirs = {"description": "by somebody else"}
    story.call("PATCH", f"/som/v1/recipe/{name}:1.0.0", theirs)
    opened.press("Control+s")
    page.get_by_role("button", name="Save mine over it").click()
    expect(page.locator("#title")).not_to_contain_text("not saved")
    kept = story.call("GET", f"/som/v1/recipe/{name}:1.0.0")
    assert re.search(
        r'multiInstanceLoopCharacteristics isSequential="true".*collection="=sites"', kept["bpmn"], re.DOTALL
    )
    assert re.search(
        r'<bpmn:subProcess [^>]*name="Part".*startEvent.*name="Inside".*</bpmn:subProcess>', kept["bpmn"], re.DOTALL
    )
    assert opened.faults == []


def graph(xml: str) -> list[str]:
    """The elements of a drawing, and how they hang together."""
    return sorted(re.findall(r'(?:\bid|sourceRef|targetRef|bpmnElement)="([^"]+)"', xml))


def write(opened: Designer, cell: Locator, text: str) -> None:
    """Write into a cell of a decision table."""
    cell.locator("[contenteditable=true]").click()
    opened.press("Control+a")
    opened.type(text)


def make_table(opened: Designer) -> Locator:
    """A table of one rule on the size, evaluated before it is kept."""
    page = opened.page
    page.get_by_role("button", name="Make a table").click()
    box = page.locator("dialog")
    box.locator(".rule-index").wait_for()
    box.get_by_label("Name", exact=True).fill("which")
    box.locator("th.input-cell .edit-button").focus()
    opened.press("Enter")
    write(opened, box.locator(".context-menu .literal-expression"), "size")
    opened.press("Escape")
    write(opened, box.locator("td.input-cell").first, "> 10")
    write(opened, box.locator("td.output-cell").first, '"fibre"')
    return box


def test_a_decision_table_is_made_evaluated_changed_and_kept_with_its_recipe(story: Story, opened: Designer) -> None:
    page, name = opened.page, f"{story.name}-table"
    opened.new(name)
    opened.press("]")
    opened.add("Rule task", "Which line?")
    opened.add("End", "Done")
    opened.select("Which line?")
    box = make_table(opened)
    box.get_by_label("Evaluate it with").fill('{"size": 30}')
    opened.press("Enter")
    expect(box.locator("output")).to_have_text('"fibre"')
    box.get_by_role("button", name="Keep").click()
    opened.fill("Result becomes", "line")
    expect(page.locator("#tab-problems")).to_have_text("Problems")

    page.get_by_role("button", name="Edit its table").click()
    write(opened, box.locator("td.output-cell").first, '"copper"')
    box.get_by_role("button", name="Keep").click()
    page.locator("#try").click()
    page.locator("#trial-input").fill('{"size": 30}')
    page.locator("#run-trial").click()
    expect(page.locator("#page-trial pre")).to_contain_text('"line": "copper"')
    opened.press("Control+s")
    expect(page.locator("#notice")).to_have_text("Saved.")
    (kept,) = story.call("GET", f"/som/v1/recipe/{name}:1.0.0")["decisionTable"]
    assert kept["name"] == "which"
    assert "&#34;copper&#34;" in kept["dmn"] or '"copper"' in kept["dmn"]
    assert (opened.foreign, opened.faults) == ([], [])
