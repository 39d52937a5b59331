"""Engines by name."""

from __future__ import annotations

import subprocess
import sys

import pytest

from twin.chain.engines import available, make_engine
from twin.errors import UnknownName


def test_the_reference_is_always_there_and_first() -> None:
    assert available()[0] == "pyevm"
    assert make_engine(chain_id=7).name == "pyevm"


@pytest.mark.parametrize("name", available())
def test_engines_answer_to_their_name(name: str) -> None:
    assert make_engine(name, chain_id=7).name == name


def test_an_unknown_engine_names_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'pyevm'"):
        make_engine("pyvem", chain_id=7)


def test_the_chain_layer_imports_no_engine() -> None:
    program = "import sys, twin.chain.chain, twin.chain.engines; print('eth' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
