"""The API documents: read once, routed from, and shown."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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
    "tmf633": "tmf633/v4.yaml",
    "som": "som/v1.yaml",
}

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


@dataclass(frozen=True, slots=True)
class ApiDocument:
    """One API.

    Attributes:
        api: short name, such as `tmf641`.
        base_path: path it stands under.
        node: the document without the paths that are not ours to serve.
    """

    api: str
    base_path: str
    node: Node

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

    def schema(self, name: str) -> Node:
        """A named schema."""
        found: Node = self.node["components"]["schemas"][name]
        return found

    def encoded(self) -> bytes:
        """The document as JSON."""
        return orjson.dumps(self.node)


def load(api: str, folder: Path = FOLDER) -> ApiDocument:
    """Read the document of an API."""
    text = (folder / FILES[api]).read_bytes()
    node: Node = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    node["paths"] = {path: item for path, item in node["paths"].items() if not path.startswith(_LISTENERS)}
    return ApiDocument(api, urlsplit(node["servers"][0]["url"]).path.rstrip("/"), node)
