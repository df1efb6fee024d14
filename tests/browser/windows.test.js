import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { enrolled, today, unlock } from './app.js'
import { heading } from './look.js'
import { Office } from './office.js'

let office, phone, first
before(async () => {
  office = await Office.open()
  ;({ phone, page: first } = await enrolled(office))
})
after(() => office.close())

test('two windows share one owner, and the second goes on when the first closes', async () => {
  const second = await phone.window('/field')
  await today(second)
  await second.getByText(/open in another window/i).waitFor()
  // One holds the store, the other waits for it: also while the request of the second is on its way.
  await second.evaluate(async () => {
    const counts = async () => {
      const { held, pending } = await navigator.locks.query()
      return [held, pending].map(locks => locks.filter(lock => lock.name === 'store-owner').length)
    }
    while (String(await counts()) !== '1,1') await new Promise(resolve => requestAnimationFrame(resolve))
  })
  await first.close()
  await second.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Today' }).click()
  // The store opens anew: the key lived with the owner.
  await unlock(second)
  await today(second)
  first = second
})

test('locking one window locks all', async () => {
  const second = await phone.window('/field')
  await today(second)
  await second.getByRole('button', { name: 'Lock' }).click()
  await heading(second, 'Unlock Doorstep')
  await heading(first, 'Unlock Doorstep')
  await unlock(first)
  await today(first)
  await today(second)
  await second.close()
})
