/**
 * Korean particles after a word, by its last sound. The Python side has the same helper; josa.vectors.json holds both to one answer.
 * Digits and Latin letters are read as Koreans read them aloud.
 */
const digitFinals: Record<string, string> = { '0': 'ㅇ', '1': 'ㄹ', '3': 'ㅁ', '6': 'ㄱ', '7': 'ㄹ', '8': 'ㄹ' };
const letterFinals: Record<string, string> = { l: 'ㄹ', m: 'ㅁ', n: 'ㄴ', r: 'ㄹ' };
const firstSyllable = 0xac00;
const lastSyllable = 0xd7a3;
const finalsPerVowel = 28;
const rieul = 8;

function finalSound(word: string): string {
  for (const character of [...word].reverse()) {
    const code = character.codePointAt(0) ?? 0;
    if (code >= firstSyllable && code <= lastSyllable) {
      const index = (code - firstSyllable) % finalsPerVowel;
      return index === 0 ? '' : index === rieul ? 'ㄹ' : 'ㄱ';
    }
    if (/[a-z0-9]/i.test(character)) {
      const lowered = character.toLowerCase();
      return digitFinals[lowered] ?? letterFinals[lowered] ?? '';
    }
  }
  return '';
}

/** `word` with the fitting particle of `pair` (the form after a consonant first); a final ㄹ takes 로. */
export function josa(word: string, pair: string): string {
  const [afterConsonant, afterVowel, ...rest] = pair.split('/');
  if (afterConsonant === undefined || afterVowel === undefined || rest.length > 0) throw new Error(`particle pair ${pair}`);
  const final = finalSound(word);
  const light = final === '' || (final === 'ㄹ' && afterConsonant === '으로');
  return word + (light ? afterVowel : afterConsonant);
}
