// The whole story, as docs/field-app.md shows it: a visit is recorded without a signal, the phone
// dies, and the manager hears of it once there is a connection.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { exchange, recordNobodyAnswered, section, settled, today, unlock } from './app.js'
import { signIn } from './console.js'
import { heading, picture } from './look.js'
import { Office } from './office.js'

const PASSWORD = 'eleven quiet lanterns'

let office, phone, page
before(async () => {
  office = await Office.open()
  office.account('S-102', 'marion', PASSWORD)
  office.plan('S-105', 'C-013')
  ;({ phone, page } = await settled(office))
})
after(() => office.close())

test('what is recorded without a signal outlives the phone and reaches the manager', async () => {
  const desk = await office.desk()
  const inbox = await desk.window('/inbox')
  await signIn(inbox, 'marion', PASSWORD)
  await inbox.getByText('Nothing is waiting for you').waitFor()

  await office.stop()
  await page.reload()
  await unlock(page)
  await today(page)
  await picture(page, 'story-1-today', { fullPage: false })
  await recordNobodyAnswered(page, 'Andrei Exemplu')
  await page.getByText(/Safe on this device at/).waitFor()
  await page.getByRole('heading', { name: 'Phone the line manager now' }).waitFor()
  assert.equal(await page.getByRole('link', { name: /Marion Placeholder/ }).first().getAttribute('href'), 'tel:07700900102')
  await picture(page, 'story-2-saved', { fullPage: false })
  // At once after *Saved*: the whole browser is gone.
  await phone.kill()

  await phone.start()
  page = await phone.window('/field/records')
  await unlock(page)
  await heading(page, 'Records')
  await page.getByText('Only here').waitFor()
  await picture(page, 'story-3-records', { fullPage: false })
  await page.getByRole('link', { name: /No response/ }).click()
  await page.getByText('Andrei Exemplu').first().waitFor()

  await office.serve()
  assert.equal((await exchange(page)).trouble, null)
  await section(page, 'Records')
  await page.getByText('Received').waitFor()
  await picture(page, 'story-4-received', { fullPage: false })

  await inbox.goto(`${office.url}/inbox`)
  await inbox.getByRole('link', { name: 'Andrei Exemplu' }).first().waitFor()
  await inbox.getByText('to you as line manager').first().waitFor()
  await picture(inbox, 'story-5-inbox', { fullPage: false })
  assert.deepEqual(phone.faults.filter(fault => /TypeError|Refused/.test(fault)), [])
})
