"""What a problem needs of the machine that grades it, and whether this one has it."""

import hashlib

from app.core.machine import cores, memory_bytes
from app.core.problem import Problem
from app.errors import HostLacks
from sandbox.packages import missing_packages, packages_digest

_MEMORY_STEP_BITS = 26
"""In steps of 64 MB: what the kernel keeps for itself differs a little from boot to boot."""


def require_host(problem: Problem) -> None:
    """Refuse a problem that this host cannot grade, whatever is submitted to it.

    Raises:
        HostLacks: a package is not installed for the jail, or a run may use more memory or needs more
            processors than there are; the message names all of it.
    """
    lacks = [
        f"the package {name} is not installed for the jail"
        for name in missing_packages(problem.manifest.packages)
    ]
    limits = problem.manifest.limits
    memory_mb, processors = memory_bytes() >> 20, cores()
    if limits.memory_mb > memory_mb:
        lacks.append(f"a run may use {limits.memory_mb:,} MB of memory, and there are {memory_mb:,}")
    if limits.processors > processors:
        lacks.append(f"{limits.processors} processors are needed, and there are {processors}")
    if lacks:
        raise HostLacks(f"{problem.slug} cannot be graded on this host: {'; '.join(lacks)}")


def host_facts() -> str:
    """Return a digest of all that `require_host` looks at; under another one it may decide otherwise."""
    facts = (packages_digest(), memory_bytes() >> _MEMORY_STEP_BITS, cores())
    return hashlib.sha256(repr(facts).encode()).hexdigest()
