// The manager's day in a real browser: every page for everybody, from the sign-in to a duty that is
// met, with the keyboard alone, without scripts, and while somebody else works beside them.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { serves, signIn, withoutScripts } from './console.js'
import { faults, heading, picture } from './look.js'
import { Office } from './office.js'

const KEYS_MAX = 120

let office, desk
before(async () => {
  office = await Office.demo()
  desk = await office.desk()
})
after(() => office.close())

async function signedIn (login, browser = desk, path = '/inbox') {
  const page = await browser.window(path)
  if (new URL(page.url()).pathname === '/sign-in') await signIn(page, login, office.password)
  return page
}

// The path of an escalation of this clause that waits.
const waiting = (page, clause) =>
  page.locator('.ds-card', { hasText: clause }).filter({ hasText: 'New' }).locator('h3 a').first().getAttribute('href')

// Goes on with the keyboard until what is focused is as wanted.
async function keyTo (page, wanted) {
  for (let keys = 0; keys < KEYS_MAX; keys++) {
    const found = await page.evaluate(({ href, text, name }) => {
      const at = document.activeElement
      return (href && at.getAttribute('href') === href) || (name && at.name === name) ||
        (text && at.innerText?.trim() === text)
    }, wanted)
    if (found) return
    await page.keyboard.press('Tab')
  }
  assert.fail(`the keyboard does not reach ${JSON.stringify(wanted)}`)
}

test('every page and every form serves everybody, on a large screen and a small one', async () => {
  const page = await signedIn('marion')
  await serves(page, 'inbox')
  const escalation = await waiting(page, 'GA-6.1')
  await page.goto(office.url + escalation)
  const child = await page.getByRole('link', { name: /Open the record of/ }).getAttribute('href')
  const forms = ['discuss', 'timeframe', 'told', 'seen', 'ask-agency', 'check-address', 'agree-plan',
    'decide-planning-or-strategy-meeting', 'decide-section-47-strategy-meeting', 'decide-police']
  const pages = {
    escalation,
    ...Object.fromEntries(forms.map(form => [`record-${form}`, `${escalation}/record/${form}`])),
    child,
    'child-print': `${child}/print`,
    team: '/team',
    numbers: '/numbers?weeks=4',
    policy: '/policy',
    devices: '/devices',
    'set-aside': '/quarantine',
    'inbox-team': '/inbox?whose=team&show=all',
    'inbox-empty': '/inbox?whose=covered',
    'not-found': '/nothing-here'
  }
  for (const [name, path] of Object.entries(pages)) {
    await page.goto(office.url + path)
    await serves(page, name)
  }
  await page.goto(`${office.url}${escalation}/record/decide-police`)
  await page.getByRole('button', { name: 'Record it' }).click()
  await page.getByText('There is a problem').waitFor()
  await serves(page, 'record-faults')
  await page.close()
})

test('from the inbox to a duty that is met, with the keyboard alone', async () => {
  const page = await signedIn('marion')
  const escalation = await waiting(page, 'GA-3.5')
  await keyTo(page, { href: escalation })
  await page.keyboard.press('Enter')
  await page.waitForURL(office.url + escalation)
  await keyTo(page, { text: 'Record a discussion' })
  await page.keyboard.press('Enter')
  await heading(page, 'Record a discussion')
  await keyTo(page, { name: 'referral' })
  await page.keyboard.press('Space')
  await page.keyboard.press('ArrowDown')
  await keyTo(page, { text: 'Record it' })
  await page.keyboard.press('Enter')
  await page.getByText('Recorded. This is met.').waitFor()
  await page.getByText('It was decided not to refer.').first().waitFor()
  await picture(page, 'manager-met')
  await page.goto(`${office.url}/inbox?show=closed`)
  assert.equal(await page.locator(`a[href="${escalation}"]`).count(), 1, 'it is among what is closed')
  await page.close()
})

test('whatever changes something works without scripts', async () => {
  const page = await signedIn('marion')
  await withoutScripts(page)
  const escalation = await waiting(page, 'GA-3.7')
  const card = page.locator('.ds-card', { has: page.locator(`a[href="${escalation}"]`) })
  await card.getByRole('button', { name: /^Acknowledge/ }).click()
  await page.getByText(/You acknowledged the escalation about/).waitFor()

  await page.goto(`${office.url}${escalation}/record/decide-police`)
  await page.getByLabel('Not for now').check()
  await page.getByLabel('Why?').fill('The grandmother has seen the child today')
  await page.getByRole('button', { name: 'Record it' }).click()
  await page.getByText('Recorded. This is met.').waitFor()
  // Without scripts nothing says that the page has loaded.
  await page.goBack({ waitUntil: 'commit' })
  await page.getByRole('button', { name: 'Record it' }).click()
  await page.getByText('nothing was recorded twice').waitFor()

  await page.goto(`${office.url}/inbox`)
  const another = await waiting(page, 'NA-7.1')
  await page.goto(`${office.url}${another}/record/timeframe`)
  await page.locator('input[name="by"]').first().check()
  await page.getByRole('button', { name: 'Record it' }).click()
  await page.getByText(/^Recorded\./).waitFor()
  await page.getByText('Hand it over').click()
  await page.locator('select[name="to"]').selectOption({ label: 'Terence Mockford' })
  await page.getByRole('button', { name: 'Hand over' }).click()
  await page.getByText('Handed over to Terence Mockford.').waitFor()
  await picture(page, 'manager-handed-over')

  await page.goto(`${office.url}/team`)
  await page.getByRole('button', { name: 'I am not available now' }).click()
  await page.getByText('You are not available from now on.').waitFor()
  await picture(page, 'manager-not-available')
  await page.getByRole('button', { name: 'I am back' }).click()
  await page.getByText('The absence has ended.').waitFor()
  await page.close()
})

test('a session that ends in the middle of a form costs nothing that was typed', async () => {
  const page = await signedIn('marion')
  await page.goto(office.url + await waiting(page, 'GA-3.6'))
  await page.getByRole('link', { name: 'Decide on phoning known contacts' }).click()
  await page.getByLabel('Yes').check()
  await page.getByLabel('Why?').fill('The aunt sees them on Sundays')
  await page.context().clearCookies()
  await page.getByRole('button', { name: 'Record it' }).click()
  await page.getByText('What you had written is not lost').waitFor()
  assert.deepEqual(await faults(page), [])
  await picture(page, 'manager-kept-1')
  await page.getByLabel('Username').fill('marion')
  await page.getByLabel('Password', { exact: true }).fill(office.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('button', { name: 'Go back to what I had written' }).click()
  assert.equal(await page.getByLabel('Why?').inputValue(), 'The aunt sees them on Sundays')
  await picture(page, 'manager-kept-2')
  await page.getByRole('button', { name: 'Record it' }).click()
  await page.getByText(/^Recorded\./).waitFor()
  await page.close()
})

test('what one manager acknowledges moves in the inbox of another by itself', async () => {
  const page = await signedIn('marion')
  await page.getByText('Updates by itself').waitFor()
  const escalation = await waiting(page, 'NA-7.2')
  const waits = () => page.evaluate(() => Number(document.querySelector('[data-live]').dataset.count))
  const before = await waits()
  const other = await signedIn('terence', await office.desk('other'), escalation)
  await other.getByRole('button', { name: 'Acknowledge' }).click()
  await other.getByText(/You acknowledged this/).waitFor()
  await page.waitForFunction(before =>
    Number(document.querySelector('[data-live]').dataset.count) === before - 1, before)
  await picture(page, 'manager-live')
  await page.goto(office.url + escalation)
  await page.getByText('Terence Mockford').first().waitFor()
  await picture(page, 'manager-two-at-once')
})
