"""Columns and rows for the nodes of one process or sub-process."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from models.domain.recipes.model import Node

Cell = tuple[int, int]

GAP_X, GAP_Y = 60, 60
TASK, EVENT, GATEWAY = (100, 80), (36, 36), (50, 50)
_GATEWAYS = frozenset({"exclusive", "parallel", "inclusive", "events"})


@dataclass(slots=True)
class Grid:
    """Where nodes stand: a column and a row each.

    Attributes:
        nodes: those of this scope, boundary events included.
        edges: source and target by id, only inside the scope.
        back: edges that lead back, or to their own column.
        lanes: the row that an edge runs along between its ends.
        gutters: edges that cannot leave or arrive upright, since something stands in the way.
    """

    nodes: Mapping[str, Node]
    edges: Mapping[str, tuple[str, str]]
    back: set[str] = field(default_factory=set)
    columns: dict[str, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    lanes: dict[str, int] = field(default_factory=dict)
    gutters: set[str] = field(default_factory=set)
    _out: dict[str, list[str]] = field(default_factory=dict)
    _across: set[Cell] = field(default_factory=set)
    _upright: dict[Cell, str] = field(default_factory=dict)

    @classmethod
    def of(cls, nodes: Iterable[Node], edges: Mapping[str, tuple[str, str]]) -> "Grid":
        """Place the nodes of a scope."""
        known = {node.id: node for node in nodes}
        made = cls(known, {key: ends for key, ends in edges.items() if ends[0] in known and ends[1] in known})
        for key, (source, _) in made.edges.items():
            made._out.setdefault(made.host(source), []).append(key)
        for host, keys in made._out.items():
            own = [key for key in keys if made.edges[key][0] == host]
            others = [key for key in keys if made.edges[key][0] != host]
            made._out[host] = own + others
        made._rank()
        for root in made._roots():
            if root not in made.rows:
                made._path(root, None, None)
        return made

    def host(self, node: str) -> str:
        """The activity that a boundary event is at, else the node itself."""
        return self.nodes[node].attached or node if self.nodes[node].kind == "boundary" else node

    def is_gateway(self, node: str) -> bool:
        """Whether lines may come in from above and below."""
        return self.nodes[node].kind in _GATEWAYS

    def _roots(self) -> Iterator[str]:
        targets = {self.edges[key][1] for key in self.edges}
        standing = [node for node in self.nodes.values() if node.kind != "boundary"]
        yield from (node.id for node in standing if node.kind == "start")
        yield from (node.id for node in standing if node.id not in targets)
        yield from (node.id for node in standing)

    def _rank(self) -> None:
        """Find the edges that lead back, then the longest way to each node."""
        order: list[str] = []
        state: dict[str, int] = {}
        for root in self._roots():
            stack = [(root, iter(self._out.get(root, ())))] if root not in state else []
            state.setdefault(root, 1)
            while stack:
                node, keys = stack[-1]
                key = next(keys, None)
                if key is None:
                    state[node] = 2
                    order.append(node)
                    stack.pop()
                    continue
                target = self.edges[key][1]
                if state.get(target) == 1:
                    self.back.add(key)
                elif target not in state:
                    state[target] = 1
                    stack.append((target, iter(self._out.get(target, ()))))
        for node in reversed(order):
            column = self.columns.setdefault(node, 0)
            for key in self._out.get(node, ()):
                if key not in self.back:
                    target = self.edges[key][1]
                    self.columns[target] = max(self.columns.get(target, 0), column + 1)

    def _path(self, first: str | None, source: str | None, edge: str | None) -> None:
        """Place nodes that follow each other in one row, then what leaves them, the last first."""
        chain, tail = self._chain(first, edge)
        self._place(chain, source, edge, tail)
        for node in reversed(chain):
            for key in self._out.get(node, ()):
                if key in self.lanes or key in self.back:
                    continue
                target = self.edges[key][1]
                self._path(None if target in self.rows else target, node, key)

    def _chain(self, first: str | None, edge: str | None) -> tuple[list[str], str | None]:
        """Return the nodes of a path, and the edge by which it meets what is placed already."""
        chain: list[str] = []
        if first is None:
            return chain, edge
        node = first
        while True:
            chain.append(node)
            ways = [key for key in self._out.get(node, ()) if key not in self.back and self.edges[key][0] == node]
            fresh = [key for key in ways if self.edges[key][1] not in self.rows and self.edges[key][1] not in chain]
            if not fresh:
                return chain, ways[0] if ways else None
            node = self.edges[fresh[0]][1]

    def _place(self, chain: list[str], source: str | None, edge: str | None, tail: str | None) -> None:
        begin = self.columns[source] if source is not None else self.columns[chain[0]] - 1
        goal = self.edges[tail][1] if tail is not None else None
        end = self.columns[goal] if goal is not None else self.columns[chain[-1]] + 1
        above = self.rows[source] if source is not None else -1
        row = above + 1
        lowest = max([*self.rows.values(), *self.lanes.values()], default=-1) + 1
        ends = ((source, begin), (goal, end))
        while row < lowest and not self._fits(row, begin, end, ends):
            row += 1
        self.gutters |= {
            key
            for key, (node, column) in zip((edge, tail), ends, strict=True)
            if key is not None and node is not None and not self._is_open(row, column, node)
        }
        self._across |= {(column, row) for column in range(begin + 1, end)}
        for node, column in ends:
            if node is not None and self._is_open(row, column, node):
                self._upright |= {(column, one): node for one in self._between(row, self.rows[node])}
        for node in chain:
            self.rows[node] = row
        keys = {edge, tail} | {
            key
            for node, following in pairwise(chain)
            for key in self._out[node][:]
            if self.edges[key] == (node, following)
        }
        self.lanes |= {key: row for key in sorted(filter(None, keys)) if key not in self.lanes}

    @staticmethod
    def _between(row: int, other: int) -> range:
        return range(min(row, other + 1), max(row + 1, other))

    def _fits(self, row: int, begin: int, end: int, ends: Iterable[tuple[str | None, int]]) -> bool:
        for column in range(begin + 1, end):
            if (column, row) in self._across or (column, row) in self._upright:
                return False
        return all(node is None or self._is_open(row, column, node) for node, column in ends)

    def _is_open(self, row: int, column: int, node: str) -> bool:
        """Whether an upright line from a placed node to a row meets no other node, and no other node's line."""
        standing = {(self.columns[one], at) for one, at in self.rows.items()}
        return not any(
            (column, one) in standing or self._upright.get((column, one), node) != node
            for one in self._between(row, self.rows[node])
        )


@dataclass(frozen=True, slots=True)
class Placed:
    """The boxes of nodes, and the borders of columns and rows, in pixels."""

    boxes: dict[str, tuple[int, int, int, int]]
    lefts: dict[int, int]
    middles: dict[int, int]
    bottom: int

    @classmethod
    def of(cls, grid: Grid, sizes: Mapping[str, tuple[int, int]]) -> "Placed":
        """Give every column the width, and every row the height, of what is largest in it."""
        standing = [node for node in grid.nodes if node in grid.rows]
        size = {node: sizes.get(node) or _size(grid.nodes[node]) for node in standing}
        wide: dict[int, int] = {}
        high: dict[int, int] = {}
        for node in standing:
            column, row = grid.columns[node], grid.rows[node]
            wide[column] = max(wide.get(column, EVENT[0]), size[node][0])
            high[row] = max(high.get(row, TASK[1]), size[node][1])
        lefts, x = {}, 0
        for column in range(max(wide, default=0) + 2):
            lefts[column] = x
            x += wide.get(column, EVENT[0]) + GAP_X
        middles, y = {}, 0
        for row in range(max([*high, *grid.lanes.values()], default=0) + 1):
            middles[row] = y + high.get(row, TASK[1]) // 2
            y += high.get(row, TASK[1]) + GAP_Y
        boxes = {}
        for node in standing:
            width, height = size[node]
            middle = lefts[grid.columns[node]] + wide[grid.columns[node]] // 2
            boxes[node] = (middle - width // 2, middles[grid.rows[node]] - height // 2, width, height)
        return cls(boxes | _boundaries(grid, boxes), lefts, middles, y - GAP_Y)


def _boundaries(grid: Grid, boxes: Mapping[str, tuple[int, int, int, int]]) -> dict[str, tuple[int, int, int, int]]:
    """Boundary events stand on the lower edge, the first one rightmost, so that their lines do not cross."""
    found: dict[str, tuple[int, int, int, int]] = {}
    count: dict[str, int] = {}
    for node in grid.nodes.values():
        if node.kind == "boundary" and node.attached is not None and node.attached in boxes:
            x, y, width, height = boxes[node.attached]
            number = count[node.attached] = count.get(node.attached, 0) + 1
            right = x + width - 8 - number * EVENT[0] - (number - 1) * 6
            found[node.id] = (right, y + height - EVENT[1] // 2, *EVENT)
    return found


def _size(node: Node) -> tuple[int, int]:
    if node.kind in _GATEWAYS:
        return GATEWAY
    return TASK if node.is_activity else EVENT
