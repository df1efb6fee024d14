// Measures the field app in a browser: npm run measure, in tests/browser. A clear minute on a quiet
// machine gives the figures of docs/performance.md.
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { exchange, section, settled, today, unlock } from './app.js'
import { Office, ROOT } from './office.js'

const STARTS = Number(process.env.STARTS ?? 7)
const SAVES = Number(process.env.SAVES ?? 40)
const CHILDREN = 300
const SLOW = 4
const BUILT = join(ROOT, 'target/field')

const at = (values, part) => values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))]
const report = (what, value, unit, limit) =>
  console.log(`${what.padEnd(62)} ${value.toFixed(value < 100 ? 1 : 0).padStart(7)} ${unit}  (aim ${limit})`)
const spread = (what, values, limit) => {
  for (const [name, part] of [['p50', 0.5], ['p95', 0.95]]) report(`${what}, ${name}`, at(values, part), 'ms', limit)
}

// What a browser downloads the first time: each file once, compressed as well as it is.
function download () {
  const files = readdirSync(BUILT, { recursive: true }).filter(file => statSync(join(BUILT, file)).isFile())
  const plain = files.filter(file => !/\.(br|gz|txt)$/.test(file))
  const size = (file, ending) => statSync(join(BUILT, files.includes(file + ending) ? file + ending : file)).size
  for (const [name, ending] of [['brotli', '.br'], ['gzip', '.gz']]) {
    report(`download of the whole shell, ${name}`, plain.reduce((sum, file) => sum + size(file, ending), 0) / 1000, 'KB', '700 KB')
  }
}

// From the navigation to the page that asks for the passphrase; and from the passphrase to Today.
async function starts (phone, slow) {
  const shown = []
  const opened = []
  for (let start = 0; start < STARTS; start++) {
    const page = await phone.context.newPage()
    const session = await phone.context.newCDPSession(page)
    await session.send('Emulation.setCPUThrottlingRate', { rate: slow })
    await page.goto(`${phone.url}/field`)
    await page.getByRole('heading', { name: 'Unlock Doorstep' }).waitFor()
    shown.push(await page.evaluate(() => performance.now()))
    const since = await page.evaluate(() => performance.now())
    await unlock(page)
    await today(page)
    opened.push(await page.evaluate(since => performance.now() - since, since))
    await page.close()
  }
  const words = slow === 1 ? '' : `, slowed down ${slow} times`
  spread(`offline start to the first page${words}`, shown, slow === 1 ? '700 ms' : '2500 ms')
  spread(`passphrase (Argon2id) to Today, ${CHILDREN} children${words}`, opened, 'none')
}

// A request to the owner of the store and back, without drawing; as the page sends it.
const ask = (page, method, target, fields) => page.evaluate(([method, target, fields]) => new Promise(resolve => {
  const channel = new BroadcastChannel('doorstep-field')
  const id = crypto.randomUUID()
  const since = performance.now()
  channel.onmessage = ({ data }) => {
    if (data.kind !== 'answer' || data.id !== id) return
    channel.close()
    const { status, location } = data.answer
    resolve({ status, location, ms: performance.now() - since, text: new TextDecoder().decode(data.answer.body) })
  }
  const body = new TextEncoder().encode(new URLSearchParams(fields)).buffer
  const type = 'application/x-www-form-urlencoded'
  channel.postMessage({ kind: 'call', id, method, target, said: {}, type, body, tab: 'measure' })
}), [method, target, fields])

// *Save* of a visit: sealed, written, flushed, and judged on the next page.
async function saves (page) {
  const took = { save: [], advice: [] }
  for (let number = 0; number < SAVES; number++) {
    const text = (await ask(page, 'GET', '/field/children', [])).text
    const child = [...text.matchAll(/\/field\/child\/([0-9a-f-]{36})/g)][number][1]
    const form = (await ask(page, 'GET', `/field/child/${child}`, [])).text
    const id = /action="\/field\/record"[^>]*><input type="hidden" name="id" value="([^"]+)"/.exec(form)[1]
    await ask(page, 'POST', '/field/record', [['id', id], ['child', child]])
    await ask(page, 'POST', `/field/record/${id}/children`, [['child', child]])
    await ask(page, 'POST', `/field/record/${id}/result`, [['result', 'no-response']])
    await ask(page, 'POST', `/field/record/${id}/steps`, [['step', 'windows-checked'], ['step', 'family-phoned']])
    await ask(page, 'POST', `/field/record/${id}/concern`, [['concern', 'none']])
    const saved = await ask(page, 'POST', `/field/record/${id}/save`, [])
    if (!saved.location.endsWith('/saved')) throw new Error(`not saved: ${saved.location}`)
    took.save.push(saved.ms)
    took.advice.push((await ask(page, 'GET', `/field/record/${id}/saved`, [])).ms)
  }
  spread('save to "safe on this device"', took.save, '20 ms')
  spread('what is owed because of it', took.advice, 'none')
}

// From the tap to the drawn list.
async function list (page) {
  const took = []
  for (let round = 0; round < STARTS; round++) {
    await section(page, 'Today')
    took.push(await page.evaluate(() => new Promise(resolve => {
      const since = performance.now()
      new MutationObserver((_, observer) => {
        if (!document.querySelector('#app .df-row, #app .df-list li')) return
        observer.disconnect()
        requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - since)))
      }).observe(document.getElementById('app'), { childList: true })
      document.querySelector('a[href="/field/children"]').click()
    })))
  }
  spread(`list of ${CHILDREN} children, drawn`, took, '100 ms')
}

download()
const office = await Office.large(CHILDREN)
try {
  const { phone, page } = await settled(office, 'S-105', 'phone')
  while ((await exchange(page)).children_left > 0);
  await list(page)
  await office.stop()
  await saves(page)
  await page.close()
  await starts(phone, 1)
  await starts(phone, SLOW)
} finally {
  await office.close()
}
