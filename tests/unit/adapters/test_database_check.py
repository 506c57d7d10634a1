import pytest

from adapters.database_check import without_password


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("mongodb://localhost:27017/?replicaSet=rs0", "mongodb://localhost:27017"),
        ("mongodb://som:s%40cret@db1:27017,db2:27017/som", "mongodb://som@db1:27017,db2:27017"),
    ],
)
def test_a_message_shows_the_address_without_its_password(url: str, shown: str) -> None:
    assert without_password(url) == shown
