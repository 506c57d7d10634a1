"""A place that takes whatever is POSTed; it is a part of what plug-ins test with."""

from som.sdk_testing import Mailbox

__all__ = ["Mailbox"]
