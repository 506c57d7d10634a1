"""Tokens: what they lead to, and that none passes for another."""

import pytest

from models.callback_token import CallbackTokens, CallKey

TOKENS = CallbackTokens(b"k" * 32)
CALL = CallKey("plan-1", "00aa", "fulfil", 3)


def test_a_token_leads_back_to_its_call_or_its_fulfiller() -> None:
    assert TOKENS.read(TOKENS.issue(CALL)) == CALL
    assert TOKENS.read_of_hub(TOKENS.issue_for_hub("north:1")) == "north:1"
    assert TOKENS.issue_for_hub("north") == TOKENS.issue_for_hub("north"), "the hub is told the same address again"


def test_no_kind_of_token_passes_for_the_other() -> None:
    assert TOKENS.read(TOKENS.issue_for_hub("plan-1:00aa:fulfil:3")) is None
    assert TOKENS.read_of_hub(TOKENS.issue(CALL)) is None
    assert TOKENS.read_of_hub(CallbackTokens(b"other").issue_for_hub("north")) is None


@pytest.mark.parametrize("token", ["", "a", "é", "AAAA", "%00", "A" * 500])
def test_what_is_no_token_leads_nowhere(token: str) -> None:
    assert TOKENS.read(token) is None
    assert TOKENS.read_of_hub(token) is None


def test_an_idempotency_key_tells_its_call() -> None:
    assert CallKey.parse(str(CALL)) == CALL
    for text in ("", "BSS-1", "a:b:c", "a:b:c:d", "a:b:c:-1", "a:b:c:" + "9" * 20):
        assert CallKey.parse(text) is None
