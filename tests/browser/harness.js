// What a journey in a browser needs: the real server with the sample caseload, and phones: browsers
// with a profile of their own, which can be killed and started again. Everything waits for what can
// be seen; nothing sleeps.
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))
export const PASSPHRASE = 'correct horse battery'
export const PHONE = { width: 390, height: 844 }
const PROGRAM = process.env.DOORSTEP_PROGRAM ?? join(ROOT, 'target/debug/doorstep')
const BROWSER = process.env.DOORSTEP_BROWSER ?? 'chromium'
const PICTURES = join(ROOT, 'target/screenshots')
const FLAGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--remote-debugging-port=0', '--lang=en-GB'
]

const environment = () => {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('DOORSTEP_'))
  return { ...Object.fromEntries(kept), DOORSTEP_LOG: 'error' }
}

function doorstep (...args) {
  const options = { encoding: 'utf8', env: environment(), stdio: ['pipe', 'pipe', 'inherit'] }
  return execFileSync(PROGRAM, args, options)
}

// The first line that `pattern` finds on a process's stream.
function line (stream, pattern) {
  return new Promise((resolve, reject) => {
    const lines = createInterface(stream)
    lines.on('line', text => { const found = pattern.exec(text); if (found) resolve(found[1]) })
    lines.on('close', () => reject(new Error(`the process ended without saying ${pattern}`)))
  })
}

const ended = process => new Promise(resolve => {
  if (process.exitCode !== null || process.signalCode !== null) return resolve()
  process.once('exit', resolve)
})

// An organisation with the sample caseload in a temporary folder, and its server.
export class Office {
  folder = mkdtempSync(join(tmpdir(), 'doorstep-browser-'))
  #server = null
  #phones = []
  port = 0

  static async open (settings = {}) {
    const office = new Office()
    office.settings = settings
    office.admin('init', 'Ficton')
    const file = name => join(ROOT, 'docs/examples/caseload', `${name}.csv`)
    office.admin('import', ...['teams', 'staff', 'children', 'allocations'].map(file))
    await office.serve()
    return office
  }

  get data () { return join(this.folder, 'office') }
  get url () { return `http://127.0.0.1:${this.port}` }
  admin (command, ...args) { return doorstep('admin', command, ...args, '--data', this.data) }
  code (person) { return JSON.parse(this.admin('device-code', person, '--json')).code }

  account (person, login, password) {
    const args = ['admin', 'account', person, '--login', login, '--data', this.data]
    execFileSync(PROGRAM, args, { input: `${password}\n`, env: environment() })
  }

  // Starts the server, again at the same address where it ran before.
  async serve (settings = this.settings) {
    const args = ['serve', '--listen', `127.0.0.1:${this.port}`, '--data', this.data]
    const env = { ...environment(), ...settings }
    this.#server = spawn(PROGRAM, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
    this.port = Number(await line(this.#server.stdout, /Listening on http:\/\/127\.0\.0\.1:(\d+)/))
  }

  // The server is gone at once, and really.
  async stop () {
    this.#server.kill('SIGKILL')
    await ended(this.#server)
  }

  async phone (name = 'phone', size = PHONE) {
    const phone = new Phone(join(this.folder, name), this.url, size)
    this.#phones.push(phone)
    await phone.start()
    return phone
  }

  async close () {
    for (const phone of this.#phones) await phone.kill()
    await this.stop()
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

// A browser with its own profile, on a small screen.
export class Phone {
  constructor (profile, url, size) { Object.assign(this, { profile, url, size }) }

  async start () {
    const { width, height } = this.size
    const args = [...FLAGS, `--window-size=${width},${height}`, `--user-data-dir=${this.profile}`]
    // In a group of its own, so that all of its processes can be killed at once.
    const options = { detached: true, stdio: ['ignore', 'ignore', 'pipe'] }
    this.process = spawn(BROWSER, [...args, 'about:blank'], options)
    this.browser = await chromium.connectOverCDP(
      await line(this.process.stderr, /DevTools listening on (ws:\S+)/))
    this.context = this.browser.contexts()[0]
    this.context.setDefaultTimeout(30_000)
    this.faults = []
  }

  // A window of the app, or of another page of the server.
  async window (path = '/field') {
    const page = await this.context.newPage()
    await page.setViewportSize(this.size)
    page.on('pageerror', error => this.faults.push(String(error)))
    page.on('console', said => { if (said.type() === 'error') this.faults.push(said.text()) })
    await page.goto(this.url + path)
    return page
  }

  // The whole browser is gone between two instructions, as when a phone dies.
  async kill () {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return
    process.kill(-this.process.pid, 'SIGKILL')
    await ended(this.process)
  }

  async close () {
    await this.browser.close().catch(() => {})
    await this.kill()
  }
}

// --- what a person does

export async function setUp (page, code, passphrase = PASSPHRASE) {
  await heading(page, 'Set up this device')
  await page.getByLabel('Code').fill(code)
  await page.getByLabel('Passphrase', { exact: true }).fill(passphrase)
  await page.getByLabel('The passphrase again').fill(passphrase)
  await page.getByRole('button', { name: 'Set up' }).click()
}

export async function unlock (page, passphrase = PASSPHRASE) {
  await heading(page, 'Unlock Doorstep')
  await page.getByLabel('Passphrase', { exact: true }).fill(passphrase)
  await page.getByRole('button', { name: 'Unlock' }).click()
}

export const heading = (page, name) => page.getByRole('heading', { name, level: 1 }).waitFor()

export const today = page => heading(page, /Today/)

// The whole app is kept for use without signal.
export const kept = page => page.evaluate(async () => { await navigator.serviceWorker.ready })

export async function picture (page, name) {
  mkdirSync(PICTURES, { recursive: true })
  await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true })
}

// Asks for an exchange with the server, and waits for what became of it.
export const exchange = page => page.evaluate(() => new Promise(resolve => {
  const channel = new BroadcastChannel('doorstep-field')
  channel.onmessage = event => {
    if (event.data.kind !== 'synced') return
    channel.close()
    resolve(event.data.heard)
  }
  channel.postMessage({ kind: 'sync' })
}))
