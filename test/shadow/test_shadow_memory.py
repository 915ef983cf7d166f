"""A shadow that answers, alone or attached, holds its weights once; loading it takes no more."""

import pytest

from benchmarks.shadow_contenders import backbone, SMALL
from benchmarks.shadow_memory import used


@pytest.mark.timeout(600)
@pytest.mark.parametrize('how', ['detached', 'attached'])
def test_peak_memory_is_that_of_weights_and_caches(how) -> None:
    found = used(backbone(SMALL), how)
    assert found['held'] > 160e6  # else what torch takes for itself would weigh more
    assert 0.9 * found['held'] < found['peak'] < 1.1 * found['held']
