import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'
import { MINUTE, ahead, exchange, recordByName, recordNobodyAnswered, section, settled, today, unlock } from './app.js'
import { heading, open } from './look.js'
import { Office } from './office.js'

const MONTH = 31 * 24 * 60 * MINUTE

let office, phone, page
before(async () => {
  office = await Office.open()
  office.plan('S-105', 'C-013')
  ;({ phone, page } = await settled(office))
})
after(() => office.close())

test('a network that answers everything with its own page is no server', async () => {
  assert.equal((await exchange(page)).trouble, null)
  await office.stop()
  assert.match((await exchange(page)).trouble, /cannot be reached/)
  const portal = createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Welcome to our Wi-Fi</h1>')
  })
  await new Promise(resolve => portal.listen(office.port, '127.0.0.1', resolve))
  assert.match((await exchange(page)).trouble, /no Doorstep server/)
  // What the portal says is not taken for the app either.
  await page.reload()
  await unlock(page)
  await today(page)
  portal.closeAllConnections()
  await new Promise(resolve => portal.close(resolve))
  await office.serve()
  assert.equal((await exchange(page)).trouble, null)
})

test('the app opens without a server, in a browser that was killed before', async () => {
  await office.stop()
  await phone.kill()
  await phone.start()
  page = await phone.window('/field')
  await unlock(page)
  await today(page)
  await office.serve()
  assert.equal((await exchange(page)).trouble, null)
  assert.deepEqual(phone.faults.filter(fault => /TypeError|Refused/.test(fault)), [])
})

test('after a month without a server what is held is closed, recording is not, and everything arrives afterwards', async () => {
  const last = new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'long', timeZone: 'Europe/London' }).format(new Date())
  await office.stop()
  await recordNobodyAnswered(page, 'Andrei Exemplu')
  await ahead(page, MONTH)
  await unlock(page)
  await section(page, 'Today', 'Sync to see your children')
  assert.match((await exchange(page)).trouble, /cannot be reached/)
  const state = page.getByRole('link', { name: /1 record on this device only, last contact/ })
  assert.ok((await state.innerText()).includes(last.replace(',', '')), await state.innerText())
  assert.equal(await page.getByText('Andrei').count(), 0)
  await open(page, 'month')
  await recordByName(page, 'Andrei Exemplu')
  await section(page, 'Records', 'Sync to see your children')
  await office.serve()
  assert.equal((await exchange(page)).trouble, null)
  await heading(page, /Records/)
  await page.getByText('Received').nth(1).waitFor()
  // Nothing is on this phone only, so nothing stands out any more.
  await page.locator('.df-state--here').waitFor({ state: 'detached' })
})
