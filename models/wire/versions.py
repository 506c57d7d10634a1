"""Which table a version of an API has for a kind of resource."""

from collections.abc import Mapping

from models.wire import tmf639
from models.wire.table import PLAIN, Table

_TABLES: Mapping[tuple[str, str], Table] = {
    ("resource", "v4"): tmf639.RESOURCE_V4,
    ("resource", "v5"): tmf639.RESOURCE_V5,
}


def table_of(name: str, version: str) -> Table:
    """The table of a kind of resource; where a version has none, it writes bodies as they are stored.

    Args:
        name: the resource's name, which is its collection's.
        version: of the API, such as `v5`.
    """
    return _TABLES.get((name, version), PLAIN)
