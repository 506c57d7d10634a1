"""Writes what becomes of BPMN files that others made: `python -m som.conformance FOLDER`."""

import sys
from collections.abc import Iterator
from pathlib import Path

from models.domain.recipes import Problem, Recipe, check, explore, is_refused
from models.domain.recipes.exploring import WELL
from models.recipes import InvalidRecipe, read_recipe

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "recipes-conformance.md"

_BEGINNING = """# BPMN files of others

What becomes of models that we did not write: the reference models of the BPMN Model Interchange Working Group
(`miwg-…`) and examples of Camunda. Each process that is not only called by others is run with simulated answers, or
refused with the element and the reason. `python -m som.conformance FOLDER` writes this page; a test holds it true where
the folder is there.

*Ways* counts the runs that were tried (`som recipe explore`: other choices, each event at each activity, each start
event), and how many of them came to an end that is drawn. The others wait for something that was made not to happen,
fail by an error that nobody catches, or show paths that cannot meet. *Reached* counts the nodes that any of them
passed. *Missing* counts what keeps a process from being published (`som recipe check` tells what): models that are
drawn to be looked at leave open who does a task, and which way a gateway goes. Simulated answers stand in for that.

| file | process | result | ways | reached | missing |
| --- | --- | --- | --- | --- | --- |
"""


def page(folder: Path) -> str:
    """The page for the models of a folder."""
    rows = [row for path in sorted(folder.glob("*.bpmn")) for row in _rows(path)]
    files = {row[0] for row in rows}
    run = {row[0] for row in rows if row[2].startswith("runs")}
    lines = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    return f"{_BEGINNING}{lines}\n{len(files)} files: {len(run)} run, {len(files - run)} do not.\n"


def _rows(path: Path) -> Iterator[tuple[str, ...]]:
    try:
        recipe = read_recipe(path.read_bytes())
    except InvalidRecipe as error:
        yield path.name, "", f"refused: {_plain(str(error))}", "", "", ""
        return
    for key in recipe.runnable:
        yield _row(path.name, recipe.of(key))


def _row(name: str, recipe: Recipe) -> tuple[str, ...]:
    problems = check(recipe)
    title = _plain(recipe.process.pool or recipe.process.name or recipe.main)
    if is_refused(problems):
        reasons = "; ".join(_plain(str(one)) for one in problems if one.severity == "refused")
        return name, title, f"refused: {reasons}", "", "", _missing(problems)
    found = explore(recipe)
    ended = next((one for one in found.outcomes if one[1].status in WELL), None)
    if ended is not None:
        case, outcome = ended
        result = f"runs: {outcome.status}" + (f" ({case.name})" if case != found.outcomes[0][0] else "")
    else:
        result = f"stops: {_plain(found.outcomes[0][1].reason)}"
    nodes = sum(len(recipe.processes[key].nodes) for key in recipe.closure)
    reached = f"{nodes - len(found.missed)} of {nodes}"
    return name, title, result, f"{found.well} of {len(found.outcomes)}", reached, _missing(problems)


def _missing(problems: tuple[Problem, ...]) -> str:
    return str(sum(one.severity == "incomplete" for one in problems))


def _plain(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(Path(sys.argv[1])), encoding="utf-8")
