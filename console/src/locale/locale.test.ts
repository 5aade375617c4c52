import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { format } from '../lib/message';
import en from './all.en';
import ko from './all.ko';

const argumentsOf = (message: string): string[] => [...new Set([...message.matchAll(/\{\s*([a-z_]\w*)\s*[,}]/g)].map((found) => (found[1] as string).replace(/_(ko|en)$/, '')))].sort();

describe('catalogues', () => {
  it('say the same things in both languages', () => expect(Object.keys(en).sort()).toEqual(Object.keys(ko).sort()));
  it('can be read, and take the same arguments', () => {
    for (const [key, message] of Object.entries(ko)) {
      expect(() => format(message, 'ko'), key).not.toThrow();
      expect(() => format(en[key] as string, 'en'), key).not.toThrow();
      expect(argumentsOf(en[key] as string), key).toEqual(argumentsOf(message));
    }
  });
  it('hold every text: no Hangul stands in the code of the screens', () => {
    const root = join(import.meta.dirname, '..');
    const files = (folder: string): string[] =>
      readdirSync(folder).flatMap((name) => (statSync(join(folder, name)).isDirectory() ? files(join(folder, name)) : [join(folder, name)]));
    const withText = files(root)
      .filter((path) => /\.(svelte|ts)$/.test(path) && !/(\.test|lib\/josa)\.ts$/.test(path))
      .filter((path) => /[가-힣]/.test(readFileSync(path, 'utf8').replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '')));
    expect(withText).toEqual([]);
  });
});
