"""A Dockerfile's stages, each with what it takes over from the one that it is built on."""

import io
import re
import shlex
import string
from collections.abc import Iterator
from dataclasses import dataclass, field

from dockerfile_parse import DockerfileParser


@dataclass(kw_only=True)
class Stage:
    """One `FROM … AS name`, with the instructions of the stages that it is built on before its own."""

    base: str
    """The image that it all begins with."""
    instructions: list[tuple[str, str]] = field(default_factory=list)

    def values(self, instruction: str) -> list[str]:
        """Return what every such instruction says, in order."""
        return [value for name, value in self.instructions if name == instruction]

    @property
    def environment(self) -> dict[str, str]:
        """The variables that it sets; the last one of a name counts."""
        return {name: said for value in self.values("ENV") for name, said in variables_of(value).items()}

    @property
    def commands(self) -> list[list[str]]:
        """Every command that its build runs, in words."""
        return [command for value in self.values("RUN") for command in commands_of(value)]

    @property
    def packages(self) -> set[str]:
        """What apt-get installs in it."""
        installs = [words[2:] for words in self.commands if words[:2] == ["apt-get", "install"]]
        return {word for words in installs for word in words if not word.startswith("-")}

    @property
    def locks(self) -> list[str]:
        """The lock files whose requirements pip installs in it."""
        return [lock for words in self.commands for lock in requirements_of(words)]


def variables_of(environment: str) -> dict[str, str]:
    """Return what one `ENV` sets."""
    pairs = (word.partition("=") for word in shlex.split(environment))
    return {name: value for name, _, value in pairs}


def commands_of(run: str) -> Iterator[list[str]]:
    """Yield the commands of one `RUN`, in words."""
    words: list[str] = []
    shell = shlex.shlex(run, posix=True, punctuation_chars=True)
    shell.whitespace_split = True
    for word in shell:
        if word in ("&&", "||", ";", "|"):
            yield words
            words = []
        else:
            words.append(word)
    yield words


def requirements_of(words: list[str]) -> list[str]:
    """Return the requirement files that a command of pip's names."""
    return [words[i + 1] for i, word in enumerate(words) if word in ("-r", "--requirement")]


def read_stages(dockerfile: str) -> dict[str, Stage]:
    """Return every stage by its name, in the order of the file."""
    stages: dict[str, Stage] = {}
    bases: dict[str, str] = {}
    current = ""
    for entry in DockerfileParser(fileobj=io.BytesIO(dockerfile.encode())).structure:
        name, value = str(entry["instruction"]), str(entry["value"])
        if name == "COMMENT":
            continue
        if name == "ARG" and not current:
            # Before the first stage, arguments are of bases alone.
            bases.update(variables_of(value))
        elif name == "FROM":
            named, _, current = re.split(r"\s+(as|AS)\s+", value)
            base = string.Template(named).substitute(bases)
            below = stages.get(base, Stage(base=base))
            stages[current] = Stage(base=below.base, instructions=list(below.instructions))
        else:
            stages[current].instructions.append((name, value))
    return stages
