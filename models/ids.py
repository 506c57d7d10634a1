"""New identities."""

import uuid_utils


def new_id() -> str:
    """A new UUID text of version 7: ids made later sort later, which keeps the primary index compact."""
    return str(uuid_utils.uuid7())
