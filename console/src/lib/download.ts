/** Gives the reader a table as CSV (UTF-8 with BOM, so that Excel reads Hangul). Cells that begin like a formula are quoted off. */
export function download(name: string, rows: readonly (readonly string[])[]): void {
  const cell = (text: string): string => `"${(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
  const body = `\uFEFF${rows.map((row) => row.map(cell).join(',')).join('\r\n')}\r\n`;
  save(name, new Blob([body], { type: 'text/csv;charset=utf-8' }));
}

/** Gives the reader a file. */
export function save(name: string, file: Blob): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
