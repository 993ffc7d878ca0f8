import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { CUTS } from "./fonts";

/** The characters that a face of `styles/fonts.css` is declared for. */
function declared(name: string): [number, number][] {
  const css = readFileSync("app/web/styles/fonts.css", "utf8");
  const face = css.split("@font-face").find((text) => text.includes(`@cut-fonts/${name}.woff2`)) ?? "";
  const ranges = /unicode-range:([^;]+);/.exec(face)?.[1] ?? "";
  return [...ranges.matchAll(/U\+([0-9A-F]+)(?:-([0-9A-F]+))?/g)].map(([, first, last]) => [
    parseInt(first ?? "", 16),
    parseInt(last ?? first ?? "", 16),
  ]);
}

test.each(CUTS.map(({ name, characters }) => [name, characters] as const))(
  "the style sheet declares for %s what it is cut to, and no more",
  (name, characters) => {
    const sorted = characters.map(([first, last]) => [first, last]).sort(([a = 0], [b = 0]) => a - b);
    expect(declared(name)).toEqual(sorted);
  },
);
