import { describe, expect, it } from 'vitest';
import { josa } from './josa';
import vectors from './josa.vectors.json';
import { format } from './message';

describe('josa', () => {
  it.each(vectors as [string, string, string][])('%s %s', (word, pair, shown) => expect(josa(word, pair)).toBe(shown));
  it('refuses what is not a pair', () => expect(() => josa('시장', '이')).toThrow());
});

describe('messages', () => {
  it('fills plain, number and particle arguments', () => {
    expect(format('{name, josa, 을/를} {n, number}번', 'ko', { name: 'C-0312', n: 1284 })).toBe('C-0312를 1,284번');
  });
  it('chooses by plural, exact number and select, with # as the count', () => {
    const rows = '{n, plural, =0 {no rows} one {# row} other {# rows}}';
    expect([0, 1, 1284].map((n) => format(rows, 'en', { n }))).toEqual(['no rows', '1 row', '1,284 rows']);
    expect(format('{n, plural, other {#행}}', 'ko', { n: 1 })).toBe('1행');
    expect(format('{way, select, up {rises} other {falls {n, number}}}', 'en', { way: 'down', n: 3 })).toBe('falls 3');
  });
  it('keeps quoted braces and a bare #', () => expect(format("# '{x}' it''s", 'en')).toBe("# {x} it's"));
  it('refuses broken messages', () => {
    expect(() => format('{name', 'en')).toThrow();
    expect(() => format('a}', 'en')).toThrow();
    expect(() => format('{n, money}', 'en')).toThrow();
  });
});
