"""Characteristics: what a service specification asks of them, and whether an order gives it.

Described for authors of catalogues in docs/reference/characteristics.md.
"""

from models.domain.characteristics.publish import check_specification
from models.domain.characteristics.rules import CharacteristicRules

__all__ = ["CharacteristicRules", "check_specification"]
