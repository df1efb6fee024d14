import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { MINUTE, PASSPHRASE, ahead, enrolled, exchange, kept, setUp, today, unlock } from './app.js'
import { heading, open, picture } from './look.js'
import { Office } from './office.js'

let office
before(async () => { office = await Office.open() })
after(() => office.close())

// The first bytes of the database's file, behind the header of the pool.
const salt = page => page.evaluate(async () => {
  const root = await navigator.storage.getDirectory()
  const pool = await (await root.getDirectoryHandle('doorstep')).getDirectoryHandle('.opaque')
  for await (const handle of pool.values()) {
    const file = await handle.getFile()
    const name = new TextDecoder().decode(await file.slice(0, 64).arrayBuffer())
    if (/^device-\d+\.db\0/.test(name)) {
      return [...new Uint8Array(await file.slice(4096, 4112).arrayBuffer())]
    }
  }
})

// The browser itself finds nothing that keeps it from installing the app.
async function canBeInstalled (page) {
  const session = await page.context().newCDPSession(page)
  const { errors, data } = await session.send('Page.getAppManifest')
  assert.deepEqual(errors, [])
  const { display, scope } = JSON.parse(data)
  assert.equal(display, 'standalone')
  assert.ok(new URL(page.url()).pathname.startsWith(scope), `${page.url()} is outside of ${scope}`)
  assert.deepEqual((await session.send('Page.getInstallabilityErrors')).installabilityErrors, [])
  await session.detach()
}

test('a code and a passphrase set a phone up, and from then on it needs no server', async () => {
  const phone = await office.phone('first')
  const page = await phone.window(`/field#code=${office.code('S-105')}`)
  await heading(page, 'Set up this device')
  assert.match(page.url(), /\/field\/start\?code=/)
  await picture(page, 'first-use')
  await setUp(page, await page.getByLabel('Code').inputValue())
  await today(page)
  await kept(page)
  await picture(page, 'today-first')
  await canBeInstalled(page)
  const first = await salt(page)
  assert.equal(first.length, 16)
  assert.ok(first.some(byte => byte !== 0), `the salt of the file is ${first}`)

  await office.stop()
  await phone.kill()
  await phone.start()
  const again = await phone.window('/field')
  await picture(again, 'opening')
  await unlock(again, 'not the right words')
  await again.getByText(/does not open this device/i).first().waitFor()
  assert.equal(await again.evaluate(() => document.activeElement.className), 'govuk-error-summary')
  await picture(again, 'wrong-passphrase')
  await unlock(again, PASSPHRASE)
  await today(again)
  // Nothing writes to the file while it is looked at.
  assert.match((await exchange(again)).trouble, /cannot be reached/)
  assert.deepEqual(await salt(again), first)
  await office.serve()
  await phone.close()
})

test('a code that does not work keeps the passphrase and asks for another code', async () => {
  const phone = await office.phone('wrong-code')
  const page = await phone.window('/field')
  await setUp(page, 'WRONG-CODE')
  await page.getByRole('alert').waitFor()
  await page.getByLabel('Code').fill(office.code('S-106'))
  await page.getByRole('button', { name: 'Set up' }).click()
  await today(page)
  await phone.close()
})

test('a fresh phone keeps what is written, and saves it once its storage is safe', async () => {
  office.plan('S-105', 'C-013')
  const { phone, page } = await enrolled(office, { name: 'fresh' })
  assert.equal((await exchange(page)).trouble, null)
  await page.getByRole('button', { name: /^Record a visit.*Andrei Exemplu/ }).click()
  await page.getByRole('button', { name: 'Nobody answered the door' }).click()
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByLabel('Not concerned').check()
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByText(/is making its storage safe/).waitFor()
  assert.equal(await page.getByRole('button', { name: 'Save' }).count(), 0)
  await picture(page, 'settling')
  await ahead(page, MINUTE)
  // The page counts down by itself.
  await page.getByRole('button', { name: 'Save' }).click()
  await heading(page, 'Saved')
  await phone.close()
})

test('a store that should be there and is not is never replaced in silence', async () => {
  const phone = await office.phone('missing')
  let page = await phone.window('/field')
  await setUp(page, office.code('S-105'))
  await today(page)
  // Another page of the same server, in a browser where nothing holds the file that is then lost.
  await phone.kill()
  await phone.start()
  page = await phone.window('/sign-in')
  await page.evaluate(async () => {
    const root = await navigator.storage.getDirectory()
    await root.removeEntry('doorstep', { recursive: true })
  })
  await page.goto(`${office.url}/field`)
  await heading(page, 'The records of this device are missing')
  await open(page, 'missing')
  await page.getByRole('button', { name: /set this device up again/ }).click()
  await setUp(page, office.code('S-105'))
  await today(page)
  await phone.close()
})

test('a browser without the storage is told what to use instead', async () => {
  const phone = await office.phone('old')
  await phone.context.addInitScript(() => { delete StorageManager.prototype.getDirectory })
  const page = await phone.window('/field')
  await heading(page, 'Doorstep cannot run here')
  await page.getByText(/Use Chrome or Edge 111 or later/).waitFor()
  await open(page, 'unsupported')
  await phone.close()
})
