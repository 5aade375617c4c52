/** One frame of a server-sent event stream; a comment has only `comment`. */
export interface Frame {
  readonly id?: string;
  readonly event: string;
  readonly data: string;
  readonly comment?: string;
}

/** Cuts a stream of text into frames as the HTML standard says; comments are kept, because the city's heartbeats are comments. */
export class FrameReader {
  private rest = '';
  private id: string | undefined;
  private event = '';
  private data: string[] = [];

  push(text: string): Frame[] {
    const out: Frame[] = [];
    const lines = (this.rest + text).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? '';
    for (const line of lines) this.line(line, out);
    return out;
  }

  private line(line: string, out: Frame[]): void {
    if (line === '') {
      if (this.data.length > 0 || this.event) {
        out.push({ ...(this.id === undefined ? {} : { id: this.id }), event: this.event || 'message', data: this.data.join('\n') });
      }
      this.event = '';
      this.data = [];
      return;
    }
    if (line.startsWith(':')) {
      out.push({ event: '', data: '', comment: line.slice(1).trim() });
      return;
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'id') this.id = value;
    else if (field === 'event') this.event = value;
    else if (field === 'data') this.data.push(value);
  }
}
