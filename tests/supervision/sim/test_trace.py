from supervision.sim.trace import TRACE_LIMIT, Trace, TraceEvent, TraceKind


def event(kind: TraceKind, detail: str = "", at_s: float = 1.0) -> TraceEvent:
    return TraceEvent(at_s=at_s, kind=kind, actor="a#1", detail=detail)


def test_an_event_reads_as_in_the_traces_of_otp() -> None:
    assert event(TraceKind.STARTED).text == "started a#1"
    assert event(TraceKind.EXIT, "error:raise").text == "exit a#1 error:raise"
    assert str(event(TraceKind.EXIT, "killed", at_s=1000.25)) == "    1000.250  exit a#1 killed"


def test_a_trace_keeps_the_order_and_filters_by_kind() -> None:
    trace = Trace()
    seen: list[TraceEvent] = []
    trace.observe(seen.append)
    events = [event(TraceKind.STARTING), event(TraceKind.DELIVERED, "Ping from b#1"), event(TraceKind.STARTED)]
    for each in events:
        trace.add(each)
    assert list(trace) == events == seen
    assert len(trace) == 3
    assert trace.texts() == ["starting a#1", "started a#1"]
    assert trace.texts(TraceKind.DELIVERED) == ["delivered a#1 Ping from b#1"]
    assert str(trace).splitlines() == [str(each) for each in events]
    assert trace.tail(2).splitlines() == [str(each) for each in events[1:]]


def test_a_trace_forgets_the_oldest() -> None:
    trace = Trace()
    for number in range(TRACE_LIMIT + 1):
        trace.add(event(TraceKind.DELIVERED, str(number)))
    assert len(trace) == TRACE_LIMIT
    assert next(iter(trace)).detail == "1"
