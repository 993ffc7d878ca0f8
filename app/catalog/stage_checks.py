"""Whether the stages that a manifest declares can be told apart and found."""

from collections.abc import Sequence

from app.core.problem import ModuleStage

_MOST = 64
_LONGEST = 80


def stage_fault(stages: Sequence[ModuleStage]) -> tuple[str, str] | None:
    """The key and the reason of the first stage that cannot work; None where all can."""
    if len(stages) > _MOST:
        return "$.module.stages", f"more than {_MOST} stages are not recorded"
    names: set[str] = set()
    for index, stage in enumerate(stages):
        place = f"$.module.stages[{index}]"
        if not 0 < len(stage.name) <= _LONGEST:
            return f"{place}.name", f"must have 1 to {_LONGEST} characters"
        if stage.name in names:
            return f"{place}.name", f"the name {stage.name!r} is used twice"
        if not all(stage.path.split(".")):
            return f"{place}.path", f"{stage.path!r} is not names joined by dots, such as 'blocks.0'"
        names.add(stage.name)
    return None
