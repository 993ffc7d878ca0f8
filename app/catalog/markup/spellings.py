"""What is said of a command or an environment that no formula knows: the one that was meant, if it shows."""

import difflib
from collections.abc import Callable

_ENVIRONMENTS = (
    "align align* aligned array bmatrix Bmatrix cases darray dcases drcases equation equation* gather "
    "gather* gathered matrix multline pmatrix rcases subarray vmatrix Vmatrix"
).split()
_USUAL = (
    "alpha beta gamma delta epsilon varepsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma "
    "tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega nabla "
    "partial infty frac tfrac dfrac binom sqrt sum prod int left right begin end text mathrm mathbf "
    "mathbb mathcal mathfrak mathsf mathtt boldsymbol operatorname hat bar tilde vec dot overline "
    "underline underbrace overbrace cdot times odot otimes oplus circ star ast pm mp le leq ge geq neq "
    "approx sim simeq equiv propto in notin subset subseteq cup cap to gets mapsto rightarrow "
    "leftarrow Rightarrow Leftrightarrow forall exists ldots cdots vdots ddots dots quad qquad lfloor "
    "rfloor lceil rceil langle rangle lVert rVert lvert rvert exp log ln sin cos tan tanh sinh cosh "
    "max min sup inf lim det top"
).split()
_INSTEAD = {
    r"\mbox": r"write `\text{…}`",
    r"\hbox": r"write `\text{…}`",
    r"\textup": r"write `\text{…}`",
    r"\textnormal": r"write `\text{…}`",
    r"\widetilde": r"browsers draw it in different ways; write `\tilde`",
    r"\substack": r"write `\begin{subarray}{c} … \\ … \end{subarray}`",
    r"\href": "put a Markdown link outside of the formula",
    r"\url": "put a Markdown link outside of the formula",
    r"\ref": r"write `\eqref`, or name the equation in words",
    r"\colorbox": r"write `\textcolor{…}{…}`",
    r"\smash": "leave it out",
    r"\softmax": r"write `\operatorname{softmax}`",
    r"\relu": r"write `\operatorname{relu}`",
    "split": "write `aligned`",
    "eqnarray": "write `align*`",
    "eqnarray*": "write `align*`",
    "smallmatrix": "write `matrix`",
    "alignat": "write `align`",
    "alignat*": "write `align*`",
    "alignedat": "write `aligned`",
    "tabular": "write `array`, or a Markdown table",
    "math": "leave it out: dollars begin a formula",
    "displaymath": "leave it out: `$$` begins a formula of its own",
}


def unknown_command(command: str, *, is_known: Callable[[str], bool]) -> str:
    r"""Return what is said of one, `command` being as `\softmaxx`."""
    return f"unknown command `{command}`; {_instead_of_command(command, is_known)}"


def unknown_environment(name: str) -> str:
    """Return what is said of one."""
    near = difflib.get_close_matches(name, _ENVIRONMENTS, n=1)
    other = f"did you mean `{near[0]}`?" if near else f"there are {', '.join(_ENVIRONMENTS)}"
    return f"unknown environment `{name}`; {_INSTEAD.get(name, other)}"


def _instead_of_command(command: str, is_known: Callable[[str], bool]) -> str:
    if command in _INSTEAD:
        return _INSTEAD[command]
    name = command.removeprefix("\\")
    near = difflib.get_close_matches(name, _USUAL, n=1, cutoff=0.75)
    if near:
        return rf"did you mean `\{near[0]}`?"
    for length in (len(name) - 1, len(name) - 2):
        # `\cdotx` is what is typed most: the space is missing.
        if length > 2 and is_known(f"\\{name[:length]}"):
            return rf"did you mean `\{name[:length]} {name[length:]}`?"
    return rf"a word stands in `\mathrm{{…}}` or `\operatorname{{…}}`: `\operatorname{{{name}}}`"
