"""What `make peers` installs: pinned, of the versions that .venv has, and named without a host."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / "peers"


def locked(path: Path) -> dict[str, str]:
    """Return version by name of the lock at *path*."""
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", path.read_text("utf-8"), re.MULTILINE))


def test_the_extra_is_locked_at_the_versions_of_the_environment() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    asked = {re.split(r"[>=<;]", item)[0] for item in project["optional-dependencies"]["bench"]}
    peers, ours = locked(PEERS / "requirements.lock"), locked(ROOT / "requirements.lock")
    assert asked <= set(peers), "make lock"
    assert asked.isdisjoint(ours), "set-up does not take peers along"
    shared = set(peers) & set(ours)
    assert shared
    assert {name: peers[name] for name in shared} == {name: ours[name] for name in shared}


def test_the_locks_name_no_host() -> None:
    for name in ("requirements.lock", "package-lock.json"):
        assert "://" not in (PEERS / name).read_text("utf-8")


def test_anvil_is_pinned_with_its_hash_for_every_machine() -> None:
    wanted = json.loads((PEERS / "package.json").read_text("utf-8"))["dependencies"]
    packages = json.loads((PEERS / "package-lock.json").read_text("utf-8"))["packages"]
    (version,) = wanted.values()
    found = {name.rpartition("/")[2]: item for name, item in packages.items() if name}
    assert {"anvil", "anvil-linux-amd64", "anvil-darwin-arm64"} <= set(found)
    for item in found.values():
        assert item["version"] == version
        assert item["integrity"].startswith("sha512-")
