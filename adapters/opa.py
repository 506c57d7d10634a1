"""Open Policy Agent: the data API of a policy service (`POST /v1/data/<path>`, openpolicyagent.org, REST API)."""

import ssl
from collections.abc import Mapping
from typing import Any

import aiohttp
import orjson

from adapters.credentials import Credentials
from adapters.http_exchange import MAX_ANSWER, exchange
from adapters.rest_answers import Answer
from models.domain.decision_points import NoAnswer
from models.domain.policies import Policy
from models.domain.trust import trust

_OK = 200
_HEADERS = {"content-type": "application/json", "accept": "application/json"}


class OpenPolicyAgent:
    """Asks Open Policy Agents. Where one is, its operator has said, as with fulfillers; redirects are not followed."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        """Ask over this session."""
        self._session = session

    async def ask(self, policy: Policy, question: Mapping[str, Any], token: str | None = None) -> Any:
        """The value of a rule; see the port. The token is shown to nobody, not even where the service repeats it.

        It takes `policy.seconds` at most, and an answer of more than `MAX_ANSWER` bytes is none.

        Raises:
            NoAnswer: there was none.
        """
        address = f"{policy.url.rstrip('/')}/v1/data/{policy.path}"
        body = orjson.dumps({"input": question}, default=str)
        proof = Credentials({"type": "bearer", "token": token} if token is not None else None)
        headers = {**_HEADERS, **proof.headers()}
        trusted, who = _trusted(policy), "policy service"
        answer = await exchange(self._session, "POST", address, headers, policy.seconds, body, trusted, who)
        if not isinstance(answer, Answer):
            raise NoAnswer(answer.reason)
        if answer.status != _OK:
            raise NoAnswer(f"The policy service answered {answer.status}.")
        try:
            found = orjson.loads(proof.hidden(answer.body.decode())) if answer.whole else None
        except (orjson.JSONDecodeError, UnicodeDecodeError):
            found = None
        if not answer.whole:
            raise NoAnswer(f"The policy service answered more than {MAX_ANSWER} bytes.")
        if not isinstance(found, dict):
            raise NoAnswer("The policy service answered something else than a JSON object.")
        if "result" not in found:
            raise NoAnswer(f"The policy service has no rule at {policy.path}, or it is undefined for this order.")
        return found["result"]


def _trusted(policy: Policy) -> ssl.SSLContext | None:
    """Who may vouch for the service; None: those whom everybody trusts."""
    try:
        return trust(policy.authority) if policy.authority is not None else None
    except ValueError as error:
        raise NoAnswer(f"The policy service was not asked: its certificateAuthority is none ({error}).") from None
