"""The kind `pool` keeps to the port, with the pools themselves in a real database."""

from typing import Any, ClassVar

import pytest

from adapters.credentials import Credentials
from adapters.http_session import Tools
from adapters.pool import REGISTRATION, PoolFulfiller
from adapters.ports import Fulfiller, FulfillerCall
from models.domain.fulfiller import FulfillerDefinition
from tests.integration.fulfiller_suite import Behaviour, FulfillerSuite
from tests.integration.pools.stage import PoolStage

_AT_ONCE = "A reservation is made at once, or the task waits in line and asks again."
_INSIDE = "Pools are in the server's own database: whatever keeps it from answering is the engine's to get over."


def _no_session() -> Any:
    raise AssertionError("nobody is called")


class TestPool(FulfillerSuite):
    counterpart = "the server's own pools, in a real database"
    cannot: ClassVar = {
        "accepted and reported": _AT_ONCE,
        "accepted and polled": _AT_ONCE,
        "cancel": "What is reserved at once has nothing to be stopped; it is given back.",
        **dict.fromkeys(("unreachable", "slow", "late", "throttled", "garbage"), _INSIDE),
    }
    facts: ClassVar = {"value": "100"}
    characteristics: ClassVar[dict[str, Any]] = {}
    refusal: ClassVar = "nowhere"

    @pytest.fixture(autouse=True)
    async def _set_up(self, stage: PoolStage) -> None:
        self.stage, self.pool = stage, "vlans"
        await stage.vlans(quarantine=3600)

    async def fulfiller(self, behaviour: Behaviour) -> Fulfiller:
        self.pool = "nowhere" if behaviour == "refusing" else "vlans"
        definition = FulfillerDefinition.from_document({"_id": "pools", "body": dict(REGISTRATION)})
        tools = Tools(_no_session, resource_pools=self.stage.another())
        return PoolFulfiller.create(definition, Credentials(None), tools)

    async def standing(self) -> int:
        (counts,) = (await self.stage.counts()).values()
        return int(counts["reserved"] + counts["used"])

    def call(self, operation: Any = "fulfil", **attributes: Any) -> FulfillerCall:
        demand = {"kind": "allocate", "name": "vlan", "input": {"pool": self.pool}}
        return super().call(operation, **{**demand, **attributes})
