// The service worker: shows what the city pushes and opens it. It holds no words, keeps nothing, and serves no pages.
self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('push', (event) => {
  let told = {};
  try {
    told = event.data?.json() ?? {};
  } catch {
    // Not ours to read: something is shown all the same, or the browser takes the right to push away.
  }
  event.waitUntil(
    self.registration.showNotification(told.title ?? 'dure', {
      body: told.body ?? '',
      tag: told.notice ?? 'dure',
      icon: './mark.svg',
      requireInteraction: told.urgent === true,
      data: { notice: told.notice ?? null, incident: told.incident ?? null },
    }),
  );
});

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  const { incident } = event.notification.data ?? {};
  const place = new URL(incident ? `./#/incidents/${encodeURIComponent(incident)}` : './#/admin/mine', self.registration.scope).href;
  event.waitUntil(
    (async () => {
      const open = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
      const own = open.find((one) => one.url.startsWith(self.registration.scope));
      if (own === undefined) return self.clients.openWindow(place);
      await own.navigate(place).catch(() => self.clients.openWindow(place));
      return own.focus();
    })(),
  );
});
