"""Metrics are collected, and the session sums up what was used."""

from fakes import FakeLLM, FakeSTT, FakeTTS, FakeVAD, note, speech
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, MetricsCollectedEvent, TurnHandlingOptions, metrics

server = AgentServer()
TURNS = TurnHandlingOptions(turn_detection="vad", endpointing={"min_delay": 0.05, "max_delay": 0.3})


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    llm = FakeLLM({"hello there": "Hello. How are you?"})
    session = AgentSession(stt=FakeSTT(CALLER), vad=FakeVAD(), llm=llm, tts=FakeTTS(), turn_handling=TURNS)
    collector = metrics.UsageCollector()

    @session.on("metrics_collected")
    def collected(event: MetricsCollectedEvent) -> None:
        metrics.log_metrics(event.metrics)
        collector.collect(event.metrics)

    async def report() -> None:
        summary = collector.get_summary()
        note(summary.llm_prompt_tokens, summary.llm_completion_tokens, summary.tts_characters_count)
        note(sorted((one.type, one.provider, one.model) for one in session.usage.model_usage))
        for one in session.usage.model_usage:
            if one.type == "llm_usage":
                note(one.input_tokens, one.output_tokens)
            if one.type == "tts_usage":
                note(one.characters_count)
        message = next(item for item in session.history.items if getattr(item, "role", None) == "assistant")
        note(sorted(key for key in message.metrics if key in {"llm_node_ttft", "tts_node_ttfb", "e2e_latency"}))

    ctx.add_shutdown_callback(report)
    await session.start(Agent(instructions="Be polite."), room=ctx.room)


AUDIO = True
CALLER = [speech("hello there")]
