"""livekit-agents starts jobs of a program, run by the interpreter of its own environment, which has nothing of ours.

``python peer_start.py FOLDER STARTS``: the program is ``waiter.py`` in FOLDER. Each start is begun once a process is warm and waits for it.
A line is written for each: its room and when it was begun; then the jobs run on until standard input ends.
"""

import asyncio
import logging
import sys
import time


async def main(starts):
    import waiter

    run = asyncio.ensure_future(waiter.server.run(devmode=True, unregistered=True))
    up = asyncio.Event()
    waiter.server.on("worker_started", up.set)
    await up.wait()
    for number in range(starts):
        pool = waiter.server._proc_pool
        while pool._warmed_proc_queue.empty():  # noqa: ASYNC110 - nothing else tells
            await asyncio.sleep(0.05)
        await asyncio.sleep(1)
        began = time.monotonic()
        await waiter.server.simulate_job(f"theirs-{number}", fake_job=True)
        print(f"theirs-{number} {began}", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await waiter.server.aclose()
    await run


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    logging.disable(logging.CRITICAL)
    asyncio.run(main(int(sys.argv[2])))
