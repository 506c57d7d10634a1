"""Orthogonal lines between placed nodes."""

from models.recipes.written.grid import GAP_X, Grid, Placed

Point = tuple[int, int]


class Routes:
    """The lines of one scope, by the ids of the edges."""

    def __init__(self, grid: Grid, placed: Placed) -> None:
        self._grid, self._placed = grid, placed
        self._channel = placed.bottom + 30
        self.lines: dict[str, list[Point]] = {}
        for key, (source, target) in grid.edges.items():
            if source in placed.boxes and target in placed.boxes:
                back = key in grid.back or key not in grid.lanes
                self.lines[key] = _straight(self._back(source, target) if back else self._forth(key, source, target))

    def _middle(self, node: str) -> Point:
        x, y, width, height = self._placed.boxes[node]
        return x + width // 2, y + height // 2

    def _forth(self, key: str, source: str, target: str) -> list[Point]:
        """Leave to the right, or downwards to the lane; come in from the left, or upright at a gateway."""
        lane = self._placed.middles[self._grid.lanes[key]]
        (x, y), (to_x, to_y) = self._middle(source), self._middle(target)
        box, goal = self._placed.boxes[source], self._placed.boxes[target]
        below = self._grid.nodes[source].kind == "boundary"
        begin = [(box[0] + box[2], y)] if lane == y and not below else [(x, box[1] + box[3]), (x, lane)]
        if not below and lane < y:
            begin = [(x, box[1]), (x, lane)]
        if key in self._grid.gutters and lane != y:
            begin = self._aside(source)
            begin.append((begin[-1][0], lane))
        if lane == to_y:
            return [*begin, (goal[0], to_y)]
        if self._grid.is_gateway(target) and key not in self._grid.gutters:
            return [*begin, (to_x, lane), (to_x, goal[1] + goal[3] if lane > to_y else goal[1])]
        gutter = self._placed.lefts[self._grid.columns[target]] - GAP_X // 3
        return [*begin, (gutter, lane), (gutter, to_y), (goal[0], to_y)]

    def _aside(self, source: str, shift: int = GAP_X // 3) -> list[Point]:
        """Leave into the gutter to the right; from an activity's edge, below it."""
        box, (x, y) = self._placed.boxes[source], self._middle(source)
        right = self._placed.lefts[self._grid.columns[self._grid.host(source)] + 1] - GAP_X + shift
        if self._grid.nodes[source].kind == "boundary":
            drop = box[1] + box[3] + 12
            return [(x, box[1] + box[3]), (x, drop), (right, drop)]
        return [(box[0] + box[2], y), (right, y)]

    def _back(self, source: str, target: str) -> list[Point]:
        """Go round below everything, each such line along a height and in gutters of its own."""
        number = (self._channel - self._placed.bottom) // 30
        channel, self._channel = self._channel, self._channel + 30
        goal, to_y = self._placed.boxes[target], self._middle(target)[1]
        shift = 12 + number * 5 % (GAP_X // 2)
        begin = self._aside(source, shift)
        right, left = begin[-1][0], self._placed.lefts[self._grid.columns[target]] - shift
        return [*begin, (right, channel), (left, channel), (left, to_y), (goal[0], to_y)]


def _straight(points: list[Point]) -> list[Point]:
    """Leave out points that stand twice, or in the middle of a straight line."""
    made: list[Point] = []
    for point in points:
        if made and made[-1] == point:
            continue
        if len(made) > 1 and (made[-2][0] == made[-1][0] == point[0] or made[-2][1] == made[-1][1] == point[1]):
            made.pop()
        made.append(point)
    return made
