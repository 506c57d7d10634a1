"""TMF639 v4.0 and v5.0: how they write the resources that we store.

What is stored has v4's form, and beside it whatever v5 alone knows. Of v4's `resourceStatus` v5 has several attributes,
which the store keeps in step with it (`models.domain.resource_states`); so v5 does without it.
"""

from models.wire.parts import CHARACTERISTICS, RELATED_PARTIES, attributes, of_class
from models.wire.table import Attribute, Body, Count, Inner, Table, Typed, always, ref_or_value

OPERATIONAL_STATES = {"enable": "enabled", "disable": "disabled"}
ADMINISTRATIVE_STATES = {"locked": "locked", "unlocked": "unlocked", "shutdown": "shuttingDown"}

RESOURCE_V4 = Table(attributes={"place": Attribute(count=Count.FIRST)})

_PLACE = Table(
    typed=of_class("RelatedPlaceRef"),
    inner=Inner("place", frozenset({"role"}), Typed(lambda _: "PlaceRef", frozenset({"PlaceRef"}))),
)
_RELATIONSHIP = Table(
    attributes={"resourceRelationshipCharacteristic": CHARACTERISTICS},
    typed=of_class("ResourceRelationship"),
    inner=Inner(
        "resource",
        frozenset({"relationshipType", "resourceRelationshipCharacteristic"}),
        Typed(lambda _: "ResourceRef", frozenset({"ResourceRef"})),
    ),
)
_FEATURE = Table(
    attributes={
        "featureCharacteristic": CHARACTERISTICS,
        **attributes(featureRelationship="FeatureRelationship", policyConstraint="PolicyRef"),
    },
    typed=of_class("Feature"),
)


def _attachment_class(body: Body) -> str:
    """v5 knows references only; an attachment given by value keeps its attributes, and says that it is one."""
    return "Attachment" if "content" in body or "id" not in body else "AttachmentRef"


RESOURCE_V5: Table = Table(
    attributes={
        "operationalState": Attribute(values=OPERATIONAL_STATES),
        "administrativeState": Attribute(values=ADMINISTRATIVE_STATES),
        "place": Attribute(table=always(_PLACE), count=Count.LIST),
        "relatedParty": RELATED_PARTIES,
        "resourceRelationship": Attribute(table=always(_RELATIONSHIP)),
        "resourceCharacteristic": CHARACTERISTICS,
        "activationFeature": Attribute(table=always(_FEATURE)),
        "autoModification": CHARACTERISTICS,
        "attachment": Attribute(table=always(Table(typed=Typed(_attachment_class)))),
        "supportingResource": Attribute(table=ref_or_value(Table(typed=of_class("ResourceRef")), lambda: RESOURCE_V5)),
        **attributes(
            note="Note",
            resourceSpecification="ResourceSpecificationRef",
            resourceOrderItem="RelatedResourceOrderItem",
            externalIdentifier="ExternalIdentifier",
            intent="IntentRef",
            connectionPoint="ConnectionPointRef",
            connectivity="ResourceGraph",
            schedule="ScheduleRef",
        ),
    },
    hidden=frozenset({"resourceStatus"}),
)
