// What a practitioner does in the field app.
import { heading } from './look.js'

export const PASSPHRASE = 'correct horse battery'
export const MINUTE = 60_000

export async function setUp (page, code, passphrase = PASSPHRASE) {
  await heading(page, 'Set up this device')
  await page.getByLabel('Code').fill(code)
  await page.getByLabel('Passphrase', { exact: true }).fill(passphrase)
  await page.getByLabel('The passphrase again').fill(passphrase)
  await page.getByRole('button', { name: 'Set up' }).click()
}

// A phone of this person that keeps the app; its clock goes so far ahead of the true one while it is
// set up.
export async function enrolled (office, { person = 'S-105', name = 'phone', shift = 0 } = {}) {
  const phone = await office.phone(name)
  const page = await phone.window('/field')
  await heading(page, 'Set up this device')
  if (shift) await ahead(page, shift)
  await setUp(page, office.code(person))
  await today(page)
  await kept(page)
  if (shift) await ahead(page, 0)
  return { phone, page }
}

// One that was set up two minutes ago, so that its storage has settled, and whose caseload is there.
export async function settled (office, { shift = -2 * MINUTE, ...whose } = {}) {
  const ready = await enrolled(office, { shift, ...whose })
  await exchange(ready.page)
  return ready
}

export async function unlock (page, passphrase = PASSPHRASE) {
  await heading(page, 'Unlock Doorstep')
  await page.getByLabel('Passphrase', { exact: true }).fill(passphrase)
  await page.getByRole('button', { name: 'Unlock' }).click()
}

export const today = page => heading(page, /Today/)

// Goes to one of the four sections.
export async function section (page, name, title = new RegExp(name)) {
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name }).click()
  await heading(page, title)
}

// The whole app is kept for use without signal.
export const kept = page => page.evaluate(async () => { await navigator.serviceWorker.ready })

// Asks for an exchange with the server, and waits for what became of it.
export const exchange = page => page.evaluate(() => new Promise(resolve => {
  const channel = new BroadcastChannel('doorstep-field')
  channel.onmessage = event => {
    if (event.data.kind !== 'synced') return
    channel.close()
    resolve(event.data.heard)
  }
  channel.postMessage({ kind: 'sync' })
}))

// The worker that owns the store.
export const owner = page => page.workers().find(worker => worker.url().endsWith('/owner.js'))

// The storage takes nothing more in from now on, or takes it in again.
export const full = (page, is) => owner(page).evaluate(is => {
  const files = FileSystemSyncAccessHandle.prototype
  globalThis.trueWrite ??= files.write
  files.write = is
    ? () => { throw new DOMException('no room is left', 'QuotaExceededError') }
    : globalThis.trueWrite
}, is)

// The clock that the owner of the store reads goes so far ahead of the true one.
export async function ahead (page, milliseconds) {
  await owner(page).evaluate(shift => {
    globalThis.TrueDate ??= Date
    const True = globalThis.TrueDate
    globalThis.Date = class extends True {
      constructor (...given) { super(...(given.length ? given : [True.now() + shift])) }
      static now () { return True.now() + shift }
    }
  }, milliseconds)
}

// Records the plainest visit, from the button beside the child: nobody answered the door.
export async function recordNobodyAnswered (page, child) {
  await page.getByRole('button', { name: new RegExp(`^Record a visit.*${child}`) }).click()
  await nobodyAnswered(page)
}

// The same while nothing that is held is shown: the child's name is written.
export async function recordByName (page, child) {
  await page.getByLabel(/name/i).fill(child)
  await page.getByRole('button', { name: /Record/ }).click()
  await nobodyAnswered(page)
}

async function nobodyAnswered (page) {
  const tap = (role, name) => page.getByRole(role, { name }).click()
  await tap('button', 'Nobody answered the door')
  await page.getByLabel('Looked at the windows for movement').check()
  await page.getByLabel('Phoned the family', { exact: true }).check()
  await tap('button', 'Continue')
  await page.getByLabel('Not concerned').check()
  await tap('button', 'Continue')
  await tap('button', 'Save')
  await heading(page, 'Saved')
}

// Begins a visit to this child from its button, up to the question that has a note.
export async function begin (page, child) {
  await page.getByRole('button', { name: new RegExp(`^Record a visit.*${child}`) }).click()
  await page.getByRole('button', { name: 'The door was opened, I was not asked in' }).click()
  await page.getByLabel('Left a letter').check()
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByLabel('It states no time').check()
  await page.getByRole('button', { name: 'Continue' }).click()
  await heading(page, 'How concerned are you?')
}

// Resolves once the owner of the store has answered a request of this window with this status.
export const answered = (page, status) => page.evaluate(status => new Promise(resolve => {
  const channel = new BroadcastChannel('doorstep-field')
  channel.onmessage = ({ data }) => {
    if (data.kind !== 'answer' || data.answer.status !== status) return
    channel.close()
    resolve()
  }
}), status)

// Writes a note, and waits until it is kept.
export async function write (page, note) {
  const kept = answered(page, 204)
  await page.getByLabel('A note').fill(note)
  await kept
}

// Goes on with the visit that was begun to this child and not saved.
export async function goOn (page, child) {
  await page.getByText(`Not saved yet: ${child}`).waitFor()
  await page.getByRole('link', { name: new RegExp(`Go on with it.*${child}`) }).click()
}
