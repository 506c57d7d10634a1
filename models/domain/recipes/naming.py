"""BPMN's names of what the model holds, for messages."""

from models.domain.recipes.model import Flow, Node
from models.domain.recipes.problems import Problem, Severity

_TASKS = {
    "service": "serviceTask",
    "user": "userTask",
    "manual": "manualTask",
    "rule": "businessRuleTask",
    "send": "sendTask",
    "receive": "receiveTask",
    "script": "scriptTask",
    "call": "callActivity",
}
_NODES = {
    "process": "subProcess",
    "start": "startEvent",
    "end": "endEvent",
    "catch": "intermediateCatchEvent",
    "throw": "intermediateThrowEvent",
    "boundary": "boundaryEvent",
    "exclusive": "exclusiveGateway",
    "parallel": "parallelGateway",
    "inclusive": "inclusiveGateway",
    "events": "eventBasedGateway",
}


def type_of(node: Node) -> str:
    """What BPMN calls a node."""
    if node.task is not None:
        return _TASKS[node.task]
    return "transaction" if node.transaction else _NODES[node.kind]


def at_node(node: Node, kind: str, severity: Severity, reason: str) -> Problem:
    """Make a problem of a node."""
    return Problem(node.id, " ".join(node.name.split()), type_of(node), kind, severity, reason)


def at_flow(flow: Flow, kind: str, severity: Severity, reason: str) -> Problem:
    """Make a problem of a sequence flow."""
    return Problem(flow.id, flow.name, "sequenceFlow", kind, severity, reason)
