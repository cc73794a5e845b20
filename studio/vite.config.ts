import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { thirdParty } from "./third-party.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// The API serves what is built under /studio/. While `npm run dev` runs, calls go to a server on port 8000.
export default defineConfig({
  base: "/studio/",
  plugins: [react(), thirdParty()],
  resolve: { alias: { "~": here("./src") } },
  build: {
    outDir: process.env.STUDIO_OUT ?? here("../src/tunesmith/api/studio_assets"),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    // Browsers that know light-dark(): what would stand in for it asks for a literal color-scheme, which ours is not.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 700,
  },
  server: { proxy: { "/v1": process.env.TUNESMITH_URL ?? "http://127.0.0.1:8000" } },
  test: { environment: "happy-dom", include: ["src/**/*.test.{ts,tsx}"] },
});
