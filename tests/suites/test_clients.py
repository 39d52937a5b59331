"""Real clients against `twin serve --bare`: cast, ethers and viem, as they come from npm.

They are installed once into a cache folder, where node and npm are there; nothing of them is in
the checkout. Each does what a user does: deploy, send, call, logs, subscriptions, revert reasons.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("starlette", reason="the server is not installed (extra rpc)")
pytest.importorskip("uvicorn", reason="the server is not installed (extra rpc)")

HERE = Path(__file__).parent / "clients"
ROOT = Path(__file__).resolve().parents[2]
TOKEN = ROOT / "contracts_abi" / "artifacts" / "StableAsset.json"
ZERO = "0x" + "00" * 20


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder in which the clients are installed."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not here: cast, ethers and viem cannot be tried")
    wanted = (HERE / "package.json").read_bytes()
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "fictra-twin"
    folder = cache / f"clients-{hashlib.sha256(wanted).hexdigest()[:16]}"
    if not (folder / "installed").is_file():
        part = tmp_path_factory.mktemp("clients")
        (part / "package.json").write_bytes(wanted)
        done = subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"],
            cwd=part, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        if done.returncode:
            pytest.skip(f"npm cannot install the clients: {done.stderr.strip()[-200:]}")
        (part / "installed").touch()
        cache.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(part, folder, symlinks=True)
    return folder


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yield the file that `twin serve --bare --config-out` wrote, while it serves."""
    config = tmp_path_factory.mktemp("serve") / "twin.json"
    process = subprocess.Popen(
        [sys.executable, "-m", "twin", "serve", "--bare", "--port", "0",
         "--config-out", str(config), "--json"],
        stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    assert process.stdout is not None
    with process.stdout:
        while (line := process.stdout.readline()) and line != "}\n":
            pass
        yield config
        process.terminate()
        assert process.wait(timeout=30) == 0


def run(clients: Path, script: str, config: Path) -> Any:
    """Return what *script* printed."""
    target = clients / script
    shutil.copyfile(HERE / script, target)
    done = subprocess.run(
        ["node", str(target), str(config), str(TOKEN)],
        capture_output=True, text=True, timeout=120, check=False, cwd=clients,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def same(found: list[str], *wanted: str) -> bool:
    """Return whether these are the same, whatever their letters' case."""
    return [item.lower() for item in found] == [item.lower() for item in wanted]


def test_ethers(clients: Path, served: Path) -> None:
    done, config = run(clients, "ethers.mjs", served), json.loads(served.read_text("utf-8"))
    other = config["accounts"][1]["address"]
    assert done["chainId"] == config["chain_id"]
    assert done["plain"] == {"status": 1, "gas": 21_000}
    assert done["code"]
    assert done["minted"] == {"status": 1, "logs": 1}
    assert (done["call"], done["before"]) == ("1000", "0")
    assert len(done["logs"]) == 1
    assert same(done["logs"][0], ZERO, other, "1000")
    assert done["block"] == 1
    assert done["fees"]
    assert done["reverted"] == {"code": "CALL_EXCEPTION", "name": "OwnableUnauthorizedAccount"}
    assert done["low"]
    assert done["broke"] == "INSUFFICIENT_FUNDS"
    assert done["traced"] == {
        "gas": True, "logs": 1, "last": "STOP", "stored": [0, 1000], "value": 1000,
    }  # fmt: skip
    assert (done["mined"], done["back"], done["height"]) == (1, True, 0)
    assert done["seen"]["heads"]
    assert done["seen"]["pending"]
    assert len(done["seen"]["logs"]) == 1
    assert same(done["seen"]["logs"][0], ZERO, other, "1000")


def test_viem(clients: Path, served: Path) -> None:
    done, config = run(clients, "viem.mjs", served), json.loads(served.read_text("utf-8"))
    other = config["accounts"][5]["address"]
    assert done["chainId"] == config["chain_id"]
    assert done["plain"] == {"status": "success", "gas": 21_000}
    assert done["code"]
    assert done["minted"] == {"status": "success", "logs": 1}
    assert (done["call"], done["before"]) == ("1000", "0")
    assert len(done["logs"]) == 1
    assert same(done["logs"][0], ZERO, other, "1000")
    assert (done["block"], done["fees"], done["history"], done["proof"]) == (1, True, 2, True)
    assert done["reverted"] == "OwnableUnauthorizedAccount"
    assert done["broke"] == "InsufficientFundsError"
    assert done["override"] == 42
    assert done["history2"]["called"] == done["history2"]["stored"] == [0, 1000]
    assert done["history2"]["proved"][0] == 0
    before, after = done["history2"]["nonces"]
    assert after == before + 1
    assert done["trial"] == ["success", "success"]
    assert (done["mined"], done["rich"], done["height"]) == (3, "5", 0)
    assert done["seen"]["heads"]
    assert done["seen"]["pending"]
    assert same(done["seen"]["logs"][0], ZERO, other, "1000")


class Cast:
    """`cast` with its server set."""

    def __init__(self, program: Path, config: Path) -> None:
        self.program, self.config = program, json.loads(config.read_text("utf-8"))

    def __call__(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.stdout, done.stderr  # npm's wrapper ends with 0 whatever cast says
        return done.stdout.strip()

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.program), *arguments], capture_output=True, text=True, timeout=60,
            check=False, env={**os.environ, "ETH_RPC_URL": self.config["rpc_url"]},
        )  # fmt: skip


@pytest.fixture
def cast(clients: Path, served: Path) -> Cast:
    """Return cast, or skip where npm has none for this machine."""
    program = clients / "node_modules" / ".bin" / "cast"
    if not program.exists():
        pytest.skip("npm has no cast for this machine")
    return Cast(program, served)


def test_cast(cast: Cast) -> None:
    key = cast.config["accounts"][7]["private_key"]
    mine, other = (cast.config["accounts"][n]["address"] for n in (7, 8))
    pt = cast.config["contracts"]["PaymentToken"]
    height = int(cast("block-number"))
    assert int(cast("chain-id")) == cast.config["chain_id"]

    sent = json.loads(
        cast("send", pt, "transfer(address,uint256)", other, "5", "--private-key", key, "--json")
    )
    assert sent["status"] == "0x1"
    assert int(cast("block-number")) == height + 1
    held = cast("call", pt, "balanceOf(address)(uint256)", other)
    assert held.split()[0] == "1000000000005"
    found = json.loads(
        cast("logs", "--address", pt, "--from-block", str(height + 1), "--json",
             "Transfer(address,address,uint256)")
    )  # fmt: skip
    assert [int(log["data"], 16) for log in found] == [5]
    assert cast("nonce", mine) == "1"
    assert json.loads(cast("receipt", sent["transactionHash"], "--json"))["gasUsed"]
    assert json.loads(cast("tx", sent["transactionHash"], "--json"))["nonce"] == "0x0"
    assert int(cast("gas-price")) > 0
    assert int(json.loads(cast("block", "pending", "--json"))["number"], 16) == height + 2


def test_cast_deploys_and_reads_a_block(cast: Cast) -> None:
    key, owner = (cast.config["accounts"][9][name] for name in ("private_key", "address"))
    code = json.loads(TOKEN.read_text("utf-8"))["bytecode"]
    argument = "00" * 12 + owner[2:]
    made = json.loads(cast("send", "--private-key", key, "--json", "--create", code + argument))
    assert cast("call", made["contractAddress"], "owner()(address)").lower() == owner
    block = json.loads(cast("block", made["blockNumber"], "--json"))
    assert block["hash"] == made["blockHash"]
    assert cast("codesize", made["contractAddress"]) != "0"


def test_cast_shows_why_a_call_reverts(cast: Cast) -> None:
    pt = cast.config["contracts"]["PaymentToken"]
    other = cast.config["accounts"][8]["address"]
    done = cast.run("call", pt, "transfer(address,uint256)", other, str(10**30), "--from", other)
    assert done.stdout == ""
    assert "execution reverted" in done.stderr
    assert "0xe450d38c" in done.stderr  # ERC20InsufficientBalance


def test_cast_looks_back_and_runs_again(cast: Cast) -> None:
    key, mine = (cast.config["accounts"][6][name] for name in ("private_key", "address"))
    other, pt = cast.config["accounts"][5]["address"], cast.config["contracts"]["PaymentToken"]
    transfer = (pt, "transfer(address,uint256)", other)
    before = int(cast("block-number"))
    start = int(cast("call", pt, "balanceOf(address)(uint256)", other).split()[0])
    sent = [
        json.loads(cast("send", *transfer, str(paid), "--private-key", key, "--json"))
        for paid in (5, 7)
    ]
    balances = (cast("index", "address", other, str(n)) for n in range(16))
    slot = next(at for at in balances if int(cast("storage", pt, at), 16) == start + 12)
    found = [int(cast("storage", pt, slot, "--block", str(before + n)), 16) for n in range(3)]
    assert [each - start for each in found] == [0, 5, 12]
    held = cast("call", *transfer[:1], "balanceOf(address)(uint256)", other, "--block", str(before))
    assert int(held.split()[0]) == start
    assert json.loads(cast("proof", pt, slot, "--block", str(before + 1)))["storageProof"]

    ran = cast("run", sent[1]["transactionHash"])
    assert "Transaction successfully executed" in ran
    assert f"Gas used: {int(sent[1]['gasUsed'], 16)}" in ran
    tree = json.loads(
        cast("rpc", "debug_traceTransaction", sent[1]["transactionHash"],
             '{"tracer":"callTracer","tracerConfig":{"withLog":true}}')
    )  # fmt: skip
    assert (tree["gasUsed"], len(tree["logs"])) == (sent[1]["gasUsed"], 1)
    assert "emit Transfer" in cast("call", "--trace", *transfer, "1", "--from", mine)
    overridden = ("--override-state-diff", f"{pt}:{slot}:0x7")
    assert cast("call", pt, "balanceOf(address)(uint256)", other, *overridden).split()[0] == "7"
    assert "keys" in cast("access-list", *transfer, "1", "--from", mine)
