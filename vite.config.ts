import { defineConfig } from "vitest/config";

import { compressBuilt } from "./app/web/build/compress.ts";
import { cutFonts, PLACE } from "./app/web/build/fonts.ts";

// One entry: every page loads the same small script, which mounts the islands that it finds.
export default defineConfig({
  root: "app/web",
  base: "/static/dist/",
  publicDir: false,
  resolve: { alias: { "@cut-fonts": PLACE } },
  plugins: [cutFonts(), compressBuilt("app/web/static/dist")],
  build: {
    outDir: "static/dist",
    emptyOutDir: true,
    manifest: "manifest.json",
    // Fonts as files: the pages' policy loads none from a data: address.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: "app/web/islands/main.ts" },
  },
  test: { environment: "happy-dom", include: ["{islands,build}/**/*.test.ts"] },
});
