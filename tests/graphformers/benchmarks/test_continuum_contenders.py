"""Every contender of the continuum topic computes the same step."""

import pytest

from graphformers.benchmarks.continuum import workloads
from graphformers.benchmarks.measure import check_agreement


@pytest.mark.parametrize("size", [40, 300])
def test_contenders_agree(size):
    for workload in workloads(size):
        assert len(workload.contenders) > 1
        check_agreement(workload)
