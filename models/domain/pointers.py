"""JSON pointers (RFC 6901): where in a body something stands."""


def pointer(*parts: str | int) -> str:
    """Return the pointer of the attribute names and list indexes, from the top."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in parts)
