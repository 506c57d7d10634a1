"""Characteristics: what a specification asks of them, and whether an order or a resource gives it.

Described for authors of catalogues in docs/reference/characteristics.md.
"""

from models.domain.characteristics.names import OF_RESOURCE, OF_SERVICE, Names
from models.domain.characteristics.publish import check_specification
from models.domain.characteristics.rules import CharacteristicRules

__all__ = ["OF_RESOURCE", "OF_SERVICE", "CharacteristicRules", "Names", "check_specification"]
