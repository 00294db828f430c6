"""Shared by all tests."""

from pathlib import Path

import pytest

pytest_plugins = ["support.summary", "support.nothing_left_per_test"]


@pytest.fixture(scope="session")
def checkout(pytestconfig: pytest.Config) -> Path:
    """The repository's root: tests do not depend on the working directory, and import the installed packages."""
    return pytestconfig.rootpath
