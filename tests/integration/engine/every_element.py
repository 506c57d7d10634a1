"""A recipe of every kind of element that runs, and what it has to do, whatever happens to the engine.

All its parts have their turn one after another: what came of a run shows where it went wrong. Each step's input `name`
is its id; rounds of a loop have a `round`, too.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

from tests.integration.engine.recipes import flows

SITES = ["here", "there"]
LEVEL = "high"
MILESTONES = ("surveyed", "built")
MESSAGES = ("reply", "go", "withdraw")
"""Messages that the run waits for, each once; `never` is awaited, and does not come."""
SIGNAL = "open"
"""A signal that the run waits for, and somebody else throws."""

SENDER = 'specification="s1" action="add"'
"""Who sends a message that is thrown: where nobody is named, it goes to other runs."""

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:som="urn:som:recipe:1"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" targetNamespace="urn:test">
<message id="m-reply" name="reply"/><message id="m-go" name="go"/><message id="m-never" name="never"/>
<message id="m-withdraw" name="withdraw"/><message id="m-bye" name="bye"/>
<signal id="alarm" name="alarm"/><signal id="open" name="open"/>
<error id="noPort" errorCode="noPort"/><error id="broken" errorCode="broken"/>
<escalation id="late" escalationCode="late"/><escalation id="over" escalationCode="over"/>
"""

REFUSED = ("port",)
"""Steps whose fulfiller refuses with `noPort`."""
OPEN = ("slow", "stays")
"""Steps that their fulfiller takes on, and never reports on: the recipe calls them off."""
PATIENT = "patient"
"""A step that is taken on, and is done once its timer has ticked twice."""

ONCE = (
    "survey", "approve", "notify", "left", "tick", "tick#2", PATIENT, "told", "report", "other", "mended", "handle",
    "build", "unbuild", "buy", "sell", "walked", "quick", "inner", "bye",
    "each.1", "each.2", "turn.1", "turn.2", "again.1", "again.2",
)  # fmt: skip
"""What takes effect, exactly once each, by the names that `name_of` gives."""


def name_of(operation: str, values: Mapping[str, Any] | None) -> str:
    """What a call is for: a step's name, with its round; else the operation, too."""
    given = values or {}
    name = str(given.get("name", ""))
    name += f".{given['round']}" if given.get("round") else ""
    return name if operation == "fulfil" else f"{operation} {name}"


def wrong(effects: Counter[str]) -> list[str]:
    """What is not as it must be with these effects, each counted by name."""
    once = Counter(name.partition("#")[0] for name in ONCE)
    told = [f"{name}: {effects[name]} effects, not {count}" for name, count in once.items() if effects[name] != count]
    told += [
        f"{name}: {effects[name]} effects, {effects[f'cancel {name}']} times called off"
        for name in OPEN  # it may have been called off before it was called; what was called is called off
        if not effects[name] <= effects[f"cancel {name}"] <= 1
    ]
    known = {*once, *OPEN, *(f"cancel {name}" for name in OPEN)}
    return told + [f"{name}: not wanted, {count} times" for name, count in effects.items() if name not in known]


def _nobody(_: str) -> str:
    return ""


def document(task: Callable[[str], str] = _nobody, refusal: str = "noPort") -> str:
    """The drawing.

    Args:
        task: the attributes of `som:task` that say who does a step.
        refusal: the code with which the steps in REFUSED are refused.
    """
    steps = _Steps(task)
    parts = [
        _data(steps), _gateways(steps), _loops(steps), _errors(steps), _waiting(steps), _calls(steps), _undoing(steps)
    ]  # fmt: skip
    chain = " ".join(f"{a[-1]}>{b[0]}" for (a, _), (b, _) in pairwise(parts))
    told = steps.extension("bye", whom=SENDER)
    ends = (
        f'<startEvent id="start"/><intermediateThrowEvent id="last"{_milestone("built")}</intermediateThrowEvent>'
        f'<endEvent id="bye">{told}<messageEventDefinition messageRef="m-bye"/></endEvent>'
    )
    ways = flows(f"start>{parts[0][0][0]}", *chain.split(), f"{parts[-1][0][-1]}>last", "last>bye")
    body = ends + "".join(text for _, text in parts) + ways
    whole = f'{_HEAD}<process id="p" isExecutable="true">{body}</process>{_helper(steps)}</definitions>'
    return whole.replace('errorCode="noPort"', f'errorCode="{refusal}"')


_Part = tuple[tuple[str, str], str]
"""Of a part of the drawing: its first and its last node, and its elements."""


class _Steps:
    def __init__(self, task: Callable[[str], str]) -> None:
        self._task = task

    def extension(self, name: str, more: str = "", whom: str = "", **inputs: str) -> str:
        given = "".join(f'<som:input name="{key}" value="{value}"/>' for key, value in {"name": name, **inputs}.items())
        attributes = self._task(name) or whom
        task = f"<som:task {attributes}/>" if attributes else ""
        return f"<extensionElements>{task}{more}{given}</extensionElements>"

    def step(self, name: str, kind: str = "serviceTask", inner: str = "", attributes: str = "", **inputs: str) -> str:
        return f'<{kind} id="{name}" {attributes}>{self.extension(name, **inputs)}{inner}</{kind}>'


def _milestone(name: str) -> str:
    return f'><extensionElements><som:milestone name="{name}"/></extensionElements>'


def _boundary(name: str, at: str, inner: str, *, interrupting: bool = True) -> str:
    ends = str(interrupting).lower()
    return f'<boundaryEvent id="{name}" attachedToRef="{at}" cancelActivity="{ends}">{inner}</boundaryEvent>'


def _timer(kind: str, text: str) -> str:
    return f"<timerEventDefinition><{kind}>{text}</{kind}></timerEventDefinition>"


def _data(steps: _Steps) -> _Part:
    """Script, service with a milestone, decision, person, sending, receiving."""
    survey = steps.extension("survey", '<som:milestone name="surveyed"/>')
    return ("count", "reply"), (
        '<scriptTask id="count"><extensionElements><som:script expression="=1 + 2" result="n"/></extensionElements>'
        f'</scriptTask><serviceTask id="survey">{survey}</serviceTask>'
        '<businessRuleTask id="grade"><extensionElements><som:input name="n" value="=n"/>'
        '<som:decision ref="level" result="level"/></extensionElements></businessRuleTask>'
        + steps.step("approve", "userTask")
        + steps.step("notify", "sendTask")
        + '<receiveTask id="reply" messageRef="m-reply"/>'
        + flows("count>survey", "survey>grade", "grade>approve", "approve>notify", "notify>reply")
    )


def _gateways(steps: _Steps) -> _Part:
    """Exclusive, parallel and inclusive gateways; a timer, a condition, a link."""
    return ("way", "landed"), (
        '<exclusiveGateway id="way" default="way_wrong"/><exclusiveGateway id="wrong"/><parallelGateway id="fork"/>'
        '<parallelGateway id="join"/><inclusiveGateway id="some"/><inclusiveGateway id="meet"/>'
        f'<intermediateCatchEvent id="pause">{_timer("timeDuration", "PT0.02S")}</intermediateCatchEvent>'
        '<intermediateCatchEvent id="ready"><conditionalEventDefinition><condition>=n = 3</condition>'
        "</conditionalEventDefinition></intermediateCatchEvent>"
        '<intermediateThrowEvent id="jump"><linkEventDefinition name="L"/></intermediateThrowEvent>'
        '<intermediateCatchEvent id="landed"><linkEventDefinition name="L"/></intermediateCatchEvent>'
        + steps.step("left")
        + steps.step("nobody")
        + flows("way>fork[level = \"high\"]", "way>wrong", "wrong>nobody", "nobody>meet", "fork>left", "fork>pause")
        + flows("left>join", "pause>join", "join>some", "some>ready[n > 1]", "some>meet[n > 2]", "some>nobody[n > 9]")
        + flows("ready>meet", "meet>jump")
    )  # fmt: skip


def _loops(steps: _Steps) -> _Part:
    """Over a list side by side, over a list one after another, and as long as a condition holds."""

    def over(sequential: str) -> str:
        loop = f'<som:loop collection="={_listed()}" element="site"/>'
        inner = f"<extensionElements>{loop}</extensionElements>"
        return (
            f'<multiInstanceLoopCharacteristics isSequential="{sequential}">{inner}</multiInstanceLoopCharacteristics>'
        )

    again = (
        '<standardLoopCharacteristics loopMaximum="2"><loopCondition>=true</loopCondition>'
        "</standardLoopCharacteristics>"
    )
    counted = {"round": "=loopCounter"}
    return ("each", "again"), (
        steps.step("each", inner=over("false"), **counted)
        + steps.step("turn", inner=over("true"), **counted)
        + steps.step("again", inner=again, **counted)
        + flows("each>turn", "turn>again")
    )


def _listed() -> str:
    return "[" + ", ".join(f"&quot;{site}&quot;" for site in SITES) + "]"


def _errors(steps: _Steps) -> _Part:
    """A refusal that is caught, an error out of a sub-process, escalations: at the border, and by an event inside."""
    event = (
        '<subProcess id="beside" triggeredByEvent="true"><startEvent id="rises" isInterrupting="false">'
        '<escalationEventDefinition escalationRef="late"/></startEvent>'
        f'{steps.step("report")}<endEvent id="reported"/>{flows("rises>report", "report>reported")}</subProcess>'
    )
    sub = (
        '<subProcess id="risky"><startEvent id="enters"/>'
        '<intermediateThrowEvent id="mutters"><escalationEventDefinition escalationRef="late"/>'
        "</intermediateThrowEvent>"
        '<intermediateThrowEvent id="shouts"><escalationEventDefinition escalationRef="over"/>'
        "</intermediateThrowEvent>"
        f'{steps.step("inner")}<endEvent id="fails"><errorEventDefinition errorRef="broken"/></endEvent>{event}'
        f"{flows('enters>mutters', 'mutters>shouts', 'shouts>inner', 'inner>fails')}</subProcess>"
    )
    return ("port", "mended"), (
        steps.step("port")
        + _boundary("none", "port", '<errorEventDefinition errorRef="noPort"/>')
        + steps.step("other")
        + sub
        + _boundary("heard", "risky", '<escalationEventDefinition escalationRef="over"/>', interrupting=False)
        + _boundary("broke", "risky", '<errorEventDefinition errorRef="broken"/>')
        + steps.step("told")
        + '<endEvent id="toldEnd"/><endEvent id="fine"/><exclusiveGateway id="after"/>'
        + steps.step("mended")
        + flows("port>fine", "none>other", "other>risky", "risky>after", "heard>told", "told>toldEnd", "broke>after")
        + flows("after>mended")
    )


def _waiting(steps: _Steps) -> _Part:
    """The first of several events, a signal from outside, a timer that ticks beside, one that ends a task."""
    return ("race", "went"), (
        '<eventBasedGateway id="race"/><exclusiveGateway id="went"/>'
        '<intermediateCatchEvent id="go"><messageEventDefinition messageRef="m-go"/></intermediateCatchEvent>'
        f'<intermediateCatchEvent id="tooLate">{_timer("timeDuration", "PT1H")}</intermediateCatchEvent>'
        '<intermediateCatchEvent id="opened"><signalEventDefinition signalRef="open"/></intermediateCatchEvent>'
        '<endEvent id="missed"/><endEvent id="ticked"/><endEvent id="answered"/>'
        + steps.step(PATIENT)
        + _boundary("clock", PATIENT, _timer("timeCycle", "R2/PT0.02S"), interrupting=False)
        + steps.step("tick")
        + steps.step("slow")
        + _boundary("enough", "slow", _timer("timeDuration", "PT0.05S"))
        + flows("race>go", "race>tooLate", "tooLate>missed", "go>opened", f"opened>{PATIENT}", "clock>tick")
        + flows("tick>ticked", f"{PATIENT}>slow", "slow>answered", "enough>went")
    )


def _calls(steps: _Steps) -> _Part:
    """A called process, and a sub-process that is terminated while a task in it goes on."""
    stop = (
        '<subProcess id="stop"><startEvent id="stopStart"/><parallelGateway id="both"/>'
        f'{steps.step("quick")}{steps.step("stays")}<endEvent id="halt"><terminateEventDefinition/></endEvent>'
        f'<endEvent id="stayed"/>{flows("stopStart>both", "both>quick", "both>stays", "quick>halt", "stays>stayed")}'
        "</subProcess>"
    )
    call = '<callActivity id="call" calledElement="helper"/>'
    return ("call", "stop"), call + stop + flows("call>stop")


def _helper(steps: _Steps) -> str:
    """A process that waits for nothing, and a signal of its own that an interrupting event sub-process takes."""
    event = (
        '<subProcess id="taken" triggeredByEvent="true"><startEvent id="rings" isInterrupting="true">'
        '<signalEventDefinition signalRef="alarm"/></startEvent>'
        f'{steps.step("handle")}<endEvent id="handled"/>{flows("rings>handle", "handle>handled")}</subProcess>'
    )
    return (
        '<process id="helper" isExecutable="true"><startEvent id="helps"/><parallelGateway id="two"/>'
        '<receiveTask id="never1" messageRef="m-never"/><endEvent id="rang"/><endEvent id="came"/>'
        '<receiveTask id="withdrawn" messageRef="m-withdraw"/>'
        '<intermediateThrowEvent id="ring"><signalEventDefinition signalRef="alarm"/></intermediateThrowEvent>'
        + event
        + flows("helps>two", "two>never1", "never1>came", "two>withdrawn", "withdrawn>ring", "ring>rang")
        + "</process>"
    )


def _undone(steps: _Steps, name: str, by: str) -> str:
    return (
        steps.step(name)
        + _boundary(f"{name}Undone", name, "<compensateEventDefinition/>")
        + steps.step(by, attributes='isForCompensation="true"')
        + f'<association id="{name}By" sourceRef="{name}Undone" targetRef="{by}"/>'
    )


def _undoing(steps: _Steps) -> _Part:
    """Compensation that is thrown, and a transaction that is cancelled."""
    deal = (
        f'<transaction id="deal"><startEvent id="deals"/>{_undone(steps, "buy", "sell")}'
        '<endEvent id="off"><cancelEventDefinition/></endEvent>'
        f"{flows('deals>buy', 'buy>off')}</transaction>{_boundary('left2', 'deal', '<cancelEventDefinition/>')}"
    )
    return ("build", "walked"), (
        _undone(steps, "build", "unbuild")
        + '<intermediateThrowEvent id="undo"><compensateEventDefinition activityRef="build"/></intermediateThrowEvent>'
        + deal
        + steps.step("walked")
        + '<endEvent id="dealt"/>'
        + flows("build>undo", "undo>deal", "deal>dealt", "left2>walked")
    )


KINDS = frozenset((
    "startEvent", "endEvent", "scriptTask", "serviceTask", "businessRuleTask", "userTask", "sendTask", "receiveTask",
    "callActivity", "subProcess", "transaction", "exclusiveGateway", "parallelGateway", "inclusiveGateway",
    "eventBasedGateway", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent",
    "multiInstanceLoopCharacteristics", "standardLoopCharacteristics", "messageEventDefinition",
    "timerEventDefinition", "signalEventDefinition", "conditionalEventDefinition", "errorEventDefinition",
    "escalationEventDefinition", "compensateEventDefinition", "cancelEventDefinition", "terminateEventDefinition",
    "linkEventDefinition",
))  # fmt: skip
"""Elements of BPMN that the drawing has to have."""
