// Asks whichever window owns the store. A request is repeated until it is answered: the owner may
// close at any moment, and the next one answers. Requests carry ids, so that one owner does each once.
export const CHANNEL = 'doorstep-field'
const REPEAT_MS = 1000
const SILENT_MS = 8000

export class Owner extends EventTarget {
  #channel = new BroadcastChannel(CHANNEL)
  #waiting = new Map()
  #heard = performance.now()
  standing = null
  silent = false
  // What this window knows of the device goes along with every request.
  said = {}

  constructor (tab) {
    super()
    this.tab = tab
    this.#channel.onmessage = event => this.#receive(event.data)
    setInterval(() => this.#repeat(), REPEAT_MS)
    this.post({ kind: 'hello' })
  }

  post (message) { this.#channel.postMessage({ ...message, tab: this.tab }) }

  call (method, target, content) {
    const message = { kind: 'call', id: crypto.randomUUID(), method, target, said: this.said, ...content }
    return new Promise(resolve => {
      this.#waiting.set(message.id, { message, resolve, since: performance.now() })
      this.post(message)
    })
  }

  #repeat () {
    const now = performance.now()
    let oldest = now
    for (const { message, since } of this.#waiting.values()) {
      this.post(message)
      oldest = Math.min(oldest, since)
    }
    const silent = now - Math.max(oldest, this.#heard) > SILENT_MS
    if (silent === this.silent) return
    this.silent = silent
    this.dispatchEvent(new Event('silence'))
  }

  #receive (message) {
    if (message.from !== 'owner') return
    this.#heard = performance.now()
    if (message.kind === 'answer') {
      const waiting = this.#waiting.get(message.id)
      this.#waiting.delete(message.id)
      waiting?.resolve(message.answer)
      return
    }
    if (message.standing) this.standing = message.standing
    if (message.kind === 'owner') for (const { message } of this.#waiting.values()) this.post(message)
    this.dispatchEvent(Object.assign(new Event(message.kind), { message }))
  }
}
