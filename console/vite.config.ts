import { svelte } from '@sveltejs/vite-plugin-svelte';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const api = process.env['DURE_CONSOLE_API'] ?? 'http://localhost:8000';

export default defineConfig({
  root: here('.'),
  base: './',
  plugins: [svelte({ configFile: false })],
  resolve: { alias: { $console: here('./src') } },
  build: {
    outDir: here('./dist'),
    emptyOutDir: true,
    target: 'es2022',
    chunkSizeWarningLimit: 1200,
    assetsInlineLimit: 0,
  },
  worker: { format: 'es' },
  server: { fs: { allow: [here('..')] }, proxy: { '/api': { target: api, changeOrigin: true } } },
  test: { environment: 'node', include: ['src/**/*.test.ts', '../src/dure/**/console/**/*.test.ts'], root: here('.') },
});
