"""The guide's ten lines verify what we send."""

import re
import time
from pathlib import Path
from typing import Any

from models.domain.signatures import new_secret, sign

GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "receive-notifications.md"


def test_the_ten_lines_of_the_guide_verify_a_notification_and_refuse_a_forged_one() -> None:
    code = re.search(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert code is not None
    made: dict[str, Any] = {}
    exec(code[1], made)
    for secret in (new_secret(), "a text of one's own choosing"):
        now = int(time.time())
        headers = {
            "webhook-id": "e1",
            "webhook-timestamp": str(now),
            "webhook-signature": sign([new_secret(), secret], "e1", now, b"{}"),
        }
        assert made["is_genuine"](secret, headers, b"{}")
        assert not made["is_genuine"](secret, headers, b"{ }")
        assert not made["is_genuine"](new_secret(), headers, b"{}")
        assert not made["is_genuine"](secret, {**headers, "webhook-timestamp": str(now - 400)}, b"{}")
