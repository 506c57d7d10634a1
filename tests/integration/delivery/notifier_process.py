"""A notifier in a process of its own, so that a test can kill it: `python notifier_process.py URL DATABASE BY`."""

import asyncio
import sys
from dataclasses import replace

from adapters.webhook import Webhook, WebhookSettings
from models.clock import Clock
from models.store import Store, connect
from scheduler.delivery.notifier import Notifier
from tests.integration.delivery.conftest import QUICK


async def main(url: str, database: str, by: str) -> None:
    settings = replace(QUICK, lease_margin=0.5)
    async with connect(url) as client, Webhook(WebhookSettings(timeout=0.5, loopback_allowed=True)) as webhook:
        await Notifier(Store(client, database), Clock(), webhook, settings, "http://som.example", by).run()


asyncio.run(main(*sys.argv[1:]))
