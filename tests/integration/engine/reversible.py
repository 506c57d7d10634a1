"""A recipe that can be undone in every way there is, and what has to come of it when it is called off in the middle."""

from tests.integration.engine.recipes import bpmn, flows, service

WORK = 'specification="s1" action="add"'
LONG = "long"
"""The step that is taken on, and not reported on: the run is called off while it goes on."""

DONE = ("fulfil:buy", "fulfil:each.1", "fulfil:each.2", "fulfil:noted", "fulfil:plain", "fulfil:lay", f"fulfil:{LONG}")
UNDONE = (f"cancel:{LONG}", "fulfil:unlay", "compensate:plain", "fulfil:uneach.2", "fulfil:uneach.1", "fulfil:sell")
"""What undoes it, in this order: the latest first, through a sub-process that is not over, and the rounds of a loop."""


def undone_by(name: str, by: str, own: str = "", **inputs: str) -> str:
    """A service task, which another undoes."""
    handler = service(by, WORK, **inputs).replace("<serviceTask", '<serviceTask isForCompensation="true"', 1)
    task = service(name, WORK, **({"round": "=loopCounter"} if own else {}))
    return (
        task.replace("</serviceTask>", f"{own}</serviceTask>")
        + f'<boundaryEvent id="{name}Undone" attachedToRef="{name}"><compensateEventDefinition/></boundaryEvent>'
        + handler
        + f'<association id="{name}By" sourceRef="{name}Undone" targetRef="{by}"/>'
    )


def reversible(last: str = "") -> str:
    """The drawing; `last` are attributes of the step that is not over when it is called off."""
    rounds = (
        '<multiInstanceLoopCharacteristics isSequential="true"><extensionElements>'
        '<som:loop collection="=[&quot;x&quot;, &quot;y&quot;]" element="site"/></extensionElements>'
        "</multiInstanceLoopCharacteristics>"
    )
    group = (
        f'<subProcess id="group"><startEvent id="in"/>{service("plain", WORK + _by("operation"))}'
        f'{undone_by("lay", "unlay")}{service(LONG, WORK + _by("operation") + last)}<endEvent id="out"/>'
        f"{flows('in>plain', 'plain>lay', f'lay>{LONG}', f'{LONG}>out')}</subProcess>"
    )
    return bpmn(
        '<startEvent id="start"/>',
        undone_by("buy", "sell", receipt="=receipt"),
        undone_by("each", "uneach", rounds, round="=loopCounter"),
        service("noted", WORK + _by("recipe")),
        group,
        '<endEvent id="end"/>',
        flows("start>buy", "buy>each", "each>noted", "noted>group", "group>end"),
    )


def _by(way: str) -> str:
    return f' compensation="{way}"'
