"""The orders that are placed with somebody else's order manager: pure decisions on the call."""

from collections.abc import Callable
from typing import Any

from adapters.ports import FulfillerCall
from adapters.tmforum.mapping import NameMapping
from adapters.tmforum.order_links import naming_ours, theirs_of
from adapters.tmforum.order_reading import Dialect

Document = dict[str, Any]

_REVERSE = {"add": "delete", "delete": "add", "modify": "modify"}


class UnknownSubject(Exception):
    """Which service or resource of theirs is meant cannot be told; the message says so."""

    def __init__(self, subject: str, action: str) -> None:
        super().__init__(
            f"Which {subject} of theirs is to be ordered with {action} is not known: ours has no supporting "
            f"{subject} that this fulfiller has built."
        )


class OrderMaking:
    """Makes the orders of one fulfiller; each has one item."""

    def __init__(
        self, dialect: Dialect, names: NameMapping, fulfiller: str, order_url: Callable[[str], str] | None = None
    ) -> None:
        """Speak this dialect, with these names, of what this fulfiller has built; `order_url` leads to our orders."""
        self._dialect = dialect
        self._names = names
        self._fulfiller = fulfiller
        self._order_url = order_url

    def theirs(self, call: FulfillerCall) -> str | None:
        """The id of their service, resource or product that ours rests on; of several the newest."""
        return theirs_of(call.service, self._dialect, self._fulfiller, call.name)

    def order(self, call: FulfillerCall) -> Document:
        """The order for a task.

        Raises:
            ExpressionError: the settings cannot be applied to the call.
            UnknownSubject: it changes what we do not know.
        """
        theirs = None if call.action == "add" else self.theirs(call)
        if call.action != "add" and theirs is None:
            raise UnknownSubject(self._dialect.subject, call.action)
        values = [] if call.action == "delete" else self._names.sent(call)
        return self._with_item(call, call.action, theirs, values)

    def reverse(self, call: FulfillerCall, theirs: str | None) -> Document:
        """The order that undoes what was ordered, on their service or resource with this id. Raises likewise."""
        action = _REVERSE[call.action]
        if action != "add" and theirs is None:
            raise UnknownSubject(self._dialect.subject, action)
        values = [] if action == "delete" else self._names.sent(call, back=True)
        return self._with_item(call, action, None if action == "add" else theirs, values)

    def _with_item(self, call: FulfillerCall, action: str, theirs: str | None, values: list[Document]) -> Document:
        dialect = self._dialect
        wanted = self._names.mapped(call.service) if dialect.offering else self._names.specification(call.service)
        named = {dialect.offering or dialect.specification: wanted} if wanted else {}
        subject: Document = {
            "@type": dialect.subject.capitalize(),
            **({} if theirs is None else {"id": theirs}),
            **({} if dialect.offering else named),
            **({dialect.characteristics: values} if values else {}),
            **self._names.additions("subject", call),
        }
        item = {**(named if dialect.offering else {}), **self._names.additions("item", call)}
        order = {**self._names.additions("order", call), **self._source(call)}
        return {**order, dialect.items: [{**item, "id": "1", "action": action, dialect.subject: subject}]}

    def _source(self, call: FulfillerCall) -> Document:
        """The list that says which order of ours it is for, after whatever the settings have put there."""
        if call.kind != "order" or call.order_id is None:
            return {}
        name = self._dialect.source
        given = self._names.additions("order", call).get(name) or ()
        href = self._order_url(call.order_id) if self._order_url else None
        return {name: [*given, naming_ours(name, call.order_id, href)]}
