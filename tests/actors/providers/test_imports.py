"""What is loaded before a process may start threads."""

import subprocess
import sys
from pathlib import Path

import actors


def test_libraries_that_start_threads_are_not_loaded_before_that_is_forbidden() -> None:
    """The providers' package, which the launcher and each script import, loads no numpy: `prepare_libraries` comes first."""
    program = "import sys\nfrom actors import prepare_libraries\nassert 'numpy' not in sys.modules, 'numpy was loaded'\n"
    env = {"PATH": "", "PYTHONPATH": str(Path(actors.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60, env=env)
    assert (done.returncode, done.stderr) == (0, "")
