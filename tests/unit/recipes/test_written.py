"""Recipes written as YAML: drawn, laid out, and said again."""

import json
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.domain.recipes import check, is_publishable, read_cases, simulate
from models.recipes import read_recipe
from models.recipes.written import CannotSay, InvalidWriting, draw, dump, lay_out, load, say
from som.cli.app import main
from som.cli.exits import Exit
from tests.unit.recipes.drawing import document, process, service

EXAMPLES = Path(__file__).parents[3] / "examples" / "recipes"
Body = dict[str, Any]


class Writer:
    """Writes recipes of any shape; steps have different names, so that a goto may say them."""

    def __init__(self, pick: st.DataObject) -> None:
        self.pick, self.count, self.written = pick, 0, [[]]  # type: ignore[var-annotated]

    def of(self, *choices: Any) -> Any:
        return self.pick.draw(st.sampled_from(choices))

    def recipe(self) -> Body:
        return {"recipe": "Any", "version": "1.0.0", "steps": self.steps(2, least=1)}

    def name(self) -> str:
        self.count += 1
        return f"Step {self.count}: Ä & <b>"

    def steps(self, depth: int, least: int = 0) -> list[Body]:
        made: list[Body] = []
        for _ in range(self.pick.draw(st.integers(least, 2))):
            made.append(self.step(depth))
            if _ended(made[-1]):
                return made
        ends = [{"terminate": self.name()}, {"fail": self.name(), "code": "x"}, {"end": self.name()}]
        ends += [{"goto": self.of(*self.written[-1])}] if self.written[-1] else []
        return [*made, self.of(*ends)] if made and self.of(False, False, True) else made

    def step(self, depth: int) -> Body:
        kind = self.of("task", "wait", "raise") if not depth else self.of("task", "block", "group", "choose")
        name = self.name()
        if kind == "task":
            return self.task(name, depth)
        if kind == "wait":
            paid = {"message": "paid", "correlation": "x", "outputs": {"sum": "=output.sum"}}
            event: Body = self.of({"after": "PT1H"}, paid, {"until": "=when"})
            return {"wait": name} | event
        if kind == "raise":
            sent: Body = {"message": "m", "correlation": "x", "inputs": {"a": "=x"}}
            done = {"message": "m", "fulfiller": "f", "retry": ["PT1S"], "deadline": "PT1H", "compensation": "none"}
            thrown: Body = self.of({"signal": "s"}, {"escalation": "late"}, sent, done)
            return {"raise": name} | thrown
        self.written[-1].append(name)
        if kind == "group":
            self.written.append([])
            inner = self.steps(depth - 1, 1)
            self.written.pop()
            return {"group": name, "do": inner}
        block = self.of("parallel", "several", "first") if kind == "block" else kind
        ways = [self.way(block, number, depth) for number in range(self.of(2, 3))]
        return {block: name, "ways": ways}

    def way(self, block: str, number: int, depth: int) -> Body:
        heads: dict[str, Body] = {
            "parallel": {},
            "several": {"if": f"a > {number}"},
            "choose": {"if": f"a > {number}", "as": f"way {number}"} if number else {"as": "else"},
            "first": {"message": f"m{number}", "outputs": {"b": "=b"}, "note": "x"} if number else {"after": "PT5M"},
        }
        return heads[block] | {"do": self.steps(depth - 1)}

    def task(self, name: str, depth: int) -> Body:
        made: Body = self.of(
            {"service": name, "specification": "line", "action": "add", "retry": ["PT1S", "PT1M"], "deadline": "PT90M"},
            {"person": name, "form": "f", "groups": ["a", "b"], "note": "two\nlines"},
            {"decide": name, "decision": "d", "result": "r"},
            {"receive": name, "message": "m"},
            {"compute": name, "expression": "1 + 1", "result": "two"},
            {"call": name, "use": "other", "versions": ">=1.0.0", "passes": "all"},
        )
        made = dict(made)
        self.written[-1].append(name)
        made |= self.of({}, {"inputs": {"a.b": "=x", "c": [1, "=y"]}}, {"outputs": {"z": "=output.z"}})
        made |= self.of({}, {"milestone": "there"}, {"each": {"of": "sites", "as": "site", "oneByOne": True}})
        if self.of(True, False, False):
            made["undo"] = {"service": self.name(), "fulfiller": "f"}
        if depth and self.of(True, False):
            caught = self.of(
                {"error": "*", "outputs": {"why": "=error.message"}},
                {"escalation": "late", "beside": True},
                {"after": "PT1H", "name": "Too late"},
            )
            made["catch"] = [dict(caught) | {"do": self.steps(depth - 1)}]
        return made


def _ended(step: Body) -> bool:
    """Whether nothing goes on behind a step."""
    if "ways" in step:
        return all(bool(way["do"]) and _ended(way["do"][-1]) for way in step["ways"])
    return any(word in step for word in ("end", "terminate", "fail", "goto"))


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_what_is_drawn_of_a_recipe_says_the_same(pick: st.DataObject) -> None:
    written = Writer(pick).recipe()
    assert load(dump(written)) == written
    drawn = draw(written)
    assert say(drawn) == written
    assert draw(say(drawn)) == drawn
    assert not [problem for problem in check(read_recipe(drawn)) if problem.severity == "refused"]
    boxes = _boxes(drawn)
    for (a, first), (b, second) in combinations(boxes.items(), 2):
        assert _apart(first, second) or _around(first, second) or _around(second, first), f"{a} lies over {b}"


def test_blanks_that_xml_does_not_keep_are_left_out_of_names_and_texts_and_not_of_data() -> None:
    text = """
recipe: Any
steps:
  - service: "Build  it "
    fulfiller: " f "
    note: "two\\nlines\\n"
    inputs: {a: " b  c "}
  - rollback: Undo
    of: "Build  it"
"""
    written = load(text)
    assert written["steps"][0] == {
        "service": "Build it", "fulfiller": "f", "note": "two\nlines", "inputs": {"a": " b  c "}
    }  # fmt: skip
    assert say(draw(written)) == written


def _boxes(drawn: str) -> dict[str, tuple[float, ...]]:
    shapes = ET.fromstring(drawn).iter("{http://www.omg.org/spec/BPMN/20100524/DI}BPMNShape")
    found = {}
    for shape in shapes:
        if "catch" not in shape.get("bpmnElement", ""):
            bounds = shape.find("{http://www.omg.org/spec/DD/20100524/DC}Bounds")
            assert bounds is not None
            box = tuple(float(bounds.get(name, "")) for name in ("x", "y", "width", "height"))
            found[shape.get("bpmnElement", "")] = box
    nodes = read_recipe(drawn).process.nodes
    return {key: box for key, box in found.items() if nodes[key].kind != "boundary"}


def _apart(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] + a[2] <= b[0] or b[0] + b[2] <= a[0] or a[1] + a[3] <= b[1] or b[1] + b[3] <= a[1]


def _around(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[0] and a[1] < b[1] and a[0] + a[2] > b[0] + b[2] and a[1] + a[3] > b[1] + b[3]


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*[!s].yaml")), ids=lambda path: path.stem)
def test_the_examples_are_drawn_said_and_come_out_as_their_cases_expect(path: Path) -> None:
    written = load(path.read_text())
    drawn = draw(written)
    assert drawn == path.with_suffix(".bpmn").read_text()
    cases = read_cases({"cases": written.pop("cases")})
    assert say(drawn) == written
    recipe = read_recipe(drawn)
    assert is_publishable(check(recipe))
    assert [simulate(recipe, case).differences for case in cases] == [()] * len(cases)


def test_lines_run_straight_or_upright() -> None:
    for edge in ET.parse(EXAMPLES / "access-line.bpmn").iter("{http://www.omg.org/spec/BPMN/20100524/DI}BPMNEdge"):
        points = [(one.get("x"), one.get("y")) for one in edge.iter("{http://www.omg.org/spec/DD/20100524/DI}waypoint")]
        assert len(points) > 1
        assert all((a == x) != (b == y) for (a, b), (x, y) in pairwise(points)), edge.get("bpmnElement")


def test_ids_stay_when_a_step_is_put_in() -> None:
    one, two = {"service": "One", "fulfiller": "f"}, {"service": "Two", "fulfiller": "f"}
    before = set(read_recipe(draw({"recipe": "r", "steps": [one, two]})).process.nodes)
    after = set(
        read_recipe(draw({"recipe": "r", "steps": [one, {"wait": "A while", "after": "PT1H"}, two]})).process.nodes
    )
    assert after - before == {"a_while"}
    assert before < after


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("recipe: x\nsteps:\n  - servce: y\n", "f.yaml:3: steps/0: A step has one of service"),
        ("recipe: x\nsteps:\n  - service: y\n    foo: 1\n", "f.yaml:3: steps/0: Additional properties"),
        ("recipe: x\nsteps:\n  - service: y\n    deadline: 4\n", "f.yaml:4: steps/0/deadline: 4 is not of type"),
        ("recipe: x\nrecipe: y\n", "f.yaml:2: recipe stands here twice."),
        ("recipe: &a x\nsteps: *a\n", "f.yaml:2: References (*) are not read."),
        ("recipe: [", "f.yaml:1: "),
        ("[" * 1000, "f.yaml:1: It is deeper than"),
        ("", "f.yaml"),
        ("recipe: x\nsteps: [!!python/object:os.system x]", "f.yaml"),
    ],
)
def test_what_is_no_recipe_is_refused_with_file_line_and_path(text: str, says: str) -> None:
    with pytest.raises(InvalidWriting) as refused:
        load(text, "f.yaml")
    assert str(refused.value).startswith(says)


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        ([{"goto": "there"}], "there is no such step"),
        ([{"end": "Over"}, {"wait": "On", "after": "PT1H"}], "Nothing leads here"),
        ([{"wait": "A", "id": "x", "after": "PT1H"}, {"wait": "B", "id": "x", "after": "PT1H"}], "at two steps"),
    ],
)
def test_what_cannot_be_drawn_is_refused(steps: list[Body], says: str) -> None:
    with pytest.raises(InvalidWriting, match=says):
        draw({"recipe": "r", "steps": steps})


def test_a_drawing_of_others_is_said_and_does_the_same() -> None:
    tasks = service("a") + service("b") + service("c")
    elements = f'<startEvent id="s"/><exclusiveGateway id="g" name="Which"/>{tasks}<endEvent id="e" name="Done"/>'
    drawn = document(process(elements, "s > g\ng > a [x > 1]\ng > b [x < 0]\na > c\nb > c\nc > e"))
    written = say(drawn)
    assert [next(iter(step)) for step in written["steps"]] == ["choose", "service", "end"]
    for x, path in ((2, ["a", "c"]), (-1, ["b", "c"])):
        (case,) = read_cases({"input": {"x": x}, "expect": {"status": "completed", "path": path}})
        assert not simulate(read_recipe(draw(written)), case).differences


@pytest.mark.parametrize(
    ("elements", "ways", "says"),
    [
        (
            '<startEvent id="s"/><complexGateway id="g" name="Which"/><endEvent id="e"/>',
            "s > g\ng > e",
            "complexGateway 'Which' g",
        ),
        ('<startEvent id="s"/><startEvent id="t"/><endEvent id="e"/>', "s > e\nt > e", "startEvent 's' s"),
        (
            '<startEvent id="s"/><task id="a" name="Twice"><standardLoopCharacteristics/></task><endEvent id="e"/>',
            "s > a\na > e",
            "task 'Twice' a: ",
        ),
        (
            '<startEvent id="s"/><subProcess id="p" triggeredByEvent="true"/><endEvent id="e"/>',
            "s > e",
            "subProcess 'p' p",
        ),
        ('<startEvent id="s"/><task id="a"/>', "s > a\na > nowhere", "sequenceFlow a_nowhere"),
        ('<startEvent id="s"/><exclusiveGateway id="g" name="Round"/>', "s > g\ng > g", "exclusiveGateway 'Round' g"),
    ],
)
def test_what_yaml_has_no_words_for_is_refused_with_element_and_reason(elements: str, ways: str, says: str) -> None:
    with pytest.raises(CannotSay) as refused:
        say(document(process(elements, ways)))
    assert str(refused.value).startswith(says)


@pytest.mark.parametrize(
    ("elements", "ways", "steps"),
    [
        ("", "", []),
        (service("a"), "start > a", [{"service": "a", "fulfiller": "a"}]),
        (
            service("a") + "<boundaryEvent id='late' attachedToRef='a'><timerEventDefinition>"
            "<timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent>",
            "start > a",
            [{"service": "a", "fulfiller": "a", "catch": [{"after": "PT1H", "id": "late", "do": [{"end": None}]}]}],
        ),
    ],
)
def test_a_drawing_whose_ways_end_without_an_end_event_is_said(elements: str, ways: str, steps: list[Body]) -> None:
    assert say(document(process("<startEvent id='start'/>" + elements, ways)))["steps"] == steps


def test_a_file_without_a_diagram_gets_one_and_keeps_its_text() -> None:
    drawn = document(process(f'<startEvent id="s"/>{service("a")}<endEvent id="e"/>', "s > a\na > e"))
    laid = lay_out(drawn)
    assert laid.startswith(drawn.removesuffix("</definitions>"))
    assert set(_boxes(laid)) == {"s", "a", "e"}
    assert lay_out(laid) == laid


def test_the_command_converts_both_ways(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = EXAMPLES / "access-line.yaml"
    drawn, again = tmp_path / "a.bpmn", tmp_path / "b.yaml"
    assert main(["recipe", "convert", str(source), "--to", str(drawn)]) == Exit.OK
    assert main(["recipe", "test", str(drawn)]) == Exit.OK
    assert main(["recipe", "convert", str(drawn), "--to", str(again), "--json"]) == Exit.OK
    assert load(again.read_text()) == load(source.read_text())
    drawn.write_text("<x/>")
    assert main(["recipe", "convert", str(source), "--to", str(drawn)]) == Exit.USAGE
    assert "--force" in capsys.readouterr().err
    assert main(["recipe", "layout", str(drawn)]) == Exit.USAGE


def test_the_schema_describes_every_word() -> None:
    schema = json.loads((Path(__file__).parents[3] / "models/recipes/written/recipe.schema.json").read_text())
    words = {word: told for part in schema["$defs"].values() for word, told in part.get("properties", {}).items()}
    plain = {word for word, told in (words | schema["properties"]).items() if "description" not in told}
    assert plain <= {
        "ways",
        "do",
        "steps",
        "catch",
        "undo",
        "each",
        "transaction",
        "passes",
        "returns",
        "oneByOne",
        "error",
    }
