// Keeps the site's files, so that it works without a network, and gives them the headers that allow threads, which a
// plain file server does not set. VERSION is filled in when the site is built.
const VERSION = '@version@';
const ALONE = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

self.addEventListener('install', (event) => event.waitUntil((async () => {
  const cache = await caches.open(VERSION), { first } = await (await fetch('files.json')).json();
  await cache.addAll(first);
  await self.skipWaiting();
})()));
self.addEventListener('activate', (event) => event.waitUntil((async () => {
  for (const name of await caches.keys()) if (name !== VERSION) await caches.delete(name);
  await self.clients.claim();
})()));
// The page tells which runtime it took: the one for graphics processors is not kept where there is none.
self.addEventListener('message', (event) => event.waitUntil((async () => {
  const cache = await caches.open(VERSION);
  for (const file of event.data) if (!await cache.match(file)) await cache.add(file);
})()));
self.addEventListener('fetch', (event) => {
  if (event.request.method !== 'GET' || new URL(event.request.url).origin !== self.location.origin) return;
  event.respondWith((async () => {
    const cache = await caches.open(VERSION), kept = await cache.match(event.request, { ignoreSearch: true });
    if (kept) return alone(kept);
    const answer = await fetch(event.request);
    if (answer.ok) await cache.put(event.request, answer.clone());
    return alone(answer);
  })());
});

function alone(answer) {
  const headers = new Headers(answer.headers);
  for (const [name, value] of Object.entries(ALONE)) headers.set(name, value);
  return new Response(answer.body, { status: answer.status, statusText: answer.statusText, headers });
}
