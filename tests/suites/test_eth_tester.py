"""eth-tester's own backend tests on the twin's chain, with every engine that is built.

What fails is on a list with its reason; a test on the list that passes breaks the build as well.
"""

from __future__ import annotations

import pytest

pytest.importorskip("eth_tester", reason="eth-tester is not installed (extra test)")

from eth_tester import EthereumTester
from eth_tester.utils.backend_testing import BaseTestBackendDirect

from twin.chain.engines import available
from twin.chain.eth_tester_backend import TwinBackend

EXPECTED: dict[str, str] = {}
"""Tests that fail, by name, and why."""


class OnTwin(BaseTestBackendDirect):  # type: ignore[misc]  # eth-tester ships no types
    """All tests of eth-tester, on one engine."""

    engine: str

    @pytest.fixture
    def eth_tester(self, request: pytest.FixtureRequest) -> EthereumTester:
        reason = EXPECTED.get(request.node.name)
        if reason is not None:
            request.applymarker(pytest.mark.xfail(reason=reason, strict=True))
        return EthereumTester(TwinBackend(self.engine))


class TestPyEvm(OnTwin):
    engine = "pyevm"


if "revm" in available():

    class TestRevm(OnTwin):
        engine = "revm"

else:

    def test_revm() -> None:
        pytest.skip("the Rust engine is not built: these tests ran on pyevm alone")
