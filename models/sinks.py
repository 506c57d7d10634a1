"""Configuration sinks as they are kept: registrations like those of hubs, which lead to inventories or webhooks."""

from collections.abc import Mapping
from typing import Any

from models.clock import Clock
from models.deliveries import remove_subscription
from models.domain.caller import Caller
from models.domain.errors import Conflict, InvalidRequest, NotFound
from models.domain.fulfiller import wrong_credentials
from models.domain.patterns import PatternEngine
from models.domain.signatures import new_secret
from models.domain.sinks import RESOURCES
from models.domain.subscriptions import ACTIVE, callback_violations, parse_query
from models.domain.violations import Violation
from models.ids import new_id
from models.reading import reading
from models.sealing import Sealer
from models.signing_secrets import place_of
from models.store import Store

Document = dict[str, Any]

COLLECTION = "subscription"
INSTANCES = "sinkInstance"
APIS = {"service": "tmf638", "resource": "tmf639"}
COPYING, COPIED = "inProgress", "done"


def check(body: Mapping[str, Any], patterns: PatternEngine) -> None:
    """Check a sink to be registered; its types fit the schema.

    Raises:
        InvalidRequest: naming what is wrong.
    """
    found = [Violation("/address", one.code, one.message) for one in callback_violations(body["address"])]
    kept = RESOURCES.get(body["kind"])
    if kept is not None and body.get("resource", kept) != kept:
        found.append(Violation("/resource", "invalidValue", f"A sink of the kind {body['kind']} takes {kept}s."))
    if "credentials" in body:
        if kept is None:
            message = "A webhook is signed with its secret; it takes no credentials."
            found.append(Violation("/credentials", "unexpected", message))
        else:
            found.extend(wrong_credentials(body["credentials"]))
    if "secret" in body and kept is not None:
        found.append(Violation("/secret", "unexpected", "Only webhooks are signed; give credentials instead."))
    if found:
        raise InvalidRequest(found)
    parse_query(body.get("query"), _api(body), patterns)


def body_of(stored: Mapping[str, Any]) -> Document:
    """What a client has registered, as it stands now; without its credentials."""
    resource = "service" if stored["api"] == APIS["service"] else "resource"
    body = {**stored["sink"], "resource": resource, "query": stored.get("query")}
    return {name: value for name, value in body.items() if value is not None}


def _api(body: Mapping[str, Any]) -> str:
    return APIS[RESOURCES.get(body["kind"]) or body.get("resource", "service")]


async def register(
    store: Store, clock: Clock, sealer: Sealer, caller: Caller, body: Mapping[str, Any]
) -> tuple[Document, str | None]:
    """Register a checked sink; returns it as stored, and the secret that signs, which is never told again.

    Raises:
        NoSecretKey: there is no key to keep credentials or secret with.
        AlreadyExists: there is a sink, or a listener, of this id.
    """
    key = str(body.get("id") or new_id())
    is_webhook, place, now = body["kind"] == "webhook", place_of(key), clock.now()
    secret = (body.get("secret") or (new_secret() if sealer.can_seal else None)) if is_webhook else None
    kept = {name: body[name] for name in ("kind", "address", "specification", "name") if name in body}
    document: Document = {
        "_id": key,
        "tenant": caller.tenant,
        "rev": 1,
        "created": now,
        "updated": now,
        "api": _api(body),
        "version": "v4",
        "callback": body["address"],
        "query": body.get("query"),
        "secret": None if secret is None else sealer.seal_text(secret, place),
        "appendListenerPath": False,
        "state": ACTIVE,
        "sink": kept,
    }
    if body.get("initialCopy"):
        document["copy"] = _copy(1, clock)
    if "credentials" in body:
        document["credentials"] = sealer.seal(body["credentials"], place)
    await store.insert(COLLECTION, document)
    return document, secret


def _copy(number: int, clock: Clock) -> Document:
    """A copy of the inventory that begins: it goes on from `cursor`, the last instance that was looked at."""
    return {"number": number, "state": COPYING, "cursor": "", "copied": 0, "started": clock.now()}


async def begin_copy(store: Store, clock: Clock, tenant: str, key: str) -> Document:
    """Have the whole inventory sent to a sink; one that is being sent to it already is gone on with.

    Raises:
        NotFound: there is none.
        Conflict: the sink has ended.
    """
    while True:
        stored = await find(store, tenant, key)
        require_active(stored)
        former = stored.get("copy") or {"number": 0, "state": COPIED}
        if former["state"] == COPYING:
            return stored
        change = {"$set": {"copy": _copy(former["number"] + 1, clock)}, "$inc": {"rev": 1}}
        await store.update(COLLECTION, {"_id": key, "rev": stored["rev"], "copy.state": {"$ne": COPYING}}, change)


def require_active(stored: Mapping[str, Any]) -> None:
    """Make sure that something is sent to a sink.

    Raises:
        Conflict: it has ended.
    """
    if stored["state"] != ACTIVE:
        raise Conflict(f"The sink has ended: {stored.get('endedReason')} Register another one.")


async def change(  # noqa: PLR0913, PLR0917 - what a change takes
    store: Store,
    clock: Clock,
    sealer: Sealer,
    stored: Mapping[str, Any],
    body: Mapping[str, Any],
    given: Mapping[str, Any],
) -> bool:
    """Change a sink to a checked body; returns False where somebody else has changed it meanwhile.

    What instances are called at its former address is nothing to the new one: there they are looked for by their mark.

    Args:
        store: where sinks are kept.
        clock: the time.
        sealer: seals credentials.
        stored: as it was read.
        body: what it is to be.
        given: what the client has named: `credentials` are kept where they are not, and removed where they are null.

    Raises:
        NoSecretKey: there is no key to keep credentials with.
    """
    key, former = stored["_id"], stored["sink"]["address"]
    if body["address"] != former:
        unnamed = {"sink": key, "address": {"$exists": False}}
        with reading():
            await store.collection(INSTANCES).update_many(unnamed, {"$set": {"address": former}})
    kept = {name: body[name] for name in ("kind", "address", "specification", "name") if name in body}
    fields: Document = {"sink": kept, "callback": body["address"], "query": body.get("query"), "updated": clock.now()}
    update: Document = {"$set": fields, "$inc": {"rev": 1}}
    if given.get("credentials") is not None:
        fields["credentials"] = sealer.seal(given["credentials"], place_of(key))
    elif "credentials" in given:
        update["$unset"] = {"credentials": ""}
    return await store.update(COLLECTION, {"_id": key, "rev": stored["rev"], "state": ACTIVE}, update)


async def find(store: Store, tenant: str, key: str) -> Document:
    """A sink as stored.

    Raises:
        NotFound: there is none.
    """
    found = await store.get(COLLECTION, key, tenant=tenant)
    if found is None or not found.get("sink"):
        raise NotFound(f"There is no configuration sink with the id {key[:100]!r}.")
    return found


async def remove(store: Store, caller: Caller, key: str) -> None:
    """End a sink; nothing more is sent, and what it has stays there.

    Raises:
        NotFound: there is none.
    """
    await find(store, caller.tenant, key)
    with reading():
        await remove_subscription(store, caller, key)
        await store.collection(COLLECTION).delete_one({"_id": key, "state": {"$ne": ACTIVE}})
        await store.collection(INSTANCES).delete_many({"sink": key})
