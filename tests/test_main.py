"""How the parts are put together from the configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from dialerd import config, main
from dialerd.simulation.demo import Demo, DemoFailed


@pytest.mark.parametrize("agi", ["fastagi", "script"])
async def test_the_verdict_socket_is_there_for_the_stand_alone_script_alone(tmp_path: Path, agi: str) -> None:
    file = tmp_path / "dialerd.toml"
    node = f'[[asterisk]]\nsecret = "s"\nagi = "{agi}"\n'
    file.write_text(node + '[[trunk]]\nname = "t"\ndial_string = "PJSIP/{number}@t"\n')
    file.chmod(0o600)
    nodes = main._nodes(config.load(file, environ={}), [], lambda: "")
    assert (nodes["pbx"].settings.verdict_socket is not None) == (agi == "script")


def test_the_demo_empties_no_folder_but_its_own(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(DemoFailed, match="holds files of yours"):
        Demo(tmp_path, tmp_path, seed=1, speed=1).run(1, 1)
    assert (tmp_path / "thesis.tex").read_text() == "mine"
