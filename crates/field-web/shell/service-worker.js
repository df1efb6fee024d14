// Keeps the whole shell of one version, so that the app starts without a network. `SHELL` stands
// above: the version, and every file with the hash of its content. It never touches records.
/* global SHELL */
const PREFIX = 'doorstep-field-'
const CACHE = PREFIX + SHELL.version

// Each file is taken only if it is the one that was built: a sign-in page of a network is not.
self.addEventListener('install', event => event.waitUntil((async () => {
  const cache = await caches.open(CACHE)
  await Promise.all(SHELL.files.map(async ({ path, integrity }) => {
    const response = await fetch(path, { integrity, cache: 'no-cache', redirect: 'error' })
    if (!response.ok) throw new Error(`${path}: ${response.status}`)
    await cache.put(path, response)
  }))
})()))

// The version before stays: a window that was opened with it may still need its files.
self.addEventListener('activate', event => event.waitUntil((async () => {
  const ours = (await caches.keys()).filter(name => name.startsWith(PREFIX) && name !== CACHE)
  await Promise.all(ours.slice(0, -1).map(name => caches.delete(name)))
  await self.clients.claim()
})()))

self.addEventListener('fetch', event => {
  const url = new URL(event.request.url)
  if (url.origin !== location.origin || event.request.method !== 'GET') return
  if (url.pathname !== '/field' && !url.pathname.startsWith('/field/')) return
  event.respondWith(answer(event.request, url))
})

async function answer (request, url) {
  if (request.mode === 'navigate') {
    const cache = await caches.open(CACHE)
    return await cache.match('/field/') ?? fetch(request)
  }
  return await caches.match(url.pathname) ?? fetch(request)
}

// Only a person's word makes a version replace another (see update.js).
self.addEventListener('message', event => {
  if (event.data === 'take-over') self.skipWaiting()
})

// The system says that there is a connection again. Records are behind the passphrase: a window that
// is open sends them. Without one the system is told to ask again later.
self.addEventListener('sync', event => {
  if (event.tag === 'hand-in') event.waitUntil(askWindows())
})

async function askWindows () {
  const windows = await self.clients.matchAll({ type: 'window' })
  if (windows.length === 0) throw new Error('no window is open')
  const channel = new BroadcastChannel('doorstep-field')
  channel.postMessage({ kind: 'sync' })
  channel.close()
}
