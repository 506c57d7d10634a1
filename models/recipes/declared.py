"""What a BPMN file says of the recipe as a whole: its version, and what it is for."""

from typing import Any

from models import safe_xml
from models.recipes.elements import BPMN, own
from models.recipes.reading import read_recipe


def declared(source: bytes | str) -> dict[str, Any]:
    """Return the version and the binding that a file has (`som:recipe`), as far as it has them, as a recipe has them.

    Raises:
        InvalidRecipe: no recipe can be read from it.
    """
    main = read_recipe(source).main
    process = next(one for one in safe_xml.parse(source).iter(f"{BPMN}process") if one.get("id") == main)
    said = own(process, "recipe")
    made: dict[str, Any] = {}
    if said is not None and said.get("version"):
        made["version"] = said.get("version")
    if said is not None and said.get("specification"):
        names = ("specification", "action", "versions")
        bound: dict[str, Any] = {name: said.get(name) for name in names if said.get(name)}
        made["binding"] = [bound | ({"byPolicy": True} if said.get("byPolicy") == "true" else {})]
    return made
