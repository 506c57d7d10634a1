"""The collections of recipes, and of messages to their runs."""

from mongoengine import DateTimeField, DictField, IntField, ListField, StringField

from models.stored import BY_CREATION, OWED, ResourceDocument, Stored, index, partial_index


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


class RecipeBinding(Stored):
    """How often a recipe was published for a specification: a latch, see `models.recipe_bindings`."""

    meta = {"collection": "recipeBinding", "indexes": [index("by_tenant", "tenant")]}
    tenant = StringField(required=True)
    specification = StringField(required=True)
    turned = IntField(required=True)


class RecipeMessage(ResourceDocument):
    """A message or signal to runs of recipes; see `models.recipe_messages`.

    `addresses` are those at which it is awaited, `look` is when somebody has to look after it, `handing` counts how
    often it was handed to a plan, `plan` is the one that has it, and `passed` are those that could not use it. Of a
    signal, `after` is the last plan that it was given to, and `reached` counts them.
    """

    meta = {
        "collection": "recipeMessage",
        "indexes": [
            BY_CREATION,
            OWED,
            index("by_name", "tenant", "body.name", "created", "id"),
            index("by_state", "tenant", "state", "created", "id"),
            index("waiting", "tenant", "addresses", "id", partialFilterExpression={"state": "waiting"}),
            partial_index("look", "look", exists="look"),
        ],
    }
    state = StringField(required=True)
    addresses = ListField(StringField(), required=True)
    until = DateTimeField(required=True)
    look = DateTimeField()
    handing = IntField(required=True)
    plan = StringField()
    passed = ListField(StringField())
    after = StringField()
    reached = IntField()
