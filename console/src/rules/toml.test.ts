import { expect, it } from 'vitest';
import { parts } from './toml';

const kindsOf = (line: string): string[] => parts(line).filter((part) => part.text.trim()).map((part) => `${part.kind}:${part.text.trim()}`);

it('colours a line and loses none of it', () => {
  for (const line of ['[[rule]]', 'for = 5.0 # five', 'name.ko = "불 # \\" 이상"', 'any = [{ property = "heat", op = ">=", value = -60 }]', 'enabled = true', '', '   ']) {
    expect(parts(line).map((part) => part.text).join('').trimEnd()).toBe(line.trimEnd());
  }
  expect(kindsOf('[rule.sustained]')).toEqual(['table:[rule.sustained]']);
  expect(kindsOf('for = 5.0 # five')).toEqual(['key:for', 'plain:=', 'number:5.0', 'comment:# five']);
  expect(kindsOf('x = "a # b"')).toEqual(['key:x', 'plain:=', 'string:"a # b"']);
});
