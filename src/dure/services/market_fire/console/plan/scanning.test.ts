import { expect, test } from 'vitest';
import { idOf } from './scanning';

test.each([
  ['HBC-G-017', 'HBC-G-017'],
  ['  HBC-G-017\n', 'HBC-G-017'],
  ['https://city.example/d/HBC-G-017', 'HBC-G-017'],
  ['DEV:HBC-G-017', 'HBC-G-017'],
  ['https://x.example/?id=abc_1', 'abc_1'],
  ['', null],
  ['점포 17', '17'],
  ['감지기', null],
  ['a'.repeat(65), null],
])('%s', (read, id) => expect(idOf(read)).toBe(id));
