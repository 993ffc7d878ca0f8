"""What the statement says of a parameter, as `[module.words]` in `problem.toml` has it."""

import fnmatch
from collections.abc import Mapping


def words_for(path: str, words: Mapping[str, str]) -> str:
    """By the whole path, else by a pattern such as `blocks.*.ln1.scale`, else by the last name; or nothing.

    A `*` stands for one name of the path.
    """
    if path in words:
        return words[path]
    names = path.split(".")
    for pattern, text in words.items():
        wanted = pattern.split(".")
        if len(wanted) == len(names) > 1 and all(map(fnmatch.fnmatchcase, names, wanted)):
            return text
    return words.get(names[-1], "")
