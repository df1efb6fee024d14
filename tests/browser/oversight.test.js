// The console's pages beside the inbox: notices and how one is told, who looked, records that are not
// one's own, one's account, devices and lost ones, set-up; each empty, filled, wrong and with names
// that are very long, and whatever changes something without scripts.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { serves, signIn, withoutScripts } from './console.js'
import { PICTURES, faults, heading, picture } from './look.js'
import { Office, ROOT } from './office.js'

// Nothing listens there: every notice fails.
const NO_MAIL_SERVER = {
  DOORSTEP_SMTP_HOST: '127.0.0.1',
  DOORSTEP_SMTP_PORT: '9',
  DOORSTEP_SMTP_SECURITY: 'none',
  DOORSTEP_SMTP_FROM: 'Doorstep <doorstep@ficton.example>',
  DOORSTEP_NOTICE_FLAG_AFTER: '1'
}
const LONG_NAME = 'Maximiliana-Konstantina Featherstonehaugh-Cholmondeley-Wolfeschlegelsteinhausenbergerdorff'

let office
before(async () => { office = await Office.demo(NO_MAIL_SERVER) })
after(() => office.close())

// A window of whoever signs in with this name, in a browser of their own.
const browsers = {}
async function window (login, path) {
  browsers[login] ??= await office.desk(login)
  const page = await browsers[login].window(path)
  if (new URL(page.url()).pathname === '/sign-in') await signIn(page, login, office.password)
  return page
}

const press = (page, name) => page.getByRole('button', { name, exact: true }).click()
const problem = page => page.getByText('There is a problem').waitFor()

test('notices that do not arrive, and how somebody is told', async () => {
  const page = await window('marion', '/notices')
  await serves(page, 'notices')
  await page.goto(`${office.url}/notices?show=open&page=99`)
  await serves(page, 'notices-open')
  await page.goto(`${office.url}/notices/preferences`)
  await serves(page, 'preferences')
  await withoutScripts(page)
  await page.getByLabel('Only in these hours').check()
  await page.getByLabel('Your hours').fill('whenever')
  await press(page, 'Save')
  await problem(page)
  assert.equal(await page.getByLabel('Your hours').inputValue(), 'whenever')
  assert.match(await page.title(), /^Error: /)
  await page.getByLabel('Your hours').fill('Mon-Fri 09:00-17:00')
  await page.getByLabel('What is routine').selectOption('Only in the inbox')
  await press(page, 'Save')
  await page.getByText('What is not immediate comes in your hours: Mon-Fri 09:00-17:00').waitFor()
  await page.getByRole('button', { name: /^Send a test: e-mail/i }).first().click()
  await page.getByText(/did not go out/).waitFor()
  await picture(page, 'manager-notices-test')
  await page.close()
})

test('a record that is not one’s own is opened with a reason, and looked into by somebody else', async () => {
  const page = await window('marion', '/find')
  await serves(page, 'find')
  await withoutScripts(page)
  await press(page, 'Find')
  await problem(page)
  await page.getByLabel('Name or reference').fill('nobody of this name')
  await press(page, 'Find')
  await page.getByText('Nobody found').waitFor()
  await picture(page, 'manager-find-nobody')
  await page.getByLabel('Name or reference').fill('inventory')
  await press(page, 'Find')
  await page.getByRole('table').waitFor()
  await page.close()

  const other = await window('marion', '/find')
  await other.getByLabel('Name or reference').fill('elsie inventory')
  await press(other, 'Find')
  await serves(other, 'find-found')
  await other.getByRole('link', { name: 'Not yours: open with a reason' }).first().click()
  await heading(other, 'Open a record that is not yours')
  await serves(other, 'open')
  await withoutScripts(other)
  await press(other, 'Open the record')
  await problem(other)
  await picture(other, 'manager-open-faults')
  await other.getByLabel('Why do you need it now?').fill('The school phoned: she was found alone at the gate')
  await press(other, 'Open the record')
  await heading(other, 'Elsie Inventory')
  await other.close()

  const reviewer = await window('terence', '/glass')
  await serves(reviewer, 'glass')
  await withoutScripts(reviewer)
  await reviewer.getByLabel('What you found').first().fill('The school confirms it')
  await press(reviewer, 'It was justified')
  await reviewer.getByText(/The school confirms it/).waitFor()
  await picture(reviewer, 'manager-glass-reviewed')
  await reviewer.close()
})

test('who looked, by whom and when, and what is wrong with a question', async () => {
  const page = await window('odette', '/access')
  await serves(page, 'access')
  await page.goto(`${office.url}/access?from=2001-01-01&to=2001-01-02`)
  await page.getByText('No readings').waitFor()
  await serves(page, 'access-none')
  await page.goto(`${office.url}/access?who=X&child=Y&from=z`)
  await problem(page)
  await serves(page, 'access-faults')
  await page.close()
})

test('an account: codes at sign-in, and other sessions', async () => {
  const page = await window('marion', '/account')
  await serves(page, 'account')
  await withoutScripts(page)
  await press(page, 'Set up codes')
  await page.getByLabel('Code from the app').fill('000000')
  await press(page, 'Switch codes on')
  await problem(page)
  await picture(page, 'manager-account-faults')
  await page.close()
  const again = await window('marion', '/account')
  await serves(again, 'account-set-up')
  await again.close()
})

test('a device is enrolled, and one that is lost is shut out', async () => {
  const page = await window('odette', '/devices')
  await serves(page, 'devices-all')
  await page.goto(`${office.url}/devices/enrol`)
  await serves(page, 'enrol')
  await withoutScripts(page)
  await page.getByLabel('Whose device is it?').selectOption({ index: 1 })
  await press(page, 'Make a code')
  await page.getByText(/works once/).waitFor()
  await picture(page, 'manager-device-code')
  await page.close()

  const lost = await window('odette', '/devices')
  await lost.locator('tbody a[href^="/devices/"]').first().click()
  await serves(lost, 'device')
  await withoutScripts(lost)
  await press(lost, 'Shut this device out')
  await lost.getByRole('link', { name: 'Leave it as it is' }).waitFor()
  await picture(lost, 'manager-device-sure')
  await press(lost, 'Yes, shut this device out now')
  await lost.getByText('What is known').waitFor()
  const path = new URL(lost.url()).pathname
  await lost.close()
  const known = await window('odette', path)
  await serves(known, 'device-shut-out')
  await known.close()
})

test('a protected address, and lifting its protection', async () => {
  const page = await window('lorcan', '/find')
  await page.getByLabel('Name or reference').fill('robin')
  await press(page, 'Find')
  await page.getByRole('link', { name: 'Open', exact: true }).click()
  await heading(page, 'Robin Undisclosed')
  const child = new URL(page.url()).pathname
  assert.equal(await page.getByText('Refuge Way').count(), 0)
  await serves(page, 'protected')
  await page.goto(`${office.url}${child}/protection`)
  await serves(page, 'protection')
  await withoutScripts(page)
  await press(page, 'Ask for the protection to be lifted')
  await problem(page)
  await picture(page, 'manager-protection-faults')
  await page.getByLabel('Why can it be known?').fill('The family has moved, and the risk with it')
  await press(page, 'Ask for the protection to be lifted')
  await page.getByText('Somebody else has to agree.').waitFor()
  await page.close()
  const asked = await window('lorcan', `${child}/protection`)
  await serves(asked, 'protection-asked')
  await asked.close()
})

test('the record on paper is a PDF that can be read out, without the protected address', async () => {
  const page = await window('lorcan', '/find')
  await page.getByLabel('Name or reference').fill('robin')
  await press(page, 'Find')
  await page.getByRole('link', { name: 'Open', exact: true }).click()
  await page.getByRole('link', { name: /print/i }).first().click()
  await page.getByText(/Printed by/).first().waitFor()
  await page.emulateMedia({ media: 'print' })
  const onPaper = await page.locator('body').innerText()
  assert.ok(onPaper.includes('Robin Undisclosed') && !onPaper.includes('Refuge Way'))
  assert.ok(!onPaper.includes('Sign out'), 'what is only for the screen stays there')
  const session = await page.context().newCDPSession(page)
  const { data } = await session.send('Page.printToPDF',
    { generateTaggedPDF: true, preferCSSPageSize: true, generateDocumentOutline: true })
  const pdf = Buffer.from(data, 'base64')
  writeFileSync(join(PICTURES, 'child.pdf'), pdf)
  const says = words => pdf.includes(words)
  // Tagged, in a language, with headings, tables and a title: what a screen reader goes by.
  for (const words of ['/StructTreeRoot', '/MarkInfo', '/Lang', '/H1', '/H2', '/Title']) {
    assert.ok(says(words), words)
  }
  assert.match(pdf.toString('latin1'), /\/MediaBox \[0 0 59[45]/, 'on A4')
  await page.close()
})

test('set-up, and an import with what is wrong in it', async () => {
  const page = await window('odette', '/set-up')
  await serves(page, 'set-up')
  await page.goto(`${office.url}/set-up/import`)
  await serves(page, 'import')
  const file = join(office.folder, 'children.csv')
  writeFileSync(file, 'child_id,name,born\nC-001,=HYPERLINK("http://x"),never\n')
  await page.locator('input[type="file"]').first().setInputFiles(file)
  await page.locator('main button').first().click()
  await problem(page)
  await serves(page, 'import-faults')
  await page.close()
})

test('one person, and who works with one child, are changed without scripts and hold at once', async () => {
  const page = await window('odette', '/set-up/people/new')
  await serves(page, 'person-new')
  await withoutScripts(page)
  await press(page, 'Save')
  await problem(page)
  assert.match(await page.title(), /^Error: /)
  await page.getByLabel('Staff number').fill('S-900')
  await page.getByLabel('Full name').fill(`${LONG_NAME} the Newcomer`)
  await page.getByLabel('Role', { exact: true }).selectOption('Practitioner')
  await page.getByLabel('E-mail').fill('nobody')
  await press(page, 'Save')
  await problem(page)
  assert.equal(await page.getByLabel('Staff number').inputValue(), 'S-900', 'nothing typed is lost')
  await picture(page, 'manager-person-faults')
  await page.getByLabel('E-mail').fill('newcomer@ficton.example')
  await press(page, 'Save')
  await page.getByText('Saved. It holds from now on.').waitFor()
  await page.close()

  const person = await window('odette', '/set-up')
  await person.getByRole('link', { name: /the Newcomer/ }).click()
  await heading(person, `${LONG_NAME} the Newcomer`)
  await serves(person, 'person')
  await person.close()

  const child = await window('odette', '/set-up/allocations')
  await serves(child, 'allocations')
  await withoutScripts(child)
  await child.getByLabel('Number of the child').fill('C-99')
  await press(child, 'Show')
  await problem(child)
  await child.getByLabel('Number of the child').fill('C-003')
  await press(child, 'Show')
  assert.equal(await child.getByText('Zofia').count(), 0, 'no child is named')
  await child.getByLabel('Person').selectOption({ label: `${LONG_NAME} the Newcomer (S-900)` })
  await press(child, 'Allocate')
  await problem(child)
  await picture(child, 'manager-allocations-faults')
  await child.getByLabel('Role').selectOption('Practitioner')
  await press(child, 'Allocate')
  await child.getByText('Done. It holds now').waitFor()
  await child.getByRole('button', { name: /^End now ?: Maximiliana/ }).click()
  await child.getByText('Ended. The child leaves their devices').waitFor()
  const path = new URL(child.url())
  await child.close()
  const shown = await window('odette', path.pathname + path.search)
  await serves(shown, 'allocations-child')
  await shown.close()
})

test('names that are very long break nothing', async () => {
  const sample = readFileSync(join(ROOT, 'docs/examples/caseload/children.csv'), 'utf8')
  const staff = readFileSync(join(ROOT, 'docs/examples/caseload/staff.csv'), 'utf8')
  const put = (name, text) => {
    const file = join(office.folder, name)
    writeFileSync(file, text)
    return file
  }
  const page = await window('marion', '/inbox')
  const name = (await page.locator('.ds-card h3').first().innerText()).trim()
  office.admin('import', put('children.csv', sample.replace(name, LONG_NAME)),
    put('staff.csv', staff.replace('Anna Walkabout', `${LONG_NAME} the Elder`)))
  await page.goto(`${office.url}/inbox`)
  await serves(page, 'long-inbox')
  const escalation = await page.getByRole('link', { name: LONG_NAME }).first().getAttribute('href')
  await page.goto(office.url + escalation)
  await serves(page, 'long-escalation')
  const child = await page.getByRole('link', { name: /Open the record of/ }).getAttribute('href')
  for (const [name, path] of [['child', child], ['print', `${child}/print`], ['visits', `${child}/visits`], ['team', '/team'],
    ['notices', '/notices'], ['access', '/access'], ['devices', '/devices']]) {
    await page.goto(office.url + path)
    await serves(page, `long-${name}`)
  }
  await page.close()
})

test('in the dark the pages are readable as well', async () => {
  const page = await window('marion', '/inbox')
  await page.emulateMedia({ colorScheme: 'dark' })
  const escalation = await page.locator('.ds-card h3 a').first().getAttribute('href')
  for (const [name, path] of [['inbox', '/inbox'], ['escalation', escalation], ['numbers', '/numbers?weeks=4'],
    ['team', '/team'], ['notices', '/notices'], ['preferences', '/notices/preferences']]) {
    await page.goto(office.url + path)
    await picture(page, `manager-dark-${name}`)
    assert.deepEqual(await faults(page), [], name)
  }
  await page.close()
})

test('an office in which nothing has happened yet says so', async () => {
  const empty = await Office.open()
  try {
    empty.account('S-102', 'marion', 'correct horse battery')
    const page = await (await empty.desk()).window('/inbox')
    await signIn(page, 'marion', 'correct horse battery')
    for (const [name, path] of [['inbox', '/inbox'], ['covered', '/inbox?whose=covered'],
      ['closed', '/inbox?show=closed'], ['team', '/team'], ['devices', '/devices'], ['numbers', '/numbers'],
      ['notices', '/notices'], ['access', '/access'], ['glass', '/glass'], ['set-aside', '/quarantine']]) {
      await page.goto(empty.url + path)
      await serves(page, `empty-${name}`)
    }
  } finally {
    await empty.close()
  }
})
