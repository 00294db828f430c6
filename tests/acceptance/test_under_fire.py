"""The whole system, every port of it, and an attacker on the same machine who has not the key."""

import os
import pickle
import socket
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from livekitex_agent import Agent, AgentMessage, WorkerOptions, sync
from supervision.thespian_seam.handshake import FINISH_BYTES, HELLO_BYTES
from support import fire, one_call, procfs, program, wiretap
from support.seam_system import descendants

pytestmark = pytest.mark.processes

TURNS = 100
HANDSHAKE_S = 5.0
LOOPBACK = "127.0.0.1"
AGENT = Agent.text(instructions="You sell pizza.", tools=[one_call.price])


@dataclass
class Target:
    system: sync.AgentSystem
    session: sync.CallHandle
    records: Path

    def titles(self) -> dict[int, str]:
        launcher = self.system.launcher_pid
        return {pid: procfs.command_line(pid) for pid in (launcher, *descendants(launcher))}

    def listening(self) -> dict[str, set[str]]:
        """The addresses on which each process listens, by its title."""
        table = program.listening_sockets()
        found = {}
        for pid, title in self.titles().items():
            inodes = {procfs.socket_inode(link) for link in procfs.open_links(pid)} & table.keys()
            found[title] = {table[inode] for inode in inodes if inode is not None}
        return found

    def ports(self) -> set[int]:
        return {int(address.rpartition(":")[2]) for addresses in self.listening().values() for address in addresses}

    def replays(self) -> dict[str, bytes]:
        """Genuine bytes, as they were and without their handshake or its end."""
        found = {}
        for port, data in wiretap.recorded(self.records).items():
            hello, frames = data[:HELLO_BYTES], data[HELLO_BYTES + FINISH_BYTES :]
            found |= {f"all to {port}": data, f"hello and frames to {port}": hello + frames, f"frames to {port}": frames}
        return found


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    folder = tmp_path_factory.mktemp("target")
    (folder / "records").mkdir()
    options = WorkerOptions(preload=False, partitions=1, journal_dir=folder / "calls", log_level="error")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(wiretap.FOLDER, str(folder / "records"))
        system = sync.AgentSystem.start(options, root=wiretap.tapped_root(options))
    with system:
        yield Target(system, system.start_session(AGENT), folder / "records")


def converse(session: sync.CallHandle, turns: int) -> None:
    """Each line is answered, with the right words."""
    for number in range(turns):
        session.send_text(f"price of pizza{number}")
        assert session.wait_for(AgentMessage).text == one_call.price(f"pizza{number}")


def healthy(system: sync.AgentSystem) -> bool:
    with urllib.request.urlopen(f"{system.health_url()}/health", timeout=60) as answer:
        return bool(answer.status == 200)


def test_every_socket_of_the_whole_system_listens_on_this_machine_alone(target: Target) -> None:
    listening = target.listening()
    assert {address.rpartition(":")[0] for addresses in listening.values() for address in addresses} == {LOOPBACK}
    several = {title.split()[1]: len(addresses) for title, addresses in listening.items() if len(addresses) != 1}
    assert several == {"health_server": 2, "job": 2}, "that of the job is two actors"
    table = program.listening_sockets()
    assert not {procfs.socket_inode(link) for link in procfs.open_links(os.getpid())} & table.keys()  # the script has none


def test_ps_shows_the_tree_in_its_own_words(target: Target) -> None:
    call = target.session.call_id
    assert sorted(target.titles().values()) == sorted(
        f"livekitex: {title}"
        for title in (
            "launcher",
            "admin",
            "application",
            "infrastructure",
            "registry",
            "circuit_breakers",
            "tool_registry",
            "audio_processor",
            "health_server",
            "worker_manager",
            "jobs",
            "partition 0",
            f"job {call}, job_context {call}",
            f"agent_session {call}",
        )
    )


def test_a_conversation_goes_on_under_fire_and_nothing_runs_dies_or_is_lost(target: Target, tmp_path: Path) -> None:
    before = target.titles()
    target.session.send_text("hello")
    assert target.session.wait_for(AgentMessage)
    assert len(target.replays()) >= 9  # to the launcher, the registry and others
    with fire.Fire(target.ports, tmp_path / "ran", per_second=2000, replays=target.replays) as burning:
        while burning.sent["half a request"] < 2 * len(target.ports()):
            converse(target.session, TURNS)
    assert burning.targets == target.ports()
    assert min(burning.sent[name] for name in fire.attacks(tmp_path)) >= len(burning.targets)
    assert not (tmp_path / "ran").exists()
    assert target.titles() == before
    assert healthy(target.system)
    assert target.session.info().incarnation == 1


@pytest.mark.parametrize("attack", fire.attacks(Path()), ids=str)
def test_whoever_sends_what_is_not_allowed_is_hung_up_on(target: Target, attack: str, tmp_path: Path) -> None:
    for port in target.ports():
        with socket.create_connection((LOOPBACK, port)) as stranger:
            try:
                stranger.sendall(fire.attacks(tmp_path / "ran")[attack])
                stranger.shutdown(socket.SHUT_WR)
            except OSError:  # hung up already
                continue
            assert fire.hung_up(stranger, 10.0), port
    assert not (tmp_path / "ran").exists()
    converse(target.session, 1)


def test_genuine_bytes_open_nothing_a_second_time(target: Target) -> None:
    converse(target.session, 1)
    for data in target.replays().values():
        for port in target.ports():
            with socket.create_connection((LOOPBACK, port)) as stranger:
                try:
                    stranger.sendall(data)
                except ConnectionError:
                    continue
                assert fire.hung_up(stranger, HANDSHAKE_S + 5.0), port
    converse(target.session, 1)


def test_half_frames_held_open_on_every_port_keep_nobody_out(target: Target) -> None:
    held = []
    for port in target.ports():
        for data in fire.halves().values():
            for _ in range(40):  # more in all than any port lets in without authentication
                held.append(socket.create_connection((LOOPBACK, port)))
                held[-1].sendall(data)
    converse(target.session, 10)
    assert healthy(target.system)
    for stranger in held:
        stranger.close()


def test_the_pickle_would_run_code(tmp_path: Path) -> None:
    """The proof proves something."""
    pickle.loads(fire.attacks(tmp_path / "ran")["a pickle that runs code"].partition(b">")[2])
    assert (tmp_path / "ran").exists()
