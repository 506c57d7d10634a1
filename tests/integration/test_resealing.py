"""What is stored in the clear, or under an earlier key, is brought under the present one."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from models import order_callbacks, signing_secrets
from models.callback_token import CallbackKeyUnreadable, CallKey, load_tokens
from models.patterns import Re2Patterns
from models.resealing import PIECE, reseal
from models.sealing import Sealer, SecretUnreadable, is_sealed
from models.store import Store, connect

OLD, NEW = "o" * 32, "n" * 32
SECRET = {"type": "bearer", "token": "very-secret"}


@pytest.fixture
async def store(mongodb_url: str, database_name: str) -> AsyncIterator[Store]:
    async with connect(mongodb_url) as client:
        yield Store(client, database_name)


async def keep(store: Store, key: str, secret: dict[str, Any]) -> None:
    await store.insert("fulfiller", {"_id": key, "tenant": "default", "rev": 3, "secret": secret})


async def test_plain_and_old_secrets_are_sealed_with_the_present_key_and_no_revision_rises(store: Store) -> None:
    old, both = Sealer([OLD]), Sealer([NEW, OLD])
    await keep(store, "plain", SECRET)
    await keep(store, "old", old.seal(SECRET, "fulfiller/old"))
    await keep(store, "lost", Sealer(["l" * 32]).seal(SECRET, "fulfiller/lost"))
    assert await reseal(store, both) == 2
    assert await reseal(store, both) == 0
    new = Sealer([NEW])
    for key in ("plain", "old"):
        stored = await store.get("fulfiller", key)
        assert stored is not None
        assert new.open(stored["secret"], f"fulfiller/{key}") == SECRET
        assert stored["rev"] == 3
        assert "very-secret" not in str(stored)


async def test_signing_secrets_are_sealed_and_open_to_nobody_else(store: Store) -> None:
    until = datetime(2026, 11, 26, tzinfo=UTC)
    former = {"secret": "whsec_then", "until": until}
    plain = {"_id": "s1", "tenant": "default", "rev": 2, "secret": "whsec_now", "former": former}
    await store.insert("subscription", dict(plain))
    await store.insert("subscription", {"_id": "unsigned", "tenant": "default", "rev": 1, "secret": None})
    old, both, new = Sealer([OLD]), Sealer([NEW, OLD]), Sealer([NEW])
    assert await reseal(store, old) == 2
    assert await reseal(store, both) == 2
    assert await reseal(store, both) == 0
    stored = await store.get("subscription", "s1")
    assert stored is not None
    assert "whsec" not in str(stored)
    found = signing_secrets.opened(stored, new)
    assert (found["secret"], found["former"], found["rev"]) == ("whsec_now", former, 2)
    with pytest.raises(SecretUnreadable):
        signing_secrets.opened({**stored, "_id": "s2"}, new)
    with pytest.raises(SecretUnreadable):
        signing_secrets.opened(stored, old)


async def test_the_secret_of_an_order_s_callback_is_sealed_anew_for_that_order_alone(store: Store) -> None:
    old, both, new = Sealer([OLD]), Sealer([NEW, OLD]), Sealer([NEW])
    given = {"callback": "http://127.0.0.1:9/", "secret": "whsec_bXlzZWNyZXQ="}
    for number in range(PIECE + 2):
        key = f"o{number}"
        kept = order_callbacks.take({order_callbacks.ATTRIBUTE: dict(given)}, key, Re2Patterns(), old)
        order = {"_id": key, "tenant": "default", "rev": 4, "body": {}, order_callbacks.FIELD: kept}
        await store.insert("serviceOrder", order)
    await store.insert("serviceOrder", {"_id": "plain", "tenant": "default", "rev": 1, "body": {}})
    assert await reseal(store, old) == 0
    assert await reseal(store, both) == PIECE + 2
    assert await reseal(store, both) == 0
    for key in ("o0", f"o{PIECE + 1}"):
        stored = await store.get("serviceOrder", key)
        assert stored is not None
        registered = order_callbacks.registered_with(stored)
        assert registered is not None
        assert signing_secrets.opened(registered, new)["secret"] == given["secret"]
        assert stored["rev"] == 4
        with pytest.raises(SecretUnreadable):
            signing_secrets.opened({**registered, "_id": "order:o1"}, new)


async def test_the_key_of_callbacks_is_sealed_and_a_lost_one_is_told_at_the_start(store: Store) -> None:
    await store.insert("secret", {"_id": "callback", "value": "ab" * 32})
    old, new = Sealer([OLD]), Sealer([NEW])
    call = CallKey("plan", "00aa", "fulfil", 0)
    token = (await load_tokens(store, Sealer())).issue(call)
    assert await reseal(store, old) == 1
    stored = await store.get("secret", "callback")
    assert "ab" * 32 not in str(stored)
    assert (await load_tokens(store, old)).read(token) == call
    with pytest.raises(CallbackKeyUnreadable):
        await load_tokens(store, new)
    assert (await load_tokens(store, new, "a configured one")).read(token) is None


async def test_the_key_of_callbacks_is_made_sealed(store: Store) -> None:
    sealer = Sealer([NEW])
    token = (await load_tokens(store, sealer)).issue(CallKey("plan", "00aa", "fulfil", 0))
    assert (await load_tokens(store, sealer)).read(token) is not None
    stored = await store.get("secret", "callback")
    assert stored is not None
    assert is_sealed(stored["value"])


async def test_without_a_key_everything_stays_as_it_is(store: Store) -> None:
    await keep(store, "plain", SECRET)
    assert await reseal(store, Sealer()) == 0
    stored = await store.get("fulfiller", "plain")
    assert stored is not None
    assert stored["secret"] == SECRET
