"""Calls whose disks are really full, read-only and damaged: each tells of it, goes on, and outlives its process.

``python -m benchmarks.bad_disks`` does the same with every kind of bad disk.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from support.bad_disks import why_no_namespace

pytestmark = pytest.mark.processes

NO_NAMESPACE = why_no_namespace()


@pytest.mark.skipif(bool(NO_NAMESPACE), reason=f"no mount namespace ({NO_NAMESPACE}): allow user namespaces, or run the tests as root")
def test_a_call_on_a_bad_disk_tells_of_it_and_goes_on_and_is_durable_again(checkout: Path) -> None:
    command = [
        sys.executable,
        str(checkout / "benchmarks" / "bad_disks.py"),
        "--together",
        "full disk",
        "read-only folder",
        "flipped bytes in the checkpoint",
    ]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "3 disks, 0 wrong" in run.stdout
