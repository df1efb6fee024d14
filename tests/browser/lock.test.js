import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { MINUTE, ahead, exchange, recordNobodyAnswered, section, settled, today, unlock } from './app.js'
import { heading } from './look.js'
import { Office } from './office.js'

const YEAR = 365 * 24 * 60 * MINUTE

let office, page
before(async () => {
  office = await Office.open()
  office.plan('S-105', 'C-013')
  ;({ page } = await settled(office))
})
after(() => office.close())

test('nobody used it for ten minutes: it locks by itself and shows nothing', async () => {
  await ahead(page, 11 * MINUTE)
  await heading(page, 'Unlock Doorstep')
  await page.goBack()
  await heading(page, 'Unlock Doorstep')
  await unlock(page)
  await today(page)
})

test('a clock that is wrong by years neither locks anybody out nor stops the exchange', async () => {
  for (const years of [-10, 10, 0]) {
    await page.reload()
    await heading(page, 'Unlock Doorstep')
    await ahead(page, years * YEAR)
    await unlock(page)
    // Reading is closed until the server was heard, under a clock that jumped.
    assert.equal((await exchange(page)).trouble, null)
  }
  await page.reload()
  await unlock(page)
  await today(page)
})

test('a locked phone hands in what was recorded without a signal, and shows nothing of it', async () => {
  await office.stop()
  await recordNobodyAnswered(page, 'Andrei Exemplu')
  await page.getByRole('button', { name: 'Lock' }).click()
  await heading(page, 'Unlock Doorstep')
  await office.serve()
  const heard = await exchange(page)
  assert.deepEqual([heard.trouble, heard.sent], [null, 1])
  assert.equal(await page.getByText('Andrei').count(), 0)
  await unlock(page)
  await today(page)
  await section(page, 'Records')
  await page.getByText('Received').waitFor()
})

// The last: the phone stays closed.
test('the button locks, a wrong passphrase does not open, five of them cost a pause', async () => {
  await page.getByRole('button', { name: 'Lock' }).click()
  for (let wrong = 0; wrong < 5; wrong++) {
    await unlock(page, `not the right words ${wrong}`)
    await page.waitForFunction(() => document.title.startsWith('Error') && !document.querySelector('[name="passphrase"]').value)
    await page.getByText(/does not open this device/i).first().waitFor()
  }
  await unlock(page)
  const pause = () => page.getByText(/wait \d+ seconds, then try again/i).first().waitFor()
  await pause()
  // Another start of the app does not shorten it.
  await page.reload()
  await unlock(page)
  await pause()
})
