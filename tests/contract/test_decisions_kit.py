"""DMN's compatibility kit: every expected value of the models in SOM_MODELS_DIR is what this program gives."""

from pathlib import Path

import pytest

from models.domain.decisions import Decisions
from models.domain.expressions import register_patterns
from models.patterns import Re2Patterns
from tests import decisions_kit
from tests.reference import models_dir

FOLDER = models_dir("dmn")


@pytest.mark.skipif(FOLDER is None, reason="there are no models of the kit (SOM_MODELS_DIR)")
def test_the_kit_s_results_are_ours() -> None:
    assert FOLDER is not None
    register_patterns(Re2Patterns())
    models: dict[Path, Decisions] = {}
    cases = list(decisions_kit.cases(FOLDER))
    given = {case.label: decisions_kit.outcome(case, models) for case in cases}
    wrong = {
        case.label: (given[case.label], case.expected)
        for case in cases
        if not decisions_kit.agrees(given[case.label], case.expected)
    }
    assert cases
    assert wrong == {}
