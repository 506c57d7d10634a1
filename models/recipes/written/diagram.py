"""The diagram interchange of a BPMN file."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET
from xml.sax.saxutils import quoteattr

from models.domain.recipes.model import Process
from models.recipes.elements import BPMN

if TYPE_CHECKING:
    from models.recipes.written.layout import Picture

_LEFT, _TOP, _APART, _HEADER = 160, 100, 80, 30
_SPACES = (
    'xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" '
    'xmlns:di="http://www.omg.org/spec/DD/20100524/DI"'
)


def diagram_of(root: ET.Element, pictures: Iterable[tuple[Process, "Picture"]]) -> str:
    """Return the diagram as XML that declares its own namespaces, processes below each other."""
    collaboration = root.find(BPMN + "collaboration")
    pools = {one.get("processRef"): one.get("id", "") for one in root.iter(BPMN + "participant")}
    pictures = list(pictures)
    plane = collaboration.get("id", "") if collaboration is not None else pictures[0][0].id
    taken = {one.get("id") for one in root.iter()}
    made, top = [], _TOP
    for process, picture in pictures:
        pool = pools.get(process.id)
        if pool is not None:
            box = (_LEFT - 2 * _HEADER, top - _HEADER, picture.width + 3 * _HEADER, picture.height + 2 * _HEADER)
            made += _shape(pool, box, taken, ' isHorizontal="true"')
        elif collaboration is not None and len(pictures) > 1:
            continue
        made += _process(process, picture, top, taken)
        top += picture.height + _APART + 2 * _HEADER
    inner = "\n".join(f"      {line}" for line in made)
    return (
        f"  <bpmndi:BPMNDiagram {_SPACES} id={quoteattr(_new('diagram', taken))}>\n"
        f"    <bpmndi:BPMNPlane id={quoteattr(_new('plane', taken))} bpmnElement={quoteattr(plane)}>\n"
        f"{inner}\n    </bpmndi:BPMNPlane>\n  </bpmndi:BPMNDiagram>\n"
    )


def _process(process: Process, picture: "Picture", top: int, taken: set[str | None]) -> list[str]:
    made = []
    for key, (x, y, width, height) in picture.boxes.items():
        node = process.nodes[key]
        more = ' isExpanded="true"' if process.children.get(key) else ""
        more += ' isMarkerVisible="true"' if node.kind == "exclusive" else ""
        box = (x + _LEFT, y + top, width, height)
        made += _shape(key, box, taken, more, None if node.is_activity or not node.name else _label(node.kind, box))
    for key, points in picture.lines.items():
        flow = process.flows.get(key)
        moved = [(x + _LEFT, y + top) for x, y in points]
        made += _edge(key, moved, taken, named=flow is not None and bool(flow.name))
    return made


def _label(kind: str, box: Sequence[int]) -> tuple[int, int, int, int]:
    """Names stand above gateways, and below events; beside those at an activity's edge."""
    x, y, width, height = box
    if kind == "boundary":
        return (x + width + 4, y + height - 14, 60, 14)
    if kind in ("exclusive", "parallel", "inclusive", "events"):
        return (x + width // 2 - 45, y - 32, 90, 27)
    return (x + width // 2 - 45, y + height + 6, 90, 27)


def _shape(
    key: str, box: Sequence[int], taken: set[str | None], more: str = "", label: Sequence[int] | None = None
) -> list[str]:
    made = [f"<bpmndi:BPMNShape id={quoteattr(_new(key + '_di', taken))} bpmnElement={quoteattr(key)}{more}>"]
    made.append("  " + _bounds(box))
    if label is not None:
        made += ["  <bpmndi:BPMNLabel>", "    " + _bounds(label), "  </bpmndi:BPMNLabel>"]
    return [*made, "</bpmndi:BPMNShape>"]


def _edge(key: str, points: list[tuple[int, int]], taken: set[str | None], *, named: bool) -> list[str]:
    made = [f"<bpmndi:BPMNEdge id={quoteattr(_new(key + '_di', taken))} bpmnElement={quoteattr(key)}>"]
    made += [f'  <di:waypoint x="{x}" y="{y}" />' for x, y in points]
    if named:
        level = max(range(len(points) - 1), key=lambda n: (points[n][1] == points[n + 1][1], _length(points, n)))
        x, y = min(points[level : level + 2])
        bounds = _bounds((x + 6, y - 18, 54, 14))
        made += ["  <bpmndi:BPMNLabel>", f"    {bounds}", "  </bpmndi:BPMNLabel>"]
    return [*made, "</bpmndi:BPMNEdge>"]


def _length(points: list[tuple[int, int]], number: int) -> int:
    (x, y), (to_x, to_y) = points[number], points[number + 1]
    return abs(to_x - x) + abs(to_y - y)


def _bounds(box: Sequence[int]) -> str:
    x, y, width, height = box
    return f'<dc:Bounds x="{x}" y="{y}" width="{width}" height="{height}" />'


def _new(base: str, taken: set[str | None]) -> str:
    while base in taken:
        base += "_"
    taken.add(base)
    return base
