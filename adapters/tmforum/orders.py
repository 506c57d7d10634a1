"""Giving work to an order manager: an order for a task, looked after until it has ended.

The order's externalId is our idempotency key. Before a POST that may be a repetition the order is looked for by it, so
that a fulfiller which knows no Idempotency-Key header gets each order once all the same.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar, Self

import structlog

from adapters.credentials import Credentials
from adapters.http_session import Tools
from adapters.ports import (
    Accepted,
    Done,
    FulfillerCall,
    InformationRequired,
    Outcome,
    Probe,
    Progress,
    Refused,
    Unreachable,
)
from adapters.tmforum.cancelling import OrderCancellation
from adapters.tmforum.client import Answered, Budget, Document, TmfClient, Trouble, segment
from adapters.tmforum.hub import Hub
from adapters.tmforum.mapping import NameMapping
from adapters.tmforum.order_links import reference_to
from adapters.tmforum.order_making import OrderMaking, UnknownSubject
from adapters.tmforum.order_reading import (
    ENDED,
    NOTHING_BUILT,
    Dialect,
    id_of,
    state_of,
    subject_of,
    unfinished,
)
from adapters.tmforum.order_results import OrderResults
from adapters.tmforum.questions import PENDING, Questions
from adapters.tmforum.schemas import Schemas
from adapters.tmforum.settings import CATCH_UP_SECONDS, wrong_order_settings
from models.domain.expressions import ExpressionError
from models.domain.fulfiller import FulfillerDefinition
from models.domain.violations import Violation

FIRST_LOOK, CANCELLED_SOON = 5.0, 1.0
"""Seconds to the first look at an order, and at a cancellation."""
_NO_SUCH = frozenset({404, 405, 501})

_log = structlog.get_logger(__name__)


class OrderFulfiller:
    """An order manager that does the work of tasks; one order for each, with one item."""

    kind: ClassVar[str]
    dialect: ClassVar[Dialect]

    def __init__(self, definition: FulfillerDefinition, credentials: Credentials, tools: Tools) -> None:
        """Speak to the API at the endpoint; connect later."""
        settings = definition.settings
        self._id = definition.id
        self._client = TmfClient(definition, credentials, tools.session())
        self._names = NameMapping(settings)
        self._making = OrderMaking(self.dialect, self._names, definition.id, tools.order_url)
        self._schemas = Schemas(tools.schema_check, self.dialect)
        address = tools.notification_url(definition.id) if tools.notification_url else None
        self._hub = Hub(self._client, address if settings.get("hub", True) else None, settings.get("hubQuery"))
        self._often = definition.poll_interval
        self._seldom = float(settings.get("catchUpInterval", CATCH_UP_SECONDS))
        self._results = OrderResults(self._client, self.dialect, self._names, definition.id, settings.get("inventory"))
        self._pending_asks = bool(settings.get("pendingAsks", False))
        self._questions = Questions(self._client, self._schemas, self.dialect, self._names)
        self._cancellation = OrderCancellation(self._client, self._schemas, self.dialect)

    @classmethod
    def check(cls, definition: FulfillerDefinition) -> list[Violation]:
        """What this kind asks of a registration beyond the rules for all."""
        return list(wrong_order_settings(definition))

    @classmethod
    def create(cls, definition: FulfillerDefinition, credentials: Credentials, tools: Tools) -> Self:
        """Make one for this registration."""
        return cls(definition, credentials, tools)

    async def engage(self, call: FulfillerCall) -> Outcome:
        """Place an order; cancel the one that was placed; or place the one that undoes what it brought."""
        budget = Budget(call.timeout)
        await self._hub.ensure(budget)
        outcome = await self._engaged(call, budget)
        if isinstance(outcome, Unreachable):
            self._hub.doubt()
        return replace(outcome, retry_after=self._first_look(call)) if isinstance(outcome, Accepted) else outcome

    async def _engaged(self, call: FulfillerCall, budget: Budget) -> Outcome:
        match call.operation:
            case "cancel":
                order = await self._engaged_order(call, budget)
                return order if isinstance(order, Refused | Unreachable) else await self._cancel(order, call, budget)
            case "compensate":
                return await self._undo(call, budget)
        if call.engaged is not None and call.engaged.reference:
            going_on = await self._go_on(call.engaged.reference, call, budget)
            if going_on is not None:
                return going_on
        return await self._order(call, lambda: self._making.order(call), budget)

    async def _go_on(self, key: str, call: FulfillerCall, budget: Budget) -> Outcome | None:
        """Answer the question of an order that was placed; None where another one is needed."""
        order = await self._read_order(key, budget)
        if order is None or isinstance(order, Refused | Unreachable):
            return order
        state = state_of(order)
        if state in NOTHING_BUILT:
            return None
        if state == PENDING:
            return await self._questions.answer(order, call, budget)
        return await self._taken(order, call, budget)

    async def read(self, call: FulfillerCall) -> Outcome:
        """Read their service or resource that ours rests on, in the inventory that the settings name."""
        return await self._results.now(self._making.theirs(call), Budget(call.timeout))

    async def poll(self, reference: Accepted, call: FulfillerCall) -> Outcome:
        """Read how the order, or its cancellation, is."""
        if reference.reference is None:
            return Progress()
        budget = Budget(call.timeout)
        await self._hub.ensure(budget)
        if call.operation == "cancel":
            return await self._cancellation.look(reference.reference, call, budget)
        outcome = await self._look(reference.reference, call, budget)
        if isinstance(outcome, Unreachable):
            self._hub.doubt()
        if isinstance(outcome, InformationRequired):  # their customer may be answered by somebody else
            return replace(outcome, retry_after=self._interval or self._often)
        return replace(outcome, retry_after=self._interval) if isinstance(outcome, Progress) else outcome

    async def probe(self, seconds: float) -> Probe:
        """Look whether its list of orders can be read."""
        found = await self._client.probe(f"/{self.dialect.order}", seconds)
        if found.down is not None:
            self._hub.doubt()
        return found

    async def aclose(self) -> None:
        """Hold nothing: the session belongs to the process, and the subscription to the other side."""

    @property
    def _interval(self) -> float | None:
        """Seconds to the next look: seldom while the hub tells, else as the registration says."""
        return self._seldom if self._hub.tells else None

    def _first_look(self, call: FulfillerCall) -> float | None:
        """Seconds to the first look: an event may have overtaken the answer, and its resource been nobody's yet."""
        if call.operation == "cancel":
            return CANCELLED_SOON
        return min(FIRST_LOOK, self._seldom) if self._hub.tells else None

    async def _order(self, call: FulfillerCall, body: Callable[[], Document], budget: Budget) -> Outcome:
        if call.repeated:
            found = await self._find(call.idempotency_key, budget)
            if found is not None:
                return found if isinstance(found, Refused | Unreachable) else await self._taken(found, call, budget)
        try:
            order = {**body(), "externalId": call.idempotency_key}
        except ExpressionError as error:
            return Refused(f"The fulfiller's settings cannot be applied to this task: {error}")
        except UnknownSubject as error:
            return Refused(str(error))
        wrong = await self._schemas.wrong_to_send(order)
        if wrong is not None:
            return wrong
        answer = await self._client.write(
            "POST", f"/{self.dialect.order}", budget, order, key=call.idempotency_key, bears={409}
        )
        if isinstance(answer, Answered) and answer.status == 409:
            return await self._in_conflict(answer, call, budget)
        return answer if isinstance(answer, Refused | Unreachable) else await self._taken(answer.body, call, budget)

    async def _in_conflict(self, answer: Answered, call: FulfillerCall, budget: Budget) -> Outcome:
        """Some answer 409 to an order that they have already."""
        found = await self._find(call.idempotency_key, budget)
        if found is None:
            said = answer.body if isinstance(answer.body, Mapping) else {}
            return Refused(str(said.get("message") or said.get("reason") or "The order is in conflict there."))
        return found if isinstance(found, Refused | Unreachable) else await self._taken(found, call, budget)

    async def _taken(self, order: Any, call: FulfillerCall, budget: Budget) -> Outcome:
        """What an order that was placed means; most go on."""
        wrong = await self._schemas.wrong_order(order)
        if wrong is not None:
            return wrong
        key = id_of(order)
        if key is None:
            return Refused(f"The {self.dialect.words} that was placed has no id, so that it is lost.", maybe_done=True)
        if state_of(order) in ENDED:
            return await self._settled(order, call, budget)
        placed = reference_to(self.dialect, self._client.base, key)
        return Accepted(key, placed["href"], order=placed)

    async def _look(self, key: str, call: FulfillerCall, budget: Budget) -> Outcome:
        answer = await self._read_order(key, budget)
        if isinstance(answer, Refused | Unreachable):
            return answer
        if answer is None:
            return Refused(f"The {self.dialect.words} {key} is not known there any more.", maybe_done=True)
        wrong = await self._schemas.wrong_order(answer)
        return wrong if wrong is not None else await self._settled(answer, call, budget)

    async def _settled(self, order: Document, call: FulfillerCall, budget: Budget) -> Outcome:
        """What an order means that may have ended."""
        outcome, key = await self._meant(order, call, budget), id_of(order)
        if key is None or not isinstance(outcome, Done | Refused):
            return outcome
        return replace(outcome, order=reference_to(self.dialect, self._client.base, key))

    async def _meant(self, order: Document, call: FulfillerCall, budget: Budget) -> Outcome:
        asked = self._questions.asked(order, always=self._pending_asks) if call.operation == "fulfil" else None
        early = asked or unfinished(order, self.dialect)
        if early is not None:
            return early
        if call.operation != "fulfil":
            return Done()
        return await self._results.of(order, call, budget)

    async def _cancel(self, order: Document | None, call: FulfillerCall, budget: Budget) -> Outcome:
        if order is None or state_of(order) in NOTHING_BUILT:
            return Done()
        if state_of(order) in ENDED:
            name = f"The {self.dialect.words} {id_of(order)}"
            return Refused(f"{name} has ended already ({state_of(order)}); what it brought can be undone.")
        return await self._cancellation.request(str(id_of(order)), call, budget)

    async def _undo(self, call: FulfillerCall, budget: Budget) -> Outcome:
        order = await self._engaged_order(call, budget)
        if isinstance(order, Refused | Unreachable):
            return order
        told = (call.output or {}).get(self.dialect.subject)
        theirs = id_of(told) or id_of(subject_of(order or {}, self.dialect)) or self._making.theirs(call)
        if order is None and theirs is None:
            return Done()
        if order is not None and state_of(order) in NOTHING_BUILT:
            return Done()
        if order is not None and state_of(order) not in ENDED:
            reason = f"The {self.dialect.words} {id_of(order)} goes on; it can be undone when it has ended."
            return Unreachable(reason, maybe_done=False)
        return await self._order(call, lambda: self._making.reverse(call, theirs), budget)

    async def _engaged_order(self, call: FulfillerCall, budget: Budget) -> Document | Trouble | None:
        """The order that was placed for the work which is to be cancelled or undone; None where there is none."""
        if call.engaged is not None and call.engaged.reference:
            return await self._read_order(call.engaged.reference, budget)
        return await self._find(call.fulfil_key, budget) if call.fulfil_key else None

    async def _read_order(self, key: str, budget: Budget) -> Document | Trouble | None:
        answer = await self._client.get(f"/{self.dialect.order}/{segment(key)}", budget, bears={404})
        if isinstance(answer, Refused | Unreachable):
            return answer
        return dict(answer.body) if answer.status != 404 and isinstance(answer.body, Mapping) else None

    async def _find(self, key: str, budget: Budget) -> Document | Trouble | None:
        """The order that bears this externalId; a filter that the other side ignores must not mislead us."""
        answer = await self._client.get(f"/{self.dialect.order}", budget, bears=_NO_SUCH, externalId=key)
        if isinstance(answer, Refused):  # whether it was placed before is unknown
            return replace(answer, maybe_done=True)
        if isinstance(answer, Unreachable):
            return answer
        listed = answer.body if isinstance(answer.body, list) else ()
        found = [dict(one) for one in listed if isinstance(one, Mapping) and one.get("externalId") == key]
        if len(found) > 1:
            _log.warning("an order was taken more than once", fulfiller=self._id, orders=[id_of(one) for one in found])
        return found[0] if found else None
