/** Characters that a password has at least. */
export const SHORTEST = 12;

/** Whether a new password, written twice, can be sent. */
export function fits(password: string, again: string): boolean {
  return password.length >= SHORTEST && password === again;
}
