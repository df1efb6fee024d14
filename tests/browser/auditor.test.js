// An auditor in a real browser: "who looked at this child this month, and why?" They sign in with a
// first password, filter, read why, take the answer away as a file, and open no record themselves.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { ownPassword, serves, signIn } from './console.js'
import { faults, heading } from './look.js'
import { Office } from './office.js'

const FIRST = 'walnut orbit kettle'
const WHY = 'The school phoned: she was found alone at the gate'

let office, child
const desks = {}
const window = async (login, path) => {
  desks[login] ??= await office.desk(login)
  return await desks[login].window(path)
}
before(async () => {
  office = await Office.demo()
  const staff = join(office.folder, 'auditor.csv')
  writeFileSync(staff, 'staff_id,name,role,auditor\nS-190,Audrey Ledger,practitioner,yes\n')
  office.admin('import', staff)
  office.account('S-190', 'audrey', FIRST)
  const children = JSON.parse(office.admin('list', 'children', '--json'))
  child = children.find(child => child.name === 'Elsie Inventory').external
})
after(() => office.close())

// The first and the last day of this month, as the page takes them.
const day = date => date.toISOString().slice(0, 10)
const today = new Date()
const FROM = day(new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth(), 1)))
const TO = day(new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() + 1, 0)))

// Fills in the filter and shows what it finds.
async function ask (page, { child = '', from = '', to = '', outside = false }) {
  await page.goto(`${office.url}/access`)
  await page.getByLabel('Child’s reference').fill(child)
  await page.getByLabel('From', { exact: true }).fill(from)
  await page.getByLabel('To', { exact: true }).fill(to)
  if (outside) await page.getByLabel('Only what no allocation explains').check()
  await page.getByRole('button', { name: 'Show', exact: true }).click()
  await page.waitForURL(/\?/)
}

test('a colleague opens a record that is not theirs, and says why', async () => {
  const page = await window('marion', '/find')
  await signIn(page, 'marion', office.password)
  await page.goto(`${office.url}/find`)
  await page.getByLabel('Name or reference').fill('elsie inventory')
  await page.getByRole('button', { name: 'Find', exact: true }).click()
  await page.getByRole('link', { name: 'Not yours: open with a reason' }).first().click()
  await page.getByLabel('Why do you need it now?').fill(WHY)
  await page.getByRole('button', { name: 'Open the record' }).click()
  await heading(page, 'Elsie Inventory')
  await page.close()
})

test('the auditor is asked who looked at this child this month, and why', async () => {
  const page = await window('audrey', '/access')
  await page.getByLabel('Username').fill('audrey')
  await page.getByLabel('Password', { exact: true }).fill(FIRST)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await heading(page, 'Choose your own password')
  await serves(page, 'first-password')
  await page.getByLabel('Password now', { exact: true }).fill(FIRST)
  await page.getByLabel('New password', { exact: true }).fill('password1234')
  await page.getByRole('button', { name: 'Change the password' }).click()
  await page.getByText('There is a problem').waitFor()
  assert.match(await page.title(), /^Error: /)
  await serves(page, 'first-password-faults')
  await ownPassword(page, FIRST)

  await ask(page, { child, from: FROM, to: TO })
  const rows = page.getByRole('table', { name: 'Readings' }).locator('tbody tr')
  const marion = rows.filter({ hasText: 'Marion' }).filter({ hasText: WHY })
  await marion.first().waitFor()
  assert.equal(await rows.filter({ hasNotText: child }).count(), 0, 'of this child only')
  assert.equal(await page.getByText('Elsie').count(), 0, 'the log names no child')
  await serves(page, 'auditor')

  await ask(page, { child, from: FROM, to: TO, outside: true })
  assert.equal(await rows.count(), await rows.filter({ hasText: 'Outside allocation' }).count())
  assert.ok(await rows.count() > 0)
  await ask(page, { child, from: '2001-01-01', to: '2001-01-31' })
  await page.getByText('No readings').waitFor()
  await page.close()
})

test('the answer is a file to take away, of what was asked and no more', async () => {
  const page = await window('audrey', '/access')
  await ask(page, { child, from: FROM, to: TO })
  const link = await page.getByRole('link', { name: 'Download as CSV' }).getAttribute('href')
  const [kind, text] = await page.evaluate(async path => {
    const answer = await fetch(path)
    return [answer.headers.get('content-disposition'), await answer.text()]
  }, link)
  assert.match(kind, /^attachment/)
  const lines = text.trim().split(/\r?\n/)
  assert.ok(lines.length > 1)
  assert.ok(lines.slice(1).every(line => line.includes(child)), 'of this child only')
  assert.ok(lines.some(line => line.includes(WHY)))
  assert.ok(!lines.some(line => line.includes('Elsie')))
  await page.close()
})

test('the auditor opens no record, and sees what happened to accounts', async () => {
  const page = await window('audrey', '/access')
  await page.getByRole('table', { name: 'What happened to accounts' }).getByText('Audrey Ledger').first().waitFor()
  await page.goto(`${office.url}/find`)
  await page.getByLabel('Name or reference').fill('elsie inventory')
  await page.getByRole('button', { name: 'Find', exact: true }).click()
  await page.getByText('Nobody found').waitFor()
  await page.goto(`${office.url}/account`)
  await heading(page, 'Your account')
  await serves(page, 'auditor-account')
  assert.deepEqual(await faults(page), [])
  await page.close()
})
