"""Queries on wrong answers that nothing explained, clustered across learners.

A cluster is the first submission's output, and whoever agrees with it within the problem's tolerance
joins; what is not finite is joined by its equals to the last bit alone. A fixed projection of the output
onto one number is indexed: outputs that agree lie near each other there, so only few are compared.
"""

import hashlib
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from app.core.submission import Submission, UnexplainedCluster, UnexplainedOutput
from app.core.tolerance import Tolerance, is_within
from app.store import tables
from app.store.engine.database import Connection

_clusters, _members = tables.unexplained_clusters, tables.unexplained_members
_CANDIDATES = 64
_DIRECTION_SEED = 20_261_121
"""Decides the projection; stored projections are only of use with the same one."""

_Numbers = NDArray[np.float64]


async def add_unexplained(
    connection: Connection, submission: Submission, found: UnexplainedOutput, tolerance: Tolerance
) -> str:
    """Count the submission with those that answered alike, or as the first of its kind; the cluster's id.

    Of two first ones at the same moment with the same numbers one makes the cluster. Doing it twice for one
    submission changes nothing.
    """
    numbers = np.frombuffer(found.output, "<f4").astype(np.float64)
    projection, reach = _project(numbers, tolerance)
    cluster_id = await _joined_cluster(connection, submission, found, tolerance, projection, reach)
    insert = sqlite_insert if connection.dialect.name == "sqlite" else postgres_insert
    if cluster_id is None:
        key = f"{submission.version}\0{found.layout}\0".encode() + found.output
        cluster_id = hashlib.sha256(key).hexdigest()
        await connection.execute(
            insert(_clusters)
            .values(
                id=cluster_id,
                version=submission.version,
                layout=found.layout,
                projection=projection,
                output=found.output,
                created_at=datetime.now(UTC),
            )
            .on_conflict_do_nothing()
        )
    lines = sum(bool(line.strip()) for line in submission.code.splitlines())
    await connection.execute(
        insert(_members)
        .values(submission_id=submission.id, cluster_id=cluster_id, code_lines=lines)
        .on_conflict_do_nothing()
    )
    return cluster_id


async def commonest_unexplained(
    connection: Connection, version: str, *, limit: int = 10
) -> list[UnexplainedCluster]:
    """Return the clusters of a problem version that most learners are in, each with an example to read."""
    shortest = func.row_number().over(
        partition_by=_members.c.cluster_id, order_by=(_members.c.code_lines, _members.c.submission_id)
    )
    of_version = _clusters.c.version == version
    example = (
        select(_members, shortest.label("rank"))
        .join(_clusters, _clusters.c.id == _members.c.cluster_id)
        .where(of_version)
        .subquery()
    )
    learners = func.count(tables.submissions.c.user_id.distinct())
    query = (
        select(
            _clusters.c.id,
            learners.label("learners"),
            func.count().label("submissions"),
            example.c.submission_id,
            example.c.code_lines,
        )
        .join(_members, _members.c.cluster_id == _clusters.c.id)
        .join(tables.submissions, tables.submissions.c.id == _members.c.submission_id)
        .join(example, (example.c.cluster_id == _clusters.c.id) & (example.c.rank == 1))
        .where(of_version)
        .group_by(_clusters.c.id, example.c.submission_id, example.c.code_lines)
        .order_by(learners.desc(), func.count().desc(), _clusters.c.id)
        .limit(limit)
    )
    return [
        UnexplainedCluster(
            id=row.id,
            learners=row.learners,
            submissions=row.submissions,
            example_id=row.submission_id,
            example_lines=row.code_lines,
        )
        for row in await connection.execute(query)
    ]


async def _joined_cluster(
    connection: Connection,
    submission: Submission,
    found: UnexplainedOutput,
    tolerance: Tolerance,
    projection: float,
    reach: float,
) -> str | None:
    """Return the oldest cluster whose output is the same within the tolerance."""
    query = (
        select(_clusters.c.id, _clusters.c.output)
        .where(
            _clusters.c.version == submission.version,
            _clusters.c.layout == found.layout,
            _clusters.c.projection.between(projection - reach, projection + reach),
        )
        .order_by(_clusters.c.created_at, _clusters.c.id)
        .limit(_CANDIDATES)
    )
    numbers = np.frombuffer(found.output, "<f4").astype(np.float64)
    for row in await connection.execute(query):
        if is_within(numbers, np.frombuffer(row.output, "<f4").astype(np.float64), tolerance):
            return str(row.id)
    return None


def _project(numbers: _Numbers, tolerance: Tolerance) -> tuple[float, float]:
    """Return the projection, and how far from it that of an output may lie which this one agrees with."""
    direction = np.random.default_rng(_DIRECTION_SEED).normal(size=numbers.size)
    direction /= np.abs(direction).sum() or 1.0
    plain = np.where(np.isfinite(numbers), numbers, 0.0)
    slack = 1e-9 * (1.0 + float(np.abs(plain) @ np.abs(direction)))
    return float(plain @ direction), float(tolerance.reach(plain) @ np.abs(direction)) + slack
