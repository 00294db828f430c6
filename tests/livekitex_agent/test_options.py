import os
import platform
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from livekitex_agent.options import SystemOptions, prepare, require_platform
from protocols import ConfigurationError


@pytest.mark.parametrize(
    ("fields", "cure"),
    [
        ({"partitions": 0}, "partitions=0: use 1 to 64"),
        ({"max_jobs": 0}, "max_jobs=0: use 1 to 1000"),
        ({"max_restarts": -1}, "max_restarts=-1: use 0 .none. to 1000"),
        ({"max_seconds": 0}, "max_seconds=0: use 1 to 86400"),
        ({"health_host": "0.0.0.0"}, "health_host='0.0.0.0' lets other machines ask, .*: say health_remote=True"),
        ({"health_host": "example.org"}, "health_host='example.org' lets other machines ask"),
        ({"health_port": 70_000}, "health_port=70000: use 0 .any free port. to 65535"),
        ({"retention_s": -1}, "retention_s=-1: use a number of seconds"),
        ({"drain_s": -1}, "drain_s=-1: use a number of seconds, 0 to 86400"),
        ({"drain_s": 1e9}, "drain_s=1000000000.0: use"),
        ({"redactor": "secrets"}, "redactor='secrets': use 'patterns', 'module:name' of a function that makes one"),
        ({"log_level": "loud"}, "log_level='loud': use one of debug, info, warning, error"),
        ({"journal": False, "journal_dir": "x"}, "journal_dir is given, but journal=False"),
    ],
)
def test_a_value_out_of_range_names_the_cure(fields: dict[str, Any], cure: str) -> None:
    with pytest.raises(ConfigurationError, match=cure):
        SystemOptions(**fields)


def test_journals_lie_in_the_users_state_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert SystemOptions().journal_path == Path("/state/livekitex/calls")
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", "/home/ann")
    assert SystemOptions().journal_path == Path("/home/ann/.local/state/livekitex/calls")
    assert SystemOptions(journal_dir="calls").journal_path == Path.cwd() / "calls" / "calls"
    assert SystemOptions(journal=False).journal_path is None


def test_a_user_without_a_home_is_told_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(_path: Path) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setattr(Path, "expanduser", nobody)
    with pytest.raises(ConfigurationError, match="this user has no home for the calls' journals: set XDG_STATE_HOME or journal_dir"):
        prepare(SystemOptions())


def test_the_journals_folder_is_made_for_the_user_alone(tmp_path: Path) -> None:
    prepare(SystemOptions(journal_dir=tmp_path / "state" / "calls"))
    assert (tmp_path / "state" / "calls").stat().st_mode & 0o777 == 0o700
    prepare(SystemOptions(journal_dir=tmp_path / "state" / "calls"))
    prepare(SystemOptions(journal=False))


def test_a_folder_that_cannot_be_had_names_the_cure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match=r"journal_dir .*: set XDG_STATE_HOME or journal_dir to a folder that"):
        prepare(SystemOptions(journal_dir=tmp_path / "file" / "calls"))
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(ConfigurationError, match="is not writable: set XDG_STATE_HOME"):
        prepare(SystemOptions(journal_dir=tmp_path / "calls"))


def test_a_port_in_use_is_told_before_anything_starts() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"health_port={port} on 127.0.0.1 is in use: choose another, or 0"):
            prepare(SystemOptions(journal=False, health_port=port))
    prepare(SystemOptions(journal=False, health_port=port))


def _has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


NEEDS_IPV6 = pytest.mark.skipif(not _has_ipv6(), reason="no IPv6 on loopback: sysctl net.ipv6.conf.lo.disable_ipv6=0")


@pytest.mark.parametrize(
    "host",
    [
        *(pytest.param(host, marks=NEEDS_IPV6) for host in ("::1", "[::1]", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1")),
        *("127.0.0.2", "LOCALHOST", "localhost."),
    ],
)
def test_each_way_to_write_this_machine_is_taken_with_a_port_and_without(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    for health_port in (0, port):
        prepare(SystemOptions(journal=False, health_host=host, health_port=health_port))


@NEEDS_IPV6
def test_a_port_in_use_on_the_other_version_of_ip_is_told() -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
        port = server.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"health_port={port} on ::1 is in use: choose another, or 0"):
            prepare(SystemOptions(journal=False, health_host="[::1]", health_port=port))


def test_a_host_that_is_not_ours_is_told() -> None:
    with pytest.raises(ConfigurationError, match=r"health_host='192\.0\.2\.1', health_port=8081: .*: choose others"):
        prepare(SystemOptions(journal=False, health_host="192.0.2.1", health_port=8081, health_remote=True))


def test_other_platforms_are_told_of_a_container(monkeypatch: pytest.MonkeyPatch) -> None:
    require_platform()
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    with pytest.raises(ConfigurationError, match=r"needs Linux with glibc, .*: run it in a container"):
        require_platform()
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(ConfigurationError, match="needs Linux with glibc"):
        require_platform()
