"""What another engine's words in a file say that means nothing here: told, so that nothing is left out in silence.

Only words of engines count. What drawing tools keep for themselves (colours, templates, identities) changes no run.
"""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from models.recipes.elements import BPMN, CAMUNDA, JBPM, SPIFF, ZEEBE, extensions, local
from models.recipes.reader import Reader

_ENGINES = {
    **dict.fromkeys(CAMUNDA, "camunda"), ZEEBE: "zeebe", SPIFF: "spiffworkflow", **dict.fromkeys(JBPM, "drools"),
}  # fmt: skip
"""Families of engines, by the namespaces of their words."""
_READ = {
    "camunda": frozenset(
        {"type", "topic", "class", "delegateExpression", "expression", "formKey", "formRef", "assignee",
         "candidateGroups", "decisionRef", "resultVariable", "resultVariableName", "collection", "elementVariable",
         "resource", "inputOutput", "connector", "failedJobRetryTimeCycle", "executionListener", "taskListener",
         "formData", "formProperty", "in", "out"}
    ),
    "zeebe": frozenset(
        {"taskDefinition", "ioMapping", "calledElement", "calledDecision", "script", "assignmentDefinition",
         "formDefinition", "userTaskForm", "loopCharacteristics", "subscription"}
    ),
    "spiffworkflow": frozenset({"calledDecisionId"}),
    "drools": frozenset({"taskName"}),
}  # fmt: skip
"""What is read, or told of elsewhere."""
_SILENT = {
    "camunda": frozenset(
        {"async", "asyncBefore", "asyncAfter", "exclusive", "modelerTemplate", "modelerTemplateVersion",
         "modelerTemplateIcon", "historyTimeToLive", "versionTag", "isStartableInTasklist", "jobPriority",
         "taskPriority", "formRefBinding", "diagramRelationId", "properties", "candidateStarterGroups",
         "candidateStarterUsers", "expressionLanguage", "package", "potentialStarter"}
    ),
    "zeebe": frozenset(
        {"properties", "userTask", "modelerTemplate", "modelerTemplateVersion", "modelerTemplateIcon", "versionTag"}
    ),
    "spiffworkflow": frozenset({"unitTests", "instructionsForEndUser", "properties", "extensions"}),
    "drools": frozenset(
        {"packageName", "version", "adHoc", "selectable", "dtype", "metaData", "import", "global", "priority",
         "independent", "waitForCompletion"}
    ),
}  # fmt: skip
"""What changes no run here: about transactions of that engine, its history, its drawing tool."""
_ATTRIBUTES = {
    "taskDefinition": frozenset({"type", "retries"}),
    "calledElement": frozenset({"processId", "propagateAllParentVariables", "propagateAllChildVariables"}),
    "calledDecision": frozenset({"decisionId", "resultVariable"}),
    "assignmentDefinition": frozenset({"assignee", "candidateGroups"}),
    "in": frozenset({"source", "target", "sourceExpression", "variables", "local"}),
    "out": frozenset({"source", "target", "sourceExpression", "variables", "local"}),
}
"""What is read of an extension element that is read."""
_PREFIXES = ("zeebe", "spiffworkflow", "activiti", "flowable", "operaton", "eximeebpms", "drools", "camunda")
_CODE = frozenset({"preScript", "postScript", "onEntry-script", "onExit-script"})
_STANDARD = {"correlationSubscription": "", "complexBehaviorDefinition": "", "transformation": ""}
"""Elements of BPMN that are not run, and change something."""
_PARTS = frozenset(
    {"multiInstanceLoopCharacteristics", "standardLoopCharacteristics", "dataInputAssociation", "dataOutputAssociation"}
)


def tell(reader: Reader, process: Element) -> None:
    """Note a remark for each element of a process that says something which is left out; code is worse than that."""
    for element in process.iter():
        if not element.get("id") or not str(element.tag).startswith(BPMN) or _is_part(element):
            continue
        found = dict.fromkeys(_left_out(element))
        code = [name for name in found if name.rpartition(":")[2] in _CODE]
        for name in code:
            del found[name]
        if code:
            reader.problem(element, "code", "incomplete", f"Its {', '.join(code)} is code, which is not run.")
        if found:
            reason = f"It also says {', '.join(found)}, which means nothing here, and is left out."
            reader.problem(element, "ignored", "remark", reason)
        _odd(reader, element)


def _is_part(element: Element) -> bool:
    return local(element) in _PARTS or local(element).endswith("EventDefinition")


def _left_out(element: Element) -> Iterator[str]:
    """Yield the words of engines at an element, and at its parts that are no elements of their own."""
    yield from _words(element.attrib)
    for one in extensions(element):
        yield from _words({str(one.tag): ""})
        known = _ATTRIBUTES.get(local(one)) if str(one.tag).startswith((ZEEBE, *CAMUNDA)) else None
        if known is not None:
            yield from (f"{local(one)} {name}" for name in one.attrib if name not in known and not name.startswith("{"))
    for part in element:
        if local(part) in _STANDARD and str(part.tag).startswith(BPMN):
            yield local(part)
        elif _is_part(part):
            yield from _left_out(part)


def _words(names: Iterator[str] | dict[str, str]) -> Iterator[str]:
    for name in names:
        space, _, word = name.rpartition("}")
        engine = _ENGINES.get(space + "}")
        if engine is not None and word not in _READ[engine] and word not in _SILENT[engine]:
            yield f"{_prefix(space)}:{word}"


def _prefix(space: str) -> str:
    """What files call the namespace of an engine."""
    return next((name for name in _PREFIXES if name in space), "jbpm")


def _odd(reader: Reader, element: Element) -> None:
    """Tell of what the standard knows and no engine does: several tokens for one start, or out of one end."""
    for name in ("startQuantity", "completionQuantity"):
        if element.get(name, "1").strip() != "1":
            reason = f"Its {name} is {element.get(name)}; activities begin and end with one token here."
            reader.problem(element, "ignored", "remark", reason)
    if element.get("eventGatewayType") == "Parallel":
        reader.problem(element, "unsupported", "refused", "Events that are all waited for at once are not run.")
    for part in element:
        behaviour = part.get("behavior", "All") if local(part) == "multiInstanceLoopCharacteristics" else "All"
        if behaviour != "All":
            reason = f"Its repetition throws events (behavior {behaviour}); that is left out."
            reader.problem(element, "ignored", "remark", reason)
