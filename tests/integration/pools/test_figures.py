"""How full pools are is shown to whoever watches, whatever the number of their members."""

from prometheus_client import CollectorRegistry, generate_latest

from models.domain.caller import DEFAULT_TENANT
from models.pools.figures import figures
from som.metrics import PoolGauges
from tests.integration.pools.stage import PoolStage


def shown(registry: CollectorRegistry) -> list[str]:
    lines = generate_latest(registry).decode().splitlines()
    return [line for line in lines if line.startswith("som_pool") and 'pool="vlans"' in line]


async def test_size_use_utilisation_and_line_of_a_pool_are_shown_until_it_is_gone(stage: PoolStage) -> None:
    await stage.vlans(1, 10, quarantine=3600)
    await stage.get("mine", pool="vlans", count=8)
    await stage.get("gone", pool="vlans")
    await stage.pools.commit("mine")
    await stage.pools.release("gone")
    await stage.waits("large", pool="vlans", count=5)
    registry = CollectorRegistry()
    gauges = PoolGauges(registry, lambda: figures(stage.store))
    assert await gauges.look() == 1
    assert shown(registry) == [
        'som_pool_size{measure="members",pool="vlans"} 10.0',
        'som_pool_taken{measure="members",pool="vlans",use="reserved"} 0.0',
        'som_pool_taken{measure="members",pool="vlans",use="used"} 8.0',
        'som_pool_taken{measure="members",pool="vlans",use="quarantined"} 1.0',
        'som_pool_utilisation{pool="vlans"} 0.9',
        'som_pool_waiting{pool="vlans"} 1.0',
    ]
    await stage.pools.release("large")
    await stage.pools.release("mine")
    await stage.later(3601)
    stored = await stage.administration.stored(DEFAULT_TENANT, "vlans")
    assert stored["above"] == []
    await stage.store.collection("resourcePool").delete_one({"_id": "vlans"})
    assert await gauges.look() == 0
    assert shown(registry) == []
