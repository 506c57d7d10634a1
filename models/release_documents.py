"""The collection of releases."""

from mongoengine import DictField, ListField, StringField

from models.stored import BY_CREATION, OWED, ResourceDocument, index


class Release(ResourceDocument):
    """One version of a release, as it was installed; `body` is the package.

    `createdSpecification` and `moved` ({id, to, from}: lifecycleStatus) tell what installing it did to the catalogue,
    `createdResourceSpecification` and `movedResourceSpecification` to resource specifications,
    `createdRecipe` and `movedRecipe` ({id, to, from}: state) what it did to recipes, `supersedes` the version that it
    took the place of; `latch` changes with whatever must not happen beside it.
    """

    meta = {
        "collection": "release",
        "indexes": [
            BY_CREATION,
            OWED,
            index("by_name", "tenant", "name", "created"),
            index("installed", "tenant", "name", unique=True, partialFilterExpression={"state": "installed"}),
        ],
    }
    name = StringField(required=True)
    version = StringField(required=True)
    state = StringField(required=True)
    supersedes = StringField()
    createdSpecification = ListField(StringField())  # noqa: N815 - a stored name
    moved = ListField(DictField())
    createdResourceSpecification = ListField(StringField())  # noqa: N815 - a stored name
    movedResourceSpecification = ListField(DictField())  # noqa: N815 - a stored name
    createdRecipe = ListField(StringField())  # noqa: N815 - a stored name
    movedRecipe = ListField(DictField())  # noqa: N815 - a stored name
    latch = StringField()
