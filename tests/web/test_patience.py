"""Waiting for somebody who may be gone: in time where there is time, and longer where the machine is busy."""

import asyncio
import time

from bot.web.patience import TICK, is_done_within


def test_what_comes_in_time_is_taken_at_once_and_what_does_not_is_left_alone() -> None:
    async def go() -> None:
        soon = asyncio.ensure_future(asyncio.sleep(0.05))
        assert await is_done_within(soon, 5)
        late = asyncio.ensure_future(asyncio.sleep(30))
        assert not await is_done_within(late, 3 * TICK)
        assert not late.cancelled()
        late.cancel()

    asyncio.run(go())


def test_a_process_that_is_kept_from_looking_waits_for_as_many_looks() -> None:
    async def go() -> None:
        def hold_up() -> None:
            time.sleep(3 * TICK)
            asyncio.get_running_loop().call_soon(hold_up)

        asyncio.get_running_loop().call_soon(hold_up)
        # Each look takes three times as long here, so what comes after twice the time is still waited for.
        answer = asyncio.ensure_future(asyncio.sleep(10 * TICK))
        assert await is_done_within(answer, 5 * TICK)

    task = asyncio.new_event_loop()
    try:
        task.run_until_complete(go())
    finally:
        task.close()


def test_a_failure_is_done_too() -> None:
    async def go() -> None:
        async def fails() -> None:
            raise KeyError

        failing = asyncio.ensure_future(fails())
        assert await is_done_within(failing, 1)
        assert isinstance(failing.exception(), KeyError)

    asyncio.run(go())
