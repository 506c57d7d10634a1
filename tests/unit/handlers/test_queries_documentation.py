"""docs/reference/queries.md is true: each query is understood, each patch does what its text says."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from handlers.patch import JSON_PATCH, JSON_PATCH_QUERY, MERGE, Patcher
from handlers.query import Limits, parse_list_query
from models.counts import KEPT_AT_MOST
from models.domain.patterns import MAX_PATTERN_LENGTH
from models.domain.search_patterns import MATCHED_TEXT
from models.domain.shapes import Shape
from models.mongo_filters import to_mongo
from models.patterns import Re2Patterns

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/reference/queries.md").read_text(encoding="utf-8")
DOCUMENT = yaml.load((ROOT / "api_specs/tmf641/v4.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
SHAPE = Shape.compile(DOCUMENT, DOCUMENT["components"]["schemas"]["ServiceOrder"])
QUERIES = re.findall(r"^GET /serviceOrder\?(.*)$", PAGE, re.MULTILINE)
ORDER: dict[str, Any] = {
    "id": "1",
    "@type": "ServiceOrder",
    "category": "business",
    "note": [{"author": "Jo", "text": "a"}, {"author": "Al", "text": "b"}],
    "serviceOrderItem": [{"id": "1", "state": "held"}, {"id": "2", "state": "held"}],
}


def patched(media_type: str, name: str) -> dict[str, Any]:
    found = re.search(rf"```json {name}\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return Patcher(SHAPE, Re2Patterns()).apply(media_type, ORDER, json.loads(found[1])).body


@pytest.mark.parametrize("query", QUERIES)
def test_each_query_is_understood(query: str) -> None:
    parsed = parse_list_query(query.replace("&&", "%26%26"), SHAPE, Re2Patterns())
    to_mongo("default", parsed.condition)
    assert parsed.condition or parsed.sort or parsed.offset or parsed.fields is not None


def test_the_patches_do_what_the_page_says() -> None:
    merged = patched(MERGE[1], "merge-patch")
    assert merged["note"] == [{"text": "the only note now"}]
    assert "category" not in merged
    by_pointer = patched(JSON_PATCH, "json-patch")
    assert by_pointer["serviceOrderItem"][1]["state"] == "inProgress"
    assert len(by_pointer["note"]) == 3
    by_query = patched(JSON_PATCH_QUERY, "json-patch-query")
    assert [item["state"] for item in by_query["serviceOrderItem"]] == ["held", "inProgress"]
    assert by_query["note"] == [{"author": "Jo", "text": "a", "date": "2026-11-22T10:00:00.000Z"}]


def test_the_bounds_on_the_page_are_the_programs() -> None:
    assert f"to {MAX_PATTERN_LENGTH:,} characters" in " ".join(PAGE.split())
    assert f"Texts of more than {MATCHED_TEXT:,} characters" in " ".join(PAGE.split())
    assert f"up to {KEPT_AT_MOST:g} seconds old" in PAGE
    assert f"A page has {Limits().default_page} resources" in PAGE
    assert f"{Limits().maximum_page:,} at most" in PAGE
