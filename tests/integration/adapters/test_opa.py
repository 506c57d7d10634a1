"""How policy services are asked: whom is trusted, and what is no answer."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.http_session import open_session
from adapters.opa import OpenPolicyAgent
from models.domain.decision_points import NoAnswer
from models.domain.policies import Policy, policy_of
from models.policy_tables import violations
from tests.contract.samples import policy
from tests.integration.authority import Authority
from tests.integration.rego_server import RegoServer, rego_server

YES = """
package som
import rego.v1

accept := {"allow": true}

long := concat("", ["0123456789" | some _ in numbers.range(0, 110000)])
"""


@pytest.fixture
async def agent() -> AsyncIterator[OpenPolicyAgent]:
    async with open_session() as session:
        yield OpenPolicyAgent(session)


def asked(server: RegoServer, **attributes: Any) -> Policy:
    body = policy(**{"url": server.url, "path": "som/accept", "timeout": 60, **attributes})
    return policy_of({"_id": "p:1.0.0", "name": "p", "version": "1.0.0", "body": body})


async def test_a_service_is_trusted_on_the_word_of_its_own_authority_and_of_no_other(
    agent: OpenPolicyAgent, tmp_path: Path
) -> None:
    authority = Authority()
    async with rego_server(YES, authority.server(tmp_path)) as server:
        known = asked(server, certificateAuthority=authority.pem)
        assert await agent.ask(known, {}) == {"allow": True}
        for other in (None, Authority().pem):
            with pytest.raises(NoAnswer, match="is not trusted"):
                await agent.ask(replace(known, authority=other), {})
        assert len(server.inputs) == 1


async def test_a_redirect_and_an_answer_without_end_are_none(agent: OpenPolicyAgent) -> None:
    async with rego_server(YES) as server:
        with pytest.raises(NoAnswer, match="answered 307"):
            await agent.ask(asked(server, url=f"{server.url}/moved"), {})
        assert not server.inputs
        with pytest.raises(NoAnswer, match="more than 1000000 bytes"):
            await agent.ask(asked(server, path="som/long"), {})


@pytest.mark.parametrize(
    ("url", "authority"),
    [("https://127.0.0.1", ""), ("https://127.0.0.1", "no certificate"), ("http://127.0.0.1", None)],
)
def test_what_is_no_authority_or_vouches_for_nothing_is_refused(url: str, authority: str | None) -> None:
    body = policy(url=url, certificateAuthority=Authority().pem if authority is None else authority)
    assert [one.pointer for one in violations(body)] == ["/certificateAuthority"]
