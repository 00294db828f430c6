"""A conversation with all that is hard about it for providers."""

from protocols import AgentHandoff, ChatContext, FailedTurn, FunctionCall, FunctionCallOutput, ImageContent, Summary

IMAGE = ImageContent(data=b"\x89PNG", mime_type="image/png")
DIALOGUE = (
    ChatContext()
    .add_message("system", "Be brief.")
    .append(Summary(id="s", text="They want pizza."), FailedTurn(text="poison", tools=("look",)), AgentHandoff(new_agent="sales"))
    .add_message("assistant", "Welcome back.")
    .add_message("user", ["Is this", IMAGE, "a pizza?"])
    .add_message("assistant", "One moment.")
    .append(
        FunctionCall(call_id="look-1", name="look", arguments='{"at": "pizza"}'),
        FunctionCall(call_id="call of ü", name="ask", arguments="oops"),
        FunctionCallOutput(call_id="call of ü", output="", is_error=True),
    )
    .add_message("user", "Hurry up.")
    .append(FunctionCallOutput(call_id="look-1", output="found"), FunctionCall(call_id="lost", name="look", arguments="{}"))
    .add_message("system", "Say it in French.")
)
