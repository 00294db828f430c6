import asyncio
import os
import signal
import threading
from collections.abc import Iterator

import pytest

from livekitex_agent.client.stop_signals import STOP_SIGNALS, StopSignals
from protocols import UsageError


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_the_first_asks_to_end_and_another_to_hurry(number: signal.Signals) -> None:
    async def main() -> None:
        with StopSignals(asyncio.get_running_loop()) as signals:
            os.kill(os.getpid(), number)
            await signals.first.wait()
            assert not signals.second.is_set()
            os.kill(os.getpid(), signal.SIGTERM)
            await signals.second.wait()

    asyncio.run(main())


def test_the_handlers_of_before_come_back_and_what_is_ignored_stays_so() -> None:
    def mine(*_: object) -> None:
        pass

    signal.signal(signal.SIGTERM, mine)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    with StopSignals(asyncio.new_event_loop()) as signals:
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        assert signal.getsignal(signal.SIGTERM) not in (mine, signal.SIG_DFL)
        signals._loop.close()
    assert {number: signal.getsignal(number) for number in STOP_SIGNALS} == before


def test_a_handler_that_python_does_not_know_becomes_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    signals = StopSignals(asyncio.new_event_loop())
    with signals:
        signals._before[signal.SIGHUP] = None
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_DFL
    signals._loop.close()


def test_another_thread_is_told_what_to_do_instead() -> None:
    refused: list[UsageError] = []

    def elsewhere() -> None:
        loop = asyncio.new_event_loop()
        try:
            with StopSignals(loop):
                pass
        except UsageError as error:
            refused.append(error)
        loop.close()

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert "in another thread use wait_ended(), drain() and stop()" in str(refused[0])
