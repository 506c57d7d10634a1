"""What catalogues call the characteristics of a specification, and the values that one of them may have."""

from typing import NamedTuple


class Names(NamedTuple):
    """The two attributes by which kinds of specifications differ; the rest of a characteristic reads the same.

    Attributes:
        characteristics: of a specification.
        values: of a characteristic.
    """

    characteristics: str
    values: str


OF_SERVICE = Names("specCharacteristic", "characteristicValueSpecification")
"""TMF633 v4, service specifications."""

OF_RESOURCE = Names("resourceSpecCharacteristic", "resourceSpecCharacteristicValue")
"""TMF634 v4, resource specifications."""
