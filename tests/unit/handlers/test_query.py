import contextlib
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.query import Limits, parse_fields, parse_list_query
from models.domain.errors import InvalidRequest
from models.domain.filters import And, Compare, Condition, Element, Exists, Match, Not, Op, Or, StartsWith, matches
from models.domain.listing import ListQuery, Sort, select_fields
from models.domain.shapes import Shape
from models.mongo_filters import to_mongo, to_projection, to_sort
from models.patterns import Re2Patterns

TEXT = {"type": "string"}
NINE = "2026-11-22T09:00:00.000Z"
ENGINE = Re2Patterns()
SHAPE = Shape.compile(
    {},
    {
        "type": "object",
        "properties": {
            **dict.fromkeys(("id", "href", "@type", "state", "category", "externalId", "name"), TEXT),
            "orderDate": {"type": "string", "format": "date-time"},
            "quantity": {"type": "integer"},
            "price": {"type": "number"},
            "isBundle": {"type": "boolean"},
            "tags": {"type": "array", "items": TEXT},
            "relatedParty": {"type": "array", "items": {"type": "object", "properties": {"id": TEXT, "role": TEXT}}},
            "characteristic": {"type": "array", "items": {"type": "object", "properties": {"name": TEXT, "value": {}}}},
            "service": {"type": "object", "properties": {"id": TEXT, "name": TEXT}},
        },
    },
)


def parsed(raw: str | bytes, **more: Any) -> ListQuery:
    return parse_list_query(raw, SHAPE, ENGINE, **more)


def condition(raw: str) -> Condition | None:
    return parsed(raw).condition


def refused(raw: str | bytes) -> list[tuple[str, str]]:
    with pytest.raises(InvalidRequest) as refusal:
        parsed(raw)
    assert all(violation.message for violation in refusal.value.violations)
    return [(violation.pointer, violation.code) for violation in refusal.value.violations]


def equal(name: str, *values: Any, op: Op = Op.EQ) -> Compare:
    return Compare(tuple(name.split(".")), op, values)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("", None),
        ("&&", None),
        ("state=held", equal("state", "held")),
        ("state.eq=held", equal("state", "held")),
        ('state="held"', equal("state", "held")),
        ("state=%22held%22", equal("state", "held")),
        ("state='held'", equal("state", "held")),
        ("state=%27", equal("state", "'")),
        ("state=", equal("state", "")),
        ("state=held,pending", equal("state", "held", "pending")),
        ("state=held%2Cpending", equal("state", "held", "pending")),
        ("state=held&state=pending", equal("state", "held", "pending")),
        ("state=held&state.eq=pending&state=held", equal("state", "held", "pending")),
        ('name="Smith, John",Doe', equal("name", "Smith, John", "Doe")),
        ("name=O'Brien,O'Hara", equal("name", "O'Brien", "O'Hara")),
        ("name=a+b%20c", equal("name", "a b c")),
        ("name=a%2Bb", equal("name", "a+b")),
        ("name=a=b>c", equal("name", "a=b>c")),
        ("name=a%3Eb", equal("name", "a>b")),
        ("name=%C3%BC", equal("name", "ü")),
        ("name=%zz", equal("name", "%zz")),
        ("state.ne=held,done", equal("state", "held", "done", op=Op.NE)),
        ("state!=held", equal("state", "held", op=Op.NE)),
        ("quantity.gt=5", equal("quantity", 5, op=Op.GT)),
        ("quantity>5", equal("quantity", 5, op=Op.GT)),
        ("quantity%3E5", equal("quantity", 5, op=Op.GT)),
        ("quantity>=5", equal("quantity", 5, op=Op.GTE)),
        ("quantity%3E=5", equal("quantity", 5, op=Op.GTE)),
        ("quantity%3E%3D5", equal("quantity", 5, op=Op.GTE)),
        ("quantity<5", equal("quantity", 5, op=Op.LT)),
        ("quantity.lte=-5", equal("quantity", -5, op=Op.LTE)),
        ("quantity%3C%3D5", equal("quantity", 5, op=Op.LTE)),
        ("price=1.50", equal("price", 1.5)),
        ("price.gte=-1e3", equal("price", -1000.0, op=Op.GTE)),
        ("isBundle=true", equal("isBundle", True)),
        ("relatedParty.id=7", equal("relatedParty.id", "7")),
        ("service.name=x", equal("service.name", "x")),
        ("@type=ServiceOrder", equal("@type", "ServiceOrder")),
        ("characteristic.value=5", equal("characteristic.value", "5", 5)),
        ("characteristic.value=true", equal("characteristic.value", "true", True)),
        ("characteristic.value.speed.gt=x", equal("characteristic.value.speed", "x", op=Op.GT)),
        ("characteristic.value.gt=5", equal("characteristic.value", "5", 5, op=Op.GT)),
        ("orderDate.gt=2026-11-22", equal("orderDate", "2026-11-22T00:00:00.000Z", op=Op.GT)),
        ("orderDate=2026-11-22T10:00:00Z", equal("orderDate", "2026-11-22T10:00:00.000Z")),
        ("orderDate>2026-11-22T10:00:00+01:00", equal("orderDate", NINE, op=Op.GT)),
        ("orderDate%3e%222026-11-22T10%3A00%3A00%2B01%3A00%22", equal("orderDate", NINE, op=Op.GT)),
        ("orderDate=2026-11-22T10:00:00+00:00", equal("orderDate", "2026-11-22T10:00:00.000Z")),
        ("name.regex=a.c", Match(("name",), "a.c")),
        ("name*=a.c", Match(("name",), "a.c")),
        ("name*%3Da.c", Match(("name",), "a.c")),
        ("name.regex=a{1,3}", Match(("name",), "a{1,3}")),
        ("name.regex=%5Eabc", StartsWith(("name",), "abc")),
        ("name.regex=%5Ea%5C.c.*", StartsWith(("name",), "a.c")),
        ("name.regex=a%2B&name.regex=b", Or((Match(("name",), "a+"), Match(("name",), "b")))),
        ("state=held&quantity>5", And((equal("state", "held"), equal("quantity", 5, op=Op.GT)))),
        ("quantity>5&quantity<9", And((equal("quantity", 5, op=Op.GT), equal("quantity", 9, op=Op.LT)))),
    ],
)  # fmt: skip
def test_a_filter_is_read_with_its_operator_and_the_types_of_the_schema(raw: str, expected: Condition | None) -> None:
    assert condition(raw) == expected
    assert parsed(raw.encode()).condition == expected


@pytest.mark.parametrize(
    ("raw", "pointer", "code"),
    [
        ("sate=held", "sate", "unknownAttribute"),
        ("state.x=held", "state.x", "unknownAttribute"),
        ("state.gt.gt=held", "state.gt.gt", "unknownAttribute"),
        (".=1", ".", "unknownAttribute"),
        ("$where=1", "$where", "unknownAttribute"),
        ("characteristic.value.$gt=1", "characteristic.value.$gt", "unknownAttribute"),
        ("characteristic.value..x=1", "characteristic.value..x", "unknownAttribute"),
        ("characteristic.value.a%00b=1", "characteristic.value.a\0b", "unknownAttribute"),
        ("characteristic.value" + ".a" * 50 + "=1", ("characteristic.value" + ".a" * 50)[:100], "unknownAttribute"),
        ("gt=5", "gt", "unknownAttribute"),
        ("offset>5", "offset", "unknownAttribute"),
        ("quantity=five", "quantity", "invalidValue"),
        ("quantity=1.5", "quantity", "invalidValue"),
        ("quantity=9223372036854775808", "quantity", "invalidValue"),
        ("quantity=" + "9" * 5000, "quantity", "invalidValue"),
        ("price=nan", "price", "invalidValue"),
        ("price=1e999", "price", "invalidValue"),
        ("price=٣", "price", "invalidValue"),
        ("isBundle=yes", "isBundle", "invalidValue"),
        ("isBundle>true", "isBundle", "invalidValue"),
        ("orderDate=soon", "orderDate", "invalidValue"),
        ("orderDate=2026-13-01", "orderDate", "invalidValue"),
        ("relatedParty=7", "relatedParty", "invalidValue"),
        ("service=7", "service", "invalidValue"),
        ("name.regex=(a%2B)%2B", "name.regex", "invalidValue"),
        ("name.regex=(?=a)", "name.regex", "invalidValue"),
        ("name.regex=(", "name.regex", "invalidValue"),
        ("name.regex=%00", "name.regex", "invalidValue"),
        ("name.regex=" + "a" * 1001, "name.regex", "invalidValue"),
        ("quantity.regex=5", "quantity.regex", "invalidValue"),
        ("state", "query", "invalidParameter"),
        ("=5", "query", "invalidParameter"),
        ("*", "query", "invalidParameter"),
        ("state=%ff", "query", "invalidEncoding"),
        ("offset=1&offset=1", "offset", "duplicateParameter"),
        ("limit=1&limit=2", "limit", "duplicateParameter"),
        ("offset=-1", "offset", "invalidValue"),
        ("limit=ten", "limit", "invalidValue"),
        ("limit=", "limit", "invalidValue"),
        ("limit=1,2", "limit", "invalidValue"),
        ("offset=1.0", "offset", "invalidValue"),
        ("offset=" + "9" * 50, "offset", "invalidValue"),
        ("sort=nothing", "sort", "unknownAttribute"),
        ("sort=", "sort", "unknownAttribute"),
        ("sort=--state", "sort", "unknownAttribute"),
        ("sort=service", "sort", "unknownAttribute"),
        ("sort=$where", "sort", "unknownAttribute"),
        ("sort=" + ",".join(["state"] * 9), "sort", "tooManyParameters"),
        ("state=a&" * 101, "query", "tooManyParameters"),
        ("state=" + "a," * 1001, "query", "tooManyParameters"),
        ("filter=", "filter", "invalidFilter"),
    ],
)
def test_what_is_wrong_is_named_with_the_parameter(raw: str, pointer: str, code: str) -> None:
    assert refused(raw) == [(pointer, code)]


def test_all_faults_are_told_at_once() -> None:
    assert {pointer for pointer, _ in refused("sate=1&quantity=x&limit=-1&sort=zzz")} >= {"sate", "limit", "sort"}


def test_a_mistyped_attribute_is_answered_with_what_may_have_been_meant() -> None:
    with pytest.raises(InvalidRequest, match="did you mean state"):
        parsed("stat=held")


def test_sort_has_directions_and_nesting() -> None:
    assert parsed("sort=-orderDate,state,%2Bservice.name").sort == (
        Sort(("orderDate",), descending=True),
        Sort(("state",)),
        Sort(("service", "name")),
    )
    assert parsed("sort=+state").sort == (Sort(("state",)),)


def test_paging_has_a_default_and_a_maximum() -> None:
    query = parsed("")
    assert (query.offset, query.limit) == (0, 100)
    query = parsed('offset="20"&limit=5000')
    assert (query.offset, query.limit) == (20, 1000)
    assert parsed("limit=0").limit == 0
    assert parsed("limit=7", limits=Limits(maximum_page=3)).limit == 3
    assert parsed("offset=999999999999999999").offset == 2**53


@pytest.mark.parametrize(
    ("raw", "fields"),
    [
        ("", None),
        ("fields=state,service.name", (("state",), ("service", "name"))),
        ("fields=state&fields=category", (("state",), ("category",))),
        ("fields=none", ()),
        ("fields=nothing", ()),
        ("fields=", ()),
        ("fields=$where,..,state,characteristic.value.$x", (("state",),)),
    ],
)
def test_fields_are_read_and_unknown_ones_passed_over(raw: str, fields: Any) -> None:
    assert parsed(raw).fields == fields
    assert parse_fields(raw + "&whatever=1" if raw else "whatever=1", SHAPE) == fields


BODY = {
    "id": "1",
    "href": "http://x/1",
    "@type": "ServiceOrder",
    "state": "held",
    "service": {"id": "s", "name": "n"},
    "relatedParty": [{"id": "7", "role": "customer"}, {"id": "8"}],
}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("state", {"state": "held"}),
        ("none", {}),
        ("service.name", {"service": {"name": "n"}}),
        ("service.name,service", {"service": {"id": "s", "name": "n"}}),
        ("relatedParty.role", {"relatedParty": [{"role": "customer"}, {}]}),
        ("relatedParty.role,relatedParty.id", {"relatedParty": BODY["relatedParty"]}),
        ("category", {}),
        ("id", {}),
    ],
)
def test_chosen_fields_come_back_with_those_that_always_come(fields: str, expected: Any) -> None:
    always = {"id": "1", "href": "http://x/1", "@type": "ServiceOrder"}
    assert select_fields(BODY, parsed(f"fields={fields}").fields) == {**always, **expected}


def test_without_fields_the_whole_comes_back() -> None:
    assert select_fields(BODY, None) is BODY


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$.relatedParty[?(@.id=='7')]", Element(("relatedParty",), equal("id", "7"))),
        ("relatedParty[?(@.id=='7')]", Element(("relatedParty",), equal("id", "7"))),
        ('$.relatedParty[?(@.id=="7")]', Element(("relatedParty",), equal("id", "7"))),
        ("$.relatedParty[?@.id=='7']", Element(("relatedParty",), equal("id", "7"))),
        ("$.relatedParty[?(@.id==7)]", Element(("relatedParty",), equal("id", "7"))),
        ("$.relatedParty[?('7'==@.id)]", Element(("relatedParty",), equal("id", "7"))),
        (
            "$.relatedParty[?(@.id=='7' && @.role!='x' && @.id)]",
            Element(("relatedParty",), And((equal("id", "7"), equal("role", "x", op=Op.NE), Exists(("id",))))),
        ),
        (
            "$.relatedParty[?(@.id=='7' || !(@.role in ['a','b']))]",
            Element(("relatedParty",), Or((equal("id", "7"), Not(equal("role", "a", "b"))))),
        ),
        (
            "$.relatedParty[?(@.id=='7')].role",
            Element(("relatedParty",), And((equal("id", "7"), Exists(("role",))))),
        ),
        ("$.characteristic[?(@.value > 5)]", Element(("characteristic",), equal("value", 5, op=Op.GT))),
        ("$.characteristic[?(@.value == null)]", Element(("characteristic",), equal("value", None))),
        (
            "$.characteristic[?(@.value.x[0].y == true)]",
            Element(("characteristic",), Compare(("value", "x", 0, "y"), Op.EQ, (True,))),
        ),
        ("$.characteristic[?(@['name'] =~ /^a.c/i)]", Element(("characteristic",), Match(("name",), "(?i)^a.c"))),
        ("$.characteristic[?(@.name =~ '^ac')]", Element(("characteristic",), StartsWith(("name",), "ac"))),
        ("$.characteristic[?search(@.name, 'a.c')]", Element(("characteristic",), Match(("name",), "a.c"))),
        ("$.characteristic[?match(@.name, 'a.c')]", Element(("characteristic",), Match(("name",), "^(?:a.c)$"))),
        ("$.tags[?(@=='x')]", Element(("tags",), Compare((), Op.EQ, ("x",)))),
        (
            "$[?(@.state=='held' && @.orderDate > '2026-11-22T10:00:00+01:00')]",
            And((equal("state", "held"), equal("orderDate", NINE, op=Op.GT))),
        ),
        ("$[?(@.relatedParty[?(@.id=='7')])]", Element(("relatedParty",), equal("id", "7"))),
        ("$[?(@.@type=='x')]", equal("@type", "x")),
        ("$[?(@['@type']=='x')]", equal("@type", "x")),
        ("$.service.name", Exists(("service", "name"))),
        ("$[*].service", Exists(("service",))),
        ("$.relatedParty[*].id", Exists(("relatedParty", "id"))),
    ],
)  # fmt: skip
def test_jsonpath_is_translated_with_same_element_matching(path: str, expected: Condition) -> None:
    assert condition("filter=" + quote(path)) == expected


@pytest.mark.parametrize(
    "path",
    [
        "$", "$.nothing", "$.relatedParty[?(@.nothing=='x')]", "$..id", "$.relatedParty[0:2]", "$.relatedParty[-1]",
        "$.relatedParty[0,1]", "$.service[?(@.id=='x')]", "$.relatedParty[?(@.id==@.role)]",
        "$.relatedParty[?(@.id==$.state)]", "$.relatedParty[?(length(@.id)>1)]", "$.relatedParty[?(@.id > null)]",
        "$.relatedParty[?(@.id =~ /(a+)+/)]", "$.relatedParty[?(@.id =~ /(?=a)/)]", "$.relatedParty[?(@.id =~ /[/)]",
        "$.relatedParty[?(@.id contains 'a')]", "$[?(@.quantity=='x')]", "$[?(@.isBundle>true)]", "$.relatedParty[?(",
        "$.tags[?(@=='x' && @.y==1)]", "$.relatedParty|$.tags", "$.relatedParty&$.tags",
        "$.characteristic[?(@['a.b'])]",
        "$.characteristic[?(@.value['$gt']==1)]", "$.characteristic[?(@.value['a.b']==1)]", "$.characteristic[?('a')]",
        "$.characteristic[?(@.value[''] == 1)]", "$.characteristic[?(@.value == '\\ud800')]", "$['\\ud800']",
        "$.characteristic[?(@.value == 1e999)]", "$.characteristic[?(@.value == 99999999999999999999)]",
        "$.characteristic[?(@.value == 1.0e999)]", "$[?(@[?(@.id)])]", "$[?(@)][?(@)]", "$" + "[?(@.x" * 300,
        "$[?(" + "!" * 900 + "@.id)]", "." * 1999, "a" * 2001, "#", "^", "_",
        "$[?(@.service" + " && (@.service || (@.service" * 15 + "))" * 15 + ")]", "$.a[?(@.b)]]", "$[?(@.id == 'x]",
        "$[?(@.relatedParty == 'x')]", "$[?(@.id in 'x')]", "$[?(@.id =~ 5)]", "$[?(@.quantity =~ /5/)]",
    ],
)  # fmt: skip
def test_a_jsonpath_that_cannot_be_used_is_refused(path: str) -> None:
    assert refused("filter=" + quote(path)) == [("filter", "invalidFilter")]


@pytest.mark.parametrize("times", [50, 400, 900])
def test_parentheses_without_end_do_no_harm(times: int) -> None:
    with contextlib.suppress(InvalidRequest):
        assert condition("filter=" + quote(f"$[?({'(' * times}@.id{')' * times})]")) == Exists(("id",))


def test_a_long_chain_of_alternatives_stays_flat() -> None:
    chain = " || ".join(f"@.id=='{i}'" for i in range(100))
    found = condition("filter=" + quote(f"$.relatedParty[?({chain})]"))
    assert isinstance(found, Element)
    assert isinstance(found.condition, Or)
    assert len(found.condition.conditions) == 100


RAW = st.one_of(
    st.text(max_size=80),
    st.text(alphabet="state=.gt<>*!&,'\"%25+ relatedPy[]?@$()|-0", max_size=60),
    st.binary(max_size=60),
    st.text(alphabet="$.@[]?()'\"=~!&|<>/*-0tags.id\\ ,:", max_size=50).map(lambda text: "filter=" + quote(text)),
    st.text(max_size=30).map(lambda text: "name.regex=" + quote(text.encode("utf-8", "surrogatepass"))),
    st.text(alphabet="a|b()[]{}*+?^$\\.dwsQEpPux0123,:-", max_size=30).map(lambda text: "name.regex=" + quote(text)),
)


@settings(max_examples=600, deadline=None)
@given(RAW)
def test_any_query_string_is_either_answered_or_refused(raw: str | bytes) -> None:
    with contextlib.suppress(InvalidRequest):
        query = parsed(raw)
        to_mongo("default", query.condition)
        to_sort(query.sort)
        to_projection(query.fields)
        matches(query.condition, BODY, ENGINE)
