"""What a fulfiller's answer to the question what is means for a service."""

from collections.abc import Mapping
from typing import Any

from models.domain.lifecycles import SERVICE
from models.domain.outcomes import Done
from models.domain.service_change import Changes, Report, changed, in_state, with_report

Body = Mapping[str, Any]


def as_told(body: Body, told: Done, at: str) -> tuple[Changes, Changes]:
    """The attributes of a service that an answer changes, before and after (None stands for absent).

    Args:
        body: the service as it is known to be (TMF638).
        told: the answer. What it does not name stays; null removes a value. A state that the life cycle knows no way
            to is left aside.
        at: now.
    """
    report = Report(told.service_characteristic, told.supporting_resource)
    changes = with_report(body, report)
    state = body.get("state", "active")
    if told.state is not None and told.state != state and SERVICE.allows(state, told.state):
        changes.update(in_state(body, told.state, at))
    return changed(body, changes)
