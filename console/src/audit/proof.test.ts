import { describe, expect, it } from 'vitest';
import { dayBegins, daysAfter } from './days';
import { canonical, proven, type ProvenLine } from './proof';
import vector from './proof.vector.json';

const shown = vector as ProvenLine;

describe('the proof of a line', () => {
  it('holds for what the server wrote', async () => {
    expect(await proven(shown)).toBe('proven');
  });
  it('fails for any other word, place or path', async () => {
    const line = shown.line;
    if (line === null) throw new Error('the vector has a line');
    expect(await proven({ ...shown, line: { ...line, purpose: 'other' } })).toBe('wrong');
    expect(await proven({ ...shown, seq: shown.seq + 1 })).toBe('wrong');
    expect(await proven({ ...shown, proof: shown.proof.slice(1) })).toBe('wrong');
    expect(await proven({ ...shown, leaf: '00'.repeat(32), line: null })).toBe('wrong');
  });
  it('is of what the log holds, not of the words that were opened for the reader', async () => {
    const line = shown.line;
    if (line === null) throw new Error('the vector has a line');
    const opened = { ...line, purpose: 'pipa.15.1.5 rescue, in words', purpose_kept: 'pipa.15.1.5 sealed:actor:0:x' };
    expect(canonical(opened)).toEqual(canonical({ ...line, purpose: opened.purpose_kept }));
    expect(await proven({ ...shown, line: { ...line, purpose_kept: null } })).toBe('proven');
  });
  it('says what waits and what was destroyed', async () => {
    expect(await proven({ ...shown, checkpoint: null, proof: [] })).toBe('waiting');
    expect(await proven({ ...shown, line: null })).toBe('destroyed');
  });
  it('counts bytes and microseconds', () => {
    const line = shown.line;
    if (line === null) throw new Error('the vector has a line');
    expect(new TextDecoder().decode(canonical({ ...line, at: '1970-01-01T09:00:00.000007+09:00', id: '가', purpose: null }))).toMatch(/^3:가1:7/);
  });
});

describe('days of the city', () => {
  it('begin at its midnight', () => {
    expect(dayBegins('2026-03-02', 'Asia/Seoul')).toBe('2026-03-01T15:00:00.000Z');
    expect(dayBegins('2026-03-29', 'Europe/Berlin')).toBe('2026-03-28T23:00:00.000Z');
    expect(dayBegins('2026-03-30', 'Europe/Berlin')).toBe('2026-03-29T22:00:00.000Z');
    expect(daysAfter('2026-02-28', 1)).toBe('2026-03-01');
    expect(daysAfter('2026-03-01', -1)).toBe('2026-02-28');
  });
});
