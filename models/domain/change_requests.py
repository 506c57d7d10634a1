"""Change requests of other systems (TMF655) as a cause of orders: what they order, and what is written to them. Pure.

A change request is read as its owner has it. What we add to it stands among what others have put there: lists are
carried over whole, since a merge patch replaces them, and `targetEntity` with them, which TM Forum's document asks for
in every PATCH.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from models.domain.errors import InvalidRequest
from models.domain.expressions import ExpressionError, ExpressionSyntaxError, compile_template
from models.domain.fulfiller import wrong_credentials, wrong_endpoint
from models.domain.violations import Violation

Body = Mapping[str, Any]
Document = dict[str, Any]

STATUSES = (
    "acknowledged",
    "requestForAuthorization",
    "waitForApproval",
    "approved",
    "scheduled",
    "postImplementationReview",
    "fallbackExecution",
    "cancelled",
    "rejected",
    "inProgress",
    "failed",
    "completed",
)
"""TMF655 v4, ChangeRequestStatusType."""
APPROVED = ("approved", "scheduled")
OVER = frozenset({"cancelled", "rejected", "failed", "completed"})
AUTHOR = "som"
ORDER = "serviceOrder"
ACTION = "action"
NAMES = frozenset({"changeRequest", "characteristic"})
"""What a template that makes an order can read."""
DEFAULTS: Document = {
    "status": list(APPROVED),
    "hub": True,
    "hubQuery": None,
    "order": None,
    "pollInterval": 60,
    "catchUpInterval": 600,
    "timeout": 10,
    "headers": {},
}
"""Of the registration of a change source."""
_RESULT = {"completed": "completed", "cancelled": "cancelled"}
_KNOWN_BY = {
    "note": ("author", "text"),
    "attachment": ("name", "url"),
    "externalReference": ("externalReferenceType", "name"),
    "changeRequestCharacteristic": ("name",),
}
"""By which of its attributes an entry of ours is found again in a list of theirs."""
_LONGEST = 2_000


def source_violations(body: Body, credentials: Body | None) -> list[Violation]:
    """What is wrong with the registration of a change source whose types fit the schema."""
    found = list(wrong_endpoint(body["endpoint"]))
    if "?" in body["endpoint"]:
        found.append(Violation("/endpoint", "invalidAddress", "The endpoint must be a base path, without a query."))
    if credentials is not None:
        found.extend(wrong_credentials(credentials))
        if credentials.get("type") == "privateKey":
            message = "A change source is spoken to over HTTP; give bearer, basic or header."
            found.append(Violation("/credentials/type", "unknownType", message))
    found.extend(_wrong_template(body.get("order")))
    return found


def _wrong_template(template: Any) -> Iterator[Violation]:
    if template is None:
        return
    try:
        names = compile_template(template).names
    except ExpressionSyntaxError as error:
        yield Violation(f"/order{error.pointer}", "invalidExpression", str(error))
        return
    for name in sorted(names - NAMES):
        known = ", ".join(sorted(NAMES))
        yield Violation("/order", "unknownName", f"There is no {name} to read here; there are {known}.")


def is_approved(request: Body, statuses: tuple[str, ...] = APPROVED) -> bool:
    """Whether a change request is to be carried out."""
    return request.get("status") in statuses


def order_of(request: Body, template: Any = None) -> Document:
    """The TMF641 order that a change request asks for.

    With a template, what that makes of `changeRequest` and `characteristic` (its values by name). Without one, the
    order that stands in its characteristic `serviceOrder`; else one item for each target entity: a `Service` is
    modified (or what the characteristic `action` says), a `ServiceSpecification` added, with the other
    characteristics as values. What the order does not say itself it has from the change request: description,
    priority, planned start and end.

    Raises:
        InvalidRequest: it asks for none.
    """
    values = _values(request)
    if template is not None:
        try:
            order = compile_template(template).evaluate({"changeRequest": request, "characteristic": values})
        except ExpressionError as error:
            raise _refusal("/order", "invalidExpression", f"The template makes no order of it: {error}") from error
    else:
        order = values.pop(ORDER, None) or {"serviceOrderItem": _items(request, values)}
    if not isinstance(order, dict):
        raise _refusal("/order", "invalidValue", "What is to be ordered must be an object: a TMF641 service order.")
    return {**_common(request), **{name: value for name, value in order.items() if value is not None}}


def _values(request: Body) -> Document:
    listed = request.get("changeRequestCharacteristic")
    return {
        str(one["name"]): one.get("value")
        for one in (listed if isinstance(listed, list) else ())
        if isinstance(one, Mapping) and "name" in one and one["name"] not in _OURS
    }


def _items(request: Body, values: Document) -> list[Document]:
    action = values.pop(ACTION, None)
    named = [{"name": name, "value": value} for name, value in values.items()]
    listed = request.get("targetEntity")
    items: list[Document] = []
    for target in listed if isinstance(listed, list) else ():
        kind = str(target.get("@referredType")) if isinstance(target, Mapping) else ""
        if kind not in {"Service", "ServiceSpecification"} or not target.get("id"):
            continue
        is_service = kind == "Service"
        service: Document = {"id": target["id"]} if is_service else {"serviceSpecification": {"id": target["id"]}}
        does = action or ("modify" if is_service else "add")
        if named and does != "delete":
            service["serviceCharacteristic"] = named
        items.append({"id": str(len(items) + 1), "action": does, "service": service})
    if items:
        return items
    message = (
        "The change request names nothing to be ordered: it needs a characteristic serviceOrder, or a target entity "
        "of the type Service or ServiceSpecification."
    )
    raise _refusal("/targetEntity", "nothingToOrder", message)


def _common(request: Body) -> Document:
    """What an order has of its change request; it starts at the planned time, which in the past means now."""
    given = {
        "description": request.get("description"),
        "priority": request.get("priority"),
        "requestedStartDate": request.get("plannedStartTime"),
        "requestedCompletionDate": request.get("plannedEndTime"),
    }
    return {name: value for name, value in given.items() if isinstance(value, str) and value}


def _refusal(pointer: str, code: str, message: str) -> InvalidRequest:
    return InvalidRequest([Violation(pointer, code, message)])


@dataclass(frozen=True, slots=True)
class Started:
    """What is known of an order when it begins.

    Attributes:
        order: its id.
        order_url: its address.
        plan_url: of the plan by which it is carried out.
        versions: of the specifications that it runs: {id, name, version}, each once.
        begun: date-time.
        expected: date-time of its completion, as far as it is known.
    """

    order: str
    order_url: str
    plan_url: str
    versions: tuple[Document, ...]
    begun: str
    expected: str | None = None


def at_start(facts: Started) -> Document:
    """What is owed to a change request as its order begins."""
    runs = ", ".join(f"{one.get('name') or one['id']} {one.get('version') or ''}".rstrip() for one in facts.versions)
    until = f"; it is expected to be done at {facts.expected}" if facts.expected else ""
    note = f"The service order {facts.order} has begun{until}. It runs {runs or 'no specification'}."
    schedule = [("expectedStart", facts.begun), ("expectedCompletion", facts.expected)]
    reference = {"externalReferenceType": ORDER, "name": facts.order, "href": facts.order_url}
    plan = {"name": f"Plan of the service order {facts.order}", "url": facts.plan_url, "attachmentType": "link",
            "mimeType": "application/json"}  # fmt: skip
    return {
        "what": "start",
        "status": "inProgress",
        "set": {"actualStartTime": facts.begun, "scheduledDate": facts.begun},
        "add": {
            "note": [_note(note, facts.begun)],
            "externalReference": [reference],
            "attachment": [plan],
            "changeRequestCharacteristic": [
                {"name": "serviceOrderVersions", "value": list(facts.versions)},
                *({"name": name, "value": value} for name, value in schedule if value),
            ],
        },
    }


_OURS = frozenset({"serviceOrderVersions", "expectedStart", "expectedCompletion"})


def at_end(order: str, state: str, ended: str, reasons: list[str]) -> Document:
    """What is owed to a change request as its order ends.

    A partial, failed or rejected order is a failed change: TMF655 knows no partial one.

    Args:
        order: its id.
        state: that it has ended in.
        ended: date-time.
        reasons: why, where it did not end well.
    """
    said = " ".join([f"The service order {order} is {state}.", *reasons])[:_LONGEST]
    resolution = {"code": state, "name": f"Service order {state}", "description": said}
    return {
        "what": "end",
        "status": _RESULT.get(state, "failed"),
        "set": {
            "actualEndTime": ended,
            "completionDate": ended,
            "statusChangeReason": said,
            "resolution": resolution,
        },
        "add": {"note": [_note(said, ended)]},
    }


def at_refusal(problem: str, at: str) -> Document:
    """What is owed to a change request of which no order can be made."""
    said = f"No service order can be placed for this change request: {problem}"[:_LONGEST]
    return {
        "what": "refusal",
        "status": "rejected",
        "set": {"statusChangeReason": said},
        "add": {"note": [_note(said, at)]},
    }


def _note(text: str, at: str) -> Document:
    return {"author": AUTHOR, "date": at, "text": text}


def patch_of(request: Body, owed: Body, *, status: bool = True) -> Document:
    """The merge patch that writes what is owed to a change request, as it is now; repeated, it changes nothing more.

    Args:
        request: as read a moment ago.
        owed: what `at_start`, `at_end` or `at_refusal` have made.
        status: whether its status is to be changed; one that is over keeps its own in any case.
    """
    patch: Document = {"targetEntity": request.get("targetEntity") or [], **owed["set"]}
    if status and request.get("status") not in OVER:
        patch["status"] = owed["status"]
    for name, entries in owed["add"].items():
        listed = request.get(name)
        theirs = [one for one in (listed if isinstance(listed, list) else ()) if isinstance(one, Mapping)]
        known = {_identity(name, one) for one in entries}
        patch[name] = [*(dict(one) for one in theirs if _identity(name, one) not in known), *entries]
    return patch


def _identity(name: str, entry: Body) -> tuple[str, ...]:
    return tuple(str(entry.get(part)) for part in _KNOWN_BY[name])
