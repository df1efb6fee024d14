// The worker that owns the store. Every window starts one; the one that holds the lock opens the
// storage and answers all windows, the others wait for it. It knows no rule: the door does.
import init, { Door, Got } from './door.js'
import { CHANNEL } from './channel.js'
import { reading, seed } from './clock.js'
import { Exchange } from './exchange.js'
import { load, remove, save } from './keep.js'
import { send } from './network.js'
import { roomLeft } from './room.js'

const LOCK = 'store-owner'
const ANSWERS_KEPT = 200
const TAKE_AGAIN_MS = 50
const TAKES_MAX = 200
const IDLE_LOOK_MS = 5000
const ROOM_LOOK_MS = 60_000
// What the window says. Not in the address: a worker that comes out of a cache has lost its query.
const settings = JSON.parse(self.name)
const channel = new BroadcastChannel(CHANNEL)

// The window that started this worker hears of what keeps it from owning anything.
function fail (reason, error) {
  console.error(reason, error)
  postMessage({ reason, detail: String(error?.message ?? error) })
}

start()

async function start () {
  try {
    if (!('createSyncAccessHandle' in (self.FileSystemFileHandle?.prototype ?? {}))) {
      return fail('unsupported', 'no synchronous access to private files')
    }
    await init() // While another window owns the store: to be ready at once when it closes.
  } catch (error) {
    return fail('unsupported', error)
  }
  navigator.locks.request(LOCK, own).catch(error => fail('broken', error))
}

// The lock is held as long as the worker lives.
async function own () {
  let door
  try {
    door = await take()
  } catch (error) {
    return fail('storage', error)
  }
  new Ownership(door).begin()
  return new Promise(() => {})
}

// A window that was killed may hold its files for a moment longer than its lock.
async function take () {
  const mark = await load('mark') ?? settings.mark ?? undefined
  for (let takes = 1; ; takes++) {
    try {
      return await Door.open(settings.app, await load('device'), mark, reading(), seed())
    } catch (error) {
      if (takes === TAKES_MAX || !/NoModificationAllowed|InvalidState/.test(String(error))) throw error
      await new Promise(resolve => setTimeout(resolve, TAKE_AGAIN_MS))
    }
  }
}

class Ownership {
  #answers = new Map()
  #queue = Promise.resolve()
  #door
  #room = null
  #looking = false

  constructor (door) {
    this.#door = door
    this.exchange = new Exchange({
      ask: work => this.ask(work),
      send: outgoing => send(outgoing, Got),
      tell: heard => { this.tell('synced', { heard }); this.lookForRoom() }
    })
  }

  begin () {
    channel.onmessage = event => this.hear(event.data)
    self.addEventListener('online', () => this.exchange.now(true))
    setInterval(() => this.lockIfIdle(), IDLE_LOOK_MS)
    setInterval(() => this.lookForRoom(), ROOM_LOOK_MS)
    this.tell('owner')
    this.exchange.now()
  }

  // Everything goes through here: the door is told the moment first. A panic leaves the module
  // unusable: this worker ends, and another takes over.
  ask (work) {
    try {
      this.#door.now(reading(), seed())
      return work(this.#door)
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) {
        fail('broken', error)
        self.close()
      }
      throw error
    }
  }

  tell (kind, rest = {}) {
    const standing = JSON.parse(this.ask(door => door.standing()))
    channel.postMessage({ from: 'owner', kind, standing, window: settings.tab, ...rest })
    return standing
  }

  hear (message) {
    if (message.kind === 'call') this.take(message)
    if (message.kind === 'hello') this.tell('owner')
    if (message.kind === 'sync') this.exchange.now(true)
    if (message.kind === 'look') this.lockIfIdle()
  }

  lockIfIdle () {
    if (this.ask(door => door.lock_if_idle())) this.tell('changed')
  }

  // Little room is said on every page before it hurts.
  async lookForRoom () {
    if (this.#looking) return
    this.#looking = true
    const room = await roomLeft()
    this.#looking = false
    if (room === this.#room) return
    this.#room = room
    channel.postMessage({ from: 'owner', kind: 'said' })
  }

  // Each request is done once, however often it is repeated; one after the other.
  take (message) {
    const before = this.#answers.get(message.id)
    if (before) return before.answer ? this.reply(before) : undefined
    const entry = { id: message.id }
    this.#answers.set(message.id, entry)
    for (const id of this.#answers.keys()) {
      if (this.#answers.size <= ANSWERS_KEPT) break
      this.#answers.delete(id)
    }
    this.#queue = this.#queue.then(async () => {
      entry.answer = await this.answer(message)
      this.reply(entry)
      if (message.method === 'GET') return
      this.ask(door => door.make_copies())
      this.tell('changed', { by: message.tab })
      this.exchange.now()
    }).catch(error => fail('broken', error))
  }

  reply ({ id, answer }) { channel.postMessage({ from: 'owner', kind: 'answer', id, answer }) }

  async answer ({ method, target, type = '', body = new ArrayBuffer(0), said, tab }) {
    const room = this.#room ?? said.room
    const knows = JSON.stringify({ ...said, room, elsewhere: tab !== settings.tab })
    const shown = this.ask(door => plain(door.call(method, target, type, new Uint8Array(body), knows)))
    if (shown.wants === 'enrol') return await this.enrol()
    if (shown.wants === 'sync') this.exchange.now(true)
    if (shown.wants === 'keep') await save('device', this.ask(door => door.kept()))
    if (shown.wants === 'forget') {
      await remove('device')
      await remove('mark')
    }
    return shown
  }

  // The key is kept before anything is encrypted with it; the server is asked last.
  async enrol () {
    await save('device', this.ask(door => door.kept()))
    const outgoing = this.ask(door => door.enrol())
    if (outgoing.refused) return plain(outgoing.refused)
    const got = await send(outgoing, Got)
    const shown = this.ask(door => plain(door.enrolled(got)))
    const { mark } = this.tell('changed')
    if (mark) {
      await save('device', this.ask(door => door.kept()))
      await save('mark', JSON.stringify(mark))
    }
    return shown
  }
}

// What can be sent to another window.
function plain (shown) {
  const { status, location, body, wants } = shown
  shown.free()
  return { status, location, body, wants }
}
