"""Formulas in words, as they are heard where no formula can stand."""

import pytest

from app.catalog.markup.in_words import in_words
from app.catalog.markup.mathml import Formulas


@pytest.mark.parametrize(
    ("latex", "words"),
    [
        ("z_0", "z sub 0"),
        ("x_i^2", "(x sub i) squared"),
        (r"\mathbb R^{N\times d}", "R to the (N times d)"),
        (r"\frac{a}{b+c}", "a over (b plus c)"),
        (r"W^\top x", "W transposed x"),
        (r"\sqrt{d_k}", "root of (d sub k)"),
        (r"\sqrt[3]{x}", "root 3 of x"),
        (r"\sum_{i=1}^n x_i", "sum from (i equals 1) to n x sub i"),
        (r"\boldsymbol{\theta} \in \mathbb{R}", "theta in R"),
        (r"\Theta \le \lambda", "Theta at most lambda"),
        (r"a_1, \dots, a_n", "a sub 1, and so on, a sub n"),
        (r"\begin{pmatrix} 1 & 0 \\ 0 & 1 \end{pmatrix}", "(1, 0; 0, 1)"),
        (r"\hat y", "y hat"),
        (r"\overline{xy}", "(x y) bar"),
        (r"\underbrace{x}_n", "x with n below"),
        (r"\max_x f'(x)", "max over x f prime (x)"),
        (r"e^{-x}", "e to the (minus x)"),
        (r"\mathrm{softmax}(x)", "softmax (x)"),
        (r"\text{if } x > 0", "if x greater than 0"),
        (r"\mathcal L", "L"),
        (r"\clubsuit", "black club suit"),
    ],
)
def test_a_formula_can_be_said(latex: str, words: str) -> None:
    formula = Formulas().read(latex, block=True)
    assert isinstance(formula, str)
    assert in_words(formula) == words
