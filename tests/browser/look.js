// What is on the screen: pictures of it, and whether everybody can use it.
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const RULES = ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice']
// Kept and looked at by people; nothing reads them.
export const PICTURES = fileURLToPath(new URL('../../target/screenshots', import.meta.url))
const TABS_MAX = 60

export const heading = (page, name) => page.getByRole('heading', { name, level: 1 }).waitFor()

// Keeps what the whole page looks like, or what is on the screen, as target/screenshots/NAME.png.
export async function picture (page, name, { fullPage = true } = {}) {
  mkdirSync(PICTURES, { recursive: true })
  await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage })
}

// What keeps people from using the page, by the rules of WCAG 2.2 AA, or by some of axe's rules. A
// page's policy lets no script in but its own, so axe comes through the browser's own door.
export async function faults (page, rules = null) {
  const session = await page.context().newCDPSession(page)
  const evaluate = async expression => {
    const answer = await session.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })
    assert.equal(answer.exceptionDetails, undefined)
    return answer.result.value
  }
  if (!await evaluate('typeof axe === "object"')) await evaluate(`${AXE}; true`)
  const runOnly = rules ? { type: 'rule', values: rules } : { type: 'tag', values: RULES }
  const found = await evaluate(`axe.run({ runOnly: ${JSON.stringify(runOnly)}, resultTypes: ['violations'] })
    .then(found => found.violations.flatMap(rule => rule.nodes.map(node => rule.id + ': ' + node.target.join(' '))))`)
  await session.detach()
  return found
}

// What moves though the person asked that nothing does.
const moving = page => page.evaluate(() => [...document.querySelectorAll('body *')].filter(element => {
  const style = getComputedStyle(element)
  const lasts = durations => durations.split(',').some(duration => parseFloat(duration) > 0.01)
  return lasts(style.transitionDuration) || (style.animationName !== 'none' && lasts(style.animationDuration))
}).map(element => `${element.tagName} ${element.className}`))

// What stands out over the edge of the screen, so that a person has to scroll sideways for it.
const tooWide = page => page.evaluate(() => {
  const wide = document.documentElement.clientWidth
  const found = [...document.querySelectorAll('body *')].filter(element =>
    element.getBoundingClientRect().right > wide + 1 && !element.closest('[data-scrolls], .govuk-visually-hidden, .govuk-skip-link'))
  return found.map(element => `${element.tagName} ${element.className}`)
})

// Nothing keeps anybody from the page: not as it is, not on a screen of 320 points, not with text of
// twice the size, not in the dark without anything that moves. Keeps pictures of all four.
export async function open (page, name) {
  const size = page.viewportSize()
  await picture(page, name)
  assert.deepEqual(await faults(page), [], name)
  for (const [words, width, text] of [['', size.width, ''], ['narrow', 320, ''], ['large', size.width, '200%']]) {
    await page.setViewportSize({ ...size, width })
    await page.evaluate(size => { document.documentElement.style.fontSize = size }, text)
    assert.deepEqual(await tooWide(page), [], `${name} ${words}`)
    if (words === 'narrow') assert.deepEqual(await faults(page), [], `${name} ${words}`)
    if (words) await picture(page, `${name}-${words}`)
  }
  await page.setViewportSize(size)
  await page.evaluate(() => { document.documentElement.style.fontSize = '' })
  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' })
  assert.deepEqual(await faults(page, ['color-contrast']), [], `${name} in the dark`)
  assert.deepEqual(await moving(page), [], `${name} moves`)
  await picture(page, `${name}-dark`)
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'no-preference' })
}

// Goes on with the keyboard to what has this name or these words.
export async function tabTo (page, what) {
  const focused = () => page.evaluate(() => [document.activeElement.name,
    document.activeElement.innerText, document.activeElement.textContent].filter(Boolean).map(text => text.trim()))
  for (let steps = 0; steps < TABS_MAX; steps++) {
    if ((await focused()).some(is => is === what || is.startsWith(`${what}\n`))) return
    await page.keyboard.press('Tab')
  }
  assert.fail(`the keyboard does not reach ${what}`)
}
