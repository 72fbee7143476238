import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // Two cores: more workers than that only make tests that start processes wait for each other.
    maxWorkers: 2,
    // Vitest transforms packages in a checkout below a folder named `es` or `esm`, and loads some of them twice.
    server: { deps: { external: [/\/node_modules\//] } },
  },
})
