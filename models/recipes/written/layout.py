"""A diagram for BPMN files that have none: columns by distance from the start, a straight main line, branches below."""

from dataclasses import dataclass
from xml.etree import ElementTree as ET

from models.domain.recipes.model import Process
from models.recipes.elements import BPMN
from models.recipes.reading import read_recipe
from models.recipes.written.diagram import diagram_of
from models.recipes.written.grid import Grid, Placed
from models.recipes.written.route import Routes

_MARGIN = 40


@dataclass(frozen=True, slots=True)
class Picture:
    """Where the elements of one process are: boxes and lines by id, `x, y, width, height` and points in pixels."""

    boxes: dict[str, tuple[int, int, int, int]]
    lines: dict[str, list[tuple[int, int]]]
    width: int
    height: int


def lay_out(text: str) -> str:
    """Return a BPMN file with a diagram; one that has a diagram already is returned as it is.

    Data objects, annotations and message flows are not drawn.

    Raises:
        InvalidRecipe: no recipe can be read from it.
    """
    recipe = read_recipe(text)
    root = ET.fromstring(text)  # noqa: S314 - read_recipe has refused what is dangerous
    if root.find("{http://www.omg.org/spec/BPMN/20100524/DI}BPMNDiagram") is not None:
        return text
    associations = _associations(root)
    filled = [process for process in recipe.processes.values() if process.nodes]
    pictures = [(process, _scope(process, process.id, associations)) for process in filled]
    close = text.rindex("</")
    return text[:close] + diagram_of(root, pictures) + text[close:]


def _associations(root: ET.Element) -> dict[str, tuple[str, str]]:
    return {
        one.get("id", ""): (one.get("sourceRef", ""), one.get("targetRef", ""))
        for one in root.iter(BPMN + "association")
    }


def _scope(process: Process, scope: str, associations: dict[str, tuple[str, str]]) -> Picture:
    """Lay out the process or a sub-process: the inside of sub-processes first, since it makes their size."""
    inside = {
        node.id: _scope(process, node.id, associations)
        for node in process.children.get(scope, ())
        if node.kind == "process" and process.children.get(node.id)
    }
    sizes = {key: (picture.width + 2 * _MARGIN, picture.height + 2 * _MARGIN) for key, picture in inside.items()}
    edges = {key: (flow.source, flow.target) for key, flow in process.flows.items()} | associations
    grid = Grid.of(process.children.get(scope, ()), edges)
    placed = Placed.of(grid, sizes)
    boxes, lines = dict(placed.boxes), Routes(grid, placed).lines
    for key, picture in inside.items():
        x, y = boxes[key][0] + _MARGIN, boxes[key][1] + _MARGIN
        boxes |= {one: (x + box[0], y + box[1], *box[2:]) for one, box in picture.boxes.items()}
        lines |= {one: [(x + a, y + b) for a, b in points] for one, points in picture.lines.items()}
    points = [point for line in lines.values() for point in line]
    width = max([box[0] + box[2] for box in boxes.values()] + [x for x, _ in points])
    height = max([box[1] + box[3] for box in boxes.values()] + [y for _, y in points])
    return Picture(boxes, lines, width, height)
