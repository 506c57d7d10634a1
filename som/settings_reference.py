"""The page that documents the settings, written from their definition."""

from collections.abc import Iterable
from typing import Any

from som.settings import ALL_ROLES, PREFIX, Settings

_HEAD = """\
# Settings

Written from `som/settings.py` by `python -m som.reference`; change them there.

Each setting is taken from the first place that names it: a flag of `som serve`, the environment, the file that
`--config` or `SOM_CONFIG` names, the default. In the environment a list is separated by commas. The file is TOML with
the names of the first column:

```toml
port = 8700
log_format = "json"
webhook_allow_networks = ["10.20.0.0/16"]
```

A value that cannot be used, or a name in the file that is no setting, stops the start with a message. A variable that
begins with `SOM_` and is no setting is warned of in the log.

| setting | environment | default | what it does, and why that default |
| --- | --- | --- | --- |
"""


def settings_page() -> str:
    """The whole page in Markdown."""
    return _HEAD + "".join(
        f"| `{name}` | `{PREFIX}{name.upper()}` | {_default(name, field.default)} | {field.description} |\n"
        for name, field in Settings.model_fields.items()
    )


def _default(name: str, value: Any) -> str:
    if name == "node":
        return "host name and port"
    if value is None or value in ("", ()):
        return "none"
    if value == ALL_ROLES:
        return "`all`"
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    if not isinstance(value, str) and isinstance(value, Iterable):
        return "`" + ",".join(f"{part:g}" for part in value) + "`"
    return f"`{value}`"
