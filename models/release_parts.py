"""What a release changes: the documents of one sort, and the writes that change them."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from models import outbox
from models.clock import Clock, to_text
from models.domain.caller import Caller
from models.domain.releases.change import CatalogueChange
from models.recipe_bindings import Seen, turning
from models.recipe_versions import RecipeVersions
from models.store import Store
from models.transactions import Insertion, Update

Document = dict[str, Any]

SPECIFICATIONS = "serviceSpecification"
RESOURCE_SPECIFICATIONS = "resourceSpecification"
PUBLISHED = "published"
PATH = ("inReview", PUBLISHED)
"""The states that a recipe of a release goes through: its examination has reviewed it."""


@dataclass(frozen=True, slots=True)
class Part(ABC):
    """What happens to the documents of one sort.

    Attributes:
        change: which come, and which get another state.
        stored: the documents that this was worked out from, by id.
        created: the release's attribute for the ids of those that it has made.
        moved: the release's attribute for the moves that it has made.
    """

    change: CatalogueChange
    stored: Mapping[str, Document]
    created: ClassVar[str]
    moved: ClassVar[str]

    def fields(self, present: Mapping[str, Any] | None) -> Document:
        """What the release remembers, so that it can be taken back; `present` is its document, if it has one."""
        known = set(present.get(self.created) or ()) if present else set()
        return {
            self.created: sorted(known | {body["id"] for body in self.change.created}),
            self.moved: [{"id": key, "to": to, "from": before} for key, (to, before) in self.change.moved.items()],
        }

    @abstractmethod
    def writes(self, store: Store, clock: Clock, caller: Caller, why: str) -> list[Insertion | Update]:
        """The writes that do it, in one transaction with the release's own."""


@dataclass(frozen=True, slots=True)
class SpecificationPart(Part):
    """Specifications with a lifecycleStatus, as TM Forum has them: those of services, where nothing else is said.

    Attributes:
        collection: where they are stored.
        event: what the names of their events begin with.
    """

    created: ClassVar[str] = "createdSpecification"
    moved: ClassVar[str] = "moved"
    collection: ClassVar[str] = SPECIFICATIONS
    event: ClassVar[str] = "ServiceSpecification"

    def writes(self, store: Store, clock: Clock, caller: Caller, why: str) -> list[Insertion | Update]:  # noqa: ARG002
        """The writes that do it."""
        made = [self._published(clock, caller, body, why) for body in self.change.created]
        return [*made, *(self._moved(clock, caller, key, why) for key in self.change.moved)]

    def _published(self, clock: Clock, caller: Caller, body: Document, why: str) -> Insertion:
        now = clock.now()
        made = [outbox.stub(f"{self.event}CreateEvent", who=caller.subject, why=why)]
        document = {"_id": body["id"], "tenant": caller.tenant, "body": {**body, "lastUpdate": to_text(now)}}
        return Insertion(self.collection, outbox.first(document, made, now))

    def _moved(self, clock: Clock, caller: Caller, key: str, why: str) -> Update:
        now, stored = clock.now(), self.stored[key]
        to, before = self.change.moved[key]
        told = outbox.stub(
            f"{self.event}ChangeEvent",
            who=caller.subject,
            why=why,
            before={"lifecycleStatus": before},
            after={"lifecycleStatus": to},
        )
        fields = {"body.lifecycleStatus": to, "body.lastUpdate": to_text(now)}
        guard = {"_id": key, "tenant": caller.tenant, "rev": stored["rev"]}
        return Update(self.collection, guard, outbox.change(stored, fields, [told], now))


@dataclass(frozen=True, slots=True)
class ResourceSpecificationPart(SpecificationPart):
    """Resource specifications."""

    created: ClassVar[str] = "createdResourceSpecification"
    moved: ClassVar[str] = "movedResourceSpecification"
    collection: ClassVar[str] = RESOURCE_SPECIFICATIONS
    event: ClassVar[str] = "ResourceSpecification"


@dataclass(frozen=True, slots=True)
class RecipePart(Part):
    """Versions of recipes.

    Attributes:
        latches: of what recipes are bound to, as they stood before it was looked at what is published.
    """

    latches: Seen = field(default_factory=dict)
    created: ClassVar[str] = "createdRecipe"
    moved: ClassVar[str] = "movedRecipe"

    def writes(self, store: Store, clock: Clock, caller: Caller, why: str) -> list[Insertion | Update]:
        """The writes that do it."""
        versions = RecipeVersions(store, clock)
        made: list[Insertion | Update] = [versions.arriving(caller, body, PATH, why) for body in self.change.created]
        bodies = [self.stored[key]["body"] for key, (to, _) in self.change.moved.items() if to == PUBLISHED]
        return [
            *made,
            *turning(caller.tenant, [*self.change.created, *bodies], self.latches),
            *(versions.moving(caller, self.stored[key], to, why) for key, (to, _) in self.change.moved.items()),
        ]
