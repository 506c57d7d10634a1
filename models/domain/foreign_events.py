"""What an event of somebody else's TM Forum API is about. It is a hint only: nothing else in it is read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

MAX_SUBJECTS = 1000
_ORDERS = ("serviceOrder", "resourceOrder", "productOrder")


@dataclass(frozen=True, slots=True)
class Subjects:
    """What a fulfiller's events tell of.

    Attributes:
        ids: of the resources, by their owner's naming; of a request to cancel, also of the order that it is for.
        external_ids: what the resources are called by whoever ordered them.
    """

    ids: tuple[str, ...]
    external_ids: tuple[str, ...]


def subjects_of(envelopes: Iterable[Any]) -> Subjects:
    """The resources that events tell of: `{event: {<resource>: {id, externalId?}}}`, in any version of any API.

    What has no such shape tells of nothing. Of very many, the first are enough: the rest is found by looking.
    """
    ids: dict[str, None] = {}
    external: dict[str, None] = {}
    for envelope in envelopes:
        payload = envelope.get("event") if isinstance(envelope, Mapping) else None
        for resource in payload.values() if isinstance(payload, Mapping) else ():
            if isinstance(resource, Mapping):
                _note(ids, resource.get("id"))
                _note(external, resource.get("externalId"))
                for name in _ORDERS:
                    order = resource.get(name)
                    _note(ids, order.get("id") if isinstance(order, Mapping) else None)
    return Subjects(tuple(ids)[:MAX_SUBJECTS], tuple(external)[:MAX_SUBJECTS])


def _note(found: dict[str, None], value: Any) -> None:
    if isinstance(value, str) and value:
        found[value] = None
