"""A small server for each test."""

from collections.abc import Iterator

import pytest

from tests.unit.som.cli.small_server import SmallServer, small_server


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallServer]:
    with small_server() as running:
        monkeypatch.setenv("SOM_URL", running.url)
        monkeypatch.delenv("SOM_USER", raising=False)
        yield running
