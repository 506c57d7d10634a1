"""The collection of recipes."""

from mongoengine import DictField, ListField, StringField

from models.stored import BY_CREATION, OWED, ResourceDocument, index, partial_index


class Recipe(ResourceDocument):
    """One version of a recipe; its id is `<name>:<version>`, its body what people have drawn and written.

    `steps` tells of the last moves of its life ({state, at, who, why}); the history has all of them.
    """

    meta = {
        "collection": "recipe",
        "indexes": [
            BY_CREATION,
            OWED,
            index("by_name", "tenant", "name", "created", "id"),
            index("by_state", "tenant", "state", "created", "id"),
            partial_index("by_binding", "tenant", "body.binding.specification", exists="body.binding.specification"),
        ],
    }
    name = StringField(required=True)
    version = StringField(required=True)
    state = StringField(required=True)
    steps = ListField(DictField())
