/**
 * The fonts of ordinary pages: fontsource's, cut to the characters that English prose, Python and mathematics use.
 *
 * Whatever else somebody writes is drawn from the whole fonts, which `styles/fonts.css` names for the rest: a browser
 * fetches them when a page has such a character, and not before.
 */

import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import subsetFont from "subset-font";
import type { Plugin } from "vite";

interface Cut {
  name: string;
  from: string;
  characters: readonly (readonly [number, number])[];
  weights?: { min: number; max: number };
}

const ASCII = [0x20, 0x7e] as const;
const PROSE = [ASCII, [0xa0, 0xff], [0x2013, 0x2014], [0x2018, 0x201d], [0x2022, 0x2026], [0x2212, 0x2212]] as const;
const LETTERS = [
  ASCII,
  [0xa0, 0xff],
  // Accents: a hat, and those that the converter of formulas writes as combining ones.
  [0x2c6, 0x2c6],
  [0x302, 0x308],
  [0x332, 0x332],
  [0x391, 0x3d6],
  [0x20d7, 0x20d7],
  // Double-struck, script and other letters that are older than the mathematical alphabets, ℎ among them.
  [0x210a, 0x2131],
  // Bold, italic, bold italic and script letters, italic being what MathML takes for a name of one letter.
  [0x1d400, 0x1d4cf],
  [0x1d538, 0x1d56b],
  // Greek: italic, then bold italic.
  [0x1d6e2, 0x1d755],
] as const;
const OPERATORS = [
  [0x2013, 0x2026],
  [0x2032, 0x2034],
  [0x2061, 0x2064],
  [0x2190, 0x2199],
  [0x21a6, 0x21a6],
  [0x21d0, 0x21d4],
  [0x2200, 0x22c6],
  [0x22ee, 0x22f1],
  [0x2308, 0x230b],
  [0x23de, 0x23df],
  [0x27e8, 0x27e9],
  [0x27f5, 0x27fa],
  // Which form of a script letter is meant.
  [0xfe00, 0xfe00],
] as const;

export const CUTS: readonly Cut[] = [
  {
    name: "prose",
    from: "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
    characters: PROSE,
    weights: { min: 400, max: 700 },
  },
  {
    name: "prose-italic",
    from: "@fontsource-variable/inter/files/inter-latin-wght-italic.woff2",
    characters: PROSE,
    weights: { min: 400, max: 700 },
  },
  {
    name: "code",
    from: "@fontsource-variable/jetbrains-mono/files/jetbrains-mono-latin-wght-normal.woff2",
    characters: PROSE,
    weights: { min: 400, max: 700 },
  },
  {
    name: "maths",
    from: "@fontsource/noto-sans-math/files/noto-sans-math-latin-400-normal.woff2",
    characters: [...LETTERS, ...OPERATORS],
  },
];

/** What these fonts' features a page uses: pairs, marks and figures of one width; ligatures would hide code. */
const FEATURES = ["kern", "mark", "mkmk", "ccmp", "locl", "tnum", "ssty", "dtls"];

/** Where the cut fonts lie between the cutting and the build, which gives them hashed names. */
export const PLACE = path.resolve("node_modules/.cut-fonts");

export function cutFonts(): Plugin {
  return {
    name: "cut-fonts",
    apply: "build",
    async buildStart() {
      await mkdir(PLACE, { recursive: true });
      await Promise.all(CUTS.map(cut));
    },
  };
}

async function cut({ name, from, characters, weights }: Cut): Promise<void> {
  const whole = await readFile(path.resolve("node_modules", from));
  const text = characters.flatMap(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, step) => String.fromCodePoint(first + step)),
  );
  const font = await subsetFont(whole, text.join(""), {
    targetFormat: "woff2",
    keepFeatures: FEATURES,
    noHinting: true,
    ...(weights ? { variationAxes: { wght: { ...weights, default: weights.min } } } : {}),
  });
  await writeFile(path.join(PLACE, `${name}.woff2`), font);
}
