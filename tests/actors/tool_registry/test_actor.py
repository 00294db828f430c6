from actors.tool_registry import ToolRegistry
from protocols import (
    ErrorReply,
    Figures,
    GetFigures,
    GetSession,
    ListTools,
    RegisterTools,
    ToolEntry,
    Tools,
    ToolsRegistered,
    ToolUsed,
    UnregisterTool,
)
from support.fake_context import FakeContext


def started() -> tuple[FakeContext, ToolRegistry]:
    context = FakeContext()
    actor = ToolRegistry(context)
    actor.on_start({})
    return context, actor


PRICE = ToolEntry(name="price_of", description="The price", parameters={"type": "object"}, source="shop:price_of")


def test_tools_come_and_go() -> None:
    context, actor = started()
    assert context.deliver(actor, RegisterTools(tools=(PRICE,))) == [ToolsRegistered(known=1)]
    assert context.deliver(actor, ListTools()) == [Tools(tools=(PRICE,))]
    assert context.deliver(actor, ListTools(prefix="x")) == [Tools(tools=())]
    assert context.deliver(actor, UnregisterTool(name="price_of")) == [ToolsRegistered(known=0)]


def test_a_wrong_tool_is_answered_with_its_cure_and_the_registry_lives_on() -> None:
    context, actor = started()
    wrong = ToolEntry(name="price of", description="", parameters={}, source="shop:price_of")
    [reply] = context.deliver(actor, RegisterTools(tools=(PRICE, wrong)))
    assert isinstance(reply, ErrorReply)
    assert (reply.error, reply.retryable) == ("InvalidToolError", False)
    assert "use 1 to 64 letters" in reply.text
    assert context.deliver(actor, ListTools()) == [Tools(tools=())]


def test_figures() -> None:
    context, actor = started()
    context.deliver(actor, RegisterTools(tools=(PRICE,)))
    assert context.deliver(actor, ToolUsed(name="price_of", ok=True, duration_ms=2.0)) == []
    context.deliver(actor, ToolUsed(name="price_of", ok=False, duration_ms=1.0))
    context.deliver(actor, ToolUsed(name="unknown", ok=True, duration_ms=1.0))
    assert context.deliver(actor, GetSession()) == []
    assert context.deliver(actor, GetFigures()) == [
        Figures(role="tool_registry", figures={"tools": 1, "calls": 2, "failures": 1, "total_ms": 3.0, "unknown_uses": 1})
    ]
