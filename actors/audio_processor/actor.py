"""The AudioProcessor actor: it tells the configuration, performs conversion jobs and sums up the sessions' reports."""

from collections.abc import Mapping
from typing import Any

from actors.audio_processor.conversion import convert
from actors.audio_processor.figures import AudioConfiguration, AudioFigures
from protocols import (
    AudioConverted,
    AudioHandled,
    ConvertAudio,
    ErrorReply,
    Figures,
    GetAudioConfiguration,
    GetFigures,
    InvalidAudioError,
    Message,
)
from supervision import Actor

ROLE = "audio_processor"


class AudioProcessor(Actor):
    """The node's audio, outside of the calls. Arguments are the fields of `AudioConfiguration`."""

    def on_start(self, args: Mapping[str, Any]) -> None:
        """Begin with all figures at zero.

        Raises:
            ConfigurationError: unknown or impossible settings.
        """
        self._configuration = AudioConfiguration.from_args(args)
        self._figures = AudioFigures()

    def on_message(self, message: Message) -> None:
        """Serve the messages about audio; others are dropped."""
        match message:
            case ConvertAudio():
                self._convert(message)
            case AudioHandled():
                self._figures = self._figures.handled(message)
            case GetAudioConfiguration():
                self.context.reply(Figures(role=ROLE, figures=self._configuration.to_figures()))
            case GetFigures():
                self.context.reply(Figures(role=ROLE, figures=self._figures.to_figures()))
            case _:
                super().on_message(message)

    def _convert(self, job: ConvertAudio) -> None:
        try:
            pcm = convert(job.pcm, job.from_rate_hz, job.to_rate_hz)
        except InvalidAudioError as failure:
            self._figures = self._figures.refusal()
            self.context.reply(ErrorReply.of(failure))
        else:
            self._figures = self._figures.converted(len(job.pcm))
            self.context.reply(AudioConverted(pcm=pcm, rate_hz=job.to_rate_hz))
