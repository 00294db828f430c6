"""What the base classes of models have in common (`llm.LLM`, `stt.STT`, `tts.TTS`, `vad.VAD`): whose metrics they tell, and their end."""

from types import TracebackType
from typing import Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from livekitex_agent.metrics.base import Metadata, MetricsMetadata
from livekitex_agent.utils.event_emitter import EventEmitter

__all__ = ["Model", "ModelError"]

TEvent_contra = TypeVar("TEvent_contra", contravariant=True)


class ModelError(BaseModel):
    """A request failed at ``timestamp``; ``recoverable`` tells that it is made again. Each kind of model has its own ``type``."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    timestamp: float
    label: str
    error: Exception = Field(..., exclude=True)
    recoverable: bool


class Model(EventEmitter[TEvent_contra], Generic[TEvent_contra]):
    """A model that tells events, as an asynchronous context manager that closes it."""

    def __init__(self) -> None:
        super().__init__()
        self._label = f"{type(self).__module__}.{type(self).__name__}"

    @property
    def label(self) -> str:
        """How logs name it."""
        return self._label

    @property
    def model(self) -> str:
        """The model's name."""
        return "unknown"

    @property
    def provider(self) -> str:
        """Whose it is."""
        return "unknown"

    @property
    def metrics_metadata(self) -> MetricsMetadata:
        """Whose metrics it tells."""
        return {"model_name": self.model, "model_provider": self.provider}

    @property
    def _metadata(self) -> Metadata:
        """`metrics_metadata` as metrics hold it."""
        return Metadata(model_name=self.model, model_provider=self.provider)

    async def aclose(self) -> None:
        """Give back what it holds; its streams are over."""
        return

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, exc_type: type[BaseException] | None, exc: BaseException | None, exc_tb: TracebackType | None) -> None:
        await self.aclose()
