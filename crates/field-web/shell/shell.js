// The page: routes clicks and forms to the worker that owns the store, and shows what it answers.
// Everything on the screen but a few notices is drawn by the app's pages, on this device.
import { Again } from './again.js'
import { Owner } from './channel.js'
import { Drafts } from './drafts.js'
import { Notices } from './notices.js'
import { smaller } from './photo.js'
import { askToKeep, forgetMark, missingPart, rememberedMark, watchStorage } from './storage.js'
import { Updates, wakeWhenOnline } from './update.js'
import { fillDeviceName, hide, show, showFault } from './view.js'

const BASE = '/field'
const REDIRECTS_MAX = 8
const WORKERS_MAX = 3
const AWAY_MS = 60_000
const LEAVE = 'What you typed last is not saved: this device may be full. Leave this page without it?'
const assets = new URL('.', import.meta.url)
const version = document.querySelector('meta[name="doorstep-version"]').content
const tab = crypto.randomUUID()
const notices = new Notices(document.getElementById('notices'))
let owner, drafts, updates, again
let workers = 0
let visit = 0
let shown = null
let hiddenAt = Date.now()

begin()

async function begin () {
  const missing = await missingPart()
  if (missing) return showFault(missing)
  owner = new Owner(tab)
  drafts = new Drafts(owner, notices)
  again = new Again(owner, drafts)
  updates = new Updates(owner, notices)
  watchStorage(owner)
  owner.addEventListener('silence', () => notices.otherWindow(owner.silent))
  for (const kind of ['synced', 'said']) owner.addEventListener(kind, () => again.now())
  owner.addEventListener('changed', ({ message }) => { if (message.by !== tab) stay() })
  document.addEventListener('click', clicked)
  document.addEventListener('submit', submitted)
  document.addEventListener('visibilitychange', looked)
  window.addEventListener('online', () => owner.post({ kind: 'sync' }))
  window.addEventListener('popstate', event =>
    go(here(), { push: false, scroll: event.state?.scroll ?? 0 }))
  startWorker()
  takeCodeFromLink()
  await go(here(), { push: false })
}

const here = () => location.pathname + location.search

// A link or QR code carries the device's code behind the hash, which no server and no log sees.
function takeCodeFromLink () {
  const code = new URLSearchParams(location.hash.slice(1)).get('code')
  if (code) history.replaceState(null, '', `${BASE}/start?code=${encodeURIComponent(code)}`)
}

function startWorker () {
  const settings = { tab, app: `doorstep-field ${version}`, mark: rememberedMark() }
  const name = JSON.stringify(settings)
  const worker = new Worker(new URL('owner.js', assets), { type: 'module', name })
  workers += 1
  worker.onmessage = event => {
    const { reason, detail } = event.data
    worker.terminate()
    if (reason === 'broken' && workers < WORKERS_MAX) return startWorker()
    showFault(reason, detail)
  }
  worker.onerror = () => showFault('broken', 'the worker did not start')
}

// --- going from page to page

async function go (target, { push = true, scroll = 0, method = 'GET', content = {}, force = false } = {}) {
  const mine = ++visit
  if (method === 'GET') await drafts.flush()
  if (method === 'GET' && !force && drafts.dirty && !confirm(LEAVE)) {
    if (target === here()) history.pushState(null, '', shown) // The browser's own button went back already.
    return
  }
  let answer
  for (let redirects = 0; redirects < REDIRECTS_MAX; redirects++) {
    answer = await owner.call(method, target, content)
    if (mine !== visit) return // The person went elsewhere meanwhile.
    if (answer.wants === 'forget') forgetMark()
    if (!answer.location) break
    target = answer.location
    method = 'GET'
    content = {}
    if (!target.startsWith(BASE)) return location.assign(target)
  }
  if (push && target !== here()) {
    history.replaceState({ scroll: window.scrollY }, '')
    history.pushState(null, '', target)
  } else {
    history.replaceState(history.state, '', target)
  }
  shown = here()
  show(answer, { scroll })
  drafts.watch()
  again.watch()
}

function clicked (event) {
  const link = event.target.closest?.('a[href]')
  if (!link || event.defaultPrevented || event.button !== 0) return
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
  if (link.target || link.hasAttribute('download')) return
  const url = new URL(link.href)
  if (url.origin !== location.origin || !isOurs(url)) return
  if (url.hash && url.pathname + url.search === here()) return
  event.preventDefault()
  go(url.pathname + url.search)
}

const isOurs = url => url.pathname === BASE || url.pathname.startsWith(`${BASE}/`)

async function submitted (event) {
  const { target: form, submitter } = event
  const action = submitter?.getAttribute('formaction') ?? form.getAttribute('action') ?? location.href
  const url = new URL(action, location.href)
  if (url.origin !== location.origin || event.defaultPrevented) return
  event.preventDefault()
  if (form.dataset.sending) return
  form.dataset.sending = 'yes'
  try {
    await submit(form, submitter, url)
  } finally {
    delete form.dataset.sending
  }
}

async function submit (form, submitter, url) {
  if (url.pathname === updates.path) {
    await drafts.flush()
    return updates.take()
  }
  if (url.pathname === `${BASE}/start`) {
    fillDeviceName(form)
    await askToKeep()
    await updates.kept()
  }
  const data = new FormData(form, submitter)
  if (form.method === 'get') return await go(`${url.pathname}?${new URLSearchParams(data)}`)
  drafts.sent(form)
  const files = form.enctype === 'multipart/form-data'
  if (files) for (const [name, value] of [...data]) if (value instanceof File) data.set(name, await smaller(value))
  const body = files
    ? new Response(data)
    : new Response(new URLSearchParams(data))
  const type = body.headers.get('content-type')
  await go(url.pathname + url.search, { method: 'POST', content: { type, body: await body.arrayBuffer() } })
  wakeWhenOnline()
}

// --- what changes by itself

// Another window locked or unlocked, or nobody used the app for long. What this window did itself leads
// on by its own answer.
function stay () {
  const stage = owner.standing?.stage
  const gate = location.pathname === `${BASE}/unlock`
  if (stage === 'locked' && !gate) go(here(), { push: false, force: true })
  if (stage === 'open' && gate) go(BASE, { push: false })
}

// Who comes back after a while sees nothing before the owner looked at the clock.
function looked () {
  if (document.hidden) { hiddenAt = Date.now(); return }
  if (Math.abs(Date.now() - hiddenAt) < AWAY_MS || drafts.dirty) return
  hide()
  owner.post({ kind: 'look' })
  go(here(), { push: false, scroll: window.scrollY })
}
