"""The one behaviour suite of the port; plug-ins use it from the same place."""

from som.sdk_testing import Behaviour, FulfillerSuite, a_call

__all__ = ["Behaviour", "FulfillerSuite", "a_call"]
