import { expect, test } from 'vitest';
import { fieldOfMoment, momentOf } from './moment';

test('a field shows the city’s time and means the same moment', () => {
  const at = new Date('2026-03-01T15:30:00Z');
  for (const [zone, shown] of [['Asia/Seoul', '2026-03-02T00:30'], ['UTC', '2026-03-01T15:30'], ['America/New_York', '2026-03-01T10:30']] as const) {
    expect(fieldOfMoment(at, zone)).toBe(shown);
    expect(momentOf(shown, zone)).toBe(at.toISOString());
  }
});

test('an empty field means no moment', () => {
  for (const field of ['', 'tomorrow', '2026-13-01T00:00']) expect(momentOf(field, 'Asia/Seoul')).toBeNull();
});
