"""All that a plug-in imports: how to bring a new kind of fulfiller.

A kind is a class with an attribute `kind` and the class methods `check` and `create`; its instances have `engage`,
`poll` and `aclose` (see `Fulfiller`). Derive from `BaseFulfiller` where the library is asynchronous, from
`BlockingFulfiller` where it blocks. Name the class in the package's entry points, group `som.fulfillers`:

    [project.entry-points."som.fulfillers"]
    netbox = "som_netbox:NetboxFulfiller"

docs/how-to/add-a-fulfiller-kind.md walks through an example.
"""

from adapters.base import BaseFulfiller, BlockingFulfiller
from adapters.credentials import Credentials
from adapters.http_session import Tools
from adapters.ports import (
    Accepted,
    Done,
    Fulfiller,
    FulfillerCall,
    InformationRequired,
    Outcome,
    Probe,
    Progress,
    Refused,
    Report,
    Shortage,
    Unreachable,
    parse_report,
)
from models.domain.fulfiller import FulfillerDefinition
from models.domain.violations import Violation

__all__ = [
    "Accepted",
    "BaseFulfiller",
    "BlockingFulfiller",
    "Credentials",
    "Done",
    "Fulfiller",
    "FulfillerCall",
    "FulfillerDefinition",
    "InformationRequired",
    "Outcome",
    "Probe",
    "Progress",
    "Refused",
    "Report",
    "Shortage",
    "Tools",
    "Unreachable",
    "Violation",
    "parse_report",
]
