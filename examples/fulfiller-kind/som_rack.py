"""The kind `rack`: reserves ports at a rack controller, which speaks JSON over HTTP."""

import json
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

from som.sdk import BlockingFulfiller, Done, FulfillerCall, Outcome, Refused, Unreachable, Violation


class RackFulfiller(BlockingFulfiller):
    """One registered rack controller."""

    kind = "rack"

    @classmethod
    def check(cls, definition) -> list[Violation]:
        """What is wrong with a registration."""
        if definition.endpoint:
            return []
        return [Violation("/endpoint", "missing", "A rack fulfiller needs the controller's address as its endpoint.")]

    def engage_blocking(self, call: FulfillerCall) -> Outcome:
        """Reserve the port of the service, or give it back; both may be said twice."""
        wanted = call.operation == "fulfil" and call.action != "delete"
        try:
            facts = self._ask("PUT" if wanted else "DELETE", call)
            return Done({"port": facts["port"]}, ({"name": "vlan", "value": facts["vlan"]},)) if wanted else Done()
        except HTTPError as error:
            return _turned_away(error)
        except URLError as error:
            return Unreachable(f"No connection came about: {error.reason}", maybe_done=False)
        except OSError as error:
            return Unreachable(f"No answer came: {error}")
        except (ValueError, KeyError, TypeError):
            return Refused("The controller's answer makes no sense.", maybe_done=True)

    def _ask(self, method: str, call: FulfillerCall) -> dict[str, object]:
        address = f"{self.definition.endpoint}/ports/{quote(call.service['id'], safe='')}"
        body = json.dumps({"characteristics": call.service.get("serviceCharacteristic", [])}).encode()
        headers = {"Content-Type": "application/json", **self.credentials.headers()}
        request = Request(address, body, headers, method=method)  # noqa: S310 - endpoints are http or https
        with urlopen(request, timeout=call.timeout) as answer:  # noqa: S310
            facts: dict[str, object] = json.load(answer)
            return facts


def _turned_away(error: HTTPError) -> Outcome:
    reason = error.read(1000).decode(errors="replace") or f"HTTP {error.code}"
    if error.code in (429, 503):
        return Unreachable(reason, float(error.headers.get("Retry-After", 5)), maybe_done=False)
    return Unreachable(reason) if error.code >= 500 else Refused(reason)
