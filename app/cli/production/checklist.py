"""Everything that is checked before strangers may come, in the order of docs/operators/before-you-open.md."""

from collections.abc import Iterator

from app.cli.production import kept, reached, walls
from app.cli.production.point import Judged, Point, State
from app.cli.production.situation import Situation

POINTS: tuple[Point, ...] = (*reached.POINTS, *walls.POINTS, *kept.POINTS)


def judged(here: Situation) -> Iterator[Judged]:
    """Judge each point of the list."""
    for point in POINTS:
        finding = point.judge(here)
        yield Judged(
            id=point.id,
            title=point.title,
            state=finding.state,
            found=finding.found,
            mend="" if finding.state is State.OK else point.mend,
        )
