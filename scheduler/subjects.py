"""Which kind of subject a plan has."""

from collections.abc import Callable
from typing import Any

from scheduler.engagement import Parts
from scheduler.flow_projection import FlowProjection
from scheduler.flow_steps import FlowSteps
from scheduler.order_projection import OrderProjection
from scheduler.plan_record import PlanRecord
from scheduler.subject import Subject

Document = dict[str, Any]


def subject_of(parts: Parts, record: PlanRecord, owner: Document, results: Callable[[], Document]) -> Subject:
    """What keeps the owner of a plan true to it; `owner` is its document, `results` tells what its recipe has left."""
    if record.is_of_order:
        return OrderProjection(parts.store, parts.clock, owner)
    steps = FlowSteps(parts.store, parts.clock, record, parts.directory)
    return FlowProjection(parts.store, parts.clock, record, owner, steps, results)
