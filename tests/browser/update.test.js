import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { begin, settled, today, unlock, write } from './app.js'
import { heading, open } from './look.js'
import { Office, ROOT } from './office.js'

const BUILT = join(ROOT, 'target/field')
const NEXT = 'abcdef01'
const NOTE = 'The dog was barking.'

let office, page, version
before(async () => {
  office = await Office.open()
  office.plan('S-105', 'C-013')
  ;({ page } = await settled(office))
  version = readFileSync(join(BUILT, 'version.txt'), 'utf8')
})
after(() => office.close())

const hash = text => `sha256-${createHash('sha256').update(text).digest('base64')}`

// The same app under another version, as a later release would be.
function release (spoilt = false) {
  const folder = join(office.folder, spoilt ? 'spoilt' : 'next')
  cpSync(BUILT, folder, { recursive: true })
  const index = join(folder, 'index.html')
  const worker = join(folder, 'sw.js')
  const before = readFileSync(index, 'utf8')
  const text = before.replaceAll(`"${version}"`, `"${NEXT}"`)
  const list = readFileSync(worker, 'utf8').replace(`version: '${version}'`, `version: '${NEXT}'`)
  writeFileSync(index, spoilt ? '<h1>Welcome to our Wi-Fi</h1>' : text)
  writeFileSync(worker, list.replace(hash(before), hash(text)))
  for (const file of [index, worker]) for (const ending of ['.br', '.gz']) rmSync(file + ending)
  return { DOORSTEP_FIELD_APP: folder }
}

const shown = () => page.locator('meta[name="doorstep-version"]').getAttribute('content')
const look = () => page.evaluate(async () => {
  const registration = await navigator.serviceWorker.getRegistration('/field')
  const worker = (await registration.update().catch(() => null))?.installing
  if (!worker) return 'none'
  return await new Promise(resolve => worker.addEventListener('statechange', () => resolve(worker.state), { once: true }))
})

test('a version whose files are not what was built is not taken', async () => {
  await office.stop()
  await office.serve(release(true))
  assert.equal(await look(), 'redundant')
  await page.reload()
  await unlock(page)
  await today(page)
  assert.equal(await shown(), version)
})

test('a newer version waits for the end of a record, and for the person; the record stays', async () => {
  await begin(page, 'Andrei Exemplu')
  await write(page, NOTE)
  await office.stop()
  await office.serve(release())
  assert.equal(await look(), 'installed')
  await heading(page, 'How concerned are you?')
  assert.equal(await page.getByLabel('A note').inputValue(), NOTE)
  // It was fetched: it needs no server any more, and nobody is made to take it.
  await office.stop()
  await page.reload()
  await unlock(page)
  await heading(page, 'How concerned are you?')
  assert.equal(await shown(), version)
  await page.getByText('A new version is ready').waitFor()
  await open(page, 'update')
  // What is typed at that very moment stays too.
  await page.getByLabel('A note').fill(`${NOTE} Twice.`)
  await page.getByRole('button', { name: 'Use the new version' }).click()
  await unlock(page)
  assert.equal(await shown(), NEXT)
  await heading(page, 'How concerned are you?')
  assert.equal(await page.getByLabel('A note').inputValue(), `${NOTE} Twice.`)
})
