"""Three small plots side by side: what more cases, more learners and more waiting jails cost."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot
from matplotlib.axes import Axes

if TYPE_CHECKING:
    from bench.growth import Growth

_INK, _FIRST, _NEXT = "#1f2328", "#0b6e4f", "#b5651d"


def draw(growth: "Growth", picture: Path) -> None:
    """Write a PNG; both axes are logarithmic, the dashed line is proportional growth."""
    figure, (cases, learners, children) = pyplot.subplots(1, 3, figsize=(11, 3.4), layout="constrained")
    seconds = {"first submission": _FIRST, "next submission": _NEXT}
    _plot(cases, growth.cases, dict(zip(seconds, (growth.first_by_cases, growth.next_by_cases), strict=True)))
    _label(cases, "cases", "seconds until the verdict")
    _plot(
        learners,
        growth.learners,
        dict(zip(seconds, (growth.first_by_learners, growth.next_by_learners), strict=True)),
    )
    _label(learners, "learners at once", "seconds until the last verdict")
    _plot(children, growth.children, {"proportional memory": growth.memory_by_children})
    _label(children, "jails that wait", "megabytes")
    picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(picture, dpi=150)
    pyplot.close(figure)


def _plot(axes: Axes, sizes: Sequence[int], lines: Mapping[str, Sequence[float]]) -> None:
    for (name, values), colour in zip(lines.items(), (_FIRST, _NEXT), strict=False):
        axes.plot(sizes, values, marker="o", color=colour, label=name)
        proportional = [values[0] * size / sizes[0] for size in sizes]
        axes.plot(sizes, proportional, linestyle=":", linewidth=1, color=colour, alpha=0.6)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.minorticks_off()


def _label(axes: Axes, along: str, up: str) -> None:
    axes.set_xlabel(along, color=_INK)
    axes.set_ylabel(up, color=_INK)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8)
