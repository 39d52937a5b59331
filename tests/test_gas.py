"""The gas snapshot: it can be read, and it is what the contracts take."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from twin.errors import UsageError
from twin.protocol import gas

ROOT = Path(__file__).resolve().parent.parent


def test_the_snapshot_names_what_users_do() -> None:
    known = gas.gas_snapshot()
    assert {"LiquidityPool.swap", "Conversion.convert", "Reserve.redeem", "Settlement.open",
            "AllocationBook.claim", "PaymentToken.transfer"} <= set(known)  # fmt: skip
    for row in known.values():
        assert 21_000 < row["min"] <= row["median"] <= row["max"] < 1_000_000
        assert row["calls"] > 0


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"functions": {"a": {"max": "many"}}}'])
def test_what_is_no_snapshot_says_so(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "gas.json"
    path.write_text(text, "utf-8")
    monkeypatch.setattr(gas, "GAS_FILE", path)
    gas.gas_snapshot.cache_clear()
    with pytest.raises(UsageError, match="no gas snapshot"):
        gas.gas_snapshot()
    gas.gas_snapshot.cache_clear()


@pytest.mark.slow
def test_the_snapshot_is_what_the_contracts_take() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "experiments" / "gas_snapshot.py"), "--check"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
