"""A problem whose statement has every construct that a statement may hold."""

from tests.support.small_problem import small_problem

_FIGURE = b"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 240 60" width="240" height="60">
<rect width="240" height="60" fill="#fff"/><rect x="10" y="10" width="40" height="40" fill="#4a6"/>
<rect x="60" y="10" width="40" height="40" fill="#46a"/></svg>
"""

STATEMENT = r"""# Every construct

## Typed as it is read

Choice (c), an option --fresh, "double" and 'single' quotes, don't ... and +-; `code "as" it --is`.
Money: $5 and $10. Inline $x_i \in \mathbb R^{d}$, $\boldsymbol{\theta}$, $\boldsymbol x$, $\mathbf{W}^\top$,
$\mathrm{logits}$, $\mathcal{L}(\theta)$, $\operatorname{softmax}(z)_i = \tfrac{e^{z_i}}{\sum_j e^{z_j}}$,
$p_0, \dots, p_{N-1}$ and $x_1 + \cdots + x_n$.

- $d$ stands first, and 16 last
- $$\frac{a}{b}$$ displayed in an item
- text, then $h$

1. $n$ in order
2. *emphasis*, **strength**, ~~taken back~~

> $q$ in a quote, with "quotes".

### $z_0$ in a heading of 3

Displayed $$\sum_{i=1}^{n} x_i^2 = \lVert x \rVert_2^2$$ within a line, and on lines of its own:

$$
\begin{aligned}
a &= b + c + d + e \\
a + b + c &= d \\[4pt]
x &= \frac{1}{2}
\end{aligned}
$$

$$
\begin{align}
y &= W x + b \label{eq:affine} \\
\mathrm{loss} &= \lVert y - t \rVert^2
\end{align}
$$

By $\eqref{eq:affine}$, and with cases, matrices and lines:

$$
f(x) = \begin{cases} x & \text{if } x > 0 \\ 0.01\,x & \text{otherwise} \end{cases}
\qquad
A = \begin{pmatrix} 1 & 0 \\ 0 & 1 \end{pmatrix}
\qquad
\begin{array}{l|cr} \text{left} & c & r \\ \hline 1 & 2 & 3 \\ \hdashline 10 & 20 & 30 \end{array}
$$

$$
\begin{gather*} a = b \\ c + d + e + f = g \end{gather*}
$$

$$
\hat y,\ \bar x,\ \tilde z,\ \vec v,\ \overline{xy},\ \widehat{xyz},\ \underbrace{a + b}_{n},\
\overbrace{c + d}^{m},\ \sqrt{x},\ \sqrt[3]{x},\ \binom{n}{k},\ \boxed{E = mc^2},\ \cancel{x},\
\bcancel{x},\ \xcancel{xyz}
$$

$$
\textcolor{red}{\mathrm{red}},\ x\!y,\ a \quad b,\ \bigl( \Bigl[ x \Bigr] \bigr),\
\left\{ \frac{a}{b} \right\},\ \int_0^1 f,\ \lim_{x \to 0},\ \max_x,\ \nabla f,\ \partial_x,\
\xrightarrow{f},\ \cfrac{1}{1 + \cfrac{1}{2}}
$$

$$
\textsc{Small},\ \textsf{sans},\ \texttt{code\_x},\ \text{\small small},\ \mathfrak g,\ \mathsf{A},\
\mathtt{b},\ \phantom{x}\!,\ f'(x),\ A^{\mathsf T},\ \mathcal{B},\ \epsilon,\ \varepsilon,\ \le,\ \ne
$$

| name of the row | centred | right |
|:----------------|:-------:|------:|
| $d$ of 16       | 1       | 1.5   |
| `pos_embed`     | $N + 1$ | 10.25 |

```python
def f(x):
    return "(c) -- 'x'"  # as it is
```

![Two patches, $p_0$ and $p_1$, of $\mathbb{R}^{d}$](assets/deep/patches.svg "Two patches")

[A heading](#typed-as-it-is-read), [a figure](assets/deep/patches.svg), [a page](https://example.org/).

:::hint The size of $z$ in `z`
It has $N + 1$ rows.
:::

:::quiz
What is $1 + 1$?
- [x] $2$
- [ ] $3$ or more
> $1 + 1 = 2$.
:::

:::recap
You read everything.
:::
"""


def every_construct() -> dict[str, bytes]:
    """Return the package's files."""
    return {**small_problem("every-construct", statement=STATEMENT), "assets/deep/patches.svg": _FIGURE}
