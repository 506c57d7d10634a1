"""Which versions of the recipes that one calls are taken."""

from datetime import UTC, datetime

from models.recipe_book import PublishedRecipes, as_published
from models.recipes import read_recipe
from tests.unit.recipes.drawing import recipe as drawn

NOW = datetime(2026, 11, 26, tzinfo=UTC)
HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:som="urn:som:recipe:1" '
    'targetNamespace="urn:test"><process id="{name}"><startEvent id="s"/>{calls}</process></definitions>'
)


def text(name: str, *calls: tuple[str, str]) -> str:
    inside = "".join(
        f'<callActivity id="c{number}"><extensionElements><som:call recipe="{called}" versions="{versions}"/>'
        f'</extensionElements></callActivity><sequenceFlow id="f{number}" sourceRef="s" targetRef="c{number}"/>'
        for number, (called, versions) in enumerate(calls)
    )
    return HEAD.format(name=name, calls=inside)


def published(*known: tuple[str, str, tuple[tuple[str, str], ...]]) -> PublishedRecipes:
    documents = (
        {"_id": f"{name}:{version}", "name": name, "version": version, "rev": 1, "updated": NOW}
        | {"body": {"bpmn": text(name, *calls)}}
        for name, version, calls in known
    )
    return PublishedRecipes([one for one in map(as_published, documents) if one is not None])


BOOK = published(
    ("line", "1.0.0", ()),
    ("line", "1.2.0", (("port", "^1.0.0"),)),
    ("line", "2.0.0", (("port", "^2.0.0"),)),
    ("port", "1.0.0", ()),
    ("port", "1.5.0", ()),
    ("port", "2.0.0", ()),
)


def called(*calls: tuple[str, str]) -> dict[str, str]:
    return BOOK.called_by(read_recipe(text("main", *calls)))


def test_the_newest_version_in_the_range_of_a_call_is_taken() -> None:
    assert called(("line", "*")) == {"line": "2.0.0", "port": "2.0.0"}
    assert called(("line", "^1.0.0")) == {"line": "1.2.0", "port": "1.5.0"}
    assert called(("line", "1.0.0")) == {"line": "1.0.0"}


def test_of_several_calls_of_a_recipe_one_version_fits_all() -> None:
    assert called(("line", "^1.0.0"), ("port", "&lt;1.5.0")) == {"line": "1.2.0", "port": "1.0.0"}
    assert called(("line", "*"), ("line", "&lt;2.0.0")) == {"line": "1.2.0", "port": "1.5.0"}


def test_what_no_version_fits_is_not_linked() -> None:
    for versions in ("^3.0.0", "whatever"):
        main = read_recipe(text("main", ("line", versions)))
        assert BOOK.called_by(main) == {}
        assert BOOK.linked(main).unlinked == ("line",)
    linked = BOOK.linked(read_recipe(text("main", ("line", "^2.0.0"), ("port", "^1.0.0"))))
    assert linked.unlinked == ("port",)


def test_a_recipe_that_calls_nothing_is_whole() -> None:
    assert drawn('<startEvent id="s"/>', "").unlinked == ()
