"""What a service or resource of another system says to the question what is. No input or output here."""

from collections.abc import Mapping
from typing import Any

from adapters.ports import Done, Outcome
from models.domain.outcomes import READ_STATES


def as_read(subject: Any, facts: Outcome) -> Outcome:
    """The answer to `read`: the values that a look at it has brought, and its state where we know it by this name."""
    if not isinstance(facts, Done):
        return facts
    state = subject.get("state", subject.get("status")) if isinstance(subject, Mapping) else None  # a product's
    known = state if isinstance(state, str) and state in READ_STATES else None
    return Done(service_characteristic=facts.service_characteristic, state=known)
