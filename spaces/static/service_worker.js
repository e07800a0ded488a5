// Keeps the site's files, so that it works without a network. VERSION is filled in when the site is built.
const VERSION = '@version@';
self.addEventListener('install', (event) => event.waitUntil((async () => {
  const cache = await caches.open(VERSION), { first } = await (await fetch('files.json')).json();
  await cache.addAll(first);
  await self.skipWaiting();
})()));
self.addEventListener('activate', (event) => event.waitUntil((async () => {
  for (const name of await caches.keys()) if (name !== VERSION) await caches.delete(name);
  await self.clients.claim();
})()));
self.addEventListener('fetch', (event) => {
  if (event.request.method !== 'GET' || new URL(event.request.url).origin !== self.location.origin) return;
  event.respondWith((async () => {
    const cache = await caches.open(VERSION), kept = await cache.match(event.request, { ignoreSearch: true });
    if (kept) return kept;
    const answer = await fetch(event.request);
    if (answer.ok) await cache.put(event.request, answer.clone());
    return answer;
  })());
});
