// What must not lose a record: a phone that dies in the middle of a form, a full disk, a broken tab.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { recordNobodyAnswered, section, settled, today, unlock } from './app.js'
import { heading, picture } from './look.js'
import { Office } from './office.js'

const NOTE = 'A voice was heard upstairs, nobody came down.'

let office, phone, page
before(async () => {
  office = await Office.open()
  office.plan('S-105', 'C-005', 'C-013', 'C-006')
  const ready = await settled(office, 'S-105', 'phone')
  phone = ready.phone
  page = ready.page
})
after(() => office.close())

// Resolves once the owner of the store has answered a request of this window with this status.
const answered = status => page.evaluate(status => new Promise(resolve => {
  const channel = new BroadcastChannel('doorstep-field')
  channel.onmessage = ({ data }) => {
    if (data.kind !== 'answer' || data.answer.status !== status) return
    channel.close()
    resolve()
  }
}), status)

async function begin (child) {
  await page.getByRole('button', { name: new RegExp(`^Record a visit.*${child}`) }).click()
  await page.getByRole('button', { name: 'The door was opened, I was not asked in' }).click()
  await page.getByLabel('Left a letter').check()
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByLabel('It states no time').check()
  await page.getByRole('button', { name: 'Continue' }).click()
  await heading(page, 'How concerned are you?')
}

// The app may use so many bytes more than it does, as long as this window is open.
async function room (bytes) {
  const session = await phone.context.newCDPSession(page)
  const { usage } = await page.evaluate(() => navigator.storage.estimate())
  await session.send('Storage.overrideQuotaForOrigin', { origin: office.url, quotaSize: usage + bytes })
}

test('what is being typed outlives the phone, and Today offers to go on with it', async () => {
  await today(page)
  await begin('Callum Testerton')
  const kept = answered(204)
  await page.getByLabel('A note').fill(NOTE)
  await kept
  await phone.kill()
  await phone.start()
  page = await phone.window('/field')
  await unlock(page)
  await page.getByText('Not saved yet: Callum Testerton').waitFor()
  await picture(page, 'today-draft')
  await page.getByRole('link', { name: /Go on with it/ }).click()
  await heading(page, 'How concerned are you?')
  assert.equal(await page.getByLabel('A note').inputValue(), NOTE)
})

test('with no room left the person is told, and the record is kept without its photograph', async () => {
  await section(page, 'Today')
  await begin('Andrei Exemplu')
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
  await picture(page, 'no-room')
  await page.getByRole('button', { name: 'Save' }).click()
  await heading(page, 'Saved')
  await phone.kill()
  await phone.start()
  page = await phone.window('/field/records')
  await unlock(page)
  await page.getByText(/Andrei Exemplu/).waitFor()
})

test('a record whose saving was cut off by a killed tab is there once', async () => {
  await section(page, 'Today')
  await recordNobodyAnswered(page, 'Erin Examplewick')
  // As a person who is not sure presses *Back* and *Save* again.
  await page.goBack()
  await page.getByText(/Saved/).first().waitFor()
  await section(page, 'Records')
  assert.equal(await page.getByText('Erin Examplewick').count(), 1)
})
