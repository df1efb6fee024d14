// Every screen and state, as everybody has to be able to use it: by the rules of WCAG 2.2 AA, on
// narrow screens, with large text, in the dark, and by keyboard.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { exchange, section, settled, today, unlock } from './app.js'
import { faults, heading, open, picture, tabTo } from './look.js'
import { Office, ROOT } from './office.js'

const PHOTOGRAPH = join(ROOT, 'crates/field-web/shell/icon-512.png')

let office, page
before(async () => {
  office = await Office.open()
  office.plan('S-105', 'C-001', 'C-013')
  page = (await settled(office)).page
})
after(() => office.close())

const tap = (role, name) => page.getByRole(role, { name }).first().click()

test('a visit to two children with a letter and a photograph of it', async () => {
  await open(page, 'today-planned')
  await tap('button', /^Record a visit.*Amber/)
  await heading(page, 'Whom was it about?')
  await open(page, 'record-children')
  await page.getByLabel('Toby Sampleford').check()
  await tap('button', 'Continue')
  await heading(page, 'What came of it?')
  await open(page, 'record-result')
  await tap('button', 'The door was opened, I was not asked in')
  await heading(page, 'What did you do?')
  await page.getByLabel('Left a letter').check()
  await open(page, 'record-steps')
  await tap('button', 'Continue')
  await heading(page, /^By when does the card or letter/)
  await tap('button', 'Continue')
  await page.getByText('There is a problem').waitFor()
  await open(page, 'record-reply-faults')
  await page.getByLabel('By 17:00 on the day of the visit').check()
  await tap('button', 'Continue')
  await heading(page, 'How concerned are you?')
  await page.getByLabel('Some concern').check()
  await page.getByLabel('A note').fill('A child’s voice was heard upstairs.')
  await open(page, 'record-concern')
  await tap('button', 'Continue')
  await heading(page, 'Is this right?')
  await page.getByLabel('A photograph of it').setInputFiles(PHOTOGRAPH)
  await tap('button', 'Add the photograph')
  await page.getByText(/1: letter, JPEG/).waitFor()
  await open(page, 'record-check')
  await tap('link', /Change when/)
  await heading(page, 'When was it?')
  await open(page, 'record-when')
  await tap('link', 'Back')
  await tap('link', /Change arranged/)
  await heading(page, 'How was it arranged?')
  await open(page, 'record-arranged')
  await tap('link', 'Back')
  await tap('link', 'Throw this away')
  await heading(page, 'Throw this away?')
  await open(page, 'record-discard')
  await tap('link', 'Back')
  await heading(page, 'Is this right?')
  await tap('button', 'Save')
  await heading(page, 'Saved')
  await open(page, 'saved')
})

test('a child, what is owed, and everything that can be recorded besides', async () => {
  await section(page, 'Children')
  await open(page, 'children')
  await tap('link', /Amber Sampleford/)
  await heading(page, 'Amber Sampleford')
  await open(page, 'child')
  await tap('link', 'Record something else')
  await heading(page, 'Record something else')
  await open(page, 'follow-up')
  const list = page.url()
  const links = await page.locator('main .df-row__link').evaluateAll(found => found.map(link => link.getAttribute('href')))
  assert.ok(links.length > 15, `${links.length} links`)
  for (const link of links) {
    await page.locator(`main a[href="${link}"]`).click()
    await page.waitForURL(url => url.pathname === link)
    assert.deepEqual(await faults(page), [], link)
    await page.goBack()
    await page.waitForURL(list)
    await heading(page, 'Record something else')
  }
  await section(page, 'Today')
  await open(page, 'today-after')
  await tap('button', /^I told them/)
  await heading(page, 'Saved')
})

test('records, and putting one right', async () => {
  await section(page, 'Records')
  await open(page, 'records')
  await tap('link', /Amber Sampleford/)
  await open(page, 'record')
  await tap('link', 'Correct it')
  await heading(page, 'Correct a record')
  await tap('button', 'Save the correction')
  await page.getByText('There is a problem').waitFor()
  await open(page, 'correct-faults')
  await tap('link', 'Back')
  await tap('link', 'Withdraw it')
  await heading(page, 'Withdraw a record')
  await open(page, 'withdraw')
  await page.getByLabel('Why?').fill('It was about another child')
  await tap('button', 'Withdraw it')
  await heading(page, 'Saved')
})

test('the exchange', async () => {
  assert.equal((await exchange(page)).trouble, null)
  await section(page, 'Sync')
  await open(page, 'sync')
})

test('a whole record by keyboard', async () => {
  const go = async (...steps) => { for (const [what, key] of steps) { await tabTo(page, what); await page.keyboard.press(key) } }
  await page.goto(`${office.url}/field`)
  await unlock(page)
  await today(page)
  await go(['Record a visit: Andrei Exemplu', 'Enter'])
  await heading(page, 'What came of it?')
  await go(['Nobody answered the door', 'Enter'])
  await heading(page, 'What did you do?')
  await go(['step', 'Space'], ['Continue', 'Enter'])
  await heading(page, 'How concerned are you?')
  await go(['concern', 'Space'], ['Continue', 'Enter'])
  await heading(page, 'Is this right?')
  await go(['Save', 'Enter'])
  await heading(page, 'Saved')
})
