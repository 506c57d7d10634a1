"""DMN's compatibility kit: every expected value of the models in SOM_DECISION_MODELS_DIR is what this program gives."""

from pathlib import Path

import pytest

from models.domain.decisions import Decisions
from models.domain.expressions import register_patterns
from models.patterns import Re2Patterns
from tests import decisions_kit

FOLDER = decisions_kit.folder()


@pytest.mark.skipif(FOLDER is None, reason="SOM_DECISION_MODELS_DIR names no folder with models of the kit")
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
