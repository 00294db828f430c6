"""Chat contexts for tests: any items in any order, with call ids that repeat and halves of pairs."""

from hypothesis import strategies as st

from protocols import (
    AgentConfigUpdate,
    AgentHandoff,
    AudioContent,
    ChatContext,
    ChatItem,
    ChatMessage,
    FailedTurn,
    FunctionCall,
    FunctionCallOutput,
    ImageContent,
    Role,
    Summary,
    TextContent,
)

IDS = st.sampled_from(["c1", "c2", "abcDEF123", "call of ü", "x" * 50, ""])
WORDS = st.sampled_from(["", " ", "hello", "two pizzas\nplease", "ü", '{"a": 1}'])
TIMES = st.floats(1.0, 100.0)
ARGUMENTS = st.sampled_from(["{}", '{"a": 1}', "", "[1]", "{oops", '"{}"'])
TEXTS = st.builds(TextContent, text=WORDS | st.just("\ud83c")) | st.builds(AudioContent, transcript=WORDS)
IMAGE = ImageContent(data=b"\x89PNG", mime_type="image/png")
MESSAGES = st.builds(
    ChatMessage,
    created_at=TIMES,
    role=st.sampled_from(Role),
    content=st.lists(TEXTS, max_size=3).map(tuple),
    interrupted=st.booleans(),
    extra=st.sampled_from([{}, {"a": [1, None, {"b": "c"}]}]),
) | st.builds(ChatMessage, created_at=TIMES, role=st.just(Role.USER), content=st.lists(TEXTS | st.just(IMAGE), max_size=3).map(tuple))
CALLS = st.builds(FunctionCall, created_at=TIMES, call_id=IDS, name=st.sampled_from(["look", "order"]), arguments=ARGUMENTS)
OUTPUTS = st.builds(FunctionCallOutput, created_at=TIMES, call_id=IDS, output=WORDS, is_error=st.booleans())
OTHERS = (
    st.builds(Summary, created_at=TIMES, text=WORDS)
    | st.builds(FailedTurn, created_at=TIMES, text=WORDS, tools=st.just(("look",)))
    | st.builds(AgentHandoff, created_at=TIMES, new_agent=st.just("billing"))
    | st.builds(AgentConfigUpdate, created_at=TIMES, instructions=st.none() | WORDS)
)
ITEMS: st.SearchStrategy[ChatItem] = MESSAGES | CALLS | CALLS | OUTPUTS | OUTPUTS | OTHERS
CONTEXTS = st.lists(ITEMS, max_size=12).map(lambda items: ChatContext(tuple(items)))


def orphans(context: ChatContext) -> list[ChatItem]:
    """The calls and outputs of ``context`` that are no pair: an output belongs to the newest call before it that has its id and waits."""
    waiting: dict[str, FunctionCall] = {}
    alone: list[ChatItem] = []
    for item in context:
        if isinstance(item, FunctionCall):
            if item.call_id in waiting:
                alone.append(waiting[item.call_id])
            waiting[item.call_id] = item
        elif isinstance(item, FunctionCallOutput) and waiting.pop(item.call_id, None) is None:
            alone.append(item)
    return [*alone, *waiting.values()]
