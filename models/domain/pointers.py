"""JSON pointers (RFC 6901): where in a body something stands."""


def pointer(*parts: str | int) -> str:
    """Return the pointer of the attribute names and list indexes, from the top."""
    return "".join([f"/{escaped(str(part))}" for part in parts])


def escaped(part: str) -> str:
    """Return a name as a pointer holds it."""
    return part.replace("~", "~0").replace("/", "~1") if "~" in part or "/" in part else part
