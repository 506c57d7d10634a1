"""What the demo's subscriber has received, and whether it is all that it should have."""

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import requests

from som.cli.connection import ADMINISTRATION, INVENTORY, ORDERING, Server, at
from som.cli.exits import Refused, Unreachable

_ARRIVAL_SECONDS = 20.0
_LOOK_SECONDS = 0.2
_PAGE = 1000


class Mailbox:
    """The subscriber as the demo asks it: by HTTP."""

    def __init__(self, url: str) -> None:
        """Know where it is."""
        self.url = url
        self._session = requests.Session()
        self._session.trust_env = False
        self._seen: list[dict[str, Any]] = []

    def events(self) -> Sequence[Mapping[str, Any]]:
        """All events received and verified so far, in the order of arrival.

        Raises:
            Unreachable: the subscriber does not answer.
        """
        try:
            answer = self._session.get(f"{self.url}/notifications", params={"after": len(self._seen)}, timeout=10)
            answer.raise_for_status()
        except requests.RequestException as trouble:
            raise Unreachable(f"The subscriber at {self.url} does not answer: {type(trouble).__name__}.") from None
        self._seen += answer.json()
        return self._seen

    def refused(self) -> int:
        """How many notifications had no good signature."""
        answer = self._session.get(f"{self.url}/stats", timeout=10)
        return int(answer.json()["refused"])


def subscribe(server: Server, callback: str, secret: str, *, new_secret: bool) -> None:
    """Registers the subscriber at both hubs, once."""
    for base, api in ((ORDERING, "tmf641"), (INVENTORY, "tmf638")):
        wanted = {"callback": callback, "secret": secret}
        try:
            server.post(f"{base}/hub", wanted)
        except Refused as refusal:
            if refusal.status != requests.codes.conflict:
                raise
            if new_secret:  # it is registered with a secret that is lost
                _unsubscribe(server, base, api, callback)
                server.post(f"{base}/hub", wanted)


def _unsubscribe(server: Server, base: str, api: str, callback: str) -> None:
    asked = {"api": api, "callback": callback, "state": "active"}
    for subscription in server.page(f"{ADMINISTRATION}/hubListener", asked).items:
        server.delete(at(f"{base}/hub", str(subscription["id"])))


def owed(server: Server, resources: Iterable[str]) -> dict[str, list[str]]:
    """Ids of the events of each resource, in their order, as the server has recorded them."""
    events: dict[str, list[str]] = {}
    for resource in resources:
        asked = {"resourceId": resource, "limit": _PAGE, "fields": "id,sequence"}
        found = server.page(f"{ADMINISTRATION}/event", asked).items
        events[resource] = [str(one["id"]) for one in sorted(found, key=lambda one: int(one["sequence"]))]
    return events


def missing(server: Server, mailbox: Mailbox, resources: Sequence[str]) -> list[str]:
    """What is wrong with the notifications about these resources, after waiting for those on their way."""
    give_up = time.monotonic() + _ARRIVAL_SECONDS
    while True:
        expected = owed(server, resources)
        wrong = list(_differences(expected, mailbox.events()))
        if not wrong or time.monotonic() >= give_up:
            return wrong
        time.sleep(_LOOK_SECONDS)


def _differences(expected: Mapping[str, Sequence[str]], received: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    arrived: defaultdict[str, list[str]] = defaultdict(list)
    for event in received:
        arrived[str(event["resourceId"])].append(str(event["eventId"]))
    for resource, events in expected.items():
        if not events:
            yield f"the server has recorded no event of {resource}"
        lost = [event for event in events if event not in arrived[resource]]
        if lost:
            yield f"{len(lost)} of {len(events)} events of {resource} did not arrive"
        elif [event for event in arrived[resource] if event in set(events)] != list(events):
            yield f"the events of {resource} arrived out of order"
