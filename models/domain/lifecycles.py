"""The life cycles of what we keep. Nothing else in the program decides which state may follow which.

Source: the published life cycle pictures of TMF641 v4.1, TMF638 v4.0 and TMF701 v4.1, the roll-up table of MEF 99, and
for resources, of which TMF639 publishes the states alone, ITU-T X.731.
"""

from collections.abc import Mapping

from models.domain.lifecycle import LifeCycle, table

_ORDER_MEANING = {
    "acknowledged": "Received, checked on the surface and stored; work has not begun.",
    "rejected": "A check of the business after acceptance said no; nothing was done.",
    "inProgress": "Work is under way.",
    "pending": "Waits for information from the customer.",
    "held": "Cannot go on until a person or a rule resolves an issue; errorMessage says which.",
    "assessingCancellation": "A cancellation is being examined; work goes on meanwhile only where it was running.",
    "pendingCancellation": "The cancellation was accepted and what was done is being undone.",
    "cancelled": "Undone, or never begun, at the customer's wish.",
    "completed": "Everything ordered is done.",
    "failed": "Nothing ordered could be done.",
    "partial": "Some items are completed, others failed or were cancelled.",
}

SERVICE_ORDER = LifeCycle(
    name="service order",
    initial=frozenset({"acknowledged"}),
    transitions=table(
        acknowledged="inProgress rejected cancelled assessingCancellation",
        inProgress="completed failed partial pending held cancelled assessingCancellation",
        pending="inProgress cancelled assessingCancellation",
        held="inProgress cancelled assessingCancellation",
        assessingCancellation="acknowledged inProgress pending held pendingCancellation",
        pendingCancellation="cancelled",
        completed="",
        failed="",
        partial="",
        cancelled="",
        rejected="",
    ),
    meaning=_ORDER_MEANING,
)

ORDER_ITEM = LifeCycle(
    name="service order item",
    initial=frozenset({"acknowledged"}),
    transitions={
        state: following - {"partial"} for state, following in SERVICE_ORDER.transitions.items() if state != "partial"
    },
    meaning={state: text for state, text in _ORDER_MEANING.items() if state != "partial"},
)

CANCEL_SERVICE_ORDER = LifeCycle(
    name="cancellation request",
    initial=frozenset({"acknowledged"}),
    transitions=table(
        acknowledged="inProgress", inProgress="done terminatedWithError", done="", terminatedWithError=""
    ),
    meaning={
        "acknowledged": "Received and stored.",
        "inProgress": "Being assessed, or being carried out.",
        "done": "Decided and carried out; a denial is also done, and completionMessage says so.",
        "terminatedWithError": "Could not be dealt with.",
    },
)

SERVICE = LifeCycle(
    name="service",
    initial=frozenset({"feasibilityChecked", "designed", "reserved", "inactive", "active"}),
    transitions=table(
        feasibilityChecked="designed reserved inactive active",
        designed="reserved inactive active",
        reserved="designed inactive active",
        inactive="active terminated",
        active="inactive terminated",
        terminated="active",
    ),
    meaning={
        "feasibilityChecked": "Could be provided; nothing is set aside for it.",
        "designed": "Planned, with everything it will be made of; nothing is set aside for it yet.",
        "reserved": "Planned, and what it needs is set aside for it.",
        "inactive": "Built, and switched off.",
        "active": "Built, and in use.",
        "terminated": "Taken out of use.",
    },
)

RESOURCE_STATUS = LifeCycle(
    name="resource",
    initial=frozenset({"available", "reserved", "standby", "alarm", "suspended", "unknown"}),
    transitions=table(
        available="reserved standby alarm suspended unknown",
        reserved="available alarm suspended unknown",
        standby="available reserved alarm suspended unknown",
        alarm="available reserved standby suspended unknown",
        suspended="available alarm unknown",
        unknown="available reserved standby alarm suspended",
    ),
    meaning={
        "available": "Nobody's; it can be had.",
        "reserved": "Set aside for somebody, or in use by them: then usageState is not idle.",
        "standby": "Kept ready in case another one fails.",
        "alarm": "Something is wrong with it.",
        "suspended": "Not to be had for a while, such as in quarantine after it was used.",
        "unknown": "Nobody knows.",
    },
)

ADMINISTRATIVE_STATE = LifeCycle(
    name="resource's administrative state",
    initial=frozenset({"unlocked", "locked", "shutdown"}),
    transitions=table(unlocked="locked shutdown", shutdown="locked unlocked", locked="unlocked"),
    meaning={
        "unlocked": "May be used.",
        "shutdown": "May be used by those who use it already, and nobody else; v5 says shuttingDown.",
        "locked": "May not be used.",
    },
)

PROCESS_FLOW = LifeCycle(
    name="process flow",
    initial=frozenset({"active"}),
    transitions=table(active="hold completed cancelled", hold="active cancelled", completed="", cancelled=""),
    meaning={
        "active": "Its tasks are worked on, or will be; or its recipe runs.",
        "hold": "Interrupted; or a step of its recipe cannot go on, and errorMessage says why.",
        "completed": "Ended: its recipe or the order that it belongs to has ended, or its client said so.",
        "cancelled": "Not wanted any more: it, or its order, was cancelled, or its recipe was given up.",
    },
)

PROCESS_OF_ITEM: Mapping[str, str] = {
    "acknowledged": "active",
    "inProgress": "active",
    "pending": "hold",
    "held": "hold",
    "completed": "completed",
    "cancelled": "cancelled",
    "failed": "cancelled",
}
"""The state of a process flow that runs a recipe, by the state that its tasks would make of an order item.

TMF701 knows no failure: what was given up is `cancelled`, and `errorMessage` says why.
"""

FLOW_OF_TASK: Mapping[str, str] = {
    "waiting": "new",
    "running": "active",
    "accepted": "active",
    "retrying": "active",
    "held": "hold",
    "pending": "hold",
    "done": "completed",
    "skipped": "completed",
    "cancelled": "cancelled",
    "failed": "cancelled",
}
"""The state of the task flow that a step of a recipe is, by the state of its task."""

TASK_FLOW = LifeCycle(
    name="task flow",
    initial=frozenset({"new"}),
    transitions=table(
        new="active", active="hold completed cancelled", hold="active cancelled", completed="", cancelled=""
    ),
    meaning={
        "new": "Waits in its queue for somebody to take it.",
        "active": "Somebody works on it.",
        "hold": "Interrupted, or given back to its queue.",
        "completed": "Done; what the form asks for has been reported.",
        "cancelled": "Could not be done, needs the customer first, or is not wanted any more: its outcome says which.",
    },
)

TASK = LifeCycle(
    name="task",
    initial=frozenset({"waiting"}),
    transitions=table(
        waiting="running retrying held cancelled skipped failed",
        running="done accepted retrying held pending cancelled skipped",
        accepted="done retrying held pending cancelled skipped failed",
        retrying="running held cancelled skipped failed",
        held="waiting retrying cancelled done skipped failed",
        pending="waiting accepted held cancelled done failed",
        done="cancelled",
        cancelled="",
        skipped="",
        failed="",
    ),
    meaning={
        "waiting": "Not begun: something it needs is not done, or its turn has not come.",
        "running": "Given to a fulfiller, which counts as called from here on; its answer is awaited.",
        "accepted": "The fulfiller took it on and will report by callback or answer a poll; or a recipe runs.",
        "retrying": "The next attempt has its time: its fulfiller, or a policy, did not answer, or a rule tries later.",
        "held": "Cannot go on until a person or a rule resolves an issue.",
        "pending": "Cannot go on until the customer has given the information that its fulfiller asks for.",
        "done": "The fulfiller has done it.",
        "cancelled": "Dropped before it began, ended at its fulfiller, or undone after it was done.",
        "skipped": "Left out: optional and refused, or a person, rule or recipe said so. The plan went on without it.",
        "failed": "Given up, or in need of one that was: its item fails.",
    },
)

RELEASE = LifeCycle(
    name="release",
    initial=frozenset({"installed"}),
    transitions=table(installed="superseded rolledBack", superseded="installed", rolledBack="installed"),
    meaning={
        "installed": "New orders are for its specifications.",
        "superseded": "A newer version took its place; orders that run on it go on.",
        "rolledBack": "Taken back: the version before it, if any, is installed again. Orders that run on it go on.",
    },
)

CHANGE = LifeCycle(
    name="change",
    initial=frozenset({"noted"}),
    transitions=table(
        noted="waiting placed refused gone",
        waiting="placed refused gone",
        refused="waiting placed gone",
        placed="started ended",
        started="ended",
        ended="",
        gone="waiting placed refused",
    ),
    meaning={
        "noted": "Heard of; it has not been looked at yet.",
        "waiting": "Not approved, or not any more: it is looked at again when its owner tells of it.",
        "refused": "Approved, but no order can be made of it; the change request says why.",
        "placed": "Its order is placed and has not begun.",
        "started": "Its order is being carried out; the change request has the plan's link, versions and schedule.",
        "ended": "Its order has ended; the change request has the result.",
        "gone": "Its owner does not know it any more.",
    },
)

RECIPE = LifeCycle(
    name="recipe",
    initial=frozenset({"draft"}),
    transitions=table(draft="inReview", inReview="draft published", published="retired", retired="published"),
    meaning={
        "draft": "Being drawn. It can be changed and tried, and nothing runs it.",
        "inReview": "Finished by its author, and unchanged while others look at it, until it is published or returned.",
        "published": "It is what is taken from now on. It never changes again; a change is a new version.",
        "retired": "Nothing new begins with it, unless it is published again; what runs on it goes on.",
    },
)

POLICY = LifeCycle(
    name="policy",
    initial=frozenset({"draft"}),
    transitions=table(draft="published", published="retired", retired=""),
    meaning={
        "draft": "Being written. It can be changed and tried, and decides nothing.",
        "published": "Asked about new orders, while it is the newest published version of its name. It never changes.",
        "retired": "Not asked any more. What it has decided stays decided.",
    },
)

RECIPE_MESSAGE = LifeCycle(
    name="recipeMessage",
    initial=frozenset({"waiting", "spreading"}),
    transitions=table(
        waiting="handed expired", handed="taken waiting", taken="", expired="", spreading="spread", spread=""
    ),
    meaning={
        "waiting": "A message that is kept for a run that awaits it: until one does, or its time is over.",
        "handed": "A message that a run awaits; it stands in the inbox of the run's plan.",
        "taken": "A message that a run has taken.",
        "expired": "A message that nobody has awaited in its time.",
        "spreading": "A signal that is being given to all runs that await it.",
        "spread": "A signal that has been given to all runs that awaited it.",
    },
)

ALL = (
    SERVICE_ORDER,
    ORDER_ITEM,
    CANCEL_SERVICE_ORDER,
    SERVICE,
    RESOURCE_STATUS,
    ADMINISTRATIVE_STATE,
    TASK,
    PROCESS_FLOW,
    TASK_FLOW,
    RELEASE,
    CHANGE,
    RECIPE,
    POLICY,
    RECIPE_MESSAGE,
)
