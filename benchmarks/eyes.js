/* What a browser sees, for benchmarks/video.py: reads the clock in pictures and times when they are there. */
(epochMs) => {
  const CELL = 24, BITS = 24, TOP = 12, WRAP = 2 ** BITS;
  const pens = new Map();
  /** Milliseconds from the moment that is drawn in the picture until now; null where no clock can be read. */
  const age = (image, width, height, key = image) => {
    let pen = pens.get(key);
    if (!pen) {
      const canvas = new OffscreenCanvas(640, 72);
      pen = canvas.getContext('2d', { willReadFrequently: true });
      pens.set(key, pen);
    }
    const now = performance.timeOrigin + performance.now();
    pen.drawImage(image, 0, 0, width, height * 0.2, 0, 0, 640, 72);
    const data = pen.getImageData(0, 0, 640, 72).data;
    const light = (bit, row) => data[4 * (640 * (TOP + row * CELL + CELL / 2) + 12 + bit * CELL + CELL / 2)];
    let shown = 0;
    for (let bit = 0; bit < BITS; bit += 1) {
      const one = light(bit, 0) > 127;
      if (one === light(bit, 1) > 127) return null;
      if (one) shown += 2 ** bit;
    }
    return ((now - epochMs - shown) % WRAP + WRAP) % WRAP;
  };
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  const post = async (path, body) => {
    const answer = await fetch(`/api/v1${path}`, { method: 'POST', headers: { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() }, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  const shownOnce = (video) => new Promise((done) => video.requestVideoFrameCallback(() => done(performance.now())));

  /** Presses something and waits until `many` videos below `root` show a picture; milliseconds. */
  const pressed = async (press, root, many) => {
    const known = new Map();
    const look = () => {
      for (const video of document.querySelectorAll(root)) if (!known.has(video)) known.set(video, shownOnce(video));
    };
    const watch = new MutationObserver(look);
    watch.observe(document.body, { subtree: true, childList: true });
    const began = performance.now();
    press();
    look();
    while (known.size < many) await wait(2);
    const times = await Promise.all([...known.values()]);
    watch.disconnect();
    return Math.max(...times) - began;
  };

  /** The ages of all pictures that these videos show for a while. */
  const ages = async (videos, ms) => {
    const found = [];
    let on = true;
    for (const video of videos) {
      const look = () => {
        if (!on) return;
        const one = age(video, video.videoWidth, video.videoHeight);
        if (one !== null) found.push(one);
        video.requestVideoFrameCallback(look);
      };
      video.requestVideoFrameCallback(look);
    }
    await wait(ms);
    on = false;
    return found;
  };

  const player = () => {
    const video = document.createElement('video');
    video.muted = true;
    video.className = 'eye';
    document.body.append(video);
    const source = new MediaSource();
    video.src = URL.createObjectURL(source);
    const open = new Promise((done) => source.addEventListener('sourceopen', done, { once: true }));
    const waiting = [];
    let buffer = null;
    const next = () => {
      if (buffer && !buffer.updating && waiting.length) buffer.appendBuffer(waiting.shift());
      const ranges = video.buffered;
      if (ranges.length && (video.currentTime < ranges.start(0) || video.currentTime > ranges.end(ranges.length - 1))) video.currentTime = ranges.start(0);
    };
    return {
      video,
      begin: async (mime) => { await open; buffer = source.addSourceBuffer(mime); buffer.addEventListener('updateend', next); void video.play(); next(); },
      take: (data) => { waiting.push(data); next(); },
      end: () => { video.remove(); },
    };
  };

  /** Opens live pictures as the centre's own work and plays each by MSE; milliseconds until all show one. */
  const opened = async (cameras, purpose) => {
    const began = performance.now();
    const all = cameras.map(async (camera) => {
      const given = await post('/video/watch', { camera_id: camera, purpose });
      const eye = player();
      const socket = new WebSocket(given.url);
      socket.binaryType = 'arraybuffer';
      socket.onopen = () => socket.send(JSON.stringify({ ticket: given.ticket }));
      socket.onmessage = ({ data }) => {
        if (typeof data !== 'string') eye.take(data.slice(24));
        else if (JSON.parse(data).type === 'init') void eye.begin(JSON.parse(data).mime);
      };
      const at = await shownOnce(eye.video);
      return [at, () => { socket.close(); eye.end(); }];
    });
    const done = await Promise.all(all);
    for (const [, end] of done) end();
    return Math.max(...done.map(([at]) => at)) - began;
  };

  const boxes = function* (view, from, to) {
    for (let at = from; at + 8 <= to; at += view.getUint32(at)) yield [String.fromCharCode(...new Uint8Array(view.buffer, view.byteOffset + at + 4, 4)), at + 8, at + view.getUint32(at)];
  };
  const found = (view, path, from = 0, to = view.byteLength, skip = {}) => {
    for (const [kind, start, end] of boxes(view, from, to)) {
      if (kind === path[0]) return path.length === 1 ? [start, end] : found(view, path.slice(1), start + (skip[kind] ?? 0), end, skip);
    }
    return null;
  };

  /** Decodes live pictures by WebCodecs, without a video element; the ages of all pictures in a while. */
  const decoded = async (cameras, purpose, ms) => {
    const ages = [], ends = [];
    for (const [number, camera] of cameras.entries()) {
      const given = await post('/video/watch', { camera_id: camera, purpose });
      const decoder = new VideoDecoder({
        output: (frame) => { const one = age(frame, frame.displayWidth, frame.displayHeight, number); if (one !== null) ages.push([performance.now(), one]); frame.close(); },
        error: (error) => { throw error; },
      });
      let codec = '';
      const socket = new WebSocket(given.url);
      socket.binaryType = 'arraybuffer';
      socket.onopen = () => socket.send(JSON.stringify({ ticket: given.ticket }));
      socket.onmessage = ({ data }) => {
        if (typeof data === 'string') { const said = JSON.parse(data); if (said.type === 'init') codec = /codecs="(.*)"/.exec(said.mime)[1]; return; }
        const kind = new DataView(data).getUint8(0), view = new DataView(data, 24);
        if (kind === 0) {
          const [from, to] = found(view, ['moov', 'trak', 'mdia', 'minf', 'stbl', 'stsd', 'avc1', 'avcC'], 0, view.byteLength, { stsd: 8, avc1: 78 });
          decoder.configure({ codec, description: new Uint8Array(data.slice(24 + from, 24 + to)), optimizeForLatency: true, hardwareAcceleration: 'prefer-software' });
        } else if (decoder.state === 'configured') {
          const [from, to] = found(view, ['mdat']);
          decoder.decode(new EncodedVideoChunk({ type: kind === 3 ? 'key' : 'delta', timestamp: new DataView(data).getFloat64(8) * 1e6, data: data.slice(24 + from, 24 + to) }));
        }
      };
      ends.push(() => { socket.close(); decoder.close(); });
    }
    const from = performance.now() + 2000;
    await wait(ms + 2000);
    for (const end of ends) end();
    return ages.filter(([at]) => at > from).map(([, one]) => one);
  };

  /** A screen of past pictures: `ask(at)` shows five cameras at a moment; milliseconds from the click to the fifth. */
  const past = async (url, tickets) => {
    const socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    let eyes = [], turn = 0, seats = 0;
    await new Promise((done) => { socket.onopen = done; });
    socket.send(JSON.stringify({ tickets }));
    socket.onmessage = ({ data }) => {
      if (typeof data === 'string') {
        const said = JSON.parse(data);
        if (said.type === 'given') seats += 1;
        if (said.type === 'init' && said.turn === turn) void eyes[said.seat].begin(said.mime);
        return;
      }
      const head = new DataView(data);
      if (head.getUint32(4) === turn) eyes[head.getUint8(1)].take(data.slice(24));
    };
    while (seats < tickets.length) await wait(5);
    return {
      ask: async (at) => {
        const began = performance.now();
        turn += 1;
        const before = eyes;
        eyes = tickets.map(() => player());
        const all = eyes.map((eye) => shownOnce(eye.video));
        for (const seat of tickets.keys()) socket.send(JSON.stringify({ ask: { turn, seat, from: at, until: at + 2000, base: at } }));
        const times = await Promise.all(all);
        for (const eye of before) eye.end();
        return Math.max(...times) - began;
      },
      end: () => { socket.close(); for (const eye of eyes) eye.end(); },
    };
  };

  /** The peer: HLS of fMP4 segments as FFmpeg writes them; how long until all streams show a picture. */
  const hls = async (names, { stay = 0 } = {}) => {
    const began = performance.now();
    const seen = names.map(async (name) => {
      const eye = player();
      const had = new Set();
      let over = false, begun = false;
      void (async () => {
        while (!over) {
          const answer = await fetch(`/${name}/live.m3u8`, { cache: 'no-store' });
          if (answer.ok) {
            const lines = (await answer.text()).split('\n').filter((line) => line.endsWith('.m4s'));
            if (!begun && lines.length) {
              begun = true;
              eye.take(await (await fetch(`/${name}/init.mp4`)).arrayBuffer());
              for (const line of lines.slice(0, -1)) had.add(line);
              await eye.begin('video/mp4; codecs="avc1.42c01e"');
            }
            for (const line of lines) if (!had.has(line)) { had.add(line); eye.take(await (await fetch(`/${name}/${line}`)).arrayBuffer()); }
          }
          await wait(100);
        }
      })();
      const at = await shownOnce(eye.video);
      return [at, eye, () => { over = true; eye.end(); }];
    });
    const done = await Promise.all(seen);
    const told = stay ? await ages(done.map(([, eye]) => eye.video), stay) : [];
    for (const [, , end] of done) end();
    return { ms: Math.max(...done.map(([at]) => at)) - began, ages: told };
  };

  window.eyes = { pressed, ages, opened, decoded, past, hls, post };
}
