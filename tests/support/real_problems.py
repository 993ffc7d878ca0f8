"""Positions 41, 45 and 46 as their packages say, cut down to what a test can afford."""

import msgspec

from app.catalog.problem_folder import problem_files, read_problem
from app.core.problem import Problem
from app.core.verdict import Visibility
from tests.support.checkout import CHECKOUT


def sampled_problem(name: str, *, with_variants: bool = False) -> Problem:
    """The sample cases and the probes of these: the shapes of the hidden ones would take most of the time.

    With fewer cases more explanations fit, so what is named rightly here is named rightly with all of them.
    """
    files = problem_files(CHECKOUT / "problems" / name, CHECKOUT / "reference_solutions" / name)
    problem = read_problem(files)
    cases = tuple(
        msgspec.structs.replace(case, fresh=0)
        for case in problem.manifest.cases
        if case.visibility is Visibility.SAMPLE
    )
    names = {case.name for case in cases}
    probes = tuple(probe for probe in problem.manifest.probes if probe.case in names)
    manifest = msgspec.structs.replace(problem.manifest, cases=cases, probes=probes)
    variants = problem.variants if with_variants else {}
    return msgspec.structs.replace(problem, manifest=manifest, variants=variants)
