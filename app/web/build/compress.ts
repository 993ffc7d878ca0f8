/** Everything that is built and shrinks by it lies there compressed as well, so that no request waits for that. */

import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

import type { Plugin } from "vite";

const SHRINKS = new Set([".js", ".css", ".svg", ".json"]);

export function compressBuilt(place: string): Plugin {
  return {
    name: "compress-built",
    apply: "build",
    async closeBundle() {
      const files = await readdir(path.join(place, "assets"));
      await Promise.all(
        files.filter((file) => SHRINKS.has(path.extname(file))).map((file) => compress(path.join(place, "assets", file))),
      );
    },
  };
}

async function compress(file: string): Promise<void> {
  const whole = await readFile(file);
  const brotli = await promisify(brotliCompress)(whole, {
    params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY },
  });
  await writeFile(`${file}.br`, brotli);
  await writeFile(`${file}.gz`, await promisify(gzip)(whole, { level: 9 }));
}
