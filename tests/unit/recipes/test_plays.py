"""The list of runs that plans are found by."""

from typing import Any

from models.domain.recipe_plays import Plays

Document = dict[str, Any]


def run(status: str = "running", version: str = "1.0.0") -> Document:
    return {"recipe": ["fibre", version], "run": {"status": status}}


def written(stored: list[Document], changes: Document) -> list[Document]:
    """The list after the database has set these paths."""
    after = [dict(entry) for entry in changes.get("plays", stored)]
    for path, entry in changes.items():
        if path.startswith("plays."):
            place = int(path.removeprefix("plays."))
            after[place : place + 1] = [entry]
    return after


def entry(task: str, status: str = "running") -> Document:
    return {"task": task, "recipe": "fibre", "version": "1.0.0", "status": status}


def test_the_first_runs_make_the_list_and_later_ones_are_added_at_its_end() -> None:
    plays = Plays([])
    first = plays.changes({"a": run(), "b": run()}, {"a": "accepted", "b": "accepted"})
    assert first == {"plays": [entry("a"), entry("b")]}
    plays.settled(first)
    runs = {"a": run(), "b": run("completed"), "c": run(), "d": run()}
    second = plays.changes(runs, dict.fromkeys(runs, "accepted"))
    stored = written(first["plays"], second)
    assert stored == [entry("a"), entry("b", "completed"), entry("c"), entry("d")]
    plays.settled(second)
    assert plays.changes(runs, dict.fromkeys(runs, "accepted")) == {}
    assert Plays(stored).changes(runs, {"d": "cancelled"}) == {"plays.3": entry("d", "cancelled")}


def test_what_was_not_written_is_told_again() -> None:
    plays = Plays([entry("a")])
    lost = plays.changes({"a": run("completed")}, {"a": "accepted"})
    assert plays.changes({"a": run("completed")}, {"a": "done"}) == lost == {"plays.0": entry("a", "completed")}


def test_tasks_that_run_no_recipe_have_no_entry() -> None:
    assert Plays([]).changes({}, {"x": "running"}) == {}


def test_a_run_is_told_to_be_held_as_long_as_it_is_and_goes_on() -> None:
    plays, runs = Plays([entry("a"), entry("b")]), {"a": run(), "b": run()}
    begun = plays.changes(runs, {"a": "accepted"}, {"a"})
    assert begun == {"plays.0": entry("a") | {"held": True}}
    plays.settled(begun)
    assert plays.held == {"a"}
    assert plays.changes(runs, {"a": "accepted"}, {"a"}) == {}
    assert plays.changes(runs, {"a": "accepted"}) == {"plays.0": entry("a")}
    assert plays.changes(runs, {"a": "cancelled"}, {"a"}) == {"plays.0": entry("a", "cancelled")}
