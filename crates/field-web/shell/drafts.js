// Forms that say where a draft of theirs is kept (`data-keep`) are saved on every change. Leaving a
// page waits until the last change is safe; a change that cannot be saved is said at once.
const SAVE_MS = 250

export class Drafts {
  #form = null
  #timer
  #saving = Promise.resolve()
  dirty = false

  constructor (owner, notices) {
    this.owner = owner
    this.notices = notices
    for (const kind of ['input', 'change']) document.addEventListener(kind, event => this.#changed(event))
    document.addEventListener('visibilitychange', () => { if (document.hidden) this.flush() })
    window.addEventListener('beforeunload', event => { if (this.dirty) event.preventDefault() })
  }

  // A page was drawn.
  watch () {
    this.#form = document.querySelector('#app form[data-keep]')
    this.dirty = false
    this.notices.set('draft', null)
  }

  // This form is on its way: what it holds is saved with it.
  sent (form) {
    if (form !== this.#form) return
    clearTimeout(this.#timer)
    this.dirty = false
  }

  #changed (event) {
    if (!this.#form || event.target.form !== this.#form || event.target.type === 'file') return
    this.dirty = true
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.flush(), SAVE_MS)
  }

  // Returns once what was typed is saved, or once the person was told that it is not.
  flush () {
    clearTimeout(this.#timer)
    this.#saving = this.#saving.then(() => this.#save())
    return this.#saving
  }

  async #save () {
    const form = this.#form
    if (!this.dirty || !form?.isConnected) return
    this.dirty = false
    const data = new FormData(form)
    for (const [name, value] of [...data]) if (typeof value !== 'string') data.delete(name)
    const body = new Response(new URLSearchParams(data))
    const type = body.headers.get('content-type')
    const answer = await this.owner.call('POST', form.dataset.keep, { type, body: await body.arrayBuffer() })
    const saved = answer.status === 204
    if (!saved) this.dirty = true
    this.notices.set('draft', saved ? null : 'What you typed last is not saved: this device may be full. Stay on this page, free some space, and go on typing.')
  }
}
