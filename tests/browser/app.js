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

// A phone that was set up two minutes ago, so that its storage has settled.
export async function settled (office, person, name) {
  const phone = await office.phone(name)
  const page = await phone.window('/field')
  await heading(page, 'Set up this device')
  await ahead(page, -2 * MINUTE)
  await setUp(page, office.code(person))
  await today(page)
  await kept(page)
  await ahead(page, 0)
  await exchange(page)
  return { phone, page }
}

export async function unlock (page, passphrase = PASSPHRASE) {
  await heading(page, 'Unlock Doorstep')
  await page.getByLabel('Passphrase', { exact: true }).fill(passphrase)
  await page.getByRole('button', { name: 'Unlock' }).click()
}

export const today = page => heading(page, /Today/)

// Goes to one of the four sections.
export async function section (page, name) {
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name }).click()
  await heading(page, new RegExp(name))
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

// The clock that the owner of the store reads goes so far ahead of the true one.
export async function ahead (page, milliseconds) {
  const owner = page.workers().find(worker => worker.url().endsWith('/owner.js'))
  await owner.evaluate(shift => {
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
  const tap = (role, name) => page.getByRole(role, { name }).click()
  await tap('button', new RegExp(`^Record a visit.*${child}`))
  await tap('button', 'Nobody answered the door')
  await page.getByLabel('Looked at the windows for movement').check()
  await page.getByLabel('Phoned the family', { exact: true }).check()
  await tap('button', 'Continue')
  await page.getByLabel('Not concerned').check()
  await tap('button', 'Continue')
  await tap('button', 'Save')
  await heading(page, 'Saved')
}
