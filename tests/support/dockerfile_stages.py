"""A Dockerfile's stages, each with what it takes over from the one that it is built on."""

import io
import re
from dataclasses import dataclass, field

from dockerfile_parse import DockerfileParser


@dataclass(kw_only=True)
class Stage:
    """One `FROM … AS name`, with the instructions of the stages that it is built on before its own."""

    base: str
    """The image that it all begins with."""
    instructions: list[tuple[str, str]] = field(default_factory=list)

    def values(self, instruction: str) -> list[str]:
        """What every such instruction says, in order."""
        return [value for name, value in self.instructions if name == instruction]


def read_stages(dockerfile: str) -> dict[str, Stage]:
    """Every stage by its name, in the order of the file."""
    stages: dict[str, Stage] = {}
    current = ""
    for entry in DockerfileParser(fileobj=io.BytesIO(dockerfile.encode())).structure:
        name, value = str(entry["instruction"]), str(entry["value"])
        if name == "COMMENT":
            continue
        if name == "FROM":
            base, _, current = re.split(r"\s+(as|AS)\s+", value)
            below = stages.get(base, Stage(base=base))
            stages[current] = Stage(base=below.base, instructions=list(below.instructions))
        else:
            stages[current].instructions.append((name, value))
    return stages
