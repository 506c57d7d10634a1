"""Every collection: what a document holds and which indexes it has.

mongoengine defines; it never reads or writes at run time (it has no async code). The fields that the engine touches are
typed; the TM Forum body stays a plain sub-document. Indexes are named and made from here by `models.migrations`.
"""

from mongoengine import (
    BooleanField,
    DateTimeField,
    DictField,
    FloatField,
    IntField,
    ListField,
    StringField,
)

from models.change_documents import Change, ChangeSource
from models.enabling_documents import EnablingService
from models.fulfiller_documents import Budget, Fulfiller, FulfillerState, FulfillerStatistics, Slot
from models.plan_documents import Plan, PlanDefinition
from models.policy_documents import Policy, PolicyDecision
from models.pool_documents import PoolDemand, PoolPart, PoolPiece, PoolSession, ResourcePool
from models.propagation_documents import Propagation
from models.recipe_documents import Recipe, RecipeBinding, RecipeMessage
from models.release_documents import Release
from models.reservation_documents import ForeignReservation, ServiceRelease
from models.resource_documents import Resource, ResourceSpecification
from models.secret_documents import NamedSecret, Secret
from models.service_documents import ReadAdoption, Service
from models.sink_documents import SinkInstance
from models.stored import BY_CREATION as _BY_CREATION
from models.stored import DUE as _DUE
from models.stored import OWED as _OWED
from models.stored import ResourceDocument, Stored
from models.stored import body_index as _body
from models.stored import held_index as _held
from models.stored import index as _index
from models.stored import partial_index as _partial
from models.task_flow_documents import ProcessFlow, TaskFlow


class ServiceOrder(ResourceDocument):
    """A TMF641 service order.

    `due` is set while intake has to look at it; `plan` once it is planned; `said` is what its client has told the plan,
    until it has been passed on; `expected` is the completion date we have told. `awaits` says what other orders are
    building that it cannot be planned without: {key, service, order, since}; `delay` why policies have it wait before
    that (`models.domain.delays`), `amended` how often it was changed then; `callback` where its own events go.
    """

    meta = {
        "collection": "serviceOrder",
        "indexes": [
            _BY_CREATION,
            _OWED,
            _DUE,
            _body("by_state", "state"),
            _body("by_external_id", "externalId"),
            _body("by_category", "category"),
            _body("by_order_date", "orderDate"),
            _body("by_requested_start", "requestedStartDate"),
            _body("by_requested_completion", "requestedCompletionDate"),
            _body("by_completion", "completionDate"),
            _body("by_priority", "priority"),
            _body("by_party", "relatedParty.id"),
            _body("by_service", "serviceOrderItem.service.id"),
            _body("by_specification", "serviceOrderItem.service.serviceSpecification.id"),
            _body("by_specification_name", "serviceOrderItem.service.serviceSpecification.name"),
            _partial("said", "said.at", exists="said.at"),
            _partial("awaiting", "tenant", "awaits.key", exists="awaits.key"),
            _partial("by_related_order", "tenant", "body.orderRelationship.id", exists="body.orderRelationship.id"),
            _partial("callback_key", "callback.secret.key", exists="callback.secret.key"),
        ],
    }
    priority = IntField()
    due = DateTimeField()
    lease = DictField()
    fence = IntField()
    plan = StringField()
    said = ListField(DictField())
    awaits = ListField(DictField())
    delay = DictField()
    amended = IntField()
    callback = DictField()
    expected = StringField()
    planRev = IntField()  # noqa: N815 - a stored name
    poke = DateTimeField()


class CancelServiceOrder(ResourceDocument):
    """A TMF641 cancellation request for the order `order`."""

    meta = {
        "collection": "cancelServiceOrder",
        "indexes": [
            _BY_CREATION,
            _OWED,
            _DUE,
            _body("by_state", "state"),
            _body("by_service_order", "serviceOrder.id"),
            _index("by_order", "order"),
        ],
    }
    order = StringField(required=True)
    priority = IntField()
    due = DateTimeField()
    lease = DictField()


class ServiceSpecification(ResourceDocument):
    """A TMF633 service specification, one version of its family."""

    meta = {
        "collection": "serviceSpecification",
        "indexes": [
            _BY_CREATION,
            _OWED,
            _body("by_name", "name"),
            _body("by_lifecycle_status", "lifecycleStatus"),
            _body("by_relationship", "serviceSpecRelationship.id"),
        ],
    }


class Task(Stored):
    """One task as it ran: what it was given, every attempt, what came of it, and why this fulfiller.

    `fallout` tells of its last hold, `holds` by their number of all; `care` who looks after it, `interventions` by
    their id what was done about it, `directive` how it is to be done since; `notUndone` what could not be
    undone when its item was given up; `closing` the end of the change request that it has opened, once its order has
    ended (`models.change_closings`).
    """

    meta = {
        "collection": "task",
        "indexes": [
            _index("by_plan", "plan", "created"),
            _index("by_state", "tenant", "state", "created"),
            _index("by_fulfiller", "fulfiller", "state"),
            _index("held_by_code", "error.code", "id", partialFilterExpression={"state": "held"}),
            _held("held_since", "tenant", "fallout.since", "id"),
            _held("held_cause", "tenant", "fallout.cause", "fallout.since"),
            _partial("by_job", "job", exists="job"),
            _partial("closing_due", "closing.due", exists="closing.due"),
            _partial("fallout_since", "tenant", "fallout.since", exists="fallout.since"),
            _index("by_reference", "fulfiller", "accepted.reference", partialFilterExpression={"state": "accepted"}),
        ],
    }
    plan = StringField(required=True)
    order = StringField()
    item = StringField()
    service = StringField()
    key = StringField(required=True)
    name = StringField()
    action = StringField()
    operation = StringField()
    state = StringField(required=True)
    fence = IntField(required=True)
    fulfiller = StringField()
    fulfillerKind = DictField()  # noqa: N815 - a stored name
    free = BooleanField()
    givenUp = ListField(StringField())  # noqa: N815 - a stored name
    formerDecisions = ListField(DictField())  # noqa: N815 - a stored name
    inputRev = IntField()  # noqa: N815 - a stored name
    attempts = ListField(DictField())
    fallout = DictField()
    holds = DictField()
    care = DictField()
    directive = DictField()
    interventions = DictField()
    notUndone = ListField(DictField())  # noqa: N815 - a stored name
    job = StringField()
    closing = DictField()


class FalloutRule(ResourceDocument):
    """A rule of what is done about fallout before people are asked; its revision is its version."""

    meta = {"collection": "falloutRule", "indexes": [_BY_CREATION, _OWED]}


class FalloutResolution(Stored):
    """A bulk resolution of fallout: which, what to do, and how far it is (`models.resolutions`)."""

    meta = {
        "collection": "falloutResolution",
        "indexes": [_BY_CREATION, _partial("due", "due", exists="due")],
    }
    state = StringField(required=True)
    due = DateTimeField()


class Subscription(Stored):
    """A registration at a hub."""

    meta = {
        "collection": "subscription",
        "indexes": [
            _BY_CREATION,
            _index("by_api", "tenant", "api", "state"),
            _index("by_age", "created"),
            _index("copying", "copy.state", partialFilterExpression={"copy.state": "inProgress"}),
        ],
    }
    rev = IntField()
    api = StringField(required=True)
    version = StringField(required=True)
    callback = StringField(required=True)
    query = StringField()
    secret = DictField()  # sealed; a text where there is no key to seal with
    appendListenerPath = BooleanField()  # noqa: N815 - a stored name
    state = StringField(required=True)
    endedReason = StringField()  # noqa: N815 - a stored name
    endedAt = DateTimeField()  # noqa: N815 - a stored name
    former = DictField()
    sink = DictField()  # {kind, address, specification} where it is a configuration sink
    credentials = DictField()  # sealed


class Event(Stored):
    """A change of a resource, as told to subscribers; together they are the append-only history."""

    meta = {
        "collection": "event",
        "indexes": [
            _index("by_resource", "resource.id", "seq"),
            _BY_CREATION,
            _index("by_type", "tenant", "type", "created"),
            _index("by_who", "tenant", "who", "created", "id"),
            _index("by_resource_type", "tenant", "resource.type", "created", "id"),
            _index("by_correlation", "correlation", "created", sparse=True),
        ],
    }
    api = StringField(required=True)
    type = StringField(required=True)
    resource = DictField(required=True)
    seq = IntField(required=True)
    at = StringField(required=True)
    who = StringField()
    body = DictField()


class Delivery(Stored):
    """One event on its way to one subscriber."""

    meta = {
        "collection": "delivery",
        "indexes": [
            _partial("due", "subscription", "due", "lane", exists="due"),
            _partial("lane", "subscription", "lane", "seq", exists="due"),
            _index("by_subscription", "subscription", "created", "id"),
            _index("by_event", "event"),
            _index("by_resource", "tenant", "lane", "created", "id"),
            _BY_CREATION,
            _index("dead", "tenant", "created", "id", partialFilterExpression={"state": "dead"}),
            _index("dead_of_subscription", "subscription", "created", partialFilterExpression={"state": "dead"}),
        ],
    }
    subscription = StringField(required=True)
    event = StringField(required=True)
    type = StringField(required=True)
    lane = StringField(required=True)
    seq = IntField(required=True)
    state = StringField(required=True)
    attempts = IntField(required=True)
    due = DateTimeField()


class Duration(Stored):
    """How long a task takes at a fulfiller (or at anybody: an empty text), learnt from those that were done."""

    meta = {"collection": "duration", "indexes": [_index("by_tenant", "tenant")]}
    specification = StringField(required=True)
    action = StringField(required=True)
    task = StringField(required=True)
    fulfiller = StringField(required=True)
    count = IntField(required=True)
    mean = FloatField(required=True)


class Migration(Stored):
    """A migration that has run."""

    meta = {"collection": "migration", "indexes": []}
    tenant = StringField()
    at = DateTimeField(required=True)
    seconds = FloatField()


class Lease(Stored):
    """The right to run a job that must run once at a time, whichever process does it."""

    meta = {"collection": "lease", "indexes": []}
    tenant = StringField()
    by = StringField()
    until = DateTimeField()


ALL: tuple[type[Stored], ...] = (
    ServiceOrder,
    CancelServiceOrder,
    Service,
    ReadAdoption,
    EnablingService,
    Propagation,
    ResourceSpecification,
    Resource,
    ResourcePool,
    PoolPart,
    PoolPiece,
    PoolDemand,
    PoolSession,
    ServiceSpecification,
    ProcessFlow,
    TaskFlow,
    Plan,
    PlanDefinition,
    Task,
    Fulfiller,
    Slot,
    FulfillerState,
    FulfillerStatistics,
    Budget,
    FalloutRule,
    FalloutResolution,
    Release,
    ChangeSource,
    Change,
    Recipe,
    RecipeBinding,
    RecipeMessage,
    NamedSecret,
    Policy,
    PolicyDecision,
    Subscription,
    SinkInstance,
    ForeignReservation,
    ServiceRelease,
    Event,
    Delivery,
    Duration,
    Migration,
    Lease,
    Secret,
)
