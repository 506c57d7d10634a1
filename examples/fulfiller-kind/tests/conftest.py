"""Failures inside the suite tell what was compared."""

import pytest

pytest.register_assert_rewrite("som.sdk_testing")
