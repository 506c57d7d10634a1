"""Decision models written short: what stands around the interesting part."""

from models.dmn import read
from models.domain.decisions import Decisions

NAMESPACE = "https://www.omg.org/spec/DMN/20230324/MODEL/"


def model(body: str, namespace: str = NAMESPACE) -> bytes:
    return f'<definitions xmlns="{namespace}" name="m" namespace="urn:m">{body}</definitions>'.encode()


def needs(*names: str) -> str:
    """Requirements of a decision: names are ids, too; a function's name begins with `f`."""
    return "".join(
        f'<knowledgeRequirement><requiredKnowledge href="#{name}"/></knowledgeRequirement>'
        if name.startswith("f")
        else f'<informationRequirement><requiredInput href="#{name}"/></informationRequirement>'
        for name in names
    )


def given(name: str, type_: str = "") -> str:
    return f'<inputData id="{name}" name="{name}"><variable name="{name}" typeRef="{type_}"/></inputData>'


def text(feel: str) -> str:
    escaped = feel.replace("&", "&amp;").replace("<", "&lt;")
    return f"<literalExpression><text>{escaped}</text></literalExpression>"


def decision(name: str, logic: str, *requires: str, type_: str = "") -> str:
    variable = f'<variable name="{name}" typeRef="{type_}"/>'
    return f'<decision id="{name}" name="{name}">{variable}{needs(*requires)}{logic}</decision>'


def table(policy: str, asked: str, rules: list[tuple[str, str]], outputs: str = "<output/>") -> str:
    """A table of one input column; each rule has a test and its outputs, `;` between them."""

    def cell(kind: str, feel: str) -> str:
        return f"<{kind}><text>{feel.replace('<', '&lt;')}</text></{kind}>"

    rows = "".join(
        f"<rule>{cell('inputEntry', test)}{''.join(cell('outputEntry', one) for one in result.split(';'))}</rule>"
        for test, result in rules
    )
    column = f"<input><inputExpression><text>{asked}</text></inputExpression></input>"
    return f"<decisionTable {policy}>{column}{outputs}{rows}</decisionTable>"


def one_decision(logic: str, *requires: str, type_: str = "") -> Decisions:
    inputs = "".join(given(name) for name in requires if not name.startswith("f"))
    return read(model(inputs + decision("d", logic, *requires, type_=type_)))
