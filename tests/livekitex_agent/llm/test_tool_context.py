"""Tools by name, in sets, on objects; and the calls that a test runs without a session."""

import asyncio
import functools
from collections.abc import Callable
from typing import Any

import pytest

from livekitex_agent import llm
from livekitex_agent.absent_names import absent_names


@llm.function_tool
async def look(thing: str, times: int = 1) -> str:
    """Look at a thing."""
    return f"{thing} " * times


@llm.function_tool(raw_schema={"name": "raw", "parameters": {"type": "object", "properties": {}}})
async def raw(raw_arguments: dict[str, object]) -> dict[str, object]:
    return raw_arguments


@llm.function_tool
def fail(how: str) -> Any:
    match how:
        case "error":
            raise llm.ToolError("ask again")
        case "stop":
            raise llm.StopResponse
        case "object":
            return object()
        case "quiet":
            return llm.ToolResult("done", reply_required=False)
        case _:
            raise RuntimeError(how)


def logged(method: Any) -> Any:
    @functools.wraps(method)
    async def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        return f"logged {await method(self, *args, **kwargs)}"

    return wrapper


class Phones(llm.Toolset):
    def __init__(self) -> None:
        self.closed = False
        super().__init__(id="phones", tools=[look])

    @llm.function_tool
    async def ring(self, number: str) -> str:
        return f"ringing {number}"

    @logged
    @llm.function_tool
    async def hang_up(self) -> str:
        return "silence"

    async def aclose(self) -> None:
        self.closed = True


def run(tools: list[Any], name: str, arguments: str = "{}") -> llm.FunctionCallResult:
    call = llm.FunctionToolCall(name=name, arguments=arguments, call_id="1")
    return asyncio.run(llm.execute_function_call(call, llm.ToolContext(tools)))


def test_a_set_has_its_methods_and_what_it_is_given() -> None:
    phones = Phones()
    context = llm.ToolContext([llm.Toolset(id="all", tools=[phones, llm.ProviderTool(id="web")])])
    assert sorted(context.function_tools) == ["hang_up", "look", "ring"]
    assert [tool.id for tool in context.provider_tools] == ["web"]
    assert [each.id for each in context.toolsets] == ["phones", "all"]
    assert len(context.flatten()) == 4
    asyncio.run(context.toolsets[-1].setup())
    asyncio.run(context.toolsets[-1].aclose())
    assert phones.closed


def test_a_tool_under_another_decorator_runs_it() -> None:
    assert run([Phones()], "hang_up").fnc_call_out.output == "logged silence"
    assert run([Phones()], "ring", '{"number": "7"}').fnc_call_out.output == "ringing 7"


def test_two_tools_of_one_name_and_what_is_no_tool_are_refused() -> None:
    @llm.function_tool(name="look")
    async def other() -> None: ...

    with pytest.raises(ValueError, match="duplicate function name: look"):
        llm.ToolContext([look, other])
    with pytest.raises(ValueError, match="is no tool: decorate the function"):
        llm.ToolContext([print])
    assert llm.ToolContext([look, look]) == llm.ToolContext([look])
    assert llm.ToolContext([look]).copy() != llm.ToolContext.empty()
    assert hash(llm.ToolContext.empty())
    assert llm.ToolContext.empty().get_function_tool("look") is None


@pytest.mark.parametrize(
    ("tools", "name", "arguments", "told", "is_error", "reply"),
    [
        ([look], "look", '{"thing": "sky"}', "sky ", False, True),
        ([raw], "raw", '{"a": 1}', "{'a': 1}", False, True),
        ([look], "lok", "{}", "Unknown function: lok - available tools: look", True, True),
        ([look], "look", "{}", "Error parsing arguments for `look`: 1 validation error for LookArgs\nthing\n  Field required", True, True),
        ([fail], "fail", '{"how": "error"}', "ask again", True, True),
        ([fail], "fail", '{"how": "stop"}', "", False, False),
        ([fail], "fail", '{"how": "object"}', "the tool returned an invalid output", True, True),
        ([fail], "fail", '{"how": "quiet"}', "done", False, False),
        ([fail], "fail", '{"how": "crash"}', "An internal error occurred", True, True),
    ],
)
def test_a_call_is_run_and_whatever_happens_is_told(  # noqa: PLR0917
    tools: list[Any], name: str, arguments: str, told: str, is_error: bool, reply: bool
) -> None:
    out = run(tools, name, arguments).fnc_call_out
    assert out.output.startswith(told)
    assert (out.is_error, out.reply_required) == (is_error, reply)


def test_tools_are_told_in_each_providers_form() -> None:
    context = llm.ToolContext([look, raw])
    chat = context.parse_function_tools("openai")
    assert chat[0]["function"]["strict"] is True
    assert chat[0]["function"]["parameters"]["required"] == ["thing", "times"]
    assert "strict" not in chat[1]["function"]
    assert context.parse_function_tools("openai", strict=False)[0]["function"]["parameters"]["required"] == ["thing"]
    assert context.parse_function_tools("openai.responses")[0]["name"] == "look"
    assert context.parse_function_tools("anthropic")[0]["input_schema"]["type"] == "object"
    assert context.parse_function_tools("google")[1]["name"] == "raw"
    assert context.parse_function_tools("aws")[0]["toolSpec"]["name"] == "look"
    with pytest.raises(ValueError, match="Unsupported provider format"):
        context.parse_function_tools("nobody")
    assert llm.utils.build_strict_openai_schema(look) == chat[0]
    assert llm.utils.build_legacy_openai_schema(look, internally_tagged=True)["name"] == "look"


@pytest.mark.parametrize(
    ("old", "new", "removed", "created"),
    [("abc", "abc", "", []), ("abc", "axc", "b", [("a", "x")]), ("", "ab", "", [(None, "a"), ("a", "b")]), ("ab", "ba", "a", [("b", "a")])],
)
def test_a_difference_of_contexts_is_the_least(old: str, new: str, removed: str, created: list[Any]) -> None:
    def of(ids: str) -> llm.ChatContext:
        return llm.ChatContext([llm.ChatMessage(id=each, role="user", content=["x"], created_at=1) for each in ids])

    ops = llm.utils.compute_chat_ctx_diff(of(old), of(new))
    assert ("".join(ops.to_remove), ops.to_create, ops.to_update) == (removed, created, [])


def test_a_changed_item_is_told_as_changed() -> None:
    old, new = (llm.ChatContext([llm.ChatMessage(id="a", role="user", content=[text], created_at=1)]) for text in "xy")
    assert llm.utils.compute_chat_ctx_diff(old, new).to_update == [(None, "a")]


@pytest.mark.parametrize("name", ["RealtimeModel", "MCPToolset", "DecisionModel"])
def test_a_name_that_is_not_here_says_what_to_use(name: str) -> None:
    with pytest.raises(ImportError, match=f"there is no {name} in livekitex_agent.llm: "):
        getattr(llm, name)


def test_a_name_that_nobody_knows_is_no_attribute() -> None:
    found: Callable[[str], Any] = absent_names("livekitex_agent.llm", {})
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        found("nothing")
    assert found("answers").__name__ == "livekitex_agent.llm.answers"
    assert not hasattr(llm, "_private")


def test_the_kinds_of_tools_are_told_apart() -> None:
    assert llm.is_function_tool(look)
    assert llm.is_raw_function_tool(raw)
    assert not llm.is_function_tool(raw)
    assert not llm.is_function_tool(print)
