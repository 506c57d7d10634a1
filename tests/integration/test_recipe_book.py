"""Published recipes are known to other processes a moment later."""

import asyncio

from models.clock import Clock
from models.domain.caller import ANONYMOUS
from models.recipe_book import RecipeBook
from models.recipe_versions import RecipeVersions
from models.store import Store, connect
from scheduler.watcher import Watcher
from tests.contract.samples import recipe


async def test_another_process_takes_a_publish_on_by_its_change_stream(mongodb_url: str, database_name: str) -> None:
    async with connect(mongodb_url) as here, connect(mongodb_url) as there:
        versions = RecipeVersions(Store(here, database_name), Clock())
        await versions.create(ANONYMOUS, recipe(binding=[{"specification": "vpn"}]))
        store = Store(there, database_name)
        book, watcher, looked = RecipeBook(store), Watcher(store), asyncio.Event()

        def changed(_: str) -> None:
            book.invalidate()
            looked.set()

        watcher.on_reference.append(changed)
        opened = asyncio.Event()
        watcher.on_open.append(opened.set)
        running = asyncio.create_task(watcher.run())
        try:
            await asyncio.wait_for(opened.wait(), 30)
            assert (await book.of("default")).find("build-vpn") is None
            for state in ("inReview", "published"):
                looked.clear()
                await versions.step(ANONYMOUS, "build-vpn:1.0.0", state, None, lambda _: None)
                await asyncio.wait_for(looked.wait(), 30)
            known = await book.of("default")
            found = known.bound("vpn", None, "add")
            assert found is not None
            assert (found.id, known.find("build-vpn", "^1.0.0")) == ("build-vpn:1.0.0", found)
            assert known.bound("vpn", None, "delete") is None
        finally:
            watcher.stop()
            await running
