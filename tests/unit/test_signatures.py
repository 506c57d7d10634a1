"""Signatures, checked by the verifier that subscribers use."""

from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from models.domain.signatures import key_of, new_secret, sign

BODY = b'{"eventId":"e1"}'


def headers(secrets: list[str], body: bytes = BODY) -> dict[str, str]:
    timestamp = int(datetime.now(UTC).timestamp())
    return {
        "webhook-id": "e1",
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(secrets, "e1", timestamp, body),
    }


def test_a_subscriber_can_verify_what_we_sign() -> None:
    secret = new_secret()
    assert Webhook(secret).verify(BODY, headers([secret])) == {"eventId": "e1"}


def test_a_changed_body_does_not_verify() -> None:
    secret = new_secret()
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY + b" ", headers([secret]))


def test_each_of_several_secrets_verifies_and_no_other() -> None:
    old, new = new_secret(), new_secret()
    for secret in (old, new):
        Webhook(secret).verify(BODY, headers([new, old]))
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(BODY, headers([new, old]))


def test_a_text_of_ones_own_is_its_own_key() -> None:
    assert key_of("a text of one's own choosing") == b"a text of one's own choosing"
    assert key_of("whsec_not base64 at all!") == b"whsec_not base64 at all!"
    assert key_of("whsec_c2VjcmV0") == b"secret"


def test_secrets_are_long_and_different() -> None:
    assert len({new_secret() for _ in range(10)}) == 10
    assert len(key_of(new_secret())) == 32
