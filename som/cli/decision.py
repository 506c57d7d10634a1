"""`som decision`: decision models in DMN, checked and evaluated here; no server is asked."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from models.dmn import survey
from models.domain.decisions import (
    Decisions,
    DecisionsRefused,
    NoSuchDecision,
    Problem,
    UnusableDecision,
    assess,
)
from models.domain.expressions import ExpressionError, register_patterns
from models.domain.expressions.plain import plain_decision
from models.domain.expressions.runtime import checked_result
from models.domain.expressions.values.calendar_text import moment_of
from models.patterns import Re2Patterns
from som.cli import files, output
from som.cli.exits import Unusable
from som.cli.options import AsJson

app = typer.Typer(help="Check and evaluate decision models (DMN), without a server.", no_args_is_help=True)

ModelFile = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, metavar="FILE", help="A decision model in DMN.",
                         show_default=False)
]  # fmt: skip


@app.command("check")
def check(file: ModelFile, as_json: AsJson = False) -> None:
    """Read a decision model and say what is wrong with it: which element, and why.

    Warnings are about what can be used but is certain to give null.
    """
    model, problems = _surveyed(file)
    if as_json:
        output.as_json({"name": model.name, "decision": [one.name for one in model.decisions],
                        "decisionService": [one.name for one in model.services],
                        "problem": [_told(problem) for problem in problems]})  # fmt: skip
    else:
        rows = [[one.name, ", ".join(data.name for data in model.inputs_of(one.id))] for one in model.decisions]
        output.table(["decision", "needs"], rows)
        for problem in problems:
            output.note(f"{problem.severity}: {problem}")
    errors = sum(problem.severity == "error" for problem in problems)
    if errors:
        raise Unusable(f"{file} cannot be used as it is: {errors} {'error' if errors == 1 else 'errors'}.")


@app.command("evaluate")
def evaluate(
    file: ModelFile,
    decision: Annotated[
        str | None,
        typer.Option("--decision", metavar="NAME", help="Name or id of a decision or decision service; needed where "
                     "the model has several.", show_default=False),
    ] = None,
    given: Annotated[
        str, typer.Option("--input", metavar="FILE|JSON", help="Values by the names of the input data: a JSON or YAML "
                          "file, or the JSON itself.")
    ] = "{}",
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Evaluate a decision and print its value as JSON.

    With `--json` the values of the decisions on the way stand beside it, and notes on inputs that do not fit.
    """
    register_patterns(Re2Patterns())
    model, _ = _surveyed(file)
    name = decision if decision is not None else _only(model)
    now = moment_of(datetime.now(UTC).isoformat().replace("+00:00", "Z"))
    try:
        outcome = assess(model, name, _inputs(given), now=now)
        value, values = (plain_decision(checked_result(one)) for one in (outcome.value, _writable(outcome.values)))
    except (NoSuchDecision, UnusableDecision, ExpressionError) as error:
        raise Unusable(f"{error}.") from None
    for note in outcome.notes:
        output.note(f"{note}.")
    if as_json:
        output.as_json({"decision": name, "value": value, "decisions": values, "note": list(outcome.notes)})
    else:
        typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def _surveyed(file: Path) -> tuple[Decisions, tuple[Problem, ...]]:
    try:
        return survey(file.read_bytes())
    except OSError as fault:
        raise Unusable(f"{file} cannot be read: {fault.strerror}.") from None
    except DecisionsRefused as refused:
        raise Unusable(f"{refused.problems[0].reason}.") from None


def _only(model: Decisions) -> str:
    if len(model.decisions) == 1:
        return model.decisions[0].name
    names = ", ".join([*(one.name for one in model.decisions), *(one.name for one in model.services)]) or "none"
    raise Unusable(f"Say which decision with --decision; the model has {names}.")


def _inputs(given: str) -> dict[str, Any]:
    inline = given.lstrip().startswith("{")
    read = files.parse(given.encode(), "--input") if inline else files.read(Path(given), {})
    if not isinstance(read, dict):
        raise Unusable("--input takes an object: values by the names of the input data.")
    return read


def _writable(values: Any) -> dict[str, Any]:
    """Leave out what JSON has not: functions and ranges."""
    made = {}
    for name, value in values.items():
        try:
            made[name] = plain_decision(checked_result(value))
        except ExpressionError:
            continue
    return made


def _told(problem: Problem) -> dict[str, str]:
    return {"severity": problem.severity, "element": problem.element, "reason": problem.reason}
