"""Six service tasks, two of them side by side, each with two inputs: drawn for som, and for SpiffWorkflow."""

from collections.abc import Callable

NEEDS: dict[str, list[str]] = {"t1": [], "t2": ["t1"], "t3": ["t1"], "t4": ["t2", "t3"], "t5": ["t4"], "t6": ["t5"]}
"""What each task needs, by its name."""
INPUTS = ("site", "bandwidth")
"""Characteristics of the service that each task is given."""

_WAYS = "s>t1 t1>f f>t2 f>t3 t2>j t3>j j>t4 t4>t5 t5>t6 t6>e"
_BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
_SPACES = {"som": "urn:som:recipe:1", "spiffworkflow": "http://spiffworkflow.org/bpmn/schema/1.0/core"}


def for_som(specification: str) -> str:
    """BPMN whose tasks ask for `add` of a specification."""
    inputs = "".join(f'<som:input name="{name}" value="=service.characteristic.{name}"/>' for name in INPUTS)
    work = f'<som:task specification="{specification}" action="add"/>{inputs}'
    return _drawing(lambda _: work)


def for_spiff() -> str:
    """BPMN whose tasks call a service, as SpiffWorkflow's own editor writes them."""
    values = "".join(
        f'<spiffworkflow:parameter id="{name}" type="any" value="service[\'characteristic\'][\'{name}\']"/>'
        for name in INPUTS
    )
    called = f"<spiffworkflow:parameters>{values}</spiffworkflow:parameters>"
    return _drawing(
        lambda task: (
            f'<spiffworkflow:serviceTaskOperator id="call_{task}" resultVariable="{task}_n">{called}'
            "</spiffworkflow:serviceTaskOperator>"
        )
    )


def _drawing(work: Callable[[str], str]) -> str:
    nodes = '<startEvent id="s"/><endEvent id="e"/><parallelGateway id="f"/><parallelGateway id="j"/>' + "".join(
        f'<serviceTask id="{name}"><extensionElements>{work(name)}</extensionElements></serviceTask>' for name in NEEDS
    )
    ways = (flow.split(">") for flow in _WAYS.split())
    flows = "".join(f'<sequenceFlow id="{a}{b}" sourceRef="{a}" targetRef="{b}"/>' for a, b in ways)
    spaces = f'xmlns="{_BPMN}" xmlns:bpmn="{_BPMN}"' + "".join(f' xmlns:{k}="{v}"' for k, v in _SPACES.items())
    process = f'<process id="p" isExecutable="true">{nodes}{flows}</process>'
    return f'<definitions {spaces} id="d" targetNamespace="bench">{process}</definitions>'
