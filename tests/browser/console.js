// What a manager does in the console, and what its pages must be.
import assert from 'node:assert/strict'
import { faults, heading, picture } from './look.js'

const SIZES = [['', 1280], ['-narrow', 320]]

export async function signIn (page, login, password) {
  await heading(page, 'Sign in')
  await page.getByLabel('Username').fill(login)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.waitForURL(url => url.pathname !== '/sign-in')
  await page.locator('h1').waitFor()
  if (new URL(page.url()).pathname === '/account') await ownPassword(page, password)
}

// Whoever signs in with a first password sets one of their own before anything else.
export async function ownPassword (page, password) {
  await heading(page, 'Choose your own password')
  await page.getByLabel('Password now', { exact: true }).fill(password)
  await page.getByLabel('New password', { exact: true }).fill(`${password}, of my own`)
  await page.getByRole('button', { name: 'Change the password' }).click()
  await page.waitForURL(url => url.pathname !== '/account')
}

// The page serves everybody on a large screen and a small one: by axe, and without being wider than
// the screen. Keeps a picture of both.
export async function serves (page, name) {
  for (const [words, width] of SIZES) {
    await page.setViewportSize({ width, height: 900 })
    await picture(page, `manager-${name}${words}`)
    assert.deepEqual(await faults(page), [], `${name}${words}`)
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    assert.equal(wide, 0, `${name}${words} is wider than its screen`)
  }
  await page.setViewportSize({ width: 1280, height: 900 })
}

// As in a browser that runs no scripts, or before they have loaded.
export async function withoutScripts (page) {
  const session = await page.context().newCDPSession(page)
  await session.send('Emulation.setScriptExecutionDisabled', { value: true })
}
