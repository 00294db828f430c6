"""The agents of a session: who has the call, their hooks, and how the call goes from one to another.

Who has the call is the call's own fact; here is the object that it is. Each hook is a scope: what had returned in an earlier life is not
run again, what had not runs again and asks for the same speeches. A task that an agent awaits in a hook is known by the place where it is
awaited: if it was complete its result is known, else it is entered again.
"""

import asyncio
import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, cast

from actors import AgentChange, AgentFailed, AgentWanted, HookEnded, Parts, ProgramWork, RunHook, UseAgent
from livekitex_agent.errors import error_of
from livekitex_agent.llm import StopResponse
from livekitex_agent.llm.conversion import item_from_protocol, item_to_protocol
from livekitex_agent.program.agent_context import kept, shown
from livekitex_agent.program.guarded import TIMEOUT_S, failing, run_guarded
from livekitex_agent.program.once import Begun, Done, Outcome, failed, read_outcome, result_of, write_outcome
from livekitex_agent.program.parts import make_parts
from livekitex_agent.program.user_data import encode
from livekitex_agent.voice.agent import AGENT_MADE, Agent
from livekitex_agent.voice.agent_task import LEAVING, RUNNING, AgentTask
from livekitex_agent.voice.speech_handle import TOOL_SPEECH
from protocols import AgentHandoff, ChatMessage, ErrorReply, Message, MessageTooLargeError

if TYPE_CHECKING:
    from livekitex_agent.program.session_activity import SessionActivity

log = logging.getLogger("livekitex.program")

ENTERING: ContextVar[bool] = ContextVar("livekitex_entering", default=False)
"""In an `on_enter`, and its tasks."""
NOT_KEPT: Final = "not restorable: the result of a task (%s): after a death it is asked for again"
WANTED: Final = "wanted"
"""The fact that an agent is to take the place of who has the call (`update_agent`), until it has."""
FIRST_AGENT: Final = "0"
"""The key of the agent that the call began with."""


class AgentHooks:
    """Of the session that ``activity`` runs. Used on the program's loop, but for `perform`."""

    def __init__(self, activity: "SessionActivity") -> None:
        self._activity = activity
        self.current: Agent
        """Who has the call."""
        self.coming: Agent | None = None
        """Who has it as soon as that one has left."""
        self._first: Agent
        self._task: Agent | None = None
        """Which is about to have the call for a while: the one that has it now does not leave."""
        self._live = asyncio.Event()
        self._below = 0
        """How many agents stand below who has the call."""
        self._entering: dict[str, asyncio.Task[Any]] = {}

    async def begin(self, agent: Agent) -> Parts:
        """The program begins with ``agent``; who had the call in an earlier life has it again, if he can be found.

        Gives what the call works with.

        Raises:
            LivekitexError: something of it is wrong; then nobody has the call.
        """
        self._activity.agents.reference(agent, FIRST_AGENT)
        self._first = agent
        self.current = self._found_again(agent)
        self._activity.tools.restore(self.current)
        self._below = len(self._activity.call.memory.agents)
        self.current._run_by(self._activity)
        try:
            await self._activity.toolsets.open([*self._activity.session.tools, *self.current.tools])
            return make_parts(self._activity, self.current)
        except BaseException:
            self.current._run_by(None)
            raise

    def _found_again(self, agent: Agent) -> Agent:
        wanted = self._activity.call.memory.agent
        if not wanted:
            return agent
        try:
            return self._activity.agents.find(wanted)
        except Exception as failure:  # noqa: BLE001 - the seam to the user's code
            log.warning("not restorable: %s; the agent that the program began with goes on", failure)
            return agent

    @contextmanager
    def _hook(self, name: str) -> Iterator[None]:
        """A hook runs in this block, in a scope of its own: an agent that it makes is made again where it runs again."""
        AGENT_MADE.set(self._activity.agents.note)
        with self._activity.scopes.enter(name):
            yield

    def enter(self) -> None:
        """Have the `on_enter` of the agent that has the call run, unless it had returned in an earlier life.

        If an agent below it was awaiting a task in its `on_enter`, that runs again: it makes the task again, which has the call then. A
        task that a tool had awaited is not entered again, nor what has entered in it: the call leaves it.
        """
        self.live()
        memory = self._activity.call.memory
        stay = min((turn.agents for turn in memory.open_turns), default=len(memory.agents))
        agent = self._awaiting(memory.agents[: stay + 1])
        if agent is not None or stay >= len(memory.agents):
            self._enter(agent or self.current)
        self._replace_again()

    def live(self) -> None:
        """The conversation goes on: who has the call may leave."""
        self._live.set()

    def _awaiting(self, below: Sequence[str]) -> Agent | None:
        """The lowest agent whose `on_enter` had begun in an earlier life and not returned, of those ``below`` the one that has the call."""
        for text in below:
            try:
                agent = self._activity.agents.find(text) if text else self._first
            except Exception as failure:  # noqa: BLE001 - the seam to the user's code
                log.warning("not restorable: %s", failure)
                continue
            if not self._has_entered(self._activity.agents.reference(agent).key):
                agent._run_by(self._activity)
                self._activity.tools.restore(agent)
                return agent
        return None

    def _time(self, key: str) -> int:
        """The how-manieth time it is that the agent ``key`` has got the call."""
        return int(self._activity.facts.get(f"times/{key}") or 1)

    def _has_entered(self, key: str) -> bool:
        """Whether its `on_enter` has returned, since it got the call last."""
        entered, time = self._activity.facts.get(f"entered/{key}"), self._time(key)
        return entered == (json.dumps(time) if time > 1 else "true")

    def _enter(self, agent: Agent, *, again: bool = False) -> None:
        """Have its `on_enter` run, unless it has; ``again`` if it has the call anew, and not back from a task."""
        key = self._activity.agents.reference(agent).key
        again = again and self._has_entered(key)
        if (again or not self._has_entered(key)) and key not in self._entering:
            self._entering[key] = self._activity.loop.spawn(self._run_on_enter(agent, key, again=again), name=f"on_enter of {agent.id}")
            self._activity.run.watch(self._entering[key])

    async def _run_on_enter(self, agent: Agent, key: str, *, again: bool) -> None:
        time = self._time(key) + again
        try:
            if again:
                await self._activity.facts.put(f"times/{key}", json.dumps(time))
            with self._hook(f"on_enter/{key}" if time == 1 else f"on_enter/{key}/{time}"):
                RUNNING.set(self._activity)
                ENTERING.set(True)
                TOOL_SPEECH.set(None)  # it is no part of the tool that awaits it
                async with failing():
                    await agent.on_enter()
        except Exception:  # the seam to the user's code
            log.exception("error in on_enter of the agent %s", agent.id)
        finally:
            self._entering.pop(key, None)
        self._activity.user_data.commit()
        await self._activity.facts.put(f"entered/{key}", json.dumps(time) if time > 1 else "true")

    async def leave(self) -> None:
        """Nobody has the call any more: what enters is given up, and who had it leaves."""
        for task in self._entering.values():
            task.cancel()
        await self.exit()

    def end(self) -> None:
        """The call is over: who had it keeps what it knows, and runs in it no more."""
        self.current._keep(self._activity.chat_ctx_of(self.current))
        self.current._run_by(None)

    async def exit(self) -> None:
        """Have who has the call leave, unless he did in an earlier life; returns once what he says is said."""
        activity = self._activity
        key = activity.agents.reference(self.current).key
        handoffs = [item.id for item in activity.call.conversation.items if isinstance(item, AgentHandoff)]
        left = json.dumps([key, handoffs[-1] if handoffs else ""])  # he may have the call again, and leave again
        if activity.facts.get("left") == left:
            return
        with self._hook(f"on_exit/{left}"), activity.speeches.collect() as said:
            LEAVING.set(True)
            try:
                await run_guarded(self.current.on_exit(), "on_exit")
            finally:
                LEAVING.set(False)
        if said:
            await asyncio.wait([handle._over for handle in said], timeout=TIMEOUT_S)
        activity.user_data.commit()
        await activity.facts.put("left", left)

    def perform(self, work: ProgramWork) -> None:
        """See `Program.perform`; from any thread."""
        match work:
            case UseAgent():
                self._activity.loop.call(lambda: self._activity.loop.spawn(self._use_agent(work), name="hand-off"))
            case RunHook() if self.current._overrides("on_user_turn_completed"):
                self._activity.loop.call(lambda: self._activity.loop.spawn(self._run_turn_hook(work), name="on_user_turn_completed"))
            case RunHook():
                self._activity.call.feed(HookEnded(token=work.token))

    async def _run_turn_hook(self, work: RunHook) -> None:
        context, message = shown(self._activity.instructions(), work.context), item_from_protocol(work.message)
        before = message.model_copy(deep=True)
        try:
            with self._hook(f"on_user_turn_completed/{work.turn_id}"):
                async with failing():
                    await self.current.on_user_turn_completed(context, message)
        except StopResponse:
            self._activity.call.feed(HookEnded(token=work.token, stop=True))
            return
        except Exception as failure:  # the seam to the user's code
            log.exception("error in on_user_turn_completed")
            self._activity.call.feed(HookEnded(token=work.token, error=f"on_user_turn_completed: {type(failure).__name__}: {failure}"))
            return
        finally:
            self._activity.user_data.commit()
        changed = None if message == before else cast("ChatMessage", item_to_protocol(message))
        self._activity.call.feed(HookEnded(token=work.token, message=changed, context=kept(context)))

    async def run_task(self, task: AgentTask[Any]) -> Any:  # noqa: ANN401 - of the task
        """Let ``task`` have the call until it is complete, and give its result; see `AgentTask`."""
        known = (
            self._activity.facts.get(task_key := f"task/{self._activity.scopes.command_id('task')}")
            if self._activity.scopes.current is not None
            else None
        )
        memory, agents = self._activity.call.memory, self._activity.agents
        if known is not None and not isinstance(outcome := read_outcome(known), Begun):
            if agents.takes_the_place(task, memory.agent):  # it was complete, and had not given the call back
                self._take_back(task)
                await self.change(task, AgentChange.LEAVE)
            return result_of(outcome)
        if agents.takes_the_place(task, memory.agent):  # it had the call when the life before ended
            await self._have_again(task)
        elif any(agents.takes_the_place(task, below) for below in memory.agents):  # it was awaiting one itself
            task._run_by(self._activity)
            self._activity.tools.restore(task)
            self._enter(task)
        else:
            self._task = task
            await self.change(task, AgentChange.ENTER)
        if self._activity.scopes.current is not None:  # before what the completing tool returns: a result that is known is not asked for
            task._result.add_done_callback(lambda over: self._keep_outcome(task_key, over))
        speech, _ = TOOL_SPEECH.get() or (None, None)
        waiting = [each for each in (asyncio.current_task(), speech) if each is not None]
        try:
            for each in waiting:
                self._activity.run.unwatch(each)  # a run is over when the caller is to speak
            await asyncio.wait([task._result])
            for each in waiting:
                self._activity.run.watch(each)
        finally:
            if self.current is task:
                await self.change(task, AgentChange.LEAVE)
        return task._result.result()

    async def _have_again(self, task: AgentTask[Any]) -> None:
        if self._take_back(task):
            self._activity.tools.restore(task)
            await self._activity.tools.offer(task)
            self._enter(task)

    def _take_back(self, task: AgentTask[Any]) -> bool:
        """``task`` has the call, as in the life before; tells whether another object had it so far."""
        if self.current is task:
            return False
        before, self.current = self.current, task
        before._run_by(None)
        task._run_by(self._activity)
        return True

    def _keep_outcome(self, key: str, over: "asyncio.Future[Any]") -> None:
        if over.cancelled():
            return
        failure = over.exception()
        if isinstance(failure, Exception):
            self._tell_outcome(key, failed(failure))
            return
        try:
            encoded = encode(over.result(), "result")
        except MessageTooLargeError as too_large:
            unwritten = str(too_large)
        else:
            unwritten = ", ".join(f"{each.type_name} at {each.path}" for each in encoded.unwritten)
            if not unwritten:
                self._tell_outcome(key, Done(encoded.text))
        if unwritten:
            log.warning(NOT_KEPT, unwritten)

    def _tell_outcome(self, key: str, outcome: Outcome) -> None:
        def look(answered: "asyncio.Future[Message]") -> None:
            if isinstance(answer := answered.result(), ErrorReply):
                log.warning(NOT_KEPT, answer.text)

        self._activity.facts.tell(key, write_outcome(outcome)).add_done_callback(look)

    def replace(self, agent: Agent) -> None:
        """Have ``agent`` take the place of who has the call, before anything that is asked for after this; whatever dies until then."""
        facts, wanted = self._activity.facts, json.dumps(self._activity.agents.reference(agent).to_wire())
        facts.tell(WANTED, wanted)

        def look(answered: "asyncio.Future[Message]") -> None:
            if facts.get(WANTED) == wanted:
                facts.tell(WANTED, None)
            if isinstance(answer := answered.result(), ErrorReply):
                log.error("%s does not get the call: %s", agent.id, answer.text)

        self._ask_for(agent, AgentChange.REPLACE).add_done_callback(look)

    def _replace_again(self) -> None:
        """The life before had died before the agent that it wanted had the call."""
        wanted = self._activity.facts.get(WANTED)
        if wanted is None or wanted == self._activity.call.memory.agent:
            return
        try:
            self.replace(self._activity.agents.find(wanted))
        except Exception as failure:  # noqa: BLE001 - the seam to the user's code
            log.warning("not restorable: %s", failure)

    async def change(self, agent: Agent, change: AgentChange) -> None:
        """Have the call be another agent's; returns when it is."""
        if isinstance(answer := await self._ask_for(agent, change), ErrorReply):
            raise error_of(answer)

    def _ask_for(self, agent: Agent, change: AgentChange) -> "asyncio.Future[Message]":
        reference = json.dumps(self._activity.agents.reference(agent).to_wire())
        answered: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        if change is AgentChange.ENTER:
            self._activity.speeches.send_held()
        self._activity.call.ask(
            lambda request: AgentWanted(request=request, agent=reference, change=change),
            lambda answer: self._activity.loop.call(answered.set_result, answer),
        )
        return answered

    async def _use_agent(self, work: UseAgent) -> None:
        try:
            agent = self._activity.agents.find(work.agent) if work.agent else self._first
            self._activity.tools.restore(agent)
            tools = [*self._activity.session.tools, *agent.tools]
            await self._activity.toolsets.open(tools)
            parts = make_parts(self._activity, agent)
        except Exception as failure:  # noqa: BLE001 - the seam to the user's code
            self._activity.call.feed(AgentFailed(token=work.token, text=f"{type(failure).__name__}: {failure}"))
            return
        if agent is not self._task:
            self.coming = agent
            await self._live.wait()  # a life before had begun this
            await self.exit()
            await self._activity.toolsets.close(self.current.tools, but=tools)
        self._task = None
        self.current._keep(self._activity.chat_ctx_of(self.current))
        agent._run_by(self._activity)
        await self._activity.audio_rate.settle(parts)
        self._activity.call.use(work.token, parts)

    def changed(self) -> None:
        """The call is another agent's."""
        self.coming = None
        memory = self._activity.call.memory
        back, self._below = len(memory.agents) < self._below, len(memory.agents)
        wanted = memory.agent
        before, agent = self.current, self._activity.agents.find(wanted) if wanted else self._first
        if agent is not before:
            before._run_by(None)
            self.current = agent
            self._activity.hearing.handed_on()
            self._enter(agent, again=not back)
