import subprocess
import sys
from pathlib import Path

import pytest

import actors


def test_every_name_is_found_in_one_folder() -> None:
    assert sorted(actors._WHERE) == sorted(actors.__all__)
    assert all(getattr(actors, name) is not None for name in actors.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = actors.nothing


def test_who_asks_for_no_audio_loads_no_numpy() -> None:
    program = "import actors, sys; actors.RunContext; sys.exit('numpy' in sys.modules)"
    env = {"PYTHONPATH": str(Path(actors.__file__).parents[1])}
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=300, env=env).returncode == 0
