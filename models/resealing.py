"""At each start secrets that are plain, or sealed with an earlier key, are sealed with the present one."""

from collections.abc import Mapping
from typing import Any

import structlog

from models.fulfillers import COLLECTION, place_of
from models.reading import reading
from models.sealing import Sealer, SecretUnreadable, is_sealed
from models.store import Store

Document = dict[str, Any]

log = structlog.get_logger(__name__)


async def reseal(store: Store, sealer: Sealer) -> int:
    """Bring all credentials under the present key. Safe to repeat, and to run in several processes at once.

    Returns:
        How many were sealed anew.

    Raises:
        Unavailable: the database cannot be reached.
    """
    with reading():
        found = await store.collection(COLLECTION).find({"secret": {"$exists": True}}, {"secret": 1}).to_list()
    renewed = 0
    for document in found:
        if sealer.is_current(document["secret"]):
            continue
        if await _reseal(store, sealer, document["_id"], document["secret"]):
            renewed += 1
    if renewed:
        log.info("credentials encrypted with the present key", fulfillers=renewed)
    return renewed


async def _reseal(store: Store, sealer: Sealer, key: str, secret: Mapping[str, Any]) -> bool:
    if not sealer.can_seal:
        if is_sealed(secret):
            log.error("credentials cannot be read without their key: set SOM_SECRET_KEY", fulfiller=key)
        else:
            log.warning("credentials are stored in the clear: set SOM_SECRET_KEY to have them encrypted", fulfiller=key)
        return False
    try:
        opened = sealer.open(secret, place_of(key))
    except SecretUnreadable:
        log.error("credentials were encrypted with a key that is missing; set them anew", fulfiller=key)  # noqa: TRY400
        return False
    sealed = sealer.seal(opened or {}, place_of(key))
    return await store.update(COLLECTION, {"_id": key, "secret": secret}, {"$set": {"secret": sealed}})
