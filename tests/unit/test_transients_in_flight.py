"""The inputs of operations while a plan runs, also where the key that sealed them is gone."""

from typing import Any

import pytest

from adapters.ports import FulfillerCall
from models.domain.outcomes import Done
from models.sealing import Sealer, SecretUnreadable
from models.transients import FIELD, seal
from scheduler.transients import Transients

KEY, OTHER = "a key of the tests, long enough to be one", "another key of the tests, just as long"
MARKED = {"password": {"@transient": "password"}}


def order(key: str = KEY) -> dict[str, Any]:
    return {"_id": "o-1", FIELD: seal(Sealer([key]), "o-1", {"1": {"password": "s3cret"}})}


def call(item: str = "1") -> FulfillerCall:
    return FulfillerCall("t-1", "modify", {"id": "s-1"}, "k-1", order_item_id=item, input=MARKED)


def test_values_are_put_in_for_the_item_that_gave_them_and_not_for_people() -> None:
    transients = Transients(Sealer([KEY]), order())
    assert transients.sent(call(), "rest").input == {"password": "s3cret"}
    assert transients.sent(call("2"), "rest").input == MARKED
    assert transients.sent(call(), "manual").input == MARKED
    assert transients.heard("1", Done(output={"said": "s3cret"})).output == {"said": "(password)"}


def test_without_the_key_a_new_call_is_refused_and_what_is_under_way_comes_to_its_end() -> None:
    transients = Transients(Sealer([OTHER]), order())
    with pytest.raises(SecretUnreadable):
        transients.check(MARKED)
    transients.check({"login": "ana"})
    told = Done(output={"said": "something"})
    assert transients.heard("1", told) == told


def test_what_was_sealed_for_one_order_opens_for_no_other() -> None:
    with pytest.raises(SecretUnreadable):
        Transients(Sealer([KEY]), {**order(), "_id": "o-2"}).check(MARKED)
