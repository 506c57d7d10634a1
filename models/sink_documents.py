"""What instances are called in the inventories that they are written to."""

from mongoengine import StringField

from models.stored import Stored, index


class SinkInstance(Stored):
    """The id of an instance of ours (`<sink>:<id>`) at a configuration sink."""

    meta = {"collection": "sinkInstance", "indexes": [index("by_sink", "sink")]}
    sink = StringField(required=True)
    theirs = StringField(required=True)
    address = StringField()  # of the inventory that calls it so
