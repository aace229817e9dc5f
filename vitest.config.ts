import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    pool: "forks",
    // Files wait for processes that they start, and for disks, as much as they compute.
    maxWorkers: availableParallelism(),
  },
});
