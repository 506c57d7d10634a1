"""Fulfillers are made with their credentials, or say that these cannot be read."""

from typing import Any

from adapters.http_session import Tools
from adapters.kinds import Kinds, UnusableFulfiller
from adapters.ports import FulfillerCall, Refused
from models.domain.fulfiller import FulfillerDefinition
from models.sealing import Sealer
from som.opening import opening

DEFINITION = FulfillerDefinition("f", "F", "simulator")
KEY = "k" * 32


def no_session() -> Any:
    raise AssertionError("nobody is called here")


async def test_credentials_whose_key_is_lost_make_their_fulfiller_refuse() -> None:
    sealed = Sealer(["another key, which is long enough to be one"]).seal(
        {"type": "bearer", "token": "t"}, "fulfiller/f"
    )
    made = opening(Kinds(Tools(no_session)), Sealer([KEY]))(DEFINITION, sealed)
    assert isinstance(made, UnusableFulfiller)
    outcome = await made.engage(FulfillerCall("t", "add", {}, "k"))
    assert isinstance(outcome, Refused)
    assert "set it anew" in outcome.reason


def test_credentials_that_open_make_an_ordinary_fulfiller() -> None:
    sealer = Sealer([KEY])
    sealed = sealer.seal({"type": "bearer", "token": "t"}, "fulfiller/f")
    assert opening(Kinds(Tools(no_session)), sealer)(DEFINITION, sealed).kind == "simulator"
