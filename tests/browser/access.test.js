import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { after, before, test } from 'node:test'
import { Office, PASSPHRASE, heading, kept, picture, setUp, today, unlock } from './harness.js'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const RULES = ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice']
const SECTIONS = ['Today', 'Children', 'Records', 'Sync']

let office, phone, page
before(async () => {
  office = await Office.open()
  phone = await office.phone()
  page = await phone.window()
})
after(() => office.close())

// The page's policy lets no script in but its own, so axe comes through the browser's own door.
async function faults () {
  const session = await phone.context.newCDPSession(page)
  const expression = `${AXE}; axe.run({ runOnly: ${JSON.stringify(RULES)} }).then(found =>
    found.violations.flatMap(rule => rule.nodes.map(node => rule.id + ': ' + node.target.join(' '))))`
  const answer = await session.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })
  await session.detach()
  assert.equal(answer.exceptionDetails, undefined)
  return answer.result.value
}

// Wider than the screen is what a person has to scroll sideways for.
const tooWide = () => page.evaluate(() => {
  const wide = document.documentElement.clientWidth
  const found = [...document.querySelectorAll('#app *')].filter(element =>
    element.getBoundingClientRect().right > wide + 1 && !element.closest('[data-scrolls], .govuk-visually-hidden'))
  return found.map(element => `${element.tagName} ${element.className}`)
})

async function check (name) {
  assert.deepEqual(await faults(), [], name)
  for (const [words, width, text] of [['phone', 390, '100%'], ['narrow', 320, '100%'], ['large text', 390, '200%']]) {
    await page.setViewportSize({ width, height: 844 })
    await page.evaluate(size => { document.documentElement.style.fontSize = size }, text)
    assert.deepEqual(await tooWide(), [], `${name}, ${words}`)
    if (words !== 'phone') await picture(page, `${name}-${words.replace(' ', '-')}`)
  }
  await page.setViewportSize(phone.size)
  await page.evaluate(() => { document.documentElement.style.fontSize = '' })
}

test('first use is open to everybody', async () => {
  await heading(page, 'Set up this device')
  await check('first-use')
  await page.getByRole('button', { name: 'Set up' }).click()
  await page.getByText('There is a problem').waitFor()
  await check('first-use-faults')
})

test('every section is open to everybody', async () => {
  await setUp(page, office.code('S-105'))
  await today(page)
  await kept(page)
  for (const section of SECTIONS) {
    await page.getByRole('link', { name: section, exact: true }).click()
    await page.getByRole('heading', { level: 1, name: new RegExp(section) }).waitFor()
    await picture(page, section.toLowerCase())
    await check(section.toLowerCase())
  }
})

test('a keyboard is enough', async () => {
  await page.reload()
  await heading(page, 'Unlock Doorstep')
  const focused = () => page.evaluate(() => document.activeElement.name || document.activeElement.textContent.trim())
  const tabTo = async what => {
    for (let steps = 0; steps < 30; steps++) {
      if (await focused() === what) return
      await page.keyboard.press('Tab')
    }
    assert.fail(`the keyboard does not reach ${what}`)
  }
  await check('locked')
  await tabTo('passphrase')
  await page.keyboard.type('not the right words')
  await page.keyboard.press('Enter')
  await page.getByText(/does not open the vault/i).first().waitFor()
  assert.match(await page.title(), /^Error: /)
  await check('locked-faults')
  await tabTo('passphrase')
  await page.keyboard.type(PASSPHRASE)
  await page.keyboard.press('Enter')
  await today(page)
  await tabTo('Lock')
  await page.keyboard.press('Enter')
  await unlock(page)
  await today(page)
})
