"""A program as users write it: it holds a text conversation with a real session, and ends in the way that its argument names."""

import asyncio
import atexit
import ctypes
import os
import select
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from livekitex_agent import Agent, AgentMessage, AgentSystem, CallEnded, CallHandle, UsageError, WorkerOptions, sync

OPTIONS = WorkerOptions(preload=False, partitions=1, drain_s=1.0)
SERVING = replace(OPTIONS, drain_s=30.0)
LINE = "price of a pizza"
PATIENCE_S = 200.0


def price(product: str) -> str:
    """Tell the price of a product."""
    return f"{product.capitalize()} costs nine dollars."


def starts_a_program(product: str) -> str:
    """Tell the price of a product; as `price`, but it leaves a program behind that has detached itself."""
    subprocess.Popen(["setsid", "sleep", "600"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return price(product)


def agent(tool: Callable[[str], str] = price) -> Agent:
    return Agent.text(instructions="You sell pizza.", greeting="Hello!", tools=[tool])


async def reply(session: CallHandle) -> str:
    """Say the line."""
    await session.send_text(LINE)
    return (await session.wait_for(AgentMessage)).text


async def talk(session: CallHandle, times: int) -> None:
    """Say the line, and print each reply, the greeting first."""
    print((await session.wait_for(AgentMessage)).text, flush=True)
    for _ in range(times):
        print(await reply(session), flush=True)


def talk_sync(session: sync.CallHandle, times: int) -> None:
    for _ in range(times):
        session.send_text(LINE)
        print(session.wait_for(AgentMessage).text, flush=True)


async def started() -> AgentSystem:
    system = await AgentSystem.start(OPTIONS)
    await talk(await system.start_session(agent()), 3)
    return system


# It ends by itself.


async def returns() -> None:
    async with AgentSystem.start(OPTIONS) as system:
        await talk(await system.start_session(agent()), 3)


async def stops() -> None:
    await (await started()).stop()


async def forgets_to_stop() -> None:
    await started()


async def exits() -> None:
    await started()
    sys.exit(3)


async def exits_at_once() -> None:
    await started()
    os._exit(3)


async def aborts() -> None:
    await started()
    os.abort()


async def raises() -> None:
    await started()
    raise ValueError("a defect of the script")


async def executes_another_program() -> None:
    await started()
    os.execvp("true", ["true"])


async def hangs_in_its_exit_handlers() -> None:
    await started()
    atexit.register(threading.Event().wait)


async def stops_calls_that_nobody_follows() -> None:
    async with AgentSystem.start(OPTIONS) as system:
        await talk(await system.start_session(agent()), 3)
        for _ in range(2):
            await system.start_session(agent())


# Where it runs.


async def starts_inside_a_loop() -> None:
    """The twin that blocks, on the thread of a running event loop, as in a notebook."""
    talks_sync()


async def has_eight_threads() -> None:
    """Eight threads at work when the system is started, and no stop at the end."""
    never = threading.Event()
    for _ in range(8):
        threading.Thread(target=lambda: all(iter(lambda: not never.wait(0.001), False)), daemon=True).start()
    await started()


def runs_in_a_thread() -> None:
    """The main thread has ended long before."""
    threading.Thread(target=lambda: asyncio.run(forgets_to_stop())).start()


def becomes_a_daemon() -> None:
    """It detaches itself as daemons do, then starts; what began it has ended at once."""
    if os.fork():
        os._exit(0)
    os.setsid()
    if os.fork():
        os._exit(0)
    asyncio.run(forgets_to_stop())


def talks_sync() -> None:
    with sync.AgentSystem.start(OPTIONS) as system:
        talk_sync(system.start_session(agent()), 3)


# It forks.


def wait_for_end(launcher: int) -> None:
    """In a fork: outlive the script, until the system has ended."""
    with suppress(OSError):  # it has ended
        select.select([os.pidfd_open(launcher)], [], [], PATIENCE_S)
    os._exit(0)


def _wait_for(child: int) -> None:
    assert os.waitpid(child, 0)[1] == 0


async def forks_and_forgets_to_stop() -> None:
    system = await started()
    if not os.fork():
        wait_for_end(system.launcher_pid)


async def forks_and_exits_at_once() -> None:
    system = await started()
    if not os.fork():
        wait_for_end(system.launcher_pid)
    os._exit(3)


async def forks_behind_pythons_back() -> None:
    """As native code may: nobody closes the child's copies."""
    system = await started()
    if not ctypes.CDLL(None).fork():
        wait_for_end(system.launcher_pid)


async def forks_a_child_that_leaves_first() -> None:
    """The child leaves the same ``with`` block, and ends nothing of its parent's."""
    async with AgentSystem.start(OPTIONS) as system:
        session = await system.start_session(agent())
        await talk(session, 1)
        child = os.fork()
        if not child:
            return
        _wait_for(child)
        await reply(session)
        print(await reply(session), flush=True)


def forks_a_child_of_the_twin_that_leaves_first() -> None:
    warnings.filterwarnings("ignore", "This process")  # Python's own since 3.12: the twin has a thread
    with sync.AgentSystem.start(OPTIONS) as system:
        session = system.start_session(agent())
        child = os.fork()
        if not child:
            try:
                session.send_text(LINE)
            except UsageError:
                return
        _wait_for(child)
        talk_sync(session, 3)


# Something else ends it.


async def talks_on() -> None:
    """Until something ends it."""
    async with AgentSystem.start(OPTIONS) as system:
        await talk(await system.start_session(agent()), sys.maxsize)


async def talks_on_and_starts_programs() -> None:
    async with AgentSystem.start(OPTIONS) as system:
        await talk(await system.start_session(agent(starts_a_program)), sys.maxsize)


async def starts_and_is_interrupted(after_s: str, number: str) -> None:
    """By its own timer, at whatever moment of the start that is: by SIGINT as by Ctrl-C, or killed."""
    signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(int(number)))
    signal.setitimer(signal.ITIMER_REAL, float(after_s))
    await talks_on()


async def is_interrupted_while_it_stops() -> None:
    system = await started()
    asyncio.get_running_loop().call_later(0.02, signal.raise_signal, signal.SIGINT)
    await system.stop()


# It serves.


async def serves() -> None:
    """A call goes on while the system drains, and ends by itself."""
    async with AgentSystem.start(SERVING) as system:
        session = await system.start_session(agent())
        call = asyncio.create_task(_hang_up_when_drained(system, session))
        await system.serve_forever()
        await call
    print("served", flush=True)


async def serves_a_caller_who_never_hangs_up(drain_s: str = "30") -> None:
    """Only the end of the drain, or a second signal, ends the call."""
    async with AgentSystem.start(replace(OPTIONS, drain_s=float(drain_s), log_level="info")) as system:
        session = await system.start_session(agent())
        call = asyncio.create_task(_never_hang_up(session))
        await system.serve_forever()
        await call
    print("served", flush=True)


def serves_sync() -> None:
    """As `serves`, blocking."""
    with sync.AgentSystem.start(SERVING) as system:
        session = system.start_session(agent())
        caller = threading.Thread(target=lambda: _hang_up_when_drained_sync(system, session))
        caller.start()
        system.serve_forever()
        caller.join()
    print("served", flush=True)


async def _hang_up_when_drained(system: AgentSystem, session: CallHandle) -> None:
    await talk(session, 3)
    while not (await system.status()).draining:
        await reply(session)
    print(f"{await reply(session)} while draining", flush=True)
    await session.end("the caller hung up")
    print((await session.wait_for(CallEnded)).reason, flush=True)


async def _never_hang_up(session: CallHandle) -> None:
    await talk(session, 3)
    print((await session.wait_for(CallEnded, timeout_s=PATIENCE_S)).reason, flush=True)


def _hang_up_when_drained_sync(system: sync.AgentSystem, session: sync.CallHandle) -> None:
    talk_sync(session, 3)
    while not system.status().draining:
        session.send_text(LINE)
        session.wait_for(AgentMessage)
    session.end("the caller hung up")
    print(session.wait_for(CallEnded).reason, flush=True)


if __name__ == "__main__":
    work = globals()[sys.argv[1]](*sys.argv[2:])
    if asyncio.iscoroutine(work):
        asyncio.run(work)
