// The real server with an organisation of its own in a temporary folder, and the browsers that talk
// to it. Everything waits for what can be seen; nothing sleeps.
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Browser, DESK, PHONE, ended, line } from './browser.js'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PROGRAM = process.env.DOORSTEP_PROGRAM ?? join(ROOT, 'target/debug/doorstep')
const SAMPLE = ['teams', 'staff', 'children', 'allocations']

const environment = () => {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('DOORSTEP_'))
  return { ...Object.fromEntries(kept), DOORSTEP_LOG: 'error' }
}

function doorstep (...args) {
  const options = { encoding: 'utf8', env: environment(), stdio: ['pipe', 'pipe', 'inherit'] }
  return execFileSync(PROGRAM, args, options)
}

export class Office {
  folder = mkdtempSync(join(tmpdir(), 'doorstep-browser-'))
  #server = null
  #browsers = []
  port = 0

  // With the sample caseload and nothing recorded; `settings` are the server's, as environment.
  static async open (settings = {}) {
    return await Office.#of(settings, join(ROOT, 'docs/examples/caseload'))
  }

  // With 300 children and 30,000 events, all in the caseload of p0.
  static async large () {
    const office = new Office()
    const bin = ['--quiet', '--locked', '-p', 'doorstep-benches', '--bin', 'large-office']
    execFileSync('cargo', ['run', ...bin, office.data], { cwd: ROOT, stdio: 'inherit' })
    await office.serve()
    return office
  }

  static async #of (settings, caseload) {
    const office = new Office()
    office.settings = settings
    office.admin('init', 'Ficton')
    office.admin('import', ...SAMPLE.map(name => join(caseload, `${name}.csv`)))
    await office.serve()
    return office
  }

  // With the demonstration's history. `office.password` opens the console for its people.
  static async demo (settings = {}) {
    const office = new Office()
    office.settings = settings
    office.admin('demo')
    office.password = readFileSync(join(office.data, 'demo-password.txt'), 'utf8').trim()
    await office.serve()
    return office
  }

  get data () { return join(this.folder, 'office') }
  get url () { return `http://127.0.0.1:${this.port}` }
  admin (command, ...args) { return doorstep('admin', command, ...args, '--data', this.data) }

  // A one-time code for a device of this person.
  code (person) { return JSON.parse(this.admin('device-code', person, '--json')).code }

  // Lets this person sign in to the console.
  account (person, login, password) {
    const args = ['admin', 'account', person, '--login', login, '--data', this.data]
    execFileSync(PROGRAM, args, { input: `${password}\n`, env: environment() })
  }

  // Plans a visit of this person to each of these children, for this very minute.
  plan (person, ...children) {
    const when = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/London', dateStyle: 'short', timeStyle: 'short' })
    const rows = children.map(child => `${child},${person},${when.format(new Date())}\n`)
    const file = join(this.folder, 'visits.csv')
    writeFileSync(file, `child_id,staff_id,when\n${rows.join('')}`)
    this.admin('visits', 'import', file)
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

  // A browser of its own on a small screen, and one on a large one.
  phone (name = 'phone') { return this.#browser(name, PHONE) }
  desk (name = 'desk') { return this.#browser(name, DESK) }

  async #browser (name, size) {
    const browser = new Browser(join(this.folder, name), this.url, size)
    this.#browsers.push(browser)
    await browser.start()
    return browser
  }

  async close () {
    for (const browser of this.#browsers) await browser.kill()
    await this.stop()
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }
}
