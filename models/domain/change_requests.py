"""Change requests of other systems (TMF655) as a cause of orders: what they order, and whether it is wanted. Pure."""

from collections.abc import Iterator, Mapping
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
WITHDRAWN = frozenset({"cancelled", "rejected"})
"""Statuses by which somebody else takes back what was approved."""
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
_OURS = frozenset({"serviceOrderVersions", "expectedStart", "expectedCompletion"})
"""Characteristics that we write to a change request ourselves (`change_reports`)."""
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


def withdrawal_of(request: Body) -> str | None:
    """Why the order of a change request is not wanted any more; None where it still is."""
    status, reason = request.get("status"), request.get("statusChangeReason")
    if status not in WITHDRAWN:
        return None
    said = f": {reason}" if isinstance(reason, str) and reason else "."
    return f"The change request {request.get('id')} is {status}{said}"[:_LONGEST]


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
