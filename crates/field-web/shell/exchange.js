// The loop around the sync machine, which decides what to send and when; and the stream on which the
// server says that there is something. Nothing here is remembered: a worker that ends loses nothing.
import { listen } from './network.js'

const LISTEN_AGAIN_MS = 5000
const PAUSE_LEAST_MS = 1000

export class Exchange {
  #running = false
  #again = null
  #timer
  #listening = false

  // `ask` reaches the door, `send` the network; `tell` hears what became of each request.
  constructor ({ ask, send, tell }) { Object.assign(this, { ask, send, tell }) }

  // Runs until neither side has anything; `asked` for by a person or by the server's word.
  async now (asked = false) {
    if (this.#running) { this.#again = asked || this.#again || false; return }
    this.#running = true
    clearTimeout(this.#timer)
    try {
      do {
        this.#again = null
        this.ask(door => door.sync_begins(asked))
        await this.#exchange()
        asked = this.#again
      } while (this.#again !== null)
    } finally {
      this.#running = false
      const { due } = JSON.parse(this.ask(door => { door.sync_ends(); return door.standing() }))
      if (due) this.#plan(Date.parse(due) - Date.now())
    }
  }

  async #exchange () {
    for (;;) {
      const outgoing = this.ask(door => door.next_request())
      if (!outgoing) return
      const got = await this.send(outgoing)
      const heard = JSON.parse(this.ask(door => door.response(got)))
      this.tell(heard)
      if (heard.trouble) return
      this.#listen()
    }
  }

  #plan (wait) {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.now(), Math.max(wait, PAUSE_LEAST_MS))
  }

  // One stream at a time, begun only after the server answered.
  async #listen () {
    const token = this.ask(door => door.token())
    if (this.#listening || !token) return
    this.#listening = true
    try {
      await listen(token, () => this.now(true))
      setTimeout(() => this.now(true), LISTEN_AGAIN_MS)
    } catch {
      // The next exchange that is answered begins another.
    } finally {
      this.#listening = false
    }
  }
}
