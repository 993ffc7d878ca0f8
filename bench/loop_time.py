"""What the worst input of each route costs the event loop, in milliseconds of its thread's processor time.

A table of every route, with the input that costs most, what half of it costs, and how large the answer is;
below it the yardstick that tests hold them to. Nothing is sent over a socket.

    .venv/bin/python -m bench.loop_time
"""

import argparse
import asyncio
import tempfile
from pathlib import Path

from tests.support.loop_time import Answered, Asked, best_of_three, routes_of, yardstick
from tests.support.worst_ground import SIZES, Ground
from tests.support.worst_inputs import Worst, inputs_of
from tests.support.worst_service import worst_service


async def _cost(ground: Ground, worst: Worst, size: float) -> Answered:
    async def asked(number: int) -> Asked:
        ground.forget()
        return worst.ask(ground, size, number)

    return await best_of_three(ground.service.app, asked)


async def _table(chosen: str, every: bool) -> None:
    with tempfile.TemporaryDirectory() as place:
        async with worst_service(Path(place)) as ground:
            print("| route | worst input | ms | half of it, ms | status | answer, KB |")
            print("|---|---|---|---|---|---|")
            for method, path in routes_of(ground.service.app):
                if chosen not in path:
                    continue
                rows = []
                for worst in inputs_of(method, path):
                    full, half = [await _cost(ground, worst, size) for size in SIZES]
                    rows.append((full.loop_seconds, worst.name, half.loop_seconds, full))
                for seconds, name, half_seconds, full in sorted(rows, reverse=True)[: None if every else 1]:
                    print(
                        f"| {method} {path} | {name} | {seconds * 1000:.1f} | {half_seconds * 1000:.1f} "
                        f"| {full.status} | {full.body_bytes / 1024:.0f} |",
                        flush=True,
                    )
    print(f"\nyardstick: {yardstick() * 1000:.1f} ms")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--route", default="", help="only those whose path has this in it")
    parser.add_argument("--all", action="store_true", help="every input of a route, the worst first")
    given = parser.parse_args()
    asyncio.run(_table(given.route, given.all))
