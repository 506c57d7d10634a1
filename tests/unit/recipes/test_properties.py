"""Random well-formed drawings, run in random order: they end, lose nothing, and do not depend on where they were saved."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from models.domain.recipes import Recipe, State, advance, catches, effects, start
from models.domain.recipes.happenings import Done, Failed, Happening, Time, Triggered
from models.recipes import read_recipe
from tests.unit.recipes.drawing import BEGIN, document

MOST = 400
"""Happenings after which a run counts as endless."""


@dataclass(frozen=True)
class Block:
    """A part of a drawing with one way in and one way out. Names are given when it is drawn."""

    kind: str
    parts: tuple["Block", ...] = ()


blocks = st.recursive(
    st.sampled_from(
        ["task", "timed", "reminded", "failing", "script", "timer", "message", "race", "rounds", "sequential", "loop"]
    ).map(Block),
    lambda inner: st.builds(
        Block,
        st.sampled_from(["sequence", "parallel", "exclusive", "inclusive", "sub", "several", "retry", "undone"]),
        st.lists(inner, min_size=1, max_size=3).map(tuple),
    ),
    max_leaves=8,
)


class Drawing:
    """Draws blocks as XML. `draw` returns the ids of the first and the last node."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self.xml: list[str] = []

    def _id(self, kind: str) -> str:
        return f"{kind}{next(self._numbers)}"

    def _node(self, kind: str, attributes: str = "", inner: str = "") -> str:
        name = self._id(kind[:3])
        self.xml.append(f'<{kind} id="{name}" {attributes}>{inner}</{kind}>')
        return name

    def _flow(self, source: str, target: str, condition: str = "") -> str:
        name = self._id("flow")
        inner = f"<conditionExpression>={condition}</conditionExpression>" if condition else ""
        self.xml.append(f'<sequenceFlow id="{name}" sourceRef="{source}" targetRef="{target}">{inner}</sequenceFlow>')
        return name

    def draw(self, block: Block) -> tuple[str, str]:
        first, last = getattr(self, f"_{block.kind}")(block)
        return str(first), str(last)

    def _task(self, _: Block) -> tuple[str, str]:
        name = self._node("userTask")
        return name, name

    def _bordered(self, event: str, interrupting: str) -> tuple[str, str]:
        task, join = self._node("userTask"), self._node("exclusiveGateway")
        border = self._node("boundaryEvent", f'attachedToRef="{task}" cancelActivity="{interrupting}"', event)
        after = self._node("userTask")
        self._flow(task, join)
        self._flow(border, after)
        if interrupting == "true":
            self._flow(after, join)
        return task, join

    def _timed(self, _: Block) -> tuple[str, str]:
        return self._bordered("<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>", "true")

    def _reminded(self, _: Block) -> tuple[str, str]:
        return self._bordered("<timerEventDefinition><timeCycle>R2/PT1H</timeCycle></timerEventDefinition>", "false")

    def _failing(self, _: Block) -> tuple[str, str]:
        return self._bordered("<errorEventDefinition/>", "true")

    def _script(self, _: Block) -> tuple[str, str]:
        script = '<extensionElements><som:script expression="= n + 1" result="n"/></extensionElements>'
        name = self._node("scriptTask", "", script)
        return name, name

    def _timer(self, _: Block) -> tuple[str, str]:
        timer = "<timerEventDefinition><timeDuration>PT2H</timeDuration></timerEventDefinition>"
        name = self._node("intermediateCatchEvent", "", timer)
        return name, name

    def _message(self, _: Block) -> tuple[str, str]:
        name = self._node("receiveTask", 'messageRef="M"')
        return name, name

    def _race(self, _: Block) -> tuple[str, str]:
        gateway, join = self._node("eventBasedGateway"), self._node("exclusiveGateway")
        for first, last in (self._message(Block("")), self._timer(Block(""))):
            self._flow(gateway, first)
            self._flow(last, join)
        return gateway, join

    def _repeated(self, characteristics: str) -> tuple[str, str]:
        name = self._node("userTask", "", characteristics)
        return name, name

    def _rounds(self, _: Block) -> tuple[str, str]:
        return self._repeated(f"<multiInstanceLoopCharacteristics>{_OVER}</multiInstanceLoopCharacteristics>")

    def _sequential(self, _: Block) -> tuple[str, str]:
        several = f'<multiInstanceLoopCharacteristics isSequential="true">{_OVER}</multiInstanceLoopCharacteristics>'
        return self._repeated(several)

    def _loop(self, _: Block) -> tuple[str, str]:
        condition = "<loopCondition>=loopCounter &lt; 3</loopCondition>"
        return self._repeated(f"<standardLoopCharacteristics>{condition}</standardLoopCharacteristics>")

    def _sequence(self, block: Block) -> tuple[str, str]:
        drawn = [self.draw(part) for part in block.parts]
        for (_, last), (first, _) in itertools.pairwise(drawn):
            self._flow(last, first)
        return drawn[0][0], drawn[-1][1]

    def _split(self, block: Block, kind: str, conditions: list[str]) -> tuple[str, str]:
        fork, join = self._id("fork"), self._node(kind)
        default = ""
        for part, condition in zip(block.parts, conditions, strict=False):
            first, last = self.draw(part)
            flow = self._flow(fork, first, condition)
            default = default if condition or kind == "parallelGateway" else f'default="{flow}"'
            self._flow(last, join)
        self.xml.append(f'<{kind} id="{fork}" {default}/>')
        return fork, join

    def _parallel(self, block: Block) -> tuple[str, str]:
        return self._split(block, "parallelGateway", [""] * 3)

    def _exclusive(self, block: Block) -> tuple[str, str]:
        return self._split(block, "exclusiveGateway", ["", "n > 1", "n > 0"])

    def _inclusive(self, block: Block) -> tuple[str, str]:
        return self._split(block, "inclusiveGateway", ["", "n > 0", "n > 1"])

    def _inside(self, block: Block, characteristics: str = "") -> tuple[str, str]:
        outer, self.xml = self.xml, []
        begin, end = self._node("startEvent"), self._node("endEvent")
        first, last = self._sequence(block)
        self._flow(begin, first)
        self._flow(last, end)
        inner, self.xml = "".join(self.xml), outer
        name = self._node("subProcess", "", characteristics + inner)
        return name, name

    def _sub(self, block: Block) -> tuple[str, str]:
        return self._inside(block)

    def _several(self, block: Block) -> tuple[str, str]:
        return self._inside(block, f"<multiInstanceLoopCharacteristics>{_OVER}</multiInstanceLoopCharacteristics>")

    def _retry(self, block: Block) -> tuple[str, str]:
        """Goes round at most three times, counted by a variable of its own."""
        counter = self._id("count")
        script = f'<som:script expression="= if {counter} = null then 1 else {counter} + 1" result="{counter}"/>'
        join, split = self._node("exclusiveGateway"), self._id("split")
        count = self._node("scriptTask", "", f"<extensionElements>{script}</extensionElements>")
        leave = self._node("exclusiveGateway")
        first, last = self._sequence(block)
        self._flow(join, first)
        self._flow(last, count)
        self._flow(count, split)
        self._flow(split, join, f"{counter} &lt; 3")
        default = self._flow(split, leave)
        self.xml.append(f'<exclusiveGateway id="{split}" default="{default}"/>')
        return join, leave

    def _undone(self, block: Block) -> tuple[str, str]:
        task, (first, last) = self._node("userTask"), self._sequence(block)
        border = self._node("boundaryEvent", f'attachedToRef="{task}"', "<compensateEventDefinition/>")
        undoing = self._node("userTask", 'isForCompensation="true"')
        throw = self._node("intermediateThrowEvent", "", "<compensateEventDefinition/>")
        self.xml.append(f'<association id="{self._id("as")}" sourceRef="{border}" targetRef="{undoing}"/>')
        self._flow(task, first)
        self._flow(last, throw)
        return task, throw


_OVER = (
    '<extensionElements><som:loop collection="=sites" element="site" collected="made" result="=n"/></extensionElements>'
)


def drawn(block: Block) -> Recipe:
    drawing = Drawing()
    first, last = drawing.draw(block)
    begin, end = drawing._node("startEvent"), drawing._node("endEvent")
    drawing._flow(begin, first)
    drawing._flow(last, end)
    process = f'<process id="main">{"".join(drawing.xml)}</process>'
    return read_recipe(document(process, more='<message id="M" name="M"/>'))


def happenings(recipe: Recipe, state: State, late: timedelta) -> Iterator[Happening]:
    """Everything that can happen next; all of it helps the run on."""
    now = BEGIN + late
    for token in state.tokens.values():
        if token.phase == "work":
            yield Done(now, token.key, {"n": len(token.key) % 3})
            if catches(recipe, state, token.key, "broken"):
                yield Failed(now, token.key, "broken")
    for wait in state.waits.values():
        yield Triggered(now, wait.key)
        if wait.due:
            yield Time(now + timedelta(hours=2))


@settings(max_examples=60, deadline=None)
@given(block=blocks, data=st.data())
def test_every_well_formed_drawing_ends_in_whatever_order_things_happen(block: Block, data: st.DataObject) -> None:
    recipe = drawn(block)
    state, followed = start(recipe, {"n": 1, "sites": ["a", "b"]}, BEGIN)
    late, seen = timedelta(), list(followed)
    for _ in range(MOST):
        if not state.running:
            break
        possible = list(happenings(recipe, state, late))
        assert possible, "it waits for nothing"
        happening = possible[data.draw(st.integers(0, len(possible) - 1))]
        late = max(late, happening.at - BEGIN)
        state, followed = _carried_out(recipe, state, happening)
        seen += followed
    assert state.status == "completed"
    assert not state.tokens
    assert not state.waits
    assert not [effect for effect in seen if isinstance(effect, effects.Stuck)]
    started = [effect.key for effect in seen if isinstance(effect, effects.Start)]
    assert len(started) == len(set(started)), "a key stands for one task alone"
    awaited = {effect.key for effect in seen if isinstance(effect, effects.Await)}
    assert {effect.key for effect in seen if isinstance(effect, effects.Forget)} <= awaited


def _carried_out(recipe: Recipe, state: State, happening: Happening) -> tuple[State, list[effects.Effect]]:
    """Let it happen: to the state, to a copy that was stored meanwhile, and a second time."""
    stored = State.from_document(json.loads(json.dumps(state.to_document())))
    assert stored == state
    before = json.dumps(state.to_document())
    after, followed = advance(recipe, state, happening)
    assert json.dumps(state.to_document()) == before, "a state is never changed"
    assert advance(recipe, stored, happening) == (after, followed)
    if isinstance(happening, Done | Failed | Triggered) and not _still(after, happening.key):
        again, ignored = advance(recipe, after, happening)
        assert (again, [type(effect) for effect in ignored]) == (after, [effects.Ignored])
    return after, list(followed)


def _still(state: State, key: str) -> bool:
    """Whether something is awaited under the same key again, as at a border that does not interrupt."""
    return key in state.waits
