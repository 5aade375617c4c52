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
    return answer.status === 204 ? null : answer.json();
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

  /** The ages of all pictures that the console's own decoder paints for a while (WebCodecs), read off its canvases. */
  const painted = async (root, ms) => {
    const found = [], pens2d = CanvasRenderingContext2D.prototype, draw = pens2d.drawImage;
    pens2d.drawImage = function (image, ...rest) {
      draw.call(this, image, ...rest);
      if (!(image instanceof VideoFrame) || !this.canvas.matches(root)) return;
      const one = age(this.canvas, this.canvas.width, this.canvas.height);
      if (one !== null) found.push(one);
    };
    await wait(ms);
    pens2d.drawImage = draw;
    return found;
  };

  /** From the next press of the pointer until all videos below `root` show a picture of the moment that `said` tells; milliseconds. */
  const sought = async (root, said) => {
    const began = await new Promise((done) => addEventListener('pointerdown', () => done(performance.now()), { capture: true, once: true }));
    const shows = [...document.querySelectorAll(root)].map((video) => new Promise((done) => {
      const look = () => {
        const at = performance.now(), now = performance.timeOrigin + at;
        const old = age(video, video.videoWidth, video.videoHeight);
        if (old !== null && Math.abs(now - old - said()) < 1000) done(at);
        else video.requestVideoFrameCallback(look);
      };
      video.requestVideoFrameCallback(look);
    }));
    return Math.max(...(await Promise.all(shows))) - began;
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

  /** The peer's past: of each stream the segment in which a moment lies; how long until all show it. */
  const hlsPast = async (names, second) => {
    const began = performance.now();
    const seen = names.map(async (name) => {
      const eye = player();
      const lines = (await (await fetch(`/${name}/live.m3u8`, { cache: 'no-store' })).text()).split('\n');
      let begin = 0, long = 0, chosen = '';
      for (const line of lines) {
        if (line.startsWith('#EXTINF:')) [begin, long] = [begin + long, parseFloat(line.slice(8))];
        else if (line.endsWith('.m4s') && begin <= second) chosen = line;
      }
      const parts = await Promise.all(['init.mp4', chosen].map(async (part) => (await fetch(`/${name}/${part}`)).arrayBuffer()));
      for (const part of parts) eye.take(part);
      await eye.begin('video/mp4; codecs="avc1.42c01e"');
      const shown = await shownOnce(eye.video);
      return [shown, eye];
    });
    const done = await Promise.all(seen);
    for (const [, eye] of done) eye.end();
    return Math.max(...done.map(([shown]) => shown)) - began;
  };

  window.eyes = { pressed, ages, painted, sought, hls, hlsPast, post };
}
