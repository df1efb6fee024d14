// Measures the field app in a browser: npm run measure, in tests/browser. A clear minute on a quiet
// machine gives the figures of docs/performance.md. Beside the times it counts what is asked of the
// storage, which does not depend on what else the machine does.
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { exchange, owner, section, settled, today, unlock } from './app.js'
import { Office, ROOT } from './office.js'

const STARTS = Number(process.env.STARTS ?? 7)
const SAVES = Number(process.env.SAVES ?? 40)
const SLOW = 4
const BUILT = join(ROOT, 'target/field')

const at = (values, part) => values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))]
const number = value => value.toFixed(value < 100 ? 1 : 0)
const report = (...cells) => console.log(`| ${cells.join(' | ')} |`)
const head = (...cells) => { console.log(); report(...cells); report(...cells.map(() => '---')) }
const spread = (what, values, aim = '') =>
  report(what, `${number(at(values, 0.5))} ms`, `${number(at(values, 0.95))} ms`, aim)

// What a browser downloads the first time: each file once, compressed as well as it is.
function download () {
  const files = readdirSync(BUILT, { recursive: true }).filter(file => statSync(join(BUILT, file)).isFile())
  const plain = files.filter(file => !/\.(br|gz|txt)$/.test(file))
  const size = (file, ending) => statSync(join(BUILT, files.includes(file + ending) ? file + ending : file)).size
  const sum = (of, ending) => of.reduce((sum, file) => sum + size(file, ending), 0) / 1000
  const module = plain.filter(file => file.endsWith('.wasm'))
  head('download, once for each version', 'gzip', 'brotli', 'aim')
  report('the whole shell', `${number(sum(plain, '.gz'))} KB`, `${number(sum(plain, '.br'))} KB`, '700 KB')
  report('of it the module', `${number(sum(module, '.gz'))} KB`, `${number(sum(module, '.br'))} KB`, '')
}

// What the owner asks of its storage while `work` is done.
async function counted (page, work) {
  const worker = owner(page)
  await worker.evaluate(() => {
    const files = FileSystemSyncAccessHandle.prototype
    globalThis.asked = { reads: 0, read: 0, writes: 0, written: 0, flushes: 0 }
    for (const [name, calls, bytes] of [['read', 'reads', 'read'], ['write', 'writes', 'written'], ['flush', 'flushes', null]]) {
      const real = files[name].real ?? files[name]
      files[name] = function (...given) {
        globalThis.asked[calls] += 1
        if (bytes) globalThis.asked[bytes] += given[0].byteLength
        return real.apply(this, given)
      }
      files[name].real = real
    }
  })
  await work()
  return await worker.evaluate(() => globalThis.asked)
}

const asked = (what, { reads, read, writes, written, flushes }, times = 1) =>
  report(what, number(reads / times), number(read / times / 1000), number(writes / times), number(written / times / 1000), number(flushes / times))

// From the navigation to the page that asks for the passphrase, and from the passphrase to Today.
async function starts (phone, what, slow, aim) {
  const [shown, opened, whole] = [[], [], []]
  for (let start = 0; start < STARTS; start++) {
    const page = await phone.context.newPage()
    const session = await phone.context.newCDPSession(page)
    await session.send('Emulation.setCPUThrottlingRate', { rate: slow })
    await page.goto(`${phone.url}/field`)
    await page.getByRole('heading', { name: 'Unlock Doorstep' }).waitFor()
    shown.push(await page.evaluate(() => globalThis.drawnAt))
    await page.evaluate(() => new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve))))
    await unlock(page)
    await today(page)
    opened.push(await page.evaluate(() => globalThis.drawnAt - globalThis.pressedAt))
    whole.push(shown.at(-1) + opened.at(-1))
    await page.close()
  }
  spread(`${what}: to the first page`, shown)
  spread(`${what}: from the passphrase to *Today*`, opened)
  spread(`${what}: both`, whole, aim)
}

// When the heading of the page was drawn, and when a button was pressed, as the page's own clock says.
const clocks = phone => phone.context.addInitScript(() => {
  addEventListener('submit', () => { globalThis.pressedAt = performance.now() }, true)
  addEventListener('DOMContentLoaded', () => {
    new MutationObserver(() => {
      const heading = document.querySelector('#app h1')?.textContent
      if (heading === globalThis.drawn) return
      globalThis.drawn = heading
      requestAnimationFrame(() => setTimeout(() => { globalThis.drawnAt = performance.now() }))
    }).observe(document.getElementById('app'), { childList: true })
  })
})

// A request to the owner of the store and back, without drawing; as the page sends it.
const ask = (page, method, target, fields = []) => page.evaluate(([method, target, fields]) => new Promise(resolve => {
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

const children = async page => {
  const { text } = await ask(page, 'GET', '/field/children')
  return [...text.matchAll(/\/field\/child\/([0-9a-f-]{36})/g)].map(([, id]) => id)
}

// A visit that is filled in and waits to be saved.
async function filled (page, child) {
  const form = (await ask(page, 'GET', `/field/child/${child}`)).text
  const id = /action="\/field\/record"[^>]*><input type="hidden" name="id" value="([^"]+)"/.exec(form)[1]
  await ask(page, 'POST', '/field/record', [['id', id], ['child', child]])
  await ask(page, 'POST', `/field/record/${id}/children`, [['child', child]])
  await ask(page, 'POST', `/field/record/${id}/result`, [['result', 'no-response']])
  await ask(page, 'POST', `/field/record/${id}/steps`, [['step', 'windows-checked'], ['step', 'family-phoned']])
  await ask(page, 'POST', `/field/record/${id}/concern`, [['concern', 'none']])
  return id
}

async function save (page, id) {
  const saved = await ask(page, 'POST', `/field/record/${id}/save`)
  if (!saved.location.endsWith('/saved')) throw new Error(`not saved: ${saved.location}`)
  return saved.ms
}

// *Save* of a visit: sealed, written, flushed, and judged on the next page.
async function saves (page, what) {
  const took = { save: [], advice: [], today: [] }
  const all = await children(page)
  for (let place = 0; place < SAVES; place++) {
    const id = await filled(page, all[place % all.length])
    took.save.push(await save(page, id))
    took.advice.push((await ask(page, 'GET', `/field/record/${id}/saved`)).ms)
    took.today.push((await ask(page, 'GET', '/field')).ms)
  }
  spread(`${what}: *Save* to "safe on this device"`, took.save, '20 ms (worst twentieth)')
  spread(`${what}: what is owed because of it, as HTML`, took.advice)
  spread(`${what}: *Today* after it, as HTML`, took.today)
}

// From the tap to the drawn list.
async function list (page, what) {
  const took = []
  for (let round = 0; round < STARTS; round++) {
    await section(page, 'Today')
    took.push(await page.evaluate(() => new Promise(resolve => {
      const since = performance.now()
      new MutationObserver((_, observer) => {
        if (!document.querySelector('#app .df-row')) return
        observer.disconnect()
        requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - since)))
      }).observe(document.getElementById('app'), { childList: true })
      document.querySelector('a[href="/field/children"]').click()
    })))
  }
  spread(`${what}: list of the children, from the tap`, took, '100 ms')
}

async function measure (office, person, what, aims) {
  const { phone, page } = await settled(office, { person })
  const since = performance.now()
  while ((await exchange(page)).children_left > 0);
  console.error(`${what}: arrived ${number((performance.now() - since) / 1000)} s after the first exchange`)
  await clocks(phone)
  await office.stop()
  await list(page, what)
  await saves(page, what)
  const ids = []
  for (const child of (await children(page)).slice(0, 5)) ids.push(await filled(page, child))
  const counts = [[`${what}: a *Save*`, await counted(page, async () => { for (const id of ids) await save(page, id) }), ids.length]]
  await page.goto(`${phone.url}/field`)
  await page.getByRole('heading', { name: 'Unlock Doorstep' }).waitFor()
  counts.push([`${what}: from the passphrase to *Today*`, await counted(page, async () => { await unlock(page); await today(page) }), 1])
  await page.close()
  await starts(phone, what, 1, aims.quick)
  await starts(phone, `${what}, slowed down ${SLOW} times`, SLOW, aims.slow)
  return counts
}

download()
head('time', 'median', 'worst twentieth', 'aim')
const counts = []
for (const [open, person, what, aims] of [
  [Office.open, 'S-105', '8 children', { quick: '700 ms', slow: '2,500 ms' }],
  [Office.large, 'p0', '300 children, 30,000 events', { quick: '2,000 ms', slow: '' }]
]) {
  const office = await open()
  try {
    counts.push(...await measure(office, person, what, aims))
  } finally {
    await office.close()
  }
}
head('asked of the storage', 'reads', 'KB read', 'writes', 'KB written', 'flushes')
for (const count of counts) asked(...count)
