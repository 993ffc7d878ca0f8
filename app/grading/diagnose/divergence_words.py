"""A divergence, as a learner is told of it."""

from app.core.tolerance import Tolerance
from app.core.verdict import Diagnosis, DiagnosisKind
from app.grading.diagnose.error_pattern import error_shapes
from app.grading.diagnose.stages import Followed
from app.grading.phrases import shape_words


def divergence_diagnosis(followed: Followed, tolerance: Tolerance) -> Diagnosis:
    """Of a run that has a divergence. What it looks like there is told of sample cases only."""
    found = followed.divergence
    assert found is not None
    sentence = divergence_sentence(followed)
    if found.overtaken_by is not None:
        return Diagnosis(kind=DiagnosisKind.DIVERGENCE, id="stage_order", message=sentence)
    if followed.case and found.shapes is not None:
        given, wanted = found.shapes
        sentence += f" Yours has the shape {shape_words(given)} there, {shape_words(wanted)} is right."
    elif followed.case and found.pair is not None:
        reported = [shape.message for shape in error_shapes([found.pair], tolerance)]
        if len(reported) == 1:
            sentence += f" Yours is {reported[0]}."
    name = found.first_wrong or f"after {found.last_right}"
    return Diagnosis(kind=DiagnosisKind.DIVERGENCE, id=name, message=sentence)


def divergence_sentence(followed: Followed) -> str:
    """Up to where the numbers are right, and where they no longer are."""
    found = followed.divergence
    assert found is not None
    case = f"`{followed.case}`" if followed.case else "a hidden case"
    start = f"Followed step by step on {case}, with random parameters handed in:"
    right, wrong = f"`{found.last_right}`", f"`{found.first_wrong}`"
    if found.overtaken_by is not None:
        before = f"{right} is right, but then " if found.last_right else ""
        return f"{start} {before}`{found.overtaken_by}` is reached before {wrong}, which should come first."
    if found.first_wrong is None:
        return f"{start} {right} is right, and what happens after it differs."
    if found.last_right is None:
        return f"{start} {wrong}{' is the first stage, and' if found.is_next else ''} differs already."
    if found.is_next:
        return f"{start} {right} is right, and {wrong} is the first stage that differs."
    return f"{start} {right} is right, and {wrong} differs."
