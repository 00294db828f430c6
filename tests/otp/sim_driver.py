"""A world in which supervisors are the real actors, on SimRuntime with OTP's links, in virtual time."""

from collections.abc import Sequence
from typing import Any

from otp import script
from otp.calls import actor_paths, answer_in_words, otp_words, parse_reason, refused_by_caller, request_of, to_worker
from otp.driver import Call, Entry
from otp.schema import DYNAMIC_SUPERVISOR, SUPERVISOR, Action, Spec, child_wire
from protocols import CountChildren, Message, Ref, StopSupervisor, WhichChildren
from supervision.actor import ActorStart, ChildEvent, ChildExited, ChildIgnored, ChildStarted, ChildStartFailed
from supervision.sim import Links, SimRuntime, TraceKind
from supervision.sim.probe import Request
from supervision.sim.trace import INCARNATION, TraceEvent


class BootCall:
    """The start of the root."""

    def __init__(self, driver: "SimDriver", root: Ref) -> None:
        self._driver = driver
        self._root = root

    @property
    def result(self) -> Any:
        """See `Call.result`."""
        match self._driver.sim.fate(self._root):
            case ChildStarted() | ChildExited():
                return f"ok:{self._driver.sim.name(self._root)}"
            case ChildStartFailed(reason=reason):
                return otp_words(f"error:{reason}")
            case ChildIgnored():
                return "ignore"
            case None:
                return None


class DoneCall:
    """A call that has its result from the start."""

    def __init__(self, result: str) -> None:
        self.result = result


class SentCall:
    """A request on its way to a life, which the caller monitors."""

    def __init__(self, driver: "SimDriver", target: Ref, request: Request, stop_reason: str = "") -> None:
        self._driver = driver
        self._target = target
        self._request = request
        self._stop_reason = stop_reason

    @property
    def result(self) -> Any:
        """See `Call.result`."""
        if self._request.answer is not None:
            return self._driver.in_words(self._request.answer, self._target)
        match self._driver.sim.fate(self._target):
            case ChildExited(reason=reason) | ChildStartFailed(reason=reason):
                return "ok" if str(reason) == self._stop_reason else otp_words(f"exit:{reason}")
            case _:
                return None


class SimDriver:
    """See `Driver`. ``seed`` chooses among the orders that OTP leaves open."""

    def __init__(self, seed: int) -> None:
        self.sim = SimRuntime(seed=seed, links=Links.SIGNAL)
        self.sim.trace.observe(self._seen)
        self.log: list[Entry] = []
        self.actors: dict[str, str] = {}
        self.last_up: dict[str, str] = {}
        self._alive: dict[str, None] = {}
        script.STAGES.append(self)

    @property
    def now_ms(self) -> float:
        """See `Driver.now_ms`."""
        return self.sim.clock.monotonic() * 1000

    # The stage of the scripted actors.

    def hear(self, event: ChildEvent) -> None:
        """See `stage.Stage.hear`. The trace has seen it already."""

    def enter(self, ref: Ref) -> int:
        """See `stage.Stage.enter`."""
        return int(self.sim.name(ref).rpartition("#")[2])

    def tell(self, uid: str, what: str, detail: str = "") -> None:
        """See `stage.Stage.tell`."""
        if what != "starting":  # that is in the trace
            self._note(f"{what} {self.sim.name(Ref(id='', uid=uid, address=''))} {detail}".rstrip())

    # The port of the runner.

    def boot(self, root: Spec) -> Call:
        """See `Driver.boot`."""
        self.actors |= actor_paths(root)
        wire = child_wire(root)
        start = ActorStart(actor_id=root["id"], uid="root", actor=wire["actor"], args=wire["args"])
        call = BootCall(self, self.sim.spawn(start))
        self.sim.settle()
        return call

    def call(self, action: Action) -> Call:
        """See `Driver.call`."""
        if action["do"] == "start_child":
            self.actors |= actor_paths(action["child"])
        refusal = refused_by_caller(action, self.actors)
        if refusal:
            return DoneCall(refusal)
        target_id = action["id"] if action["do"] == "stop" else action["sup"]
        if not self.sim.is_alive(target_id):
            return DoneCall("exit:noproc")
        target = self.sim.ref(target_id)
        call = SentCall(self, target, self.sim.request(target, self._message(action)), self._stop_reason(action))
        self.sim.settle()
        return call

    def crash(self, child_id: str, reason: str) -> None:
        """See `Driver.crash`."""
        if not self.sim.is_alive(child_id):
            return
        if reason == "kill":
            self.sim.kill(child_id)
        elif not self._supervises(child_id):
            self.sim.send(child_id, to_worker("crash", str(parse_reason(reason))))
        self.sim.settle()

    def crash_together(self, sup: str, ids: Sequence[str], reason: str) -> None:
        """See `Driver.crash_together`."""
        self.sim.suspend(sup)
        for child_id in ids:
            self.crash(child_id, reason)
        self.sim.resume(sup)
        self.sim.settle()

    def exit_signal(self, child_id: str, reason: str) -> None:
        """See `Driver.exit_signal`."""
        if self.sim.is_alive(child_id):
            self.sim.exit_signal(child_id, parse_reason("killed" if reason == "kill" else reason))
        self.sim.settle()

    def parent_exit(self, reason: str) -> None:
        """See `Driver.parent_exit`."""
        if reason == "kill":
            self.crash(self._root_id(), reason)
        else:
            self.parent_die(reason)

    def parent_die(self, reason: str) -> None:
        """See `Driver.parent_die`."""
        if self.sim.is_alive(self._root_id()):
            self.sim.parent_exit(self._root_id(), parse_reason("killed" if reason == "kill" else reason))
        self.sim.settle()

    def sleep(self, ms: float) -> None:
        """See `Driver.sleep`."""
        self.sim.run_for(ms / 1000)

    def await_event(self, event: str) -> bool:
        """See `Driver.await_event`."""

        def seen() -> bool:
            return any(entry.text == event or entry.text.startswith(f"{event} ") for entry in self.log)

        while not seen() and self.sim.advance():
            pass
        self.sim.settle()
        return seen()

    def await_result(self, call: Call) -> None:
        """See `Driver.await_result`."""
        while call.result is None and self.sim.advance():
            pass

    def settle(self) -> None:
        """See `Driver.settle`."""
        while self.sim.advance():
            pass

    def alive(self) -> frozenset[str]:
        """See `Driver.alive`."""
        return frozenset(self._alive)

    def tree(self) -> list[dict[str, Any]]:
        """See `Driver.tree`."""
        supervisors = [ref for ref in self.sim.alive() if self._supervises(ref.id) and self.sim.name(ref) in self._alive]
        return [
            {
                "sup": self.sim.name(ref),
                "children": self.in_words(self.sim.ask(ref, WhichChildren()), ref),
                "counts": self.in_words(self.sim.ask(ref, CountChildren()), ref),
            }
            for ref in supervisors
        ]

    def close(self) -> None:
        """See `Driver.close`."""
        script.STAGES.remove(self)
        self.sim.close()

    def in_words(self, answer: Message, supervisor: Ref) -> Any:
        """An answer in the words of the schema."""
        return answer_in_words(answer, self.actors[supervisor.id], self.sim.name)

    def _message(self, action: Action) -> Message:
        if action["do"] != "stop":
            return request_of(action, self.last_up.get(action.get("id", ""), "?"))
        if self._supervises(action["id"]):
            return StopSupervisor(reason=action["reason"])
        return to_worker("stop", action["reason"])

    def _stop_reason(self, action: Action) -> str:
        """A worker gives no answer to a stop, it just ends so."""
        return action["reason"] if action["do"] == "stop" and not self._supervises(action["id"]) else ""

    def _seen(self, event: TraceEvent) -> None:
        if event.kind not in INCARNATION:
            return
        actor_id = event.actor.rpartition("#")[0]
        if event.kind is TraceKind.STARTED:
            self._alive[event.actor] = None
            self.last_up[actor_id] = next(ref.uid for ref in self.sim.alive() if self.sim.name(ref) == event.actor)
        elif event.kind is TraceKind.EXIT:
            del self._alive[event.actor]
        if event.kind is not TraceKind.STARTING or self._supervises(actor_id):
            self._note(otp_words(event.text))

    def _note(self, text: str) -> None:
        self.log.append(Entry(self.now_ms, text))

    def _supervises(self, actor_id: str) -> bool:
        return self.actors[actor_id] in (SUPERVISOR, DYNAMIC_SUPERVISOR)

    def _root_id(self) -> str:
        return next(iter(self.actors))
