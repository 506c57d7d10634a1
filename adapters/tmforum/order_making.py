"""The orders that are placed with somebody else's order manager: pure decisions on the call."""

from collections.abc import Mapping
from typing import Any

from adapters.ports import FulfillerCall
from adapters.tmforum.mapping import NameMapping
from adapters.tmforum.order_reading import Dialect, id_of

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

    def __init__(self, dialect: Dialect, names: NameMapping, fulfiller: str) -> None:
        """Speak this dialect, with these names, of what this fulfiller has built."""
        self._dialect = dialect
        self._names = names
        self._fulfiller = fulfiller

    def theirs(self, service: Mapping[str, Any]) -> str | None:
        """The id of their service or resource that ours rests on; of several the newest."""
        listed = service.get(f"supporting{self._dialect.subject.capitalize()}") or ()
        known = [id_of(one) for one in listed if isinstance(one, Mapping) and one.get("fulfiller") == self._fulfiller]
        return known[-1] if known else None

    def order(self, call: FulfillerCall) -> Document:
        """The order for a task.

        Raises:
            ExpressionError: the settings cannot be applied to the call.
            UnknownSubject: it changes what we do not know.
        """
        theirs = None if call.action == "add" else self.theirs(call.service)
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
        specification = self._names.specification(call.service)
        subject: Document = {
            "@type": dialect.subject.capitalize(),
            **({} if theirs is None else {"id": theirs}),
            **({dialect.specification: specification} if specification else {}),
            **({dialect.characteristics: values} if values else {}),
            **self._names.additions("subject", call),
        }
        order = self._names.additions("order", call)
        return {**order, dialect.items: [{"id": "1", "action": action, dialect.subject: subject}]}
