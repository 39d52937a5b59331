"""The wheel: nothing but `twin` at the top, its data inside, and it works away from the checkout.

The clean environment borrows the libraries of this one through a path file, which brings their
modules but not the editable checkout: path files below a borrowed folder are not read.
"""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wheel")]


def call(*command: str | Path, cwd: Path) -> str:
    """Run *command* in *cwd* and return what it printed; fail with all of it if it failed."""
    done = subprocess.run(
        command, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = f"{' '.join(map(str, command))} ended with {done.returncode}"
        pytest.fail(f"{said}\n{done.stdout}{done.stderr}", pytrace=False)
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel of this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    call(
        *(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder),
        cwd=ROOT,
    )
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def names(wheel: Path) -> list[str]:
    """Return the paths inside the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


@pytest.fixture(scope="module")
def clean(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the bin folder of an environment that has the wheel, and borrowed libraries."""
    folder = tmp_path_factory.mktemp("clean")
    venv = folder / "venv"
    call(sys.executable, "-m", "venv", "--without-pip", venv, cwd=folder)
    # Before the path file: pip must not see, and replace, the checkout of this environment.
    call(
        *(sys.executable, "-m", "pip", "--python", venv, "install", "--quiet"),
        *("--no-index", "--no-deps", wheel),
        cwd=folder,
    )
    (packages,) = venv.glob("lib/python3*/site-packages")
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    return venv / "bin"


def test_top_level_names(names: list[str]) -> None:
    top = {name.split("/")[0] for name in names}
    (info,) = (name for name in top if name.endswith(".dist-info"))
    assert info.startswith("fictra_twin-")
    assert top == {"twin", info}


@pytest.mark.parametrize(
    "prefix",
    [
        "twin/py.typed",
        "twin/cli.py",
        "twin/monitoring/rules/",
        "twin/_bundled/agents/noise.py",
        "twin/_bundled/scenarios/baseline.twin.yaml",
        "twin/_bundled/contracts_abi/artifacts/LiquidityPool.json",
    ],
)
def test_data_travel_inside(names: list[str], prefix: str) -> None:
    assert [name for name in names if name.startswith(prefix)]


@pytest.mark.parametrize(
    "part", ["tests", "engine", "experiments", "node_modules", "__pycache__", "runs", ".git"]
)
def test_what_is_not_needed_stays_out(names: list[str], part: str) -> None:
    assert [name for name in names if part in name.split("/")] == []


def test_the_wheel_is_what_is_imported(clean: Path, tmp_path: Path) -> None:
    found = call(clean / "python", "-c", "import twin; print(twin.__file__)", cwd=tmp_path)
    assert Path(found.strip()).is_relative_to(clean.parent)


def test_twin_runs_away_from_the_checkout(clean: Path, tmp_path: Path) -> None:
    twin = clean / "twin"
    assert "baseline" in call(twin, "list", cwd=tmp_path)
    call(twin, "check", "baseline", cwd=tmp_path)
    out = tmp_path / "out"
    printed = call(*(twin, "run", "oracle-unit-error", "--out", out, "--json"), cwd=tmp_path)
    answer: dict[str, Any] = json.loads(printed)
    assert (answer["schema_version"], answer["passed"]) == (1, True)
    manifest = json.loads((out / "manifest.json").read_text("utf-8"))
    assert manifest["virtual_reached"] == manifest["virtual_end"]
    assert manifest["digest"] == answer["digest"]
