// Measures the field app in a browser: npm run measure, in tests/browser. A clear minute on a quiet
// machine gives the figures of docs/performance.md.
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { exchange, kept, setUp, today, unlock } from './app.js'
import { Office, ROOT } from './office.js'

const STARTS = 11
const SLOW = 4
const BUILT = join(ROOT, 'target/field')

const middle = values => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
const most = values => values.toSorted((a, b) => a - b)[Math.ceil(values.length * 0.95) - 1]
const report = (what, value, unit, limit) =>
  console.log(`${what.padEnd(58)} ${String(Math.round(value)).padStart(6)} ${unit}  (limit ${limit})`)

// What a browser downloads the first time: each file once, compressed as well as it is.
function download () {
  const files = readdirSync(BUILT, { recursive: true }).filter(file => statSync(join(BUILT, file)).isFile())
  const plain = files.filter(file => !/\.(br|gz|txt)$/.test(file))
  const size = (file, ending) => files.includes(file + ending) ? statSync(join(BUILT, file + ending)).size : statSync(join(BUILT, file)).size
  for (const [name, ending] of [['brotli', '.br'], ['gzip', '.gz']]) {
    report(`download of the whole shell, ${name}`, plain.reduce((sum, file) => sum + size(file, ending), 0) / 1000, 'KB', '700 KB')
  }
}

// From the navigation to the page that asks for the passphrase, and from the passphrase to Today.
async function starts (phone, slow) {
  const found = { shown: [], opened: [] }
  for (let start = 0; start < STARTS; start++) {
    const page = await phone.window('/healthz')
    const session = await phone.context.newCDPSession(page)
    await session.send('Emulation.setCPUThrottlingRate', { rate: slow })
    await page.goto(`${phone.url}/field`)
    await page.getByRole('heading', { name: 'Unlock Doorstep' }).waitFor()
    found.shown.push(await page.evaluate(() => performance.now()))
    const before = await page.evaluate(() => performance.now())
    await unlock(page)
    await today(page)
    found.opened.push(await page.evaluate(since => performance.now() - since, before))
    await page.close()
  }
  return found
}

const office = await Office.open()
try {
  download()
  const phone = await office.phone()
  const page = await phone.window('/field')
  await setUp(page, office.code('S-105'))
  await today(page)
  await kept(page)
  await exchange(page)
  await page.close()
  await office.stop()
  for (const [slow, limit] of [[1, '700 ms'], [SLOW, '2500 ms']]) {
    const { shown, opened } = await starts(phone, slow)
    const words = slow === 1 ? '' : `, slowed down ${slow} times`
    report(`offline start to the first page, p50${words}`, middle(shown), 'ms', limit)
    report(`offline start to the first page, p95${words}`, most(shown), 'ms', limit)
    report(`passphrase to Today (with Argon2id), p50${words}`, middle(opened), 'ms', 'none')
  }
} finally {
  await office.close()
}
