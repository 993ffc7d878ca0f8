"""Right answers whose gradient is cut off on the way to a parameter, which would never be trained."""

from app.core.outcome import Outcome
from app.core.problem import Problem
from app.core.verdict import Diagnosis, DiagnosisKind
from app.grading.check.gradient import CUT_OFF, without_gradient
from app.grading.phrases import names_words
from app.grading.run.run_checks import CheckedRun


def cut_gradients(problem: Problem, run: CheckedRun) -> Diagnosis | None:
    """Name the parameters that no gradient reaches, where nothing but gradients is wrong."""
    answered = zip(run.checks, run.case_results, run.result.calls, run.expected, strict=False)
    failing = [row for row in answered if row[1].outcome is not Outcome.PASSED]
    if not failing or any(check.kind != "gradient" for check, *_ in failing):
        return None
    names = dict.fromkeys(
        name for check, _, call, wanted in failing for name in without_gradient(problem, check, call, wanted)
    )
    if not names:
        return None
    message = (
        f"Every answer is right, but no gradient reaches {names_words(list(names))}: {CUT_OFF}. Training "
        "would leave it as it starts."
    )
    return Diagnosis(kind=DiagnosisKind.PARAMETERS, id="no_gradient", message=message)
