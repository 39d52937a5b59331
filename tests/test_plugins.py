"""Agent families by path: extra folders, mistakes in them, and no top-level `agents`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from twin.errors import UsageError
from twin.plugins import NAMESPACE, load_agents

FAMILIES = {
    "arbitrageur", "holder", "keeper", "liquidity-provider", "market-maker", "noise", "oracle-node",
    "redeemer", "settler", "sovereign", "speculator",
    "reserve-attestor",
    "reserve-clerk",
    "ring",
    "whale",
}  # fmt: skip

GREETER = '''"""A family of a user's own."""
from twin_agents.base import Params, TwinAgent
from .words import WORD


class GreeterParams(Params):
    often: int = 3


class Greeter(TwinAgent):
    family = "greeter"
    Params = GreeterParams
    word = WORD

    def live(self):
        yield self.habitat.clock.after(1)
'''


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "mine"
    home.mkdir()
    (home / "greeter.py").write_text(GREETER, "utf-8")
    (home / "words.py").write_text("WORD = 'hello'\n", "utf-8")
    return home


def test_the_shipped_families_are_there() -> None:
    families = load_agents()
    assert set(families) == FAMILIES
    assert {kind.__module__.split(".")[0] for kind in families.values()} == {NAMESPACE}
    assert all(families[name] is kind for name, kind in load_agents().items()), "loaded twice"


def test_a_folder_of_ones_own_needs_no_init_and_imports_its_neighbours(home: Path) -> None:
    families = load_agents([home])
    assert set(families) == FAMILIES | {"greeter"}
    greeter = families["greeter"]
    assert greeter.word == "hello"
    assert greeter.Params().often == 3
    assert greeter.__module__ == "twin_agents_1.greeter"
    assert load_agents([home])["greeter"] is greeter


def test_another_folder_in_the_same_place_is_not_mistaken_for_the_first(
    home: Path, tmp_path: Path
) -> None:
    first = load_agents([home])["greeter"]
    other = tmp_path / "other"
    other.mkdir()
    (other / "greeter.py").write_text(GREETER, "utf-8")
    (other / "words.py").write_text("WORD = 'good day'\n", "utf-8")
    second = load_agents([other])["greeter"]
    assert (first.word, second.word) == ("hello", "good day")


def test_a_relative_path_is_taken_from_the_working_folder(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home.parent)
    assert "greeter" in load_agents([Path("mine")])


def test_two_folders_stand_beside_each_other(home: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "nodder.py").write_text(GREETER.replace("greeter", "nodder"), "utf-8")
    (other / "words.py").write_text("WORD = ''\n", "utf-8")
    assert set(load_agents([home, other])) == FAMILIES | {"greeter", "nodder"}


BROKEN = [
    ("syntax.py", "x = 1\ndef f(:\n", r"syntax\.py:2: SyntaxError"),
    ("name.py", "\n\nx = nowhere\n", r"name\.py:3: NameError: name 'nowhere'"),
    ("imports.py", "import no_such_module\n", r"imports\.py:1: ModuleNotFoundError"),
    ("deep.py", "def f():\n    return 1 / 0\n\nf()\n", r"deep\.py:2: ZeroDivisionError"),
    ("twice.py", GREETER.replace("greeter", "noise"), r"twice\.py: the agent family 'noise' is there already"),
    ("bare.py", "class Bare:\n    family = 'bare'\n",
     r"bare\.py: the agent family 'bare' lacks Params, endowment, .*derive Bare from twin_agents\.base"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "message"), BROKEN)
def test_a_mistake_in_a_file_is_told_with_its_place(
    home: Path, *, name: str, text: str, message: str
) -> None:
    (home / name).write_text(text, "utf-8")
    with pytest.raises(UsageError, match=message):
        load_agents([home])
    (home / name).unlink()
    assert "greeter" in load_agents([home]), "a mistake leaves nothing behind"


def test_files_with_an_underscore_are_no_families(home: Path) -> None:
    (home / "_draft.py").write_text("raise RuntimeError('a draft')\n", "utf-8")
    assert "greeter" in load_agents([home])


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no folder of agents"):
        load_agents([tmp_path / "nowhere"])


def test_nothing_is_called_agents_at_the_top() -> None:
    code = (
        "import sys; from twin.plugins import load_agents; load_agents(); "
        "print('agents' in sys.modules, sorted(n for n in sys.modules if 'agents' in n))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    there, names = done.stdout.strip().split(" ", 1)
    assert there == "False"
    assert "'twin_agents.noise'" in names


def test_importing_the_loader_loads_no_mesa() -> None:
    code = "import sys, twin.plugins; print('mesa' in sys.modules, 'pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False False"


def test_agents_load_without_the_whole_of_mesa_and_leave_it_to_whoever_wants_it() -> None:
    code = (
        "import multiprocessing as mp, sys\n"
        "from twin.plugins import load_agents\n"
        "noise = load_agents()['noise']\n"
        "print([name in sys.modules for name in ('pandas', 'scipy')], mp.get_start_method(True))\n"
        "import mesa\n"
        "print(mesa.DataCollector.__name__, mesa.Agent in noise.__mro__, mesa.__version__[0])\n"
        "print(hasattr(mesa, 'nothing'), 'pandas' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "[False, False] None", "DataCollector True 3", "False True"
    ]  # fmt: skip
