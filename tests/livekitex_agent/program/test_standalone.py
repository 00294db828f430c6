"""Sessions in a plain script: the same core in its process, with a thread for the engine and none for user code."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from typing import Any, cast

import pytest

from livekitex_agent import Agent, AgentSession, ChatContext, ModelSettings, RunContext, function_tool, provider
from livekitex_agent.job import Job, JobContext, JobPort, JobProcess, RunningJobInfo, leave_job_context, set_job_context
from livekitex_agent.llm import ToolError, Toolset
from livekitex_agent.testing import Utterance
from livekitex_agent.testing.caller import time_line
from livekitex_agent.testing.fakes import scripted_llm, scripted_stt, scripted_tts, scripted_vad
from livekitex_agent.testing.fakes.written_voice import spoken
from livekitex_agent.types import NOT_GIVEN
from livekitex_agent.utils import AudioFrame
from livekitex_agent.voice import io
from livekitex_agent.voice.agent_task import IN_TRANSITION, AgentTask
from support.waiter_program import Order, Waiter


def model(*replies: Mapping[str, Any]) -> Any:
    return provider(scripted_llm, replies=list(replies))


def in_session(llm: Any, agent: Callable[[], Agent], check: Callable[[AgentSession[Any]], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(20), AgentSession(llm=llm, userdata=Order()) as session:
            await session.start(agent())
            await check(session)

    asyncio.run(main())


def shown(session: AgentSession[Any]) -> Sequence[tuple[str, str | None]]:
    return [(item.type, getattr(item, "text_content", None)) for item in session.history.items if item.type != "agent_config_update"]


def test_a_tool_works_on_the_sessions_own_data_and_in_the_scripts_own_thread() -> None:
    threads = []

    class Counter(Waiter):
        @function_tool
        async def count(self, ctx: RunContext[Order]) -> None:
            """Count."""
            threads.append(threading.current_thread())
            ctx.userdata.products.append(("counted", 1))

    async def check(session: AgentSession[Order]) -> None:
        run = await session.run(user_input="count")
        run.expect.next_event().is_function_call(name="count")
        run.expect.next_event().is_function_call_output(output="", is_error=False)
        run.expect.no_more_events()
        assert session.userdata.products == [("counted", 1)]

    in_session(model({"to": "count", "calls": ["count"]}), Counter, check)
    assert threads == [threading.main_thread()]


asked = asyncio.Event()


class Ask(AgentTask[str]):
    """Asks for a name."""

    def __init__(self) -> None:
        super().__init__(instructions="Ask for the name.")

    async def on_enter(self) -> None:
        """Ask."""
        await self.session.say("Your name?")
        asked.set()

    @function_tool
    async def keep(self, name: str) -> None:
        """Keep it."""
        self.complete(name)


class Host(Agent):
    """Asks before it does anything."""

    def __init__(self) -> None:
        super().__init__(instructions="Host.")
        self.greeted = asyncio.Event()

    async def on_enter(self) -> None:
        """Ask, and greet."""
        name = await Ask()
        await self.session.say(f"Hello {name}.")
        self.greeted.set()


def test_a_task_has_the_call_until_it_is_complete() -> None:
    async def check(session: AgentSession[Order]) -> None:
        host = session.current_agent
        await asked.wait()
        await session.run(user_input="i am ada")
        assert isinstance(host, Host)
        await host.greeted.wait()
        assert session.current_agent is host
        texts = [text for kind, text in shown(session) if kind == "message"]
        assert texts == ["Your name?", "i am ada", "Hello Ada."]

    in_session(model({"to": "*ada*", "calls": [{"name": "keep", "arguments": '{"name": "Ada"}'}]}), Host, check)


def test_a_task_is_awaited_in_a_hook_or_a_tool_only() -> None:
    async def check() -> None:
        with pytest.raises(RuntimeError, match="should only be awaited inside tool_functions"):
            await Ask()

    asyncio.run(check())


class Leaving(Agent):
    """Says goodbye as it leaves."""

    def __init__(self) -> None:
        super().__init__(instructions="Leave.")
        self.left = 0

    async def on_exit(self) -> None:
        self.left += 1
        self.session.say("Goodbye.")


def test_a_session_is_drained_once_its_agent_has_left_and_all_is_said_and_takes_no_more() -> None:
    async def check(session: AgentSession[Order]) -> None:
        leaving = session.current_agent
        assert isinstance(leaving, Leaving)
        handle = session.say("One moment.")
        await session.drain()
        assert (handle.done(), leaving.left) == (True, 1)
        assert [text for kind, text in shown(session) if kind == "message"] == ["One moment.", "Goodbye."]
        for refused in (lambda: session.say("More."), lambda: session.generate_reply(instructions="Ask.")):
            with pytest.raises(RuntimeError, match="drained"):
                refused()
        await session.drain()
        await session.aclose()
        assert leaving.left == 1

    in_session(model({"say": "Yes."}), Leaving, check)


def test_what_is_said_after_the_end_is_refused() -> None:
    async def check() -> None:
        session = AgentSession[Order](llm=model({"say": "Yes."}), userdata=Order())
        with pytest.raises(RuntimeError, match="isn't running"):
            session.say("Hello.")
        await session.start(Waiter())
        await session.aclose()
        with pytest.raises(RuntimeError, match="isn't running"):
            session.say("Hello.")

    asyncio.run(check())


class Loud(Agent):
    """Says what its model says, loudly."""

    def __init__(self) -> None:
        super().__init__(instructions="Loud.")

    async def llm_node(self, chat_ctx: ChatContext, tools: list[Any], model_settings: ModelSettings) -> AsyncIterator[Any]:
        """Ask the model, and raise the voice."""
        async for chunk in Agent.default.llm_node(self, chat_ctx, tools, model_settings):
            yield chunk.delta.content.upper() if chunk.delta is not None and chunk.delta.content else chunk

    @function_tool
    async def price(self, product: str) -> str:
        """Tell a price."""
        return f"{product} costs nine"


def test_a_node_of_the_agents_own_is_between_the_model_and_the_call() -> None:
    async def check(session: AgentSession[Order]) -> None:
        run = await session.run(user_input="price")
        run.expect.next_event().is_function_call(name="price", arguments={"product": "pizza"})
        run.expect.next_event().is_function_call_output(output="pizza costs nine")
        assert run.events[-1].item.text_content == "IT COSTS NINE."

    replies = (
        {"to": "price", "calls": [{"name": "price", "arguments": '{"product": "pizza"}'}]},
        {"after": "price", "say": "It costs nine."},
    )
    in_session(model(*replies), Loud, check)


def test_a_node_is_offered_the_tools_of_its_session_and_its_toolsets_too_and_no_choice_where_none_was_made() -> None:
    seen: list[tuple[list[str], Any]] = []

    @function_tool
    async def clock() -> str:
        """Tell the time."""
        return "noon"

    @function_tool
    async def lamp() -> str:
        """Light it."""
        return "lit"

    class Asked(Agent):
        async def llm_node(self, chat_ctx: ChatContext, tools: list[Any], model_settings: ModelSettings) -> AsyncIterator[Any]:
            seen.append((sorted(tool.info.name for tool in tools), model_settings.tool_choice))
            async for chunk in Agent.default.llm_node(self, chat_ctx, tools, model_settings):
                yield chunk

    async def main() -> None:
        replies = ({"to": "time", "calls": ["clock"]}, {"after": "clock", "say": "It is noon."}, {"to": "none", "say": "No."})
        async with asyncio.timeout(20), AgentSession(llm=model(*replies), tools=[clock], userdata=None) as session:
            await session.start(Asked(instructions="Tell.", tools=[Toolset(id="home", tools=[lamp])]))
            run = await session.run(user_input="time")
            run.expect.next_event().is_function_call(name="clock")
            run.expect.next_event().is_function_call_output(output="noon")
            await session.generate_reply(user_input="none", tool_choice="none")

    asyncio.run(main())
    assert seen[0] == (["clock", "lamp"], NOT_GIVEN)
    assert seen[-1][1] == "none"


def test_while_a_tool_takes_long_fillers_are_said_until_it_returns(caplog: pytest.LogCaptureFixture) -> None:
    class Slow(Agent):
        @function_tool
        async def search(self, context: RunContext[Any]) -> str:
            """Search."""
            done = asyncio.Event()

            def next_one(step: int) -> str | None:
                if step == 2:
                    done.set()
                return None if done.is_set() else f"Step {step}."

            async with context.with_filler(next_one, interval=0.01):
                await done.wait()
            said, broken = asyncio.Event(), asyncio.Event()
            context.session.on("speech_created", lambda _event: said.set())
            async with context.with_filler("Once."):
                await said.wait()

            def breaks(_step: int) -> str:
                broken.set()
                raise ZeroDivisionError

            async with context.with_filler(breaks, interval=0.0):
                await broken.wait()
            async with context.with_filler("Never.", max_steps=0):
                pass
            return "found"

        @function_tool
        async def wrong(self, context: RunContext[Any]) -> None:
            """Search wrongly."""
            for times in ({"delay": -1.0}, {"interval": -1.0}):
                with pytest.raises(ValueError, match="non-negative"):
                    async with context.with_filler("No.", **times):
                        pass

    async def check(session: AgentSession[Order]) -> None:
        await session.run(user_input="search")
        assert [text for kind, text in shown(session) if kind == "message"] == ["search", "Step 0.", "Step 1.", "Once.", "Here."]
        assert "a filler has failed" in caplog.text
        (output,) = (await session.run(user_input="wrong")).events[1:2]
        assert not output.item.is_error

    replies = ({"to": "search", "calls": ["search"]}, {"after": "search", "say": "Here."}, {"to": "wrong", "calls": ["wrong"]})
    in_session(model(*replies), lambda: Slow(instructions="Search."), check)


def test_toolsets_are_set_up_before_their_tools_are_offered_and_closed_when_nobody_has_them() -> None:
    told: list[str] = []

    class Set(Toolset):
        async def setup(self) -> "Set":
            told.append(f"+{self.id}")
            if self.id == "broken":
                raise RuntimeError(self.id)
            return self

        async def aclose(self) -> None:
            told.append(f"-{self.id}")
            if self.id == "broken":
                raise RuntimeError(self.id)

    shared, house, garden, broken, late = (Set(id=name) for name in ("shared", "house", "garden", "broken", "late"))

    async def main() -> None:
        session = AgentSession[None](llm=model({"say": "Yes."}), tools=[shared, broken], userdata=None)
        async with asyncio.timeout(20), session:
            await session.start(Agent(instructions="One.", tools=[house, shared]))
            assert sorted(told) == ["+broken", "+house", "+shared"]
            told.clear()
            second = Agent(instructions="Two.", tools=[garden])
            session.update_agent(second)
            while session.current_agent is not second:
                await session.run(user_input="go")
            assert told == ["+garden", "-house"]
            told.clear()
            await second.update_tools([late])
            assert told == ["+late", "-garden"]
            told.clear()
        assert sorted(told) == ["-broken", "-late", "-shared"]

    asyncio.run(main())


def test_what_an_iterator_gives_is_said_as_it_comes() -> None:
    async def words() -> AsyncIterator[str]:
        for word in ("One ", "two. ", "Three."):
            yield word

    async def check(session: AgentSession[Order]) -> None:
        handle = await session.say(words())
        assert [item.text_content for item in handle.chat_items] == ["One two. Three."]
        unkept = await session.say("This is not kept.", add_to_chat_ctx=False)
        assert unkept.chat_items == []
        assert [text for kind, text in shown(session) if kind == "message"] == ["One two. Three."]

    in_session(model({"say": "Yes."}), Loud, check)


def test_a_reply_to_which_a_context_is_given_is_told_that_alone() -> None:
    told: list[list[str | None]] = []

    class Telling(Agent):
        def llm_node(self, chat_ctx: ChatContext, tools: list[Any], model_settings: ModelSettings) -> str:
            told.append([item.text_content for item in chat_ctx.messages()])
            return "Yes."

    async def check(session: AgentSession[Order]) -> None:
        await session.run(user_input="hello")
        given = ChatContext.empty()
        given.add_message(role="user", content="the lake is cold")
        await session.generate_reply(chat_ctx=given, instructions="Summarise.")
        kept = session.current_agent.chat_ctx
        kept.truncate(max_items=1)
        await session.generate_reply(chat_ctx=kept, user_input="and?")
        assert told[1] == ["the lake is cold", "Summarise."]
        assert told[2] == ["Be yourself.", "Yes.", "and?"]
        assert [text for kind, text in shown(session) if kind == "message"] == ["hello", "Yes.", "Yes.", "and?", "Yes."]

    in_session(model({"say": "Yes."}), lambda: Telling(instructions="Be yourself."), check)


def test_a_task_that_is_awaited_in_on_exit_is_refused_as_one_in_a_transition_and_the_call_goes_on() -> None:
    refused: list[Exception] = []

    class Leaving(Agent):
        async def on_exit(self) -> None:
            try:
                await Ask()
            except Exception as failure:
                refused.append(failure)
                raise

    async def check(session: AgentSession[Order]) -> None:
        session.update_agent(second := Agent(instructions="Go on."))
        while session.current_agent is not second:
            await session.run(user_input="go")
        await session.run(user_input="and?")
        assert [text for kind, text in shown(session)][-1] == "Yes."

    in_session(model({"say": "Yes."}), lambda: Leaving(instructions="Leave."), check)
    (failure,) = refused
    assert isinstance(failure, ToolError)
    assert str(failure) == IN_TRANSITION


def test_who_gets_the_call_knows_what_he_was_given_and_no_more() -> None:
    async def check(session: AgentSession[Order]) -> None:
        await session.run(user_input="hello")
        given = ChatContext.empty()
        given.add_message(role="user", content="remember me")
        session.update_agent(Agent(instructions="Remember.", chat_ctx=given))
        await session.run(user_input="who am I")
        told = [item.text_content for item in session.current_agent.chat_ctx.items if item.type == "message"]
        assert told == ["Remember.", "remember me", "who am I", "Yes."]
        assert [text for kind, text in shown(session) if kind == "message"] == ["hello", "Yes.", "who am I", "Yes."]

    in_session(model({"say": "Yes."}), lambda: Agent(instructions="First."), check)


def test_what_the_caller_said_is_told_before_it_is_answered() -> None:
    told: list[tuple[str, str | None]] = []

    async def check(session: AgentSession[Order]) -> None:
        session.on("conversation_item_added", lambda ev: told.append(("item", ev.item.text_content)))
        session.on("agent_state_changed", lambda ev: told.append(("state", ev.new_state)))
        await session.run(user_input="hello")
        assert told.index(("item", "hello")) < told.index(("state", "thinking")) < told.index(("item", "Yes."))
        assert told.count(("item", "hello")) == 1

    in_session(model({"say": "Yes."}), lambda: Agent(instructions="First."), check)


class Ear(io.AudioInput):
    """Gives what is put into it."""

    def __init__(self) -> None:
        super().__init__(label="ear")
        self.frames: asyncio.Queue[AudioFrame] = asyncio.Queue()

    async def __anext__(self) -> AudioFrame:
        return await self.frames.get()


class Mouth(io.AudioOutput):
    """Counts what it is given."""

    def __init__(self) -> None:
        super().__init__(label="mouth", capabilities=io.AudioOutputCapabilities(pause=False), sample_rate=24_000)
        self.samples = 0

    async def capture_frame(self, frame: AudioFrame) -> None:
        await super().capture_frame(frame)
        self.samples += frame.samples_per_channel

    def flush(self) -> None:
        super().flush()

    def clear_buffer(self) -> None:
        pass


QUESTION = "what does a large pizza with everything on it cost today, if i may ask"
FRAME_BYTES = 640


def test_it_hears_and_speaks_by_the_inputs_and_outputs_of_the_session() -> None:
    async def main() -> None:
        providers = {"stt": provider(scripted_stt), "vad": provider(scripted_vad), "tts": provider(scripted_tts)}
        async with AgentSession[None](llm=model({"say": "**Nine** dollars."}), **providers) as session:
            session.input.audio, session.output.audio = ear, mouth = Ear(), Mouth()
            await session.start(Agent(instructions="Tell prices."))
            answered = asyncio.Event()
            session.on("conversation_item_added", lambda ev: answered.set() if getattr(ev.item, "role", "") == "assistant" else None)
            line = time_line([Utterance(text=QUESTION, pause_s=3.0)])
            for at in range(0, len(line) - FRAME_BYTES, FRAME_BYTES):
                ear.frames.put_nowait(AudioFrame(line[at : at + FRAME_BYTES], 16_000, 1, FRAME_BYTES // 2))
            async with asyncio.timeout(20):
                await answered.wait()
            said = [text for kind, text in shown(session) if kind == "message"]
            assert said == [QUESTION, "**Nine** dollars."], "the history has what was written, the voice says it without marks"
            assert mouth.samples == len(spoken("Nine dollars.", rate_hz=24_000)) // 2

    asyncio.run(main())


def test_a_tool_that_is_not_to_be_interrupted_goes_on_where_what_is_said_is_stopped() -> None:
    class Payer(Agent):
        @function_tool
        async def pay(self, context: RunContext[Any]) -> str:
            """Pay."""
            context.disallow_interruptions()
            await context.session.interrupt()
            return "paid"

    async def check(session: AgentSession[Order]) -> None:
        handles: list[Any] = []
        session.on("speech_created", lambda event: handles.append(event.speech_handle))
        run = await session.run(user_input="pay")
        assert run.expect[1].is_function_call_output().event().item.output == "paid"
        (handle,) = handles
        assert not handle.interrupted
        assert [item.type for item in handle.chat_items] == ["function_call", "function_call_output", "message"], "not the caller's words"

    in_session(model({"to": "pay", "calls": ["pay"]}, {"after": "pay", "say": "Paid."}), lambda: Payer(instructions="Pay."), check)


def test_in_a_job_a_session_is_closed_when_the_job_ends() -> None:
    async def main() -> None:
        job = JobContext(proc=JobProcess(), info=RunningJobInfo(job=Job(id="of the test")), port=cast("JobPort", None))
        set_job_context(job)
        session: AgentSession[Any] = AgentSession(llm=model())
        reasons: list[str] = []
        session.on("close", lambda event: reasons.append(event.reason))
        async with asyncio.timeout(20):
            await session.start(Agent(instructions="Be brief."))
            await job.run_shutdown_callbacks("the caller has hung up")
        leave_job_context(job)
        assert reasons == ["job_shutdown"]
        with pytest.raises(RuntimeError):
            session.say("too late")

    asyncio.run(main())


def test_the_program_has_closed_its_session_before_its_job_ends() -> None:
    async def main() -> None:
        job = JobContext(proc=JobProcess(), info=RunningJobInfo(job=Job(id="of the test")), port=cast("JobPort", None))
        set_job_context(job)
        session: AgentSession[Any] = AgentSession(llm=model())
        reasons: list[str] = []
        session.on("close", lambda event: reasons.append(event.reason))
        async with asyncio.timeout(20):
            await session.start(Agent(instructions="Be brief."))
            await session.aclose()
            await job.run_shutdown_callbacks("the caller has hung up")
        leave_job_context(job)
        assert reasons == ["user_initiated"]

    asyncio.run(main())


def test_what_a_tool_asks_another_session_calls_no_tool_there() -> None:
    choices: list[Any] = []

    class Judge(Agent):
        @function_tool
        async def look(self) -> None:
            """Look."""

        def llm_node(self, chat_ctx: ChatContext, tools: list[Any], model_settings: ModelSettings) -> Any:
            choices.append(model_settings.tool_choice)
            return Agent.default.llm_node(self, chat_ctx, tools, model_settings)

    class Host(Agent):
        def __init__(self, judge: AgentSession[Any]) -> None:
            super().__init__(instructions="Host.")
            self.judge = judge

        @function_tool
        async def ask(self) -> str:
            """Ask."""
            await self.judge.run(user_input="fair?")
            await asyncio.create_task(self.again())  # a task of a tool's is no tool
            return "fair"

        async def again(self) -> None:
            await self.judge.generate_reply(user_input="fair?")

    async def main() -> None:
        judging = AgentSession[Any](llm=model({"to": "fair?", "say": "It is."}))
        replies = ({"to": "ask", "calls": ["ask"]}, {"after": "ask", "say": "Fair."})
        async with asyncio.timeout(20), judging, AgentSession[Any](llm=model(*replies)) as session:
            await judging.start(Judge(instructions="Judge."))
            await session.start(Host(judging))
            await session.run(user_input="ask")

    asyncio.run(main())
    assert choices == ["none", NOT_GIVEN]
