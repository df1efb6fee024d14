// The service worker and newer versions: offered on the pages, and taken only on a person's word.
const LOOK_MS = 60 * 60 * 1000

export class Updates {
  path = '/field/update'
  #registration
  #wanted = false

  constructor (owner, notices) {
    this.owner = owner
    this.notices = notices
    navigator.serviceWorker.addEventListener('controllerchange', () => {
      if (this.#wanted) location.reload()
    })
    this.#begin()
  }

  async #begin () {
    const settings = { scope: '/field', updateViaCache: 'none' }
    try {
      this.#registration = await navigator.serviceWorker.register('/field/sw.js', settings)
    } catch {
      return this.#sayNotKept()
    }
    const follow = worker => worker?.addEventListener('statechange', () => this.#look())
    follow(this.#registration.installing)
    this.#registration.addEventListener('updatefound', () => follow(this.#registration.installing))
    this.#look()
    setInterval(() => this.#ask(), LOOK_MS)
    document.addEventListener('visibilitychange', () => { if (!document.hidden) this.#ask() })
  }

  #ask () { this.#registration.update().catch(() => {}) }

  #look () {
    const { waiting, active, installing } = this.#registration
    if (!waiting && !active && !installing) return this.#sayNotKept()
    if (active) this.notices.set('not-kept', null)
    const update = Boolean(waiting && active)
    if (this.owner.said.update === update) return
    this.owner.said.update = update
    this.owner.dispatchEvent(new Event('said'))
  }

  // Without signal the version that is there goes on; where there is none, the person has to know.
  #sayNotKept () {
    if (navigator.serviceWorker.controller) return
    this.notices.set('not-kept', 'This browser has not kept the app for use without signal. Reload this page while you have a connection.')
  }

  // Returns once the app is kept for use without signal, or cannot be.
  async kept () {
    const worker = this.#registration?.installing
    if (!worker) return
    await new Promise(resolve => worker.addEventListener('statechange', resolve, { once: true }))
  }

  take () {
    this.#wanted = true
    if (this.#registration?.waiting) this.#registration.waiting.postMessage('take-over')
    else location.reload()
  }
}

// Asks the system to wake the app when there is a connection, where it can.
export async function wakeWhenOnline () {
  const registration = await navigator.serviceWorker.getRegistration('/field')
  await registration?.sync?.register('hand-in').catch(() => {})
}
