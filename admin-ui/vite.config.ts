import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// `make ui` serves the sources and sends what is under /api to a running program.
const server = process.env.FORMWORK_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "~": fileURLToPath(new URL("./src", import.meta.url)) } },
  server: { proxy: { "/api": { target: server, changeOrigin: true } } },
  build: {
    target: "es2022",
    // Files under names that are hashes are kept for ever by browsers; the page never is.
    assetsDir: "assets",
    assetsInlineLimit: 0, // the content policy takes no data: addresses
    emptyOutDir: false, // dist/README stays, see build/build.mjs
    modulePreload: { polyfill: false },
    // What several parts need is sent in two files. They follow the direction of imports, so that neither
    // waits for the other in a circle; what only one part needs goes with that part.
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: "kit", test: /node_modules/, minShareCount: 2 },
            { name: "base", test: /src\/(api|expr|fields|filter|i18n|meta|page|ui)\//, minShareCount: 2 },
          ],
        },
      },
    },
  },
  test: { include: ["src/**/*.test.{ts,tsx}"], environment: "node" },
});
