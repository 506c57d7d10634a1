"""The collections of secrets: those that recipes name, and those of the servers themselves."""

from mongoengine import DictField, StringField

from models.stored import BY_CREATION, OWED, ResourceDocument, Stored, index


class NamedSecret(ResourceDocument):
    """A named secret of a tenant: `secret` is its value, sealed; see `models.secrets`."""

    meta = {
        "collection": "namedSecret",
        "indexes": [BY_CREATION, OWED, index("by_name", "tenant", "name")],
    }
    name = StringField(required=True)
    secret = DictField()
    who = StringField(required=True)


class Secret(Stored):
    """What only the servers of this installation know, such as the key of callback tokens."""

    meta = {"collection": "secret", "indexes": []}
    tenant = StringField()
    value = DictField(required=True)  # sealed; a text where there is no key to seal with
