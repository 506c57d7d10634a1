"""What an order has brought, and what is: their service or resource, by our names."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from adapters.ports import Done, FulfillerCall, Outcome, Refused, Unreachable
from adapters.tmforum.client import Budget, Document, TmfClient, Trouble, segment
from adapters.tmforum.mapping import NameMapping
from adapters.tmforum.order_reading import Dialect, id_of, milestones, subject_of
from adapters.tmforum.reading import as_read
from models.domain.expressions import ExpressionError


class OrderResults:
    """Reads results at one order manager, in its orders and, where the settings name one, in its inventory."""

    def __init__(
        self, client: TmfClient, dialect: Dialect, names: NameMapping, fulfiller: str, inventory: str | None
    ) -> None:
        """Speak to this API, with these names; references to what was built name this fulfiller."""
        self._client = client
        self._dialect = dialect
        self._names = names
        self._fulfiller = fulfiller
        self._inventory = (inventory or "").rstrip("/")

    async def of(self, order: Document, call: FulfillerCall, budget: Budget) -> Outcome:
        """What a completed order has brought: values by our names, and what our service now rests on."""
        subject = subject_of(order, self._dialect)
        key = id_of(subject) if call.action != "delete" else None
        if self._inventory and key is not None:
            found = await self._kept(key, budget)
            if isinstance(found, Refused | Unreachable):
                return replace(found, maybe_done=True) if isinstance(found, Refused) else found
            subject = {**subject, **(found or {})}
        try:
            received = self._names.received(subject, subject.get(self._dialect.characteristics), order)
        except ExpressionError as error:
            reason = f"The order is completed, but the setting receive cannot be applied to what it brought: {error}"
            return Refused(reason, maybe_done=True)
        shown = {name: subject[name] for name in ("id", "href") if name in subject}
        return replace(
            self._resting(subject, call) if key is not None else Done(),
            output={"order": id_of(order), self._dialect.subject: shown, **received.output},
            service_characteristic=received.characteristics,
            milestones=milestones(order),
        )

    async def now(self, theirs: str | None, budget: Budget) -> Outcome:
        """How their service or resource with this id is now."""
        if not self._inventory or theirs is None:
            what = "their inventory" if not self._inventory else f"which {self._dialect.subject} of theirs is meant"
            return Refused(f"What is cannot be told: {what} is not known.")
        found = await self._kept(theirs, budget)
        if isinstance(found, Refused | Unreachable):
            return found
        if found is None:
            return Done(state="terminated")
        try:
            received = self._names.received(found, found.get(self._dialect.characteristics), {})
        except ExpressionError as error:
            return Refused(f"The setting receive cannot be applied to what came: {error}")
        return as_read(found, Done(service_characteristic=received.characteristics))

    async def _kept(self, key: str, budget: Budget) -> Document | Trouble | None:
        """What their inventory says; None where it knows no such thing."""
        path = f"{self._inventory}/{self._dialect.subject}/{segment(key)}"
        answer = await self._client.get(path, budget, bears={404})
        if isinstance(answer, Refused | Unreachable):
            return answer
        if answer.status == 404:
            return None
        return dict(answer.body) if isinstance(answer.body, Mapping) else Refused("What came is no object.")

    def _resting(self, subject: Mapping[str, Any], call: FulfillerCall) -> Done:
        """Done work whose result our service now rests on; `fulfiller`, and of an order `task`, say whose it is."""
        known = {name: subject[name] for name in ("href", "name") if isinstance(subject.get(name), str)}
        referred = self._dialect.subject.capitalize()
        task = {"task": call.name} if call.kind == "order" else {}
        reference = {"id": id_of(subject), **known, "@referredType": referred, "fulfiller": self._fulfiller, **task}
        if self._dialect.supporting == "supportingResource":
            return Done(supporting_resource=(reference,))
        return Done(supporting_service=(reference,))
