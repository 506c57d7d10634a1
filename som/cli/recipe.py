"""`som recipe`: BPMN files checked and tried, on this computer and without a server; `recipe_versions` has the rest."""

from pathlib import Path
from typing import Annotated, Any

import typer

from models.domain.bound_recipes import GIVEN
from models.domain.recipes import (
    Case,
    InvalidCase,
    Known,
    Outcome,
    Problem,
    Recipe,
    check,
    explore,
    is_publishable,
    is_refused,
    read_cases,
    simulate,
)
from models.domain.recipes.naming import type_of
from models.recipes import InvalidRecipe, read_recipe
from models.recipes.declared import declared
from models.recipes.written import InvalidWriting, draw, load
from models.schemas import violations
from som.cli import files, output, recipe_files
from som.cli.exits import EndedOtherwise, Exit, Unusable
from som.cli.options import AsJson

app = typer.Typer(
    help="Recipes, which are BPMN 2.0 or YAML files: check and try, keep and publish.", no_args_is_help=True
)

Files = Annotated[
    list[Path],
    typer.Argument(exists=True, dir_okay=False, metavar="FILE…", help="BPMN or YAML files.", show_default=False),
]
File = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, metavar="FILE", help="A BPMN or YAML file.", show_default=False)
]
Process = Annotated[
    str | None, typer.Option("--process", help="Which process of the file; without, the one that can be executed.")
]

_GOOD = ("completed", "terminated")
_SHOWN = frozenset({"started", "caught", "thrown", "stuck", "milestone", "cancelled"})


@app.command("check")
def check_files(paths: Files, process: Process = None, as_json: AsJson = False) -> None:
    """Tell what is wrong with recipes: what refuses them, keeps them from being published, or should be known."""
    found = [(path, _checked_alone(path, process)[1]) for path in paths]
    if as_json:
        output.as_json([_checked(path, problems) for path, problems in found])
    else:
        for path, problems in found:
            output.line(f"{path}: {_verdict(problems)}")
            if problems:
                rows = [(one.severity, one.kind, one.type, one.name or one.element, one.reason) for one in problems]
                output.table(("severity", "kind", "type", "element", "reason"), rows)
    if not all(is_publishable(problems) for _, problems in found):
        raise typer.Exit(Exit.OTHER_END)


@app.command("try")
def try_file(
    path: File,
    process: Process = None,
    data: Annotated[
        str | None,
        typer.Option("--input", metavar="JSON|FILE", help="The data that it is started with.", show_default=False),
    ] = None,
    answers: Annotated[
        Path | None,
        typer.Option("--answers", exists=True, dir_okay=False, help="A YAML or JSON file: answers by element."),
    ] = None,
    event: Annotated[str | None, typer.Option("--event", help="Id of the start event that happens.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Show every node and flow of the path.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run a recipe with simulated answers, and show its path, its time and its data."""
    recipe = _startable(path, process)
    document: dict[str, Any] = {"answers": files.read(answers, {}) if answers is not None else {}, "event": event}
    if data is not None:
        document["input"] = files.given(data, "--input")
    try:
        (case,) = read_cases({**document, "name": path.name})
    except InvalidCase as error:
        raise Unusable(str(error)) from None
    outcome = simulate(recipe, case, fits=violations)
    if as_json:
        output.as_json(outcome.to_document())
    else:
        _show(outcome, everything=everything)
    if outcome.status not in _GOOD:
        raise typer.Exit(Exit.OTHER_END)


@app.command("explore")
def explore_file(path: File, process: Process = None, as_json: AsJson = False) -> None:
    """Run a recipe in many ways, and show how they end, and what of it is never reached."""
    found = explore(_startable(path, process))
    if as_json:
        ways = [{"way": case.name, **_ending(outcome)} for case, outcome in found.outcomes]
        output.as_json({"ways": ways, "missed": [node.id for node in found.missed]})
        return
    # A way that differs in nothing that is shown is shown once.
    ways_shown = dict.fromkeys((case.name, one.status, _time(one.seconds), one.reason) for case, one in found.outcomes)
    rows = [(name, output.state(status), took, reason) for name, status, took, reason in ways_shown]
    output.table(("way", "state", "time", "reason"), rows)
    output.line(f"{found.well} of {len(found.outcomes)} ways come to an end that is drawn.")
    for node in found.missed:
        output.line(f"Never reached: {type_of(node)} {node.title}")


@app.command("test")
def run_cases(paths: Files, as_json: AsJson = False) -> None:
    """Run the test cases beside recipes: those of `NAME.bpmn` are in `NAME.cases.yaml`, or in the YAML."""
    results = [
        (path, case, simulate(_startable(path, None), case, fits=violations)) for path in paths for case in _cases(path)
    ]
    if as_json:
        output.as_json([{"file": str(path), "case": case.name, **one.to_document()} for path, case, one in results])
    else:
        rows = [
            (path.name, case.name, one.status, _time(one.seconds), " ".join(one.differences) or "as expected")
            for path, case, one in results
        ]
        output.table(("file", "case", "state", "time", "result"), rows)
    failed = sum(bool(one.differences) for *_, one in results)
    if failed:
        raise EndedOtherwise(f"{failed} of {len(results)} cases did not come out as expected.")


def _checked_alone(path: Path, process: str | None) -> tuple[Recipe, tuple[Problem, ...]]:
    """A recipe and what is wrong with it; one that says what it is for begins with what every order brings."""
    try:
        source = _source(path)
        recipe = read_recipe(source, process=process)
        given = GIVEN if "binding" in declared(source) else ()
    except InvalidWriting as error:
        raise Unusable(str(error)) from None
    except InvalidRecipe as error:
        raise Unusable(f"{path}: {error}") from None
    except OSError as fault:
        raise Unusable(f"{path} cannot be read: {fault.strerror}.") from None
    return recipe, check(recipe, Known(given=given, fits=violations))


def _source(path: Path) -> bytes | str:
    if path.suffix in recipe_files.WRITTEN:
        return draw(load(recipe_files.text_of(path), str(path)))
    return path.read_bytes()


def _startable(path: Path, process: str | None) -> Recipe:
    recipe, problems = _checked_alone(path, process)
    if is_refused(problems):
        reasons = "\n".join(str(problem) for problem in problems if problem.severity == "refused")
        raise EndedOtherwise(f"{path} is refused:\n{reasons}")
    return recipe


def _cases(path: Path) -> tuple[Case, ...]:
    inside = load(recipe_files.text_of(path), str(path)).get("cases") if path.suffix in recipe_files.WRITTEN else None
    beside = path if inside is not None else path.with_suffix(".cases.yaml")
    if not beside.is_file():
        raise Unusable(f"There are no test cases beside {path}: {beside.name} does not exist.")
    try:
        return read_cases(inside if inside is not None else files.read(beside, {}))
    except InvalidCase as error:
        raise Unusable(f"{beside}: {error}") from None


def _checked(path: Path, problems: tuple[Problem, ...]) -> dict[str, Any]:
    return {
        "file": str(path),
        "publishable": is_publishable(problems),
        "refused": is_refused(problems),
        "problems": [problem.to_document() for problem in problems],
    }


def _verdict(problems: tuple[Problem, ...]) -> str:
    if is_refused(problems):
        return "refused"
    return "can be published" if is_publishable(problems) else "can be tried, not published"


def _ending(outcome: Outcome) -> dict[str, Any]:
    return {"status": outcome.status, "seconds": outcome.seconds, "ends": list(outcome.ends), "reason": outcome.reason}


def _show(outcome: Outcome, *, everything: bool) -> None:
    steps = [step for step in outcome.path if everything or step.what in _SHOWN]
    rows = [
        (step.at, step.what, step.name or step.element, step.key, output.short(step.data) if step.data else None)
        for step in steps
    ]
    output.table(("time", "what", "element", "key", "input"), rows)
    output.facts(
        [
            ("state", output.state(outcome.status)),
            ("time", _time(outcome.seconds)),
            ("error", outcome.code),
            ("reason", outcome.reason),
            ("not as expected", "\n".join(outcome.differences)),
            ("assumed", output.short(dict(outcome.assumed)) if outcome.assumed else None),
            ("data", output.short(dict(outcome.data), 2_000)),
        ]
    )


def _time(seconds: float) -> str:
    days, rest = divmod(round(seconds), 86_400)
    hours, rest = divmod(rest, 3_600)
    parts = [(days, "d"), (hours, "h"), (rest // 60, "min"), (rest % 60, "s")]
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 s"
