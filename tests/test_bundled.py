from __future__ import annotations

from pathlib import Path

import pytest

from twin.bundled import FOLDERS, folder
from twin.errors import UnknownName, UsageError


@pytest.mark.parametrize("name", FOLDERS)
def test_checkout_folder_stands_beside_the_package(name: str) -> None:
    assert folder(name) == Path(__file__).resolve().parent.parent / name


def install(root: Path, *, checkout: bool, wheel: bool) -> Path:
    package = root / "twin"
    package.mkdir()
    if checkout:
        (root / "pyproject.toml").touch()
    (root / "agents").mkdir()  # in site-packages it is somebody else's
    if wheel:
        (package / "_bundled" / "agents").mkdir(parents=True)
    return package


@pytest.mark.parametrize(
    ("checkout", "wheel", "found"),
    [(True, False, "agents"), (False, True, "twin/_bundled/agents"), (True, True, "twin/_bundled/agents")],
)  # fmt: skip
def test_wheel_copy_comes_first(tmp_path: Path, checkout: bool, wheel: bool, found: str) -> None:
    package = install(tmp_path, checkout=checkout, wheel=wheel)
    assert folder("agents", package=package) == tmp_path / found


def test_a_stranger_beside_an_installed_package_is_not_taken(tmp_path: Path) -> None:
    package = install(tmp_path, checkout=False, wheel=False)
    with pytest.raises(UsageError, match="install the wheel again or run from a full checkout"):
        folder("agents", package=package)


def test_unknown_folder_names_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'scenarios'"):
        folder("scenario")
