import { expect, it } from 'vitest';
import { FrameReader } from './frames';

it('cuts frames wherever the network cut the bytes', () => {
  const text = ': 2026-12-05T03:14:27Z\n\nid: 7\nevent: change\ndata: {"a":\ndata: 1}\n\nevent: reset\ndata: \n\n';
  for (let cut = 0; cut <= text.length; cut += 1) {
    const reader = new FrameReader();
    const frames = [...reader.push(text.slice(0, cut)), ...reader.push(text.slice(cut))];
    expect(frames).toEqual([
      { event: '', data: '', comment: '2026-12-05T03:14:27Z' },
      { id: '7', event: 'change', data: '{"a":\n1}' },
      { id: '7', event: 'reset', data: '' },
    ]);
  }
});
