"""Orders that wait for information: what is missing, by our names, and how it is passed on when it has been given."""

from collections.abc import Iterator, Mapping
from typing import Any

from adapters.ports import Accepted, FulfillerCall, InformationRequired, Outcome, Refused, Unreachable
from adapters.tmforum.client import Budget, TmfClient, Trouble, segment
from adapters.tmforum.mapping import NameMapping
from adapters.tmforum.order_reading import Dialect, errors_of, id_of, reasons, state_of
from adapters.tmforum.schemas import Schemas
from models.domain.expressions import ExpressionError
from models.domain.outcomes import text

Document = dict[str, Any]

PENDING = "pending"
_ASKS = "informationRequired"


class Questions:
    """Reads what one order manager asks for, and answers it."""

    def __init__(self, client: TmfClient, schemas: Schemas, dialect: Dialect, names: NameMapping) -> None:
        """Speak to this API, with these names."""
        self._client = client
        self._schemas = schemas
        self._dialect = dialect
        self._names = names

    def asked(self, order: Mapping[str, Any], *, always: bool) -> InformationRequired | None:
        """What an order of theirs asks the customer for; None where it asks for nothing.

        Args:
            order: as it was read.
            always: any pending order of theirs asks, also one whose messages do not say so.
        """
        if state_of(order) != PENDING and not any(state_of(item) == PENDING for item in self._items(order)):
            return None
        errors = [error for node in (order, *self._items(order)) for error in errors_of(node)]
        asking = [error for error in errors if error.get("code") == _ASKS or error.get("missing")]
        if not asking and not always:
            return None
        missing, unknown = [], []
        for name, meaning in self._wanted(asking):
            ours = self._names.ours(name)
            if ours is None:
                unknown.append(f"{name} ({meaning})" if meaning else name)
            else:
                missing.append({"characteristic": ours, **({"description": meaning} if meaning else {})})
        because = reasons(order, self._dialect) or "no reason was given"
        more = f" It asks for {', '.join(unknown)}, which has no name here." if unknown else ""
        said = f"The {self._dialect.words} {id_of(order)} waits for information: {because.rstrip('. ')}.{more}"
        return InformationRequired(text(said) or "", tuple(missing))

    async def answer(self, order: Document, call: FulfillerCall, budget: Budget) -> Outcome:
        """Pass on to a pending order what it lacks of the service as it is now; the order goes on by it.

        Where nothing new was given it is set going as it is: its manager asks again, or finds what it needs.
        """
        try:
            change = self._change(order, call)
        except ExpressionError as error:
            return Refused(f"The fulfiller's settings cannot be applied to this task: {error}", maybe_done=True)
        wrong = await self._schemas.wrong_to_change(change)
        if wrong is not None:
            return wrong
        key = str(id_of(order))
        path = f"/{self._dialect.order}/{segment(key)}"
        answer = await self._client.write("PATCH", path, budget, change)
        if isinstance(answer, Refused):
            return await self._not_taken(path, answer, budget)
        return answer if isinstance(answer, Unreachable) else Accepted(key, f"{self._client.base}{path}")

    async def _not_taken(self, path: str, refusal: Refused, budget: Budget) -> Outcome:
        """They want something else: so the customer is asked again, with what they say of it."""
        said = InformationRequired(text(f"What was given is not taken: {refusal.reason}") or "")
        order: Any = await self._read(path, budget)
        again = self.asked(order, always=True) if isinstance(order, dict) else None
        return said if again is None else InformationRequired(said.reason, again.missing)

    async def _read(self, path: str, budget: Budget) -> Document | Trouble:
        answer = await self._client.get(path, budget)
        if isinstance(answer, Refused | Unreachable):
            return answer
        return answer.body if isinstance(answer.body, dict) else {}

    def _change(self, order: Mapping[str, Any], call: FulfillerCall) -> Document:
        """The merge patch; a list is replaced as a whole by it. Raises ExpressionError."""
        items = list(self._items(order))
        if not items or call.action == "delete":
            return {"state": "inProgress"}
        dialect, item = self._dialect, items[0]
        subject = item.get(dialect.subject) or {}
        theirs = {entry["name"]: entry for entry in subject.get(dialect.characteristics) or () if "name" in entry}
        given = {
            entry["name"]: entry
            for entry in self._given(order, call)
            if theirs.get(entry["name"], {}).get("value") != entry.get("value")
        }
        if not given:
            return {"state": "inProgress"}
        values = [*({**theirs, **given}.values())]
        changed = {**item, dialect.subject: {**subject, dialect.characteristics: values}}
        return {dialect.items: [changed, *items[1:]]}

    def _given(self, order: Mapping[str, Any], call: FulfillerCall) -> Iterator[Document]:
        """What they would be sent of the service now, and what they have asked for, where a mapping leaves that out."""
        errors = [error for node in (order, *self._items(order)) for error in errors_of(node)]
        values = {
            entry["name"]: entry
            for entry in call.service.get("serviceCharacteristic") or ()
            if isinstance(entry, Mapping) and "name" in entry
        }
        for name, _ in self._wanted(errors):
            ours = self._names.ours(name)
            if ours in values and "value" in values[ours]:
                yield {
                    "name": name,
                    **{part: values[ours][part] for part in ("value", "valueType") if part in values[ours]},
                }
        yield from self._names.sent(call)

    def _items(self, order: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        yield from (item for item in order.get(self._dialect.items) or () if isinstance(item, Mapping))

    def _wanted(self, errors: list[Mapping[str, Any]]) -> Iterator[tuple[str, str | None]]:
        """Names of theirs that are missing, each once, and what is meant by it."""
        told: set[str] = set()
        for error in errors:
            listed = error.get("missing")
            for entry in listed if isinstance(listed, list) else ():
                name = text(entry.get("characteristic")) if isinstance(entry, Mapping) else None
                if name is not None and name not in told:
                    told.add(name)
                    yield name, text(entry.get("description"))
