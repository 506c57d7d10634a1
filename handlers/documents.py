"""The API documents: read once, routed from, and shown."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import yaml

Node = dict[str, Any]

FOLDER = Path(__file__).resolve().parents[1] / "api_specs"
METHODS = ("get", "post", "put", "patch", "delete")
FILES = {
    "tmf641": "tmf641/v4.yaml",
    "tmf638": "tmf638/v4.yaml",
    "tmf639": "tmf639/v4.yaml",
    "tmf639-v5": "tmf639/v5.yaml",
    "tmf633": "tmf633/v4.yaml",
    "tmf701": "tmf701/v4.yaml",
    "som": "som/v1.yaml",
}
CLIENT_FILES = {"tmf622": "clients/tmf622.yaml"}
"""Documents of APIs that others serve and fulfillers of ours call; nothing is routed from them."""

_PARAMETER = re.compile(r"\{([^}]+)\}")

# What subscribers serve, not we.
_LISTENERS = "/listener/"


@dataclass(frozen=True, slots=True)
class DocumentedOperation:
    """One operation as its document describes it.

    Attributes:
        id: operationId.
        method: in lower case.
        path: below the base path, with its parameters in braces.
        node: the operation's description.
    """

    id: str
    method: str
    path: str
    node: Node


@dataclass(frozen=True, eq=False)
class ApiDocument:
    """One API.

    Attributes:
        api: short name, such as `tmf641`; of a version but the fourth with that, such as `tmf639-v5`.
        base_path: path it stands under.
        node: the document without the paths that are not ours to serve.
        compiled: what was made of its schemas, by schema.
    """

    api: str
    base_path: str
    node: Node
    compiled: dict[bytes, object] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """The version of the API, such as `v4`: the last part of its base path."""
        return self.base_path.rpartition("/")[2]

    def operations(self) -> Iterator[DocumentedOperation]:
        """All operations."""
        for path, item in self.node["paths"].items():
            for method in METHODS:
                if method in item:
                    yield DocumentedOperation(item[method]["operationId"], method, path, item[method])

    def resolve(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        """Follow a reference to where it leads in this document."""
        while "$ref" in node:
            target: Any = self.node
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part.replace("~1", "/").replace("~0", "~")]
            node = target
        return node

    @cached_property
    def json_schemas(self) -> Node:
        """The schemas in the words of plain JSON schema."""
        made: Node = with_null({"properties": self.node["components"]["schemas"]})["properties"]
        return made

    def skeleton(self) -> Node:
        """What routing and security need of the document: everything but bodies and answers.

        connexion resolves and checks whatever it is given several times over, at half a second a document; that the
        documents are valid OpenAPI is a test.
        """
        paths: Node = {}
        for operation in self.operations():
            kept: Node = {name: operation.node[name] for name in ("operationId", "security") if name in operation.node}
            parameters = [_path_parameter(name) for name in _PARAMETER.findall(operation.path)]
            answers = {"default": {"description": "See the document."}}
            made_operation: Node = {**kept, "parameters": parameters, "responses": answers}
            paths.setdefault(operation.path, {})[operation.method] = made_operation
        made: Node = {name: self.node[name] for name in ("openapi", "info", "servers")}
        schemes = self.node["components"].get("securitySchemes", {})
        security = {"security": self.node["security"]} if "security" in self.node else {}
        return {**made, "paths": paths, "components": {"securitySchemes": schemes}, **security}

    def schema(self, name: str) -> Node:
        """A reference to a named schema."""
        return {"$ref": f"#/components/schemas/{name}"}

    def has_schema(self, name: str) -> bool:
        """Whether there is a schema of this name."""
        return name in self.node["components"]["schemas"]

    def has_parameter(self, name: str) -> bool:
        """Whether there is a parameter of this name among the components."""
        return name in self.node["components"].get("parameters", {})

    def encoded(self) -> bytes:
        """The document as JSON."""
        return orjson.dumps(self.node)


def _path_parameter(name: str) -> Node:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


@cache
def load(api: str, folder: Path = FOLDER) -> ApiDocument:
    """Read the document of an API, once; nobody changes it."""
    text = (folder / {**FILES, **CLIENT_FILES}[api]).read_bytes()
    node: Node = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    node["paths"] = {path: item for path, item in node["paths"].items() if not path.startswith(_LISTENERS)}
    return ApiDocument(api, urlsplit(node["servers"][0]["url"]).path.rstrip("/"), node)


def with_null(node: Any) -> Any:
    """OpenAPI 3.0 says `nullable` where JSON schema has a second type (and a further value of an enumeration)."""
    if isinstance(node, list):
        return [with_null(value) for value in node]
    if not isinstance(node, dict):
        return node
    made = {key: with_null(value) for key, value in node.items() if key not in ("example", "description")}
    if node.get("properties") is not None:  # there, names such as `description` are attributes
        made["properties"] = {name: with_null(value) for name, value in node["properties"].items()}
    if node.get("nullable") is True:
        if isinstance(node.get("type"), str):
            made["type"] = [node["type"], "null"]
        if isinstance(node.get("enum"), list):
            made["enum"] = [*node["enum"], None]
        if "allOf" in node:
            made = {"anyOf": [made, {"type": "null"}]}
    return made
