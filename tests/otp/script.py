"""Actors that do what a scenario says. What happens inside of them they tell the stage; their starts and ends are seen by the runtime."""

import json
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from otp.stage import Folder, Stage
from protocols import NORMAL, SHUTDOWN, ExitReason, Message, SendText, abnormal
from supervision.actor import Actor, ChildEvent, Ignore, StopStart
from supervision.dynamic_supervisor import DynamicSupervisor
from supervision.shell import SupervisorShell
from supervision.supervisor import Supervisor

ERROR = ExitReason.parse("error")
START_FAILURES = {"fail": abnormal("init_failed"), "raise": abnormal("raise"), "stop_normal": NORMAL, "stop_shutdown": SHUTDOWN}


STAGES: list[Stage] = []
"""The last one is the stage of every actor of this process whose script names none."""


def enter(actor: Actor, args: Mapping[str, Any]) -> tuple[Stage, int]:
    """The stage of ``actor``, and which attempt to start its id it is."""
    path = args["script"]["stage"]
    stage = Folder(path) if path else STAGES[-1]
    return stage, stage.enter(actor.context.self_ref)


class ScriptedWorker(Actor):
    """A worker that dies of the shutdown signal at once."""

    def on_start(self, args: Mapping[str, Any]) -> None:
        """Take the time that the script says, then have the outcome that it says."""
        self.script: Mapping[str, Any] = args["script"]
        self.waiting: list[Callable[[], None]] = []
        self.up = self.cleaning_up = False
        self.stage, self.attempt = enter(self, args)
        delay_ms = self._scripted("start_delay_ms")
        if delay_ms:
            self.stage.tell(self.context.self_ref.uid, "initializing")
            finish = self.context.defer_start()
            self.context.after(delay_ms / 1000, lambda: self._init_returns(finish))
        else:
            self._init_returns(lambda: None)

    def on_message(self, message: Message) -> None:
        """End, as a scenario's ``crash`` and ``stop`` say."""
        if isinstance(message, SendText):
            how, text = json.loads(message.text)
            reason = ExitReason.parse(text)
            self._when_up(lambda: self._clean_up(reason) if how == "stop" and self.trap_exit else self.context.exit(reason))

    def on_shutdown(self, reason: ExitReason) -> None:
        """Clean up, once it is up."""
        self._when_up(lambda: self._clean_up(reason))

    def _scripted(self, field: str) -> Any:
        outcomes = self.script[field]
        return outcomes[min(self.attempt, len(outcomes)) - 1]

    def _init_returns(self, finish: Callable[[], None]) -> None:
        outcome = self._scripted("start")
        if outcome == "ignore":
            raise Ignore
        if outcome in START_FAILURES:
            raise StopStart(START_FAILURES[outcome])
        self.up = True
        finish()
        if outcome == "ok_crash":
            self.context.after(0, lambda: self.context.exit(ERROR))
        for act in self.waiting:
            self.context.after(0, act)

    def _when_up(self, act: Callable[[], None]) -> None:
        if not self.up:
            self.waiting.append(act)
        elif not self.cleaning_up:
            act()

    def _clean_up(self, reason: ExitReason) -> None:
        self.cleaning_up = True
        self.stage.tell(self.context.self_ref.uid, "terminating", str(reason))
        outcome = self.script["terminate_outcome"]
        named = {"ok": reason, "raise": abnormal("raise")}
        last = named[outcome] if outcome in named else ExitReason.parse(outcome.removeprefix("exit:"))
        self.context.after(self.script["terminate_delay_ms"] / 1000, lambda: self.context.exit(last))


class TrappingWorker(ScriptedWorker):
    """A worker that cleans up when it is asked to end."""

    trap_exit: ClassVar[bool] = True


class Scripted(SupervisorShell):
    """A supervisor whose init may return ``:ignore``, and which tells what it hears of its children."""

    def on_start(self, args: Mapping[str, Any]) -> None:
        """Follow the script."""
        self.stage, attempt = enter(self, args)
        self.stage.tell(self.context.self_ref.uid, "starting")
        outcomes = args["script"]["init"]
        if outcomes[min(attempt, len(outcomes)) - 1] == "ignore":
            raise Ignore
        super().on_start({key: value for key, value in args.items() if key != "script"})

    def on_message(self, message: Message) -> None:
        """Do what a supervisor does, and have light children die together: in one turn, before any of their ends is heard of."""
        if isinstance(message, SendText):
            for uid in json.loads(message.text):
                self.context.kill_child(uid)
        else:
            super().on_message(message)

    def on_child(self, event: ChildEvent) -> None:
        """Tell, then do what a supervisor does."""
        self.stage.hear(event)
        super().on_child(event)


class ScriptedSupervisor(Scripted, Supervisor):
    """A static supervisor."""


class ScriptedDynamicSupervisor(Scripted, DynamicSupervisor):
    """A dynamic supervisor."""
