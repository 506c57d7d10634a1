"""What recipes are for, and whether two of them are for the same."""

import pytest

from models.domain.recipes.binding import Binding, violations


def bound(versions: str, action: str = "add", specification: str = "vpn") -> Binding:
    return Binding.read({"specification": specification, "action": action, "versions": versions})


@pytest.mark.parametrize(
    ("versions", "version", "fits"),
    [
        ("*", None, True),
        ("*", "of last year", True),
        (">=1.2.0 <2.0.0", "1.9.3", True),
        (">=1.2.0 <2.0.0", "2.0.0", False),
        ("^1.0.0", None, False),
        ("^1.0.0", "of last year", False),
    ],
)
def test_a_binding_fits_versions_in_its_range(versions: str, version: str | None, *, fits: bool) -> None:
    assert bound(versions).fits("vpn", version, "add") is fits
    assert bound(versions).fits("vpn", version, "delete") is False
    assert bound(versions).fits("other", version, "add") is False


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        ("*", "1.0.0", True),
        (">=1.0.0 <2.0.0", ">=2.0.0", False),
        (">=1.0.0 <=2.0.0", ">=2.0.0", True),
        ("<=2.0.0", ">2.0.0", False),
        ("^1.0.0", "^1.9.0", True),
        ("^1.0.0", "^2.0.0", False),
        ("1.0.0", "1.0.0", True),
        ("1.0.0", "1.0.1", False),
    ],
)
def test_bindings_overlap_where_one_version_fits_both(one: str, other: str, *, overlap: bool) -> None:
    assert bound(one).overlaps(bound(other)) is overlap
    assert bound(other).overlaps(bound(one)) is overlap
    assert not bound(one).overlaps(bound(other, action="modify"))
    assert not bound(one).overlaps(bound(other, specification="lan"))


def test_an_action_that_no_order_has_is_refused_wherever_the_binding_comes_from() -> None:
    (found,) = violations([{"specification": "vpn"}, {"specification": "vpn", "action": "explode"}])
    assert (found.pointer, found.code) == ("/binding/1/action", "invalidValue")
