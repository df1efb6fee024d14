import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'
import { setUp, exchange, kept, today, unlock } from './app.js'
import { Office } from './office.js'

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
