"""What a ready task tells its model, and what of it may be replaced."""

from livekitex_agent.llm import Instructions
from livekitex_agent.types import NOT_GIVEN, NotGiven, NotGivenOr


class WorkflowInstructions(Instructions):
    """Replaces parts of a ready task's instructions: who it is (``persona``), and what else it is told (``extra``); "" leaves one out."""

    def __init__(
        self,
        audio: str = "",
        *,
        text: str | None = None,
        persona: NotGivenOr[Instructions | str] = NOT_GIVEN,
        extra: Instructions | str = "",
    ) -> None:
        super().__init__(audio, text=text)
        self.persona = persona
        self.extra = extra

    def resolve(self, *, template: str, default_persona: str, **format_kwargs: object) -> Instructions:
        """``template`` with ``{persona}``, ``{extra}`` and whatever else it names filled in."""
        persona = default_persona if isinstance(self.persona, NotGiven) else self.persona
        return Instructions.resolve_template(template, persona=persona, extra=self.extra, **format_kwargs)
