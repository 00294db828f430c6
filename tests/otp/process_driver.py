"""A world in which supervisors and workers are real processes, in real time. All scenarios of a run are played in one system.

With ``light`` the workers live in their supervisors' processes. There a kill is an exit signal that cannot be trapped.

What it cannot show: here a child dies with its parent (the kernel kills it), where OTP sends a signal that can be trapped.
"""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

from otp.calls import actor_paths, answer_in_words, otp_words, parse_reason, refused_by_caller, request_of, to_worker
from otp.driver import Call, Entry
from otp.schema import DYNAMIC_SUPERVISOR, SUPERVISOR, Action, Spec, child_wire
from otp.stage import Folder
from protocols import CountChildren, ExitSignal, Message, Ref, SendText, StopSupervisor, WhichChildren, pack, unpack

DEADLINE_S = 100.0
"""How long anything may take that a scenario waits for."""

LOOK_S = 0.1
"""Between two looks at a world that seems to be at rest."""


class Door:
    """This side of the door of a system of processes."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        path = [str(Path(__file__).resolve().parents[1]), *filter(None, sys.path)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "otp.door", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(path)},
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        theirs.close()
        self._buffer = b""
        self.numbers = count()

    def tell(self, do: str, **fields: Any) -> None:
        """Give a command."""
        self._socket.sendall(json.dumps({"do": do} | fields).encode() + b"\n")

    def news(self, timeout_s: float) -> list[dict[str, Any]]:
        """What has come through the door; waits for the first at most ``timeout_s``."""
        if not select.select([self._socket], [], [], timeout_s)[0]:
            return []
        data = self._socket.recv(1 << 20)
        if not data:
            raise RuntimeError("the system of processes has ended")
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        return [json.loads(line) for line in lines]

    def close(self) -> None:
        """End the system."""
        self._socket.close()
        self._process.wait(DEADLINE_S)


class DoneCall:
    """A call that has its result from the start."""

    def __init__(self, result: str) -> None:
        self.result = result


class BootCall:
    """The start of the root."""

    def __init__(self, driver: "ProcessDriver") -> None:
        self._driver = driver

    @property
    def result(self) -> Any:
        """See `Call.result`."""
        match self._driver.root_news[:1]:
            case [{"what": "started"}]:
                return f"ok:{self._driver.name(self._driver.root_uid)}"
            case [{"what": "ignored"}]:
                return "ignore"
            case [{"reason": reason}]:
                return otp_words(f"error:{reason}")
            case _:
                return None


class SentCall:
    """A request on its way to a life, which the caller monitors."""

    def __init__(self, driver: "ProcessDriver", target: Ref, number: int, stop_reason: str = "") -> None:
        self._driver = driver
        self._target = target
        self._number = number
        self._stop_reason = stop_reason

    @property
    def result(self) -> Any:
        """See `Call.result`."""
        answer = self._driver.answers.get(self._number)
        if answer is not None:
            return self._driver.in_words(answer, self._target.id)
        reason = self._driver.end_of(self._target.uid)
        if reason is None:
            return None
        return "ok" if reason == self._stop_reason else f"exit:{reason}"


class ProcessDriver:
    """See `Driver`."""

    def __init__(self, door: Door, *, light: bool) -> None:
        self._door = door
        self._light = light
        self._folder = tempfile.TemporaryDirectory(prefix="otp-stage-")
        self._stage = Folder(self._folder.name)
        self.root_uid = f"root{next(door.numbers)}"
        self.root_news: list[dict[str, Any]] = []
        self.answers: dict[int, Message | None] = {}
        self._actors: dict[str, str] = {}
        self._calls: list[Call] = []
        self._orphans: list[tuple[float, str]] = []

    @property
    def log(self) -> Sequence[Entry]:
        """See `Driver.log`. The root's own start and end are seen at the door."""
        told = self._stage.log() + self._orphans
        told += [(news["at_ms"], f"{news['what']} {self.name(self.root_uid)} {news.get('reason', '')}".rstrip()) for news in self.root_news]
        return [Entry(at_ms, otp_words(text)) for at_ms, text in sorted(told, key=lambda entry: entry[0])]

    @property
    def now_ms(self) -> float:
        """See `Driver.now_ms`."""
        return time.monotonic() * 1000

    def boot(self, root: Spec) -> Call:
        """See `Driver.boot`."""
        self._actors |= actor_paths(root)
        wire = child_wire(root, self._folder.name, light=self._light)
        self._door.tell("spawn", actor_id=root["id"], uid=self.root_uid, actor=wire["actor"], args=wire["args"])
        return BootCall(self)

    def call(self, action: Action) -> Call:
        """See `Driver.call`."""
        if action["do"] == "start_child":
            self._actors |= actor_paths(action["child"])
        refusal = refused_by_caller(action, self._actors)
        if refusal:
            return DoneCall(refusal)
        target = self._living(action["id"] if action["do"] == "stop" else action["sup"])
        if target is None:
            return DoneCall("exit:noproc")
        if action["do"] == "stop" and not self._supervises(action["id"]):
            self._send(target, to_worker("stop", action["reason"]))
            return SentCall(self, target, -1, action["reason"])
        call = SentCall(self, target, self._ask(target, self._message(action)))
        self._calls.append(call)
        return call

    def crash(self, child_id: str, reason: str) -> None:
        """See `Driver.crash`."""
        target = self._living(child_id)
        if target is not None and reason == "kill" and self._light and not self._supervises(child_id):
            self.exit_signal(child_id, reason)
        elif target is not None and reason == "kill":
            os.kill(self._os_pid(target), signal.SIGKILL)
        elif target is not None and not self._supervises(child_id):
            self._send(target, to_worker("crash", str(parse_reason(reason))))

    def crash_together(self, sup: str, ids: Sequence[str], reason: str) -> None:
        """See `Driver.crash_together`."""
        supervisor = self._living(sup)
        assert supervisor is not None
        if self._light:
            uids = [target.uid for target in map(self._living, ids) if target is not None]
            self._send(supervisor, SendText(command_id="", text=json.dumps(uids)))
            return
        os.kill(self._os_pid(supervisor), signal.SIGSTOP)
        for child_id in ids:
            target = self._living(child_id)
            assert target is not None
            self.crash(child_id, reason)
            self._wait(lambda target=target: not _lives(self._os_pid(target)))
        os.kill(self._os_pid(supervisor), signal.SIGCONT)

    def exit_signal(self, child_id: str, reason: str) -> None:
        """See `Driver.exit_signal`."""
        target = self._living(child_id)
        if target is not None:
            self._send(target, ExitSignal(reason="killed" if reason == "kill" else str(parse_reason(reason)), from_parent=False))

    def parent_exit(self, reason: str) -> None:
        """See `Driver.parent_exit`."""
        if reason == "kill":
            self._door.tell("kill", uid=self.root_uid)
        else:
            self._door.tell("signal", uid=self.root_uid, reason=str(parse_reason(reason)))

    def parent_die(self, reason: str) -> None:
        """See `Driver.parent_die`.

        Raises:
            RuntimeError: always; the root would be killed by the kernel, and the door with it.
        """
        raise RuntimeError(f"a real parent that dies ({reason}) sends no signal that could be trapped")

    def sleep(self, ms: float) -> None:
        """See `Driver.sleep`."""
        deadline = self.now_ms + ms
        while (left := deadline - self.now_ms) > 0:
            self._hear(left / 1000)

    def await_event(self, event: str) -> bool:
        """See `Driver.await_event`."""
        return self._wait(lambda: any(entry.text == event or entry.text.startswith(f"{event} ") for entry in self.log))

    def await_result(self, call: Call) -> None:
        """See `Driver.await_result`."""
        self._wait(lambda: call.result is not None)

    def settle(self) -> None:
        """See `Driver.settle`. At rest is what two looks in a row find the same, with every call answered and no child restarting."""
        self._wait(lambda: bool(self.root_news))
        before: Any = None
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            tree, results = self.tree(), [call.result for call in self._calls]
            look = [len(self.log), tree, results]
            if look == before and "restarting" not in str(tree) and None not in results:
                break
            before = look
            self.sleep(LOOK_S * 1000)
        self._note_orphans()

    def alive(self) -> frozenset[str]:
        """See `Driver.alive`."""
        return frozenset(f"{life['id']}#{life['attempt']}" for life in self._lives_up())

    def tree(self) -> list[dict[str, Any]]:
        """See `Driver.tree`."""
        supervisors = [life for life in self._lives_up() if self._supervises(life["id"])]
        seen = []
        for ref in map(_ref, supervisors):
            which, count_ = self._ask(ref, WhichChildren()), self._ask(ref, CountChildren())
            if self._wait(lambda which=which, count_=count_, ref=ref: {which, count_} <= self.answers.keys() or self.end_of(ref.uid)):
                answers = [self.answers.get(which), self.answers.get(count_)]
                if None not in answers:
                    children, counts = (self.in_words(answer, ref.id) for answer in answers if answer is not None)
                    seen.append({"sup": self.name(ref.uid), "children": children, "counts": counts})
        return seen

    def close(self) -> None:
        """See `Driver.close`."""
        self._door.tell("kill", uid=self.root_uid)
        self._wait(lambda: not any(_lives(life["os_pid"]) for life in self._stage.lives()))
        self._folder.cleanup()

    def name(self, uid: str) -> str:
        """A life in the words of the schema."""
        return next((f"{life['id']}#{life['attempt']}" for life in self._stage.lives() if life["uid"] == uid), "?")

    def in_words(self, answer: Message, supervisor_id: str) -> Any:
        """An answer in the words of the schema."""
        return answer_in_words(answer, self._actors[supervisor_id], lambda ref: self.name(ref.uid))

    def end_of(self, uid: str) -> str | None:
        """Why a life is over."""
        beginnings = [f"{kind} {self.name(uid)} " for kind in ("exit", "start_failed")]
        return next((e.text.removeprefix(b) for e in self.log for b in beginnings if e.text.startswith(b)), None)

    def _note_orphans(self) -> None:
        """Who is gone and was reported by nobody died with its supervisor: the kernel killed it."""
        for name in self._up():
            if name not in self.alive():
                self._orphans.append((self.now_ms, f"exit {name} killed"))

    def _message(self, action: Action) -> Message:
        if action["do"] == "stop":
            return StopSupervisor(reason=action["reason"])
        started = {entry.text.split()[1] for entry in self.log if entry.text.startswith("started ")}
        ups = [life["uid"] for life in self._stage.lives() if life["id"] == action.get("id") and self.name(life["uid"]) in started]
        return request_of(action, ups[-1] if ups else "?", self._folder.name, light=self._light)

    def _lives_up(self) -> list[Any]:
        up = self._up()
        return [life for life in self._stage.lives() if f"{life['id']}#{life['attempt']}" in up and _lives(life["os_pid"])]

    def _up(self) -> set[str]:
        texts = [entry.text.split() for entry in self.log]
        return {words[1] for words in texts if words[0] == "started"} - {words[1] for words in texts if words[0] == "exit"}

    def _living(self, actor_id: str) -> Ref | None:
        lives = [life for life in self._stage.lives() if life["id"] == actor_id and _lives(life["os_pid"]) and not self.end_of(life["uid"])]
        return _ref(lives[-1]) if lives else None

    def _os_pid(self, ref: Ref) -> int:
        return next(int(life["os_pid"]) for life in self._stage.lives() if life["uid"] == ref.uid)

    def _supervises(self, actor_id: str) -> bool:
        return self._actors[actor_id] in (SUPERVISOR, DYNAMIC_SUPERVISOR)

    def _send(self, to: Ref, message: Message) -> None:
        self._door.tell("send", to=_fields(to), message=pack(Message, message).hex())

    def _ask(self, to: Ref, message: Message) -> int:
        number = next(self._door.numbers)
        self._door.tell("ask", to=_fields(to), message=pack(Message, message).hex(), number=number, timeout_s=DEADLINE_S)
        return number

    def _wait(self, condition: Any) -> bool:
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            if time.monotonic() > deadline:
                return False
            self._hear(0.005)
        return True

    def _hear(self, timeout_s: float) -> None:
        for news in self._door.news(timeout_s):
            if news["what"] == "answer":
                self.answers[news["number"]] = None if news["message"] is None else unpack(Message, bytes.fromhex(news["message"]))
            elif news["uid"] == self.root_uid:
                self.root_news.append(news)


def _fields(ref: Ref) -> dict[str, str]:
    return {"id": ref.id, "uid": ref.uid, "address": ref.address}


def _ref(life: Any) -> Ref:
    return Ref(id=life["id"], uid=life["uid"], address=life["address"])


def _lives(os_pid: int) -> bool:
    try:
        return Path(f"/proc/{os_pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
