"""A stored event as a subscriber receives it: the envelope of the version of its hub, with the body as that writes it.

Sources: the listener operations of the APIs' documents; TMF630 part 1 for the envelope. v4 carries the whole resource;
v5, as its examples show, the whole of a new one, and else what changed beside what the resource is. v1 is that of our
own API, whose events carry the whole resource.
"""

from collections.abc import Callable, Mapping
from typing import Any

from models.domain.events import (
    BASE_PATHS,
    LOWEST_PRIORITY,
    SUBJECTS,
    description,
    kind_of,
    resource_path,
    title,
    told_as,
)
from models.wire.bodies import written
from models.wire.versions import table_of

Document = dict[str, Any]

_WHAT_IT_IS = ("id", "href", "@type", "@baseType", "@schemaLocation")


def render(event: Mapping[str, Any], version: str, public_url: str) -> Document:
    """The envelope of a stored event, in a version of its API.

    Args:
        event: the stored event: `_id`, `api`, `type`, `resource`, `at`, `body`, `correlation` …
        version: the hub's version.
        public_url: what hrefs begin with.

    Raises:
        KeyError: we do not speak this version.
    """
    return _ENVELOPES[version](event, public_url)


def _envelope_v4(event: Mapping[str, Any], public_url: str) -> Document:
    return {**_common(event, "v4"), "timeOcurred": event["at"], "event": _payload(event, "v4", public_url)}


def _envelope_v5(event: Mapping[str, Any], public_url: str) -> Document:
    common = _common(event, "v5")
    [(name, body)] = _payload(event, "v5", public_url).items()
    payload = {name: body if kind_of(event) == "Create" else _changed(event, body)}
    return {**common, "@type": common["eventType"], "timeOccurred": event["at"], "event": payload}


def _envelope_of_ours(event: Mapping[str, Any], public_url: str) -> Document:
    return {**_common(event, "v1"), "timeOccurred": event["at"], "event": _payload(event, "v1", public_url)}


_ENVELOPES: Mapping[str, Callable[[Mapping[str, Any], str], Document]] = {
    "v1": _envelope_of_ours,
    "v4": _envelope_v4,
    "v5": _envelope_v5,
}


def _common(event: Mapping[str, Any], version: str) -> Document:
    name, event_type = told_as(event, version)
    headline = title(event, name)
    return {
        **event.get("fields", {}),
        "eventId": event["_id"],
        "eventTime": event["at"],
        "eventType": event_type,
        "correlationId": event.get("correlation") or event["resource"]["id"],
        "domain": SUBJECTS[event["resource"]["type"]].domain,
        "title": headline,
        "description": description(event, headline),
        "priority": str(event["body"].get("priority", LOWEST_PRIORITY)),
    }


def _payload(event: Mapping[str, Any], version: str, public_url: str) -> Document:
    """What the event is about, by its name on the wire."""
    kind = event["resource"]["type"]
    body = {**event["body"], "id": event["resource"]["id"]}
    base = f"{public_url.rstrip('/')}{BASE_PATHS[event['api']]}{version}"
    href = f"{base}{resource_path(SUBJECTS[kind].name, body)}"
    name, _ = told_as(event, version)
    return {name: {**written(table_of(kind, version), event["body"]), "href": href}}


def _changed(event: Mapping[str, Any], body: Document) -> Document:
    """What the resource is, and what of it changed; what was removed is not there any more."""
    table = table_of(event["resource"]["type"], "v5")
    stored = {**event.get("before", {}), **event.get("after", {})}
    names = {table.attributes[name].name or name if name in table.attributes else name for name in stored}
    return {name: value for name, value in body.items() if name in _WHAT_IT_IS or name in names}
