import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'
import { Office, kept, setUp, today, unlock } from './harness.js'

let office, phone, page
before(async () => {
  office = await Office.open()
  phone = await office.phone()
  page = await phone.window()
  await setUp(page, office.code('S-105'))
  await today(page)
  await kept(page)
})
after(() => office.close())

test('a deep link opens without a server, in a browser that was killed before', async () => {
  await office.stop()
  await phone.kill()
  await phone.start()
  page = await phone.window('/field/sync')
  await unlock(page)
  await page.getByRole('heading', { level: 1, name: /Sync/ }).waitFor()
  await office.serve()
})

test('a network that answers everything with its own page is no server', async () => {
  await office.stop()
  const portal = createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Welcome to our Wi-Fi</h1>')
  })
  await new Promise(resolve => portal.listen(office.port, '127.0.0.1', resolve))
  await page.goto(`${office.url}/field/sync`)
  await unlock(page)
  await page.getByRole('button', { name: /Sync/ }).click()
  await page.getByText(/no Doorstep server/).first().waitFor()
  await page.reload()
  await unlock(page)
  await page.getByRole('link', { name: 'Today' }).click()
  await today(page)
  portal.closeAllConnections()
  await new Promise(resolve => portal.close(resolve))
  await office.serve()
  await page.goto(`${office.url}/field/sync`)
  await unlock(page)
  await page.getByRole('button', { name: /Sync/ }).click()
  await page.getByText(/no Doorstep server/).waitFor({ state: 'detached' })
  assert.deepEqual(phone.faults.filter(fault => fault.startsWith('TypeError')), [])
})
