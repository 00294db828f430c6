import importlib.metadata
import os
import platform
import sys
import tempfile
from pathlib import Path

import pytest
from thespian.system import utilis
from thespian.system.actorManager import ActorManager

from protocols import ConfigurationError
from supervision.thespian_seam import internals
from supervision.thespian_seam.internals import RELIED_ON, require_thespian, silence_thespian


def test_the_installed_thespian_fits() -> None:
    require_thespian()


@pytest.mark.parametrize("version", ["4.0.0", "4.0.2", "4.1"])
def test_any_other_version_is_refused(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda _name: version)
    with pytest.raises(ConfigurationError, match=f"thespian {version} .*pip install thespian==4.0.1"):
        require_thespian()


def test_no_thespian_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    with pytest.raises(ConfigurationError, match="thespian none"):
        require_thespian()


def test_a_kernel_that_does_not_tell_children_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "exists", lambda _path: False)
    with pytest.raises(ConfigurationError, match="CONFIG_PROC_CHILDREN"):
        require_thespian()


def test_a_thespian_that_was_changed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(ActorManager, "handleMessages")
    with pytest.raises(ConfigurationError, match=r"ActorManager\.handleMessages is missing"):
        require_thespian()


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_another_platform_is_refused_with_the_cure(monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    with pytest.raises(ConfigurationError, match="use a container"):
        require_thespian()


@pytest.mark.parametrize(("libc", "named"), [("musl", "musl"), ("", "another libc")])
def test_another_libc_is_refused_with_the_cure(monkeypatch: pytest.MonkeyPatch, libc: str, named: str) -> None:
    monkeypatch.setattr(platform, "libc_ver", lambda: (libc, ""))
    with pytest.raises(ConfigurationError, match=f"with {named}: use a container"):
        require_thespian()


def test_a_linux_without_process_descriptors_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "pidfd_open")
    with pytest.raises(ConfigurationError, match="glibc"):
        require_thespian()


def test_every_internal_that_is_relied_on_is_listed_once() -> None:
    assert len(set(RELIED_ON)) == len(RELIED_ON)


def test_a7_thespian_writes_no_log_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(utilis, "_thesplog_control_settings", utilis._thesplog_control_settings)
    silence_thespian()
    utilis.thesplog("said", level=50)
    assert not Path(tempfile.gettempdir(), "thespian.log").exists()


def test_s1_what_unpickles_binds_or_forks_in_thespian_is_never_imported() -> None:
    import support.fresh

    run = support.fresh.python(
        """
        import sys
        from supervision.thespian_seam import run_launcher
        unsafe = ("TCPTransport", "streamBuffer", "IPBase", "multiprocTCPBase", "UDPTransport")
        print([name for name in sys.modules if name.endswith(unsafe)])
        """
    )
    assert run.stdout == "[]\n"
    assert internals.THESPIAN_VERSION == "4.0.1"
