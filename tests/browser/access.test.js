import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { PASSPHRASE, kept, section, setUp, today, unlock } from './app.js'
import { heading, open, tabTo } from './look.js'
import { Office } from './office.js'

const SECTIONS = ['Today', 'Children', 'Records', 'Sync']

let office, page
before(async () => {
  office = await Office.open()
  const phone = await office.phone()
  page = await phone.window('/field')
})
after(() => office.close())

test('first use is open to everybody', async () => {
  await heading(page, 'Set up this device')
  await open(page, 'first-use')
  await page.getByRole('button', { name: 'Set up' }).click()
  await page.getByText('There is a problem').waitFor()
  await open(page, 'first-use-faults')
})

test('every section is open to everybody', async () => {
  await setUp(page, office.code('S-105'))
  await today(page)
  await kept(page)
  for (const name of SECTIONS) {
    await section(page, name)
    await open(page, name.toLowerCase())
  }
})

test('a keyboard is enough', async () => {
  await page.goto(`${office.url}/field`)
  await heading(page, 'Unlock Doorstep')
  await open(page, 'locked')
  await tabTo(page, 'passphrase')
  await page.keyboard.type('not the right words')
  await page.keyboard.press('Enter')
  await page.getByText(/does not open this device/i).first().waitFor()
  assert.match(await page.title(), /^Error: /)
  await open(page, 'locked-faults')
  await tabTo(page, 'passphrase')
  await page.keyboard.type(PASSPHRASE)
  await page.keyboard.press('Enter')
  await today(page)
  await tabTo(page, 'Lock')
  await page.keyboard.press('Enter')
  await unlock(page)
  await today(page)
})
