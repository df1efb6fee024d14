import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { MINUTE, setUp, ahead, exchange, kept, today, unlock } from './app.js'
import { heading } from './look.js'
import { Office } from './office.js'

const YEAR = 365 * 24 * 60 * MINUTE

let office, phone, page
before(async () => {
  office = await Office.open()
  phone = await office.phone()
  page = await phone.window('/field')
  await setUp(page, office.code('S-105'))
  await today(page)
  await kept(page)
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

test('the button locks, a wrong passphrase does not open, five of them cost a pause', async () => {
  await page.getByRole('button', { name: 'Lock' }).click()
  for (let wrong = 0; wrong < 5; wrong++) {
    await unlock(page, `not the right words ${wrong}`)
    await page.waitForFunction(() => document.title.startsWith('Error') && !document.querySelector('[name="passphrase"]').value)
    await page.getByText(/does not open this device/i).first().waitFor()
  }
  await unlock(page)
  await page.getByText(/try again in \d+ seconds/i).first().waitFor()
  await ahead(page, 15 * MINUTE)
  await unlock(page)
  await today(page)
})

test('a clock that is wrong by years neither locks anybody out nor stops the exchange', async () => {
  for (const years of [-10, 10, 0]) {
    await page.reload()
    await heading(page, 'Unlock Doorstep')
    await ahead(page, years * YEAR)
    await unlock(page)
    await today(page)
    assert.equal((await exchange(page)).trouble, null)
  }
})
