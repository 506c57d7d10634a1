"""What every kind of fulfiller keeps to: one suite, written once, run over each implementation of the port.

Plug-ins run it over their kinds as we do over ours. It needs pytest and pytest-asyncio, in its mode `auto`; a line
`pytest.register_assert_rewrite("som.sdk_testing")` in a conftest.py makes failures tell more.

How a kind is put through it:

    class TestRack(FulfillerSuite):
        counterpart = "a rack controller of the vendor, version 3, run as a process of its own"
        cannot: ClassVar = {"accepted and reported": "The controller knows no callbacks; it is polled."}

        async def fulfiller(self, behaviour: Behaviour) -> Fulfiller:
            return RackFulfiller(...)          # a new instance each time, of a counterpart that behaves like that

        async def standing(self) -> int:
            return len(await self.racks())     # pieces of work that stand: done, and not undone

A counterpart does the work of `self.call()`: its facts are the output `{"port": 7}` and the characteristic vlan = 7, as
in the call's own service (`facts` and `characteristics` say so where a kind tells other facts). What it does:

| behaviour | the counterpart |
| --- | --- |
| done | does the work at once |
| accepting | takes it on and is done about half a second later; it is asked |
| reporting | the same, and tells: by POST to `call.callback_url`, or as its hub to `self.notification_url(id)` |
| refusing | refuses it, with the reason in `refusal` |
| absent | cannot be reached: no connection comes about |
| slow | does not answer within half a minute |
| late | does the work; the first answer comes later than the call waits (`impatience`), a repeated call is answered |
| throttling | turns calls away for now, and asks to wait 17 seconds (`pause`) |
| garbling | answers what makes no sense |

What a kind cannot do *by its nature* stands in `cannot`: a name of `DECLARABLE` and the reason, as a sentence for
users. Its test is left out with that reason in the report. Everything runs behind the guard that production puts around
a kind.
"""

from som.sdk_testing.calls import Mailbox, a_call
from som.sdk_testing.suite import DECLARABLE, Behaviour, FulfillerSuite

__all__ = ["DECLARABLE", "Behaviour", "FulfillerSuite", "Mailbox", "a_call"]
