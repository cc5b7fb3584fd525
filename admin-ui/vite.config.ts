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
    // What several parts need is sent in few files: small pieces join the one most like them.
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [{ name: "shared", minShareCount: 2, entriesAware: true, entriesAwareMergeThreshold: 40_000 }],
        },
      },
    },
  },
  test: { include: ["src/**/*.test.{ts,tsx}"], environment: "node" },
});
