// What must not lose a record: a phone that dies in the middle of a form, a full disk, a broken tab.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { begin, exchange, full, goOn, section, settled, today, unlock, write } from './app.js'
import { heading, open } from './look.js'
import { Office } from './office.js'

const NOTE = 'A voice was heard upstairs, nobody came down.'

let office, phone, page
before(async () => {
  office = await Office.open()
  office.plan('S-105', 'C-005', 'C-013', 'C-006')
  ;({ phone, page } = await settled(office))
})
after(() => office.close())

// The app may use so many bytes more than it does, as long as this window is open.
async function room (bytes) {
  const session = await phone.context.newCDPSession(page)
  const { usage } = await page.evaluate(() => navigator.storage.estimate())
  await session.send('Storage.overrideQuotaForOrigin', { origin: office.url, quotaSize: usage + bytes })
}

test('what is being typed outlives the phone, and Today offers to go on with it', async () => {
  await today(page)
  await begin(page, 'Callum Testerton')
  await write(page, NOTE)
  await phone.kill()
  await phone.start()
  page = await phone.window('/field')
  await unlock(page)
  await page.getByText('Not saved yet').waitFor()
  await open(page, 'today-draft')
  await goOn(page, 'Callum Testerton')
  await heading(page, 'How concerned are you?')
  assert.equal(await page.getByLabel('A note').inputValue(), NOTE)
})

test('what cannot be kept is said before the page is left, and saved once there is room', async () => {
  await full(page, true)
  await page.getByLabel('A note').fill(`${NOTE} Twice.`)
  const notice = page.getByText('What you typed last is not saved')
  await notice.waitFor()
  assert.ok((await notice.boundingBox()).y >= 0, 'it is in sight of whoever types the note')
  await open(page, 'not-kept')
  // Who goes elsewhere is asked first, and stays.
  page.once('dialog', dialog => dialog.dismiss())
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Records' }).click()
  await heading(page, 'How concerned are you?')
  await page.getByLabel('Some concern').check()
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByText('There is a problem').waitFor()
  assert.equal(await page.getByLabel('A note').inputValue(), `${NOTE} Twice.`)
  await full(page, false)
  await page.getByRole('button', { name: 'Continue' }).click()
  await heading(page, 'Is this right?')
  await page.getByText(`${NOTE} Twice.`).waitFor()
  await full(page, true)
  await page.getByRole('button', { name: 'Save' }).click()
  await heading(page, 'That did not work')
  await open(page, 'not-saved')
  await full(page, false)
  await page.goBack()
  await heading(page, 'Is this right?')
  await page.getByRole('button', { name: 'Save' }).click()
  await heading(page, 'Saved')
})

test('little room, and a browser that promises nothing, are said on every page', async () => {
  assert.equal(await page.evaluate(() => navigator.storage.persisted()), false)
  for (const [bytes, said] of [[40_000_000, /Only 20 MB are left/], [0, /Only 0 MB are left/]]) {
    await room(bytes)
    await exchange(page)
    await section(page, 'Today')
    await page.getByText(said).waitFor()
    await page.getByText(/may clear its storage/).waitFor()
  }
  await open(page, 'low-space')
  await room(1_000_000_000)
  await exchange(page)
})

test('with no room left the person is told, and the record is kept without its photograph', async () => {
  await section(page, 'Today')
  await begin(page, 'Andrei Exemplu')
  await page.getByLabel('Some concern').check()
  await page.getByLabel('A note').fill(NOTE)
  await page.getByRole('button', { name: 'Continue' }).click()
  await heading(page, 'Is this right?')
  // A browser gives each file a megabyte beforehand, so only something large finds no room.
  await room(0)
  await page.getByLabel('A photograph of it').setInputFiles({
    name: 'letter.pdf', mimeType: 'application/pdf', buffer: Buffer.concat([Buffer.from('%PDF-1.7\n'), Buffer.alloc(6_000_000, 7)])
  })
  await page.getByRole('button', { name: 'Add the photograph' }).click()
  await page.getByText('There is a problem').waitFor()
  await open(page, 'no-room')
  await page.getByRole('button', { name: 'Save' }).click()
  await heading(page, 'Saved')
  await phone.kill()
  await phone.start()
  page = await phone.window('/field/records')
  await unlock(page)
  await page.getByText(/Andrei Exemplu/).waitFor()
})

test('a record whose saving was cut off by a closed tab is there once', async () => {
  await section(page, 'Today')
  await begin(page, 'Erin Examplewick')
  await page.getByLabel('Not concerned').check()
  await page.getByRole('button', { name: 'Continue' }).click()
  await heading(page, 'Is this right?')
  // Nobody waits for the answer.
  await page.getByRole('button', { name: 'Save' }).click({ noWaitAfter: true })
  await page.close()
  page = await phone.window('/field')
  await unlock(page)
  await today(page)
  if (await page.getByText('Not saved yet: Erin Examplewick').count()) {
    await goOn(page, 'Erin Examplewick')
    await page.getByRole('button', { name: 'Save' }).click()
    await heading(page, 'Saved')
  }
  await section(page, 'Records')
  assert.equal(await page.getByText('Erin Examplewick').count(), 1)
})
