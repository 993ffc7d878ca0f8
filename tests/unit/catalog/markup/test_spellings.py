"""Names that are proposed are names that formulas know."""

import pytest

from app.catalog.markup import spellings
from app.catalog.markup.mathml import FormulaFault, Formulas

_WITH_ARGUMENTS = "{a}{b}"


@pytest.mark.parametrize("name", spellings._USUAL)
def test_a_proposed_command_is_known(name: str) -> None:
    latex = {"begin": r"\begin{matrix}a\end{matrix}", "end": r"\begin{matrix}a\end{matrix}"}.get(
        name, rf"\left( x \right) \{name} {_WITH_ARGUMENTS}"
    )
    if name in ("left", "right"):
        latex = r"\left( x \right)"
    found = Formulas().read(latex, block=True)
    assert not isinstance(found, FormulaFault), found


@pytest.mark.parametrize("name", spellings._ENVIRONMENTS)
def test_a_proposed_environment_is_known(name: str) -> None:
    columns = "{c}" if "array" in name else ""
    found = Formulas().read(rf"\begin{{{name}}}{columns} a \end{{{name}}}", block=True)
    assert not isinstance(found, FormulaFault), found


@pytest.mark.parametrize("name", spellings._INSTEAD)
def test_what_has_another_name_is_unknown_itself(name: str) -> None:
    latex = rf"{name} {{a}}{{b}}" if name.startswith("\\") else rf"\begin{{{name}}}{{a}}\end{{{name}}}"
    found = Formulas().read(latex, block=True)
    assert isinstance(found, FormulaFault)
    assert spellings._INSTEAD[name] in found.reason
