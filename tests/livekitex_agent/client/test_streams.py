import asyncio

import pytest

from livekitex_agent.client.streams import Alarm, Inbox


async def collect(inbox: Inbox[int]) -> list[int]:
    items = []
    while True:
        try:
            items.append(await inbox.get())
        except StopAsyncIteration:
            return items


@pytest.mark.asyncio
async def test_items_come_in_order_to_a_reader_that_waits() -> None:
    inbox: Inbox[int] = Inbox()
    reader = asyncio.create_task(collect(inbox))
    await asyncio.sleep(0)
    for number in range(3):
        inbox.put(number)
    inbox.end()
    inbox.put(9)
    assert await reader == [0, 1, 2]


@pytest.mark.asyncio
async def test_an_error_comes_after_the_items_and_the_first_end_counts() -> None:
    inbox: Inbox[int] = Inbox()
    inbox.put(1)
    inbox.put(2)
    assert inbox.drop_oldest() == 1
    assert len(inbox) == 1
    inbox.end(ValueError("first"))
    inbox.end(ValueError("second"))
    assert await inbox.get() == 2
    with pytest.raises(ValueError, match="first"):
        await inbox.get()


@pytest.mark.asyncio
async def test_an_alarm_rings_once_at_the_time_that_was_set_last() -> None:
    rings: list[str] = []
    rang = asyncio.Event()

    def ring() -> None:
        rings.append("ring")
        rang.set()

    alarm = Alarm(ring)
    alarm.set(1000.0)
    alarm.set(-1.0)
    await rang.wait()
    alarm.set(0.0)
    alarm.set(None)
    alarm.cancel()
    await asyncio.sleep(0)
    assert rings == ["ring"]


@pytest.mark.asyncio
async def test_what_waits_can_be_changed_and_taken_back() -> None:
    inbox: Inbox[int] = Inbox()
    for number in range(4):
        inbox.put(number)
    inbox.change(lambda number: 10 * number if number % 2 else None)
    inbox.end()
    assert await collect(inbox) == [10, 30]
