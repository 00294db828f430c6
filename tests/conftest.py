"""Shared by all tests."""

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

# A slow machine fails no property: speed is not what tests are about. The examples are the same in every run, so that a change is judged by
# what it changed; tests/search.py looks for new ones.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True, derandomize=True)
settings.register_profile("search", settings.get_profile("house"), derandomize=False, database=None)
settings.register_profile("brief", settings.get_profile("house"), max_examples=20)  # where another Python runs all of them
# For tests/maxi_cov.py: what random examples happen to run is covered on one day and missing on the next.
settings.register_profile("cover", settings.get_profile("house"), phases=[Phase.explicit])
settings.load_profile("house")

# A run in the background may have been started with these ignored, and what it starts would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# tox sets it for its own sake; the programs that tests start shall find what a user's would.
os.environ.pop("PYTHONIOENCODING", None)

pytest_plugins = ["support.summary", "support.nothing_left_per_test", "support.stalls"]


@pytest.fixture(scope="session")
def checkout(pytestconfig: pytest.Config) -> Path:
    """The repository's root: tests do not depend on the working directory, and import the installed packages."""
    return pytestconfig.rootpath
