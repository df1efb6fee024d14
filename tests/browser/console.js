// What a manager does in the console.
import { heading } from './look.js'

export async function signIn (page, login, password) {
  await heading(page, 'Sign in')
  await page.getByLabel('Username').fill(login)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.waitForURL(url => url.pathname !== '/sign-in')
}
