"""JAX is imported in the jail only, so the service starts quickly and stays small."""

import subprocess
import sys

from tests.support.checkout import CHECKOUT

_ONLY_IN_THE_JAIL = "{'jax', 'jaxlib', 'flax', 'optax'}"


def loaded(*modules: str) -> str:
    """Which of the jail's packages importing `modules` loads, in a Python of its own."""
    program = f"import sys, {', '.join(modules)}; print(sorted({_ONLY_IN_THE_JAIL} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_the_service_never_imports_jax() -> None:
    """Neither the pages nor the worker nor the command line."""
    assert loaded("app.main", "app.cli.main", "app.cli.serving.service", "app.grading.open_grader") == "[]"


def test_an_import_of_jax_is_noticed() -> None:
    """The check above can fail."""
    assert "jax" in loaded("jax")
