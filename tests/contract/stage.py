"""A server on which each status of each operation can be provoked, and the table of what there is to provoke."""

import json
import re
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from handlers.dependencies import Dependencies, nobody_in_particular
from handlers.settings import HttpSettings
from models.catalogue import Catalogue
from models.domain.caller import Caller
from models.inventory import Inventory
from models.pools.turns import Turns
from models.recipe_book import RecipeBook
from models.resource_catalogue import ResourceCatalogue
from models.store import Store
from tests.contract.client import ContractClient, documents
from tests.contract.plans import call
from tests.contract.samples import (
    bpmn,
    fulfiller,
    item,
    numbers,
    order,
    physical_resource,
    policy,
    pool,
    recipe,
    release,
    reservation,
    resource,
    resource_specification,
    service,
    specification,
)
from tests.contract.server import serve

Node = dict[str, Any]

_NAMES = re.compile(r"\{([^}]+)\}")

FAULT = "x-fault-of-the-test"

# What follows the schema of an operation's body; of those that are not here, an empty object does.
BODIES: dict[str, Any] = {
    "createServiceOrder": order(),
    "createCancelServiceOrder": {"serviceOrder": {"id": "o-1"}},
    "createService": service(),
    "createResource": resource(),
    "createLogicalResource": resource(),
    "createPhysicalResource": physical_resource(),
    "createServiceSpecification": specification("new-1"),
    "createResourceSpecification": resource_specification("new-1"),
    "createFulfiller": fulfiller("new"),
    "createPlanPreview": order(item()),
    "createProcessFlow": {"processFlowSpecification": "handover"},
    "createTaskFlow": {"name": "Hand over the keys"},
    "patchFallout": {"comment": "looked at it"},
    "createFalloutRule": {"id": "new-rule", "name": "later", "then": {"do": "retry", "delays": [60]}},
    "createSink": {"id": "new-sink", "kind": "webhook", "address": "http://sink.example/"},
    "createChangeSource": {"id": "new-source", "name": "Changes", "endpoint": "http://changes.example/v4"},
    "createFalloutResolution": {"match": {"code": "unreachable"}, "do": "retry"},
    "patchFalloutResolution": {"state": "cancelled"},
    "createFalloutIntervention": {"do": "retry"},
    "createResourcePool": pool("new-pool"),
    "createReservation": reservation(),
    "patchReservation": {"usageState": "active"},
    "pushResourcePool": {"capacity": [numbers(300, 309, "second")]},
    "extractResourcePool": {"capacity": [{"id": "first"}]},
    "installRelease": release("new"),
    "createReleasePreview": release("seen"),
    "createPolicy": policy("new"),
    "tryPolicy": {"order": order()},
    "createRecipe": recipe("new"),
    "migrateRecipeRuns": {"to": "1.0.0"},
    "createSecret": {"name": "NEW_TOKEN", "value": "something"},
    "patchSecret": {"value": "something else"},
    "createRecipeMessage": {"name": "paid", "timeToLive": "PT1H"},
    "checkRecipe": {"bpmn": bpmn()},
    "tryRecipeDrawing": {"bpmn": bpmn()},
    "convertRecipe": {"bpmn": bpmn()},
    "reportTaskOutcome": {"status": "done"},
    "registerListener": {"callback": "http://subscriber.example/"},
}


@dataclass(frozen=True)
class Operation:
    """An operation as its document describes it.

    Attributes:
        api: short name of the API.
        id: operationId.
        method: in upper case.
        path: with the base path, its parameters in braces.
        consumes: media types of its body.
        produces: media type of its success; None where that has no body.
        limited: names of query parameters and headers whose length is limited, with the place where they stand.
        declared: every status.
    """

    api: str
    id: str
    method: str
    path: str
    consumes: tuple[str, ...]
    produces: str | None
    limited: tuple[tuple[str, str], ...]
    declared: frozenset[str]

    @property
    def name(self) -> str:
        return f"{self.api} {self.id}"

    @property
    def media_type(self) -> str:
        return "application/json" if "application/json" in self.consumes else self.consumes[0]

    @property
    def is_of_one(self) -> bool:
        """Whether its path names one thing, which may be unknown."""
        return "{" in self.path

    def url(self, key: str) -> str:
        """Its address for the thing with this identifier (of what stands in another one: outer/inner)."""
        return self.path.format(**dict(zip_longest(_NAMES.findall(self.path), key.split("/"), fillvalue="o-1")))

    def sent(self, body: Any = None, **headers: str) -> dict[str, Any]:
        """Options of a request that follows its schema, or has the body given."""
        if not self.consumes:
            return {"headers": headers}
        content = json.dumps(BODIES.get(self.id, {}) if body is None else body).encode()
        return {"content": content, "headers": {"content-type": self.media_type, **headers}}


def operations() -> list[Operation]:
    """All operations of all documents that we serve."""
    found = []
    for base_path, document in documents().items():
        for described in document.operations():
            node, item_node = described.node, document.node["paths"][described.path]
            parameters = [
                document.resolve(one) for one in (*item_node.get("parameters", []), *node.get("parameters", []))
            ]
            answers = node["responses"]
            success = next(
                document.resolve(answers[status]) for status in ("200", "201", "202", "204") if status in answers
            )
            found.append(
                Operation(
                    api=document.api,
                    id=described.id,
                    method=described.method.upper(),
                    path=base_path + described.path,
                    consumes=tuple(document.resolve(node.get("requestBody", {})).get("content", {})),
                    produces=next(iter(success.get("content", {})), None),
                    limited=tuple(
                        (one["in"], one["name"])
                        for one in parameters
                        if one["in"] in ("query", "header") and "maxLength" in one["schema"]
                    ),
                    declared=frozenset(answers),
                )
            )
    return found


class RivalledStore(Store):
    """A store in which somebody else may be quicker: what `rival` says is written just before each update of ours."""

    rival: Node | None = None

    async def update(self, collection: str, guard: Node, change: Node) -> bool:
        if self.rival is not None:
            await self.collection(collection).update_one({"_id": guard["_id"]}, self.rival)
        return await super().update(collection, guard, change)


@dataclass
class Stage:
    """A server to provoke.

    It fails by a fault of its own where a request carries the header `FAULT`, and takes one request at a time.

    Attributes:
        client: on the server.
        cut_off: on a server that has lost its database.
        store: the database of the first one.
        dependencies: of the first one.
        made: how many things were made, so that each has a name of its own.
    """

    client: ContractClient
    cut_off: ContractClient
    store: RivalledStore
    dependencies: Dependencies
    made: int = field(default=0)

    def token(self, plan: str) -> str:
        """Of the callback of a task of a plan."""
        return self.dependencies.tokens.issue(call(plan))

    def new(self, word: str = "n") -> str:
        """A name that nothing has."""
        self.made += 1
        return f"{word}-{self.made}"

    def answered(self, operation: Operation) -> set[str]:
        """What this operation has answered so far."""
        found: set[str] = set()
        for client in (self.client, self.cut_off):
            for (base_path, operation_id), statuses in client.answers.items():
                if operation_id == operation.id and operation.path.startswith(base_path + "/"):
                    found.update(map(str, statuses))
        return found


def _identify(headers: list[tuple[bytes, bytes]]) -> Caller:
    if any(name == FAULT.encode() for name, _ in headers):
        raise RuntimeError("a secret of the inside")
    return nobody_in_particular(headers)


def make_stage(dependencies: Dependencies, store: RivalledStore, unreachable: Store) -> Stage:
    """A stage on a real database, and beside it a server without one."""
    patterns = dependencies.patterns
    own: dict[str, Any] = {"store": store, "catalogue": Catalogue(store, patterns), "inventory": Inventory(store)}
    lost: dict[str, Any] = {
        "store": unreachable,
        "catalogue": Catalogue(unreachable, patterns),
        "resource_catalogue": ResourceCatalogue(unreachable, patterns),
        "inventory": Inventory(unreachable),
        "pools": Turns(unreachable, dependencies.clock),
        "recipes": RecipeBook(unreachable),
    }
    return Stage(
        client=ContractClient(serve(dependencies, HttpSettings(max_in_flight=1), identify=_identify, **own)),
        cut_off=ContractClient(serve(dependencies, **lost)),
        store=store,
        dependencies=dependencies,
    )
