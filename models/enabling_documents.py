"""The collection of claims on enabling services."""

from mongoengine import StringField

from models.stored import Stored, index


class EnablingService(Stored):
    """An order's claim to build a service that others may share; `key` is the wish (`models.enabling`)."""

    meta = {"collection": "enablingService", "indexes": [index("by_order", "tenant", "order")]}
    key = StringField(required=True)
    order = StringField(required=True)
    service = StringField(required=True)
