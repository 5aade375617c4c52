import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { argumentNames, format } from '../lib/message';
import en from './all.en';
import ko from './all.ko';
import ownEn from './en.json';
import ownKo from './ko.json';

describe('catalogues', () => {
  it('say the same things in both languages', () => expect(Object.keys(en).sort()).toEqual(Object.keys(ko).sort()));
  it('can be read', () => {
    for (const [key, message] of Object.entries(ko)) {
      expect(() => format(message, 'ko'), key).not.toThrow();
      expect(() => format(en[key] as string, 'en'), key).not.toThrow();
    }
  });
  it('take the same arguments in both languages, where the screens give them', () => {
    const other: Record<string, string> = ownEn;
    for (const [key, message] of Object.entries(ownKo)) expect(argumentNames(other[key] as string), key).toEqual(argumentNames(message));
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
