import { svelte } from '@sveltejs/vite-plugin-svelte';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const api = process.env['DURE_CONSOLE_API'] ?? 'http://localhost:8000';

/** Leaves a packed form beside each file that packs well, so that the server never packs the same bytes twice. */
const packed: Plugin = {
  name: 'packed',
  apply: 'build',
  closeBundle() {
    const folder = here('./dist/assets/');
    for (const name of readdirSync(folder).filter((one) => /\.(js|mjs|css|svg|json)$/.test(one))) {
      const plain = readFileSync(folder + name);
      if (plain.length < 512) continue;
      writeFileSync(`${folder}${name}.br`, brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 10, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length } }));
      writeFileSync(`${folder}${name}.gz`, gzipSync(plain, { level: 9 }));
    }
  },
};

/** What every screen needs comes in one file instead of two dozen: each file is a request of its own. */
const shared = /\/console\/src\/(ui|lib|frame)\/|\/node_modules\/(svelte|esm-env|clsx|@tabler)\//;

export default defineConfig({
  root: here('.'),
  base: './',
  plugins: [svelte({ configFile: false }), packed],
  resolve: { alias: { $console: here('./src') } },
  build: {
    outDir: here('./dist'),
    emptyOutDir: true,
    target: 'es2022',
    chunkSizeWarningLimit: 1200,
    assetsInlineLimit: 0,
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'shared', test: shared }] } } },
  },
  worker: { format: 'es' },
  server: { fs: { allow: [here('..')] }, proxy: { '/api': { target: api, changeOrigin: true } } },
  test: { environment: 'node', include: ['src/**/*.test.ts', '../src/dure/**/console/**/*.test.ts'], root: here('.') },
});
