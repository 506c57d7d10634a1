"""Which function serves which operation: by API, by operationId."""

from collections.abc import Mapping

from handlers.cancel_service_order import KIND as CANCEL_SERVICE_ORDER
from handlers.cancel_service_order import CancelServiceOrderRules
from handlers.dependencies import Dependencies
from handlers.documents import ApiDocument
from handlers.exchange import Handler
from handlers.hub import Hub
from handlers.nested_resource import NestedResource
from handlers.placing import new_order_check, surface_checks
from handlers.process_flow import KIND as PROCESS_FLOW
from handlers.process_flow import ProcessFlowRules
from handlers.process_flow_specification import ProcessFlowSpecifications
from handlers.resource import Resource, ResourceKind, Rules
from handlers.resource_inventory import KIND as RESOURCE
from handlers.resource_inventory import LOGICAL_RESOURCE, PHYSICAL_RESOURCE, ResourceRules, ResourcesOfOneClass
from handlers.service import KIND as SERVICE
from handlers.service import ServiceRules
from handlers.service_order import KIND as SERVICE_ORDER
from handlers.service_order import ServiceOrderRules
from handlers.service_specification import KIND as SERVICE_SPECIFICATION
from handlers.service_specification import ServiceSpecificationRules
from handlers.settings import HttpSettings
from handlers.som.callbacks import Callbacks
from handlers.som.changes import Changes, ChangeSources
from handlers.som.explanations import Explanations
from handlers.som.fallout import FalloutQueue
from handlers.som.fallout_rules import FalloutRules
from handlers.som.foreign_notifications import ForeignNotifications
from handlers.som.fulfillers import Fulfillers
from handlers.som.history import History
from handlers.som.interventions import FalloutInterventions
from handlers.som.lists import AdminLists
from handlers.som.notifications import Notifications
from handlers.som.plans import Plans
from handlers.som.policies import PolicyHandlers
from handlers.som.preview import PlanPreview
from handlers.som.propagations import Propagations
from handlers.som.recipe_messages import RecipeMessageHandlers
from handlers.som.recipe_migrations import RecipeMigrationHandlers
from handlers.som.recipe_runs import RecipeRuns
from handlers.som.recipes import RecipeHandlers
from handlers.som.releases import ReleaseHandlers
from handlers.som.repairs import Reconciliations, Repairs
from handlers.som.reservations import Reservations
from handlers.som.resolutions import FalloutResolutions
from handlers.som.resource_pools import ResourcePools
from handlers.som.resource_specifications import KIND as RESOURCE_SPECIFICATION
from handlers.som.resource_specifications import ResourceSpecificationRules
from handlers.som.secrets import SecretHandlers
from handlers.som.sinks import Sinks
from handlers.som.stream import OrderStream
from handlers.som.subscriptions import Subscriptions
from handlers.task_flow import KIND as TASK_FLOW
from handlers.task_flow import TaskFlowRules
from models.surface import Surface

Table = dict[str, Handler]

VERSION = "v4"


def tables(
    documents: Mapping[str, ApiDocument], dependencies: Dependencies, settings: HttpSettings
) -> dict[str, Table]:
    """The handlers of all operations, by API and operationId."""
    surface = surface_checks(dependencies)

    def served(api: str, kind: ResourceKind, rules: Rules) -> Table:
        return _all(Resource(kind, rules, documents[api], dependencies, settings), kind)

    cancellations = CancelServiceOrderRules(dependencies)
    cancelling = Resource(CANCEL_SERVICE_ORDER, cancellations, documents["tmf641"], dependencies, settings)
    tasks = NestedResource(TASK_FLOW, TaskFlowRules(dependencies, surface), documents["tmf701"], dependencies, settings)
    catalogue = served("tmf633", SERVICE_SPECIFICATION, ServiceSpecificationRules(dependencies, surface))
    resources = _classes_of_resources(documents["tmf639"], dependencies, settings)
    return {
        "tmf641": served("tmf641", SERVICE_ORDER, ServiceOrderRules(dependencies, surface))
        | _kept(cancelling, CANCEL_SERVICE_ORDER)
        | _hub("tmf641", dependencies),
        "tmf638": served("tmf638", SERVICE, ServiceRules(dependencies, surface)) | _hub("tmf638", dependencies),
        "tmf639": served("tmf639", RESOURCE, ResourceRules(dependencies)) | resources | _hub("tmf639", dependencies),
        "tmf639-v5": served("tmf639-v5", RESOURCE, ResourceRules(dependencies)) | _hub("tmf639", dependencies, "v5"),
        "tmf633": catalogue | _hub("tmf633", dependencies),
        "tmf701": served("tmf701", PROCESS_FLOW, ProcessFlowRules(dependencies))
        | _all(tasks, TASK_FLOW)
        | {"listAllTaskFlow": tasks.list}
        | _specifications(ProcessFlowSpecifications(documents["tmf701"], dependencies, settings))
        | _hub("tmf701", dependencies),
        "som": _administration(dependencies, settings, surface)
        | served("som", RESOURCE_SPECIFICATION, ResourceSpecificationRules(dependencies)),
    }


def _specifications(specifications: ProcessFlowSpecifications) -> Table:
    return {
        "listProcessFlowSpecification": specifications.list,
        "retrieveProcessFlowSpecification": specifications.retrieve,
    }


def _kept(resource: Resource, kind: ResourceKind) -> Table:
    return {
        f"list{kind.type}": resource.list,
        f"create{kind.type}": resource.create,
        f"retrieve{kind.type}": resource.retrieve,
    }


def _all(resource: Resource, kind: ResourceKind) -> Table:
    return {
        **_kept(resource, kind),
        f"patch{kind.type}": resource.patch,
        f"delete{kind.type}": resource.delete,
    }


def _classes_of_resources(document: ApiDocument, dependencies: Dependencies, settings: HttpSettings) -> Table:
    made: Table = {}
    for kind in (LOGICAL_RESOURCE, PHYSICAL_RESOURCE):
        made |= _all(ResourcesOfOneClass(kind, ResourceRules(dependencies), document, dependencies, settings), kind)
    return made


def _hub(api: str, dependencies: Dependencies, version: str = VERSION) -> Table:
    hub = Hub(api, version, dependencies)
    return {
        "registerListener": hub.register,
        "retrieveListener": hub.retrieve,
        "unregisterListener": hub.unregister,
    }


def _hub_of_ours(dependencies: Dependencies) -> Table:
    """What is registered here is read as one of all listeners."""
    hub = Hub("som", "v1", dependencies)
    return {"registerListener": hub.register, "unregisterListener": hub.unregister}


def _pools(pools: ResourcePools) -> Table:
    return {
        "listResourcePool": pools.list,
        "createResourcePool": pools.create,
        "retrieveResourcePool": pools.retrieve,
        "patchResourcePool": pools.patch,
        "deleteResourcePool": pools.delete,
        "retrieveResourcePoolUtilisation": pools.utilisation,
        "listResourcePoolMember": pools.members,
        "listResourcePoolDemand": pools.waiting,
        "pushResourcePool": pools.push,
        "extractResourcePool": pools.extract,
        "checkResourcePool": pools.check,
    }


def _reservations(reservations: Reservations) -> Table:
    return {
        "listReservation": reservations.list,
        "createReservation": reservations.create,
        "retrieveReservation": reservations.retrieve,
        "patchReservation": reservations.patch,
        "deleteReservation": reservations.delete,
    }


def _fulfillers(fulfillers: Fulfillers) -> Table:
    return {
        "listFulfiller": fulfillers.list,
        "createFulfiller": fulfillers.create,
        "retrieveFulfiller": fulfillers.retrieve,
        "retrieveFulfillerHealth": fulfillers.health,
        "patchFulfiller": fulfillers.patch,
        "deleteFulfiller": fulfillers.delete,
    }


def _releases(releases: ReleaseHandlers) -> Table:
    return {
        "listRelease": releases.list,
        "installRelease": releases.install,
        "createReleasePreview": releases.preview,
        "retrieveRelease": releases.retrieve,
        "compareRelease": releases.compare,
        "rollBackRelease": releases.roll_back,
    }


def _policies(policies: PolicyHandlers) -> Table:
    return {
        "listPolicy": policies.list,
        "createPolicy": policies.create,
        "retrievePolicy": policies.retrieve,
        "patchPolicy": policies.patch,
        "deletePolicy": policies.delete,
        "publishPolicy": policies.publish,
        "retirePolicy": policies.retire,
        "tryPolicy": policies.try_out,
        "listPolicyDecision": policies.list_decisions,
    }


def _recipes(recipes: RecipeHandlers) -> Table:
    return {
        "listRecipe": recipes.list,
        "createRecipe": recipes.create,
        "retrieveRecipe": recipes.retrieve,
        "patchRecipe": recipes.patch,
        "deleteRecipe": recipes.delete,
        "reviewRecipe": recipes.review,
        "returnRecipe": recipes.give_back,
        "publishRecipe": recipes.publish,
        "retireRecipe": recipes.retire,
        "compareRecipe": recipes.compare,
        "tryRecipe": recipes.try_out,
        "checkRecipe": recipes.check_drawing,
        "tryRecipeDrawing": recipes.try_drawing,
        "convertRecipe": recipes.convert,
    }


def _recipe_messages(messages: RecipeMessageHandlers) -> Table:
    return {
        "listRecipeMessage": messages.list,
        "createRecipeMessage": messages.create,
        "retrieveRecipeMessage": messages.retrieve,
    }


def _secrets(secrets: SecretHandlers) -> Table:
    return {
        "listSecret": secrets.list,
        "createSecret": secrets.create,
        "retrieveSecret": secrets.retrieve,
        "patchSecret": secrets.patch,
        "deleteSecret": secrets.delete,
    }


def _recipe_runs(runs: RecipeRuns) -> Table:
    return {"listRecipeRun": runs.list, "retrieveRecipeRun": runs.retrieve}


def _sinks(sinks: Sinks) -> Table:
    return {
        "listSink": sinks.list,
        "createSink": sinks.create,
        "retrieveSink": sinks.retrieve,
        "patchSink": sinks.patch,
        "copySink": sinks.copy,
        "deleteSink": sinks.delete,
    }


def _changes(sources: ChangeSources, changes: Changes) -> Table:
    return {
        "listChangeSource": sources.list,
        "createChangeSource": sources.create,
        "retrieveChangeSource": sources.retrieve,
        "patchChangeSource": sources.patch,
        "deleteChangeSource": sources.delete,
        "listChange": changes.list,
        "retrieveChange": changes.retrieve,
    }


def _plans(dependencies: Dependencies, settings: HttpSettings, lists: AdminLists, surface: Surface) -> Table:
    plans = Plans(dependencies, settings, lists)
    return {
        "listPlan": plans.list,
        "retrievePlan": plans.retrieve,
        "listPlanTask": plans.list_tasks,
        "retrieveTask": plans.retrieve_task,
        "createPlanPreview": PlanPreview(dependencies, surface, new_order_check()).create,
        "reportTaskOutcome": Callbacks(dependencies).report,
        "takeNotification": ForeignNotifications(dependencies).take,
    }


def _notifications(dependencies: Dependencies, settings: HttpSettings, lists: AdminLists) -> Table:
    notifications, history = Notifications(dependencies, settings, lists), History(dependencies, lists)
    return {
        "listListener": notifications.list_listeners,
        "retrieveListener": notifications.retrieve_listener,
        "rotateListenerSecret": notifications.rotate_secret,
        "replayListener": notifications.replay_listener,
        "listDelivery": notifications.list_deliveries,
        "retrieveDelivery": notifications.retrieve_delivery,
        "replayDelivery": notifications.replay_delivery,
        "listEvent": history.list_events,
        "retrieveEvent": history.retrieve_event,
        "listHistory": history.list_history,
    }


def _fallout(dependencies: Dependencies, settings: HttpSettings, lists: AdminLists, surface: Surface) -> Table:
    fallout = FalloutQueue(dependencies, settings, lists)
    resolutions = FalloutResolutions(dependencies, settings, lists)
    rules = FalloutRules(dependencies, lists)
    return {
        "listFallout": fallout.list,
        "retrieveFallout": fallout.retrieve,
        "patchFallout": fallout.patch,
        "createFalloutIntervention": FalloutInterventions(dependencies, surface).create,
        "listFalloutRule": rules.list,
        "createFalloutRule": rules.create,
        "retrieveFalloutRule": rules.retrieve,
        "patchFalloutRule": rules.patch,
        "deleteFalloutRule": rules.delete,
        "tryFalloutRules": rules.try_out,
        "listFalloutResolution": resolutions.list,
        "createFalloutResolution": resolutions.create,
        "retrieveFalloutResolution": resolutions.retrieve,
        "patchFalloutResolution": resolutions.stop,
        "listFalloutGroup": fallout.list_groups,
    }


def _orders_and_services(dependencies: Dependencies, settings: HttpSettings, lists: AdminLists) -> Table:
    reconciliations, repairs = Reconciliations(dependencies), Repairs(dependencies, settings, lists)
    subscriptions = Subscriptions(dependencies, settings, lists)
    propagations = Propagations(dependencies, lists)
    return {
        "listSubscription": subscriptions.list,
        "retrieveSubscription": subscriptions.retrieve,
        "listPropagation": propagations.list,
        "retrievePropagation": propagations.retrieve,
        "orderPropagation": propagations.order,
        "explainOrder": Explanations(dependencies).retrieve,
        "explainProcessFlow": Explanations(dependencies).retrieve_flow,
        "retrieveReconciliation": reconciliations.retrieve,
        "requestReconciliation": reconciliations.request,
        "listRepair": repairs.list,
        "retrieveRepair": repairs.retrieve,
        "placeRepair": repairs.place,
        "streamOrderEvents": OrderStream(dependencies, settings).follow,
    }


def _administration(dependencies: Dependencies, settings: HttpSettings, surface: Surface) -> Table:
    lists = AdminLists(dependencies.store, settings)
    return {
        **_hub_of_ours(dependencies),
        **_reservations(Reservations(dependencies, lists)),
        **_fulfillers(Fulfillers(dependencies, lists)),
        **_plans(dependencies, settings, lists, surface),
        **_notifications(dependencies, settings, lists),
        **_fallout(dependencies, settings, lists, surface),
        **_pools(ResourcePools(dependencies, lists)),
        **_releases(ReleaseHandlers(dependencies, lists)),
        **_policies(PolicyHandlers(dependencies, lists)),
        **_changes(ChangeSources(dependencies, lists), Changes(dependencies, lists)),
        **_recipes(RecipeHandlers(dependencies, lists)),
        **_secrets(SecretHandlers(dependencies, lists)),
        **_recipe_messages(RecipeMessageHandlers(dependencies, lists)),
        **_recipe_runs(RecipeRuns(dependencies, settings, lists)),
        "migrateRecipeRuns": RecipeMigrationHandlers(dependencies, settings).create,
        **_sinks(Sinks(dependencies, settings, lists)),
        **_orders_and_services(dependencies, settings, lists),
    }
