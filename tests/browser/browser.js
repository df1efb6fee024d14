// A browser with a profile of its own, which can be killed and started again as a phone can.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { chromium } from 'playwright-core'

export const PHONE = { width: 390, height: 844 }
export const DESK = { width: 1280, height: 900 }
const PROGRAM = process.env.DOORSTEP_BROWSER ?? 'chromium'
const PATIENCE_MS = 30_000
const FLAGS = [
  '--headless', '--hide-scrollbars', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--remote-debugging-port=0', '--lang=en-GB'
]

// The first line that `pattern` finds on a process's stream.
export function line (stream, pattern) {
  return new Promise((resolve, reject) => {
    const lines = createInterface(stream)
    lines.on('line', text => { const found = pattern.exec(text); if (found) resolve(found[1]) })
    lines.on('close', () => reject(new Error(`the process ended without saying ${pattern}`)))
  })
}

export const ended = process => new Promise(resolve => {
  if (process.exitCode !== null || process.signalCode !== null) return resolve()
  process.once('exit', resolve)
})

export class Browser {
  constructor (profile, url, size) { Object.assign(this, { profile, url, size }) }

  async start () {
    const { width, height } = this.size
    const args = [...FLAGS, `--window-size=${width},${height}`, `--user-data-dir=${this.profile}`]
    // In a group of its own, so that all of its processes can be killed at once.
    const options = { detached: true, stdio: ['ignore', 'ignore', 'pipe'] }
    this.process = spawn(PROGRAM, [...args, 'about:blank'], options)
    this.browser = await chromium.connectOverCDP(
      await line(this.process.stderr, /DevTools listening on (ws:\S+)/))
    this.context = this.browser.contexts()[0]
    this.context.setDefaultTimeout(PATIENCE_MS)
    // What the pages complained of on the way.
    this.faults = []
  }

  // A window with a page of the server.
  async window (path = '/') {
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
