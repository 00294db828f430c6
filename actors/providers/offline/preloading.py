"""Loads everything that an offline conversation needs into a process that will then only fork.

A child forked afterwards speaks at once and shares the models' memory with its parent; ``benchmarks/offline_voice.py`` measures both.
"""

import gc
import threading
from pathlib import Path
from typing import Final

from actors.providers.offline.libraries import load_library, prepare_libraries
from actors.providers.offline.memory import return_free_memory

_TASKS: Final = Path("/proc/self/task")
_WARM_UP: Final = "Preloading 12 models, e.g. of Zyxwuthorn."  # a number, and a word for the network that reads unknown words


def preload_offline_providers() -> int:
    """Load and warm up every offline provider, then freeze the garbage collector's objects, so that it leaves their pages shared.

    Blocks for 1 to 3 s. Call it from the main thread of a process that has no other, before its first fork. Gives the number of
    threads beside the calling one: none, unless numpy was loaded before without `LIBRARY_ENVIRONMENT`. No process forks beside threads.

    Raises:
        MissingExtraError: the extra ``offline`` is not installed; nothing is lost but the speed of the first session.
        ConfigurationError: a model cannot load on this machine.
    """
    prepare_libraries()
    from actors.providers.offline.hibari import HibariTTS
    from actors.providers.offline.moonshine import MoonshineSTT
    from actors.providers.smart_turn import smart_turn
    from actors.providers.vad import silero

    load_library("rapidfuzz")
    load_library("actors.providers.offline.brain")

    stt, tts = MoonshineSTT(), HibariTTS()
    speech = b"".join(sentence.tobytes() for sentence in tts.sentences(_WARM_UP))
    silero({}).prewarm()
    smart_turn({}).prewarm()
    stt.recognize_blocking(speech)
    gc.collect()
    return_free_memory()
    gc.freeze()
    return (len(list(_TASKS.iterdir())) if _TASKS.exists() else threading.active_count()) - 1
