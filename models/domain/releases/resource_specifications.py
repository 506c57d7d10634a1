"""Who would be left without a resource specification that is taken back with its release."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from models.domain.releases.change import Users, is_orderable
from models.domain.resource_specification import references, refers

Body = Mapping[str, Any]


def allocating(specifications: Iterable[Body]) -> Users:
    """What says which of these service specifications allocate resources of what would be withdrawn.

    Args:
        specifications: all service specifications, as they will be.
    """
    orderable = [one for one in specifications if is_orderable(one)]

    def users(withdrawn: set[str], catalogue: Mapping[str, dict[str, Any]], _: set[str]) -> Iterator[str]:
        for one in sorted(orderable, key=lambda body: str(body["id"])):
            named = list(references(one))
            used = sorted(
                key for key in withdrawn
                if any(refers(reference, catalogue[key], alone=False) for reference in named)
            )  # fmt: skip
            if used:
                yield f"The specification {one['id']} speaks of the resource specification {', '.join(used)}."

    return users
