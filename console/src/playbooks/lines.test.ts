import { describe, expect, it } from 'vitest';
import { difference, folded } from './diff';
import { marked, shown } from './lines';

describe('a manual as it is shown', () => {
  it('knows what each line is, and shows no HTML as HTML', () => {
    const lines = shown('---\nkind: fire\n---\n# Title\n> intro\n## 1. Step\n- task: operator, look `x`\n  - a sentence\nprose <b>\n');
    expect(lines.map((line) => line.kind)).toEqual(['front', 'front', 'front', 'title', 'quote', 'step', 'item', 'item', 'prose', 'blank']);
    expect(lines[6]?.pieces).toEqual([{ kind: 'word', text: 'task:' }, { kind: 'plain', text: ' operator, look ' }, { kind: 'code', text: 'x' }]);
    expect(lines[7]?.depth).toBe(1);
    expect(lines[8]?.pieces).toEqual([{ kind: 'plain', text: 'prose <b>' }]);
  });
  it('underlines what is wrong and loses no letter', () => {
    const fault = { line: 1, column: 3, length: 4, key: '', reason: '' };
    expect(marked('- tusk: x', [fault])).toEqual([{ text: '- ', wrong: false }, { text: 'tusk', wrong: true }, { text: ': x', wrong: false }]);
    expect(marked('  ab', [{ ...fault, column: 1, length: 0 }])).toEqual([{ text: '  ', wrong: false }, { text: 'ab', wrong: true }]);
    expect(marked('ab', [{ ...fault, column: 9 }]).map((part) => part.text).join('')).toBe('ab');
  });
});

describe('the difference between two versions', () => {
  it('says what stayed, went and came, with the numbers of both', () => {
    const lines = difference('a\nb\nc\nd', 'a\nx\nc\nd\ne');
    expect(lines.map((line) => `${line.kind[0]}${line.text}`)).toEqual(['sa', 'gb', 'nx', 'sc', 'sd', 'ne']);
    expect(lines.at(-1)).toMatchObject({ before: null, after: 5 });
  });
  it('gives back both texts', () => {
    const before = 'one\ntwo\nthree\nfour\ntwo\nfive';
    const after = 'two\none\nfour\nfour\nfive\nsix';
    const lines = difference(before, after);
    expect(lines.filter((line) => line.kind !== 'new').map((line) => line.text).join('\n')).toBe(before);
    expect(lines.filter((line) => line.kind !== 'gone').map((line) => line.text).join('\n')).toBe(after);
  });
  it('folds what stayed', () => {
    const before = Array.from({ length: 30 }, (_, n) => `line ${n}`).join('\n');
    const out = folded(difference(before, before.replace('line 15', 'other')));
    expect(out[0]).toEqual({ kind: 'fold', count: 12, from: 0 });
    expect(out.filter((line) => line.kind === 'fold')).toHaveLength(2);
  });
});
