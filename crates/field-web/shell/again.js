// Pages that change by themselves: a page says after how long it is worth asking for again
// (`data-again` on `main`), and after each exchange it is asked for as well. What somebody is typing
// is left alone.
import { showAgain } from './view.js'

export class Again {
  #timer
  #asking = false

  constructor (owner, drafts) {
    this.owner = owner
    this.drafts = drafts
  }

  // A page was drawn.
  watch () {
    clearTimeout(this.#timer)
    const main = document.querySelector('#app main')
    this.once = Number(main?.dataset.again) || 0
    this.form = Boolean(main?.querySelector('form[method="post"] :is(input:not([type="hidden"]), textarea, select)'))
    if (this.once) this.#timer = setTimeout(() => this.now(), this.once)
  }

  async now () {
    clearTimeout(this.#timer)
    if (this.#asking || this.form || this.drafts.dirty || document.hidden) return
    const target = location.pathname + location.search
    this.#asking = true
    try {
      const answer = await this.owner.call('GET', target)
      if (target !== location.pathname + location.search || answer.status !== 200) return
      showAgain(answer)
      this.watch()
    } finally {
      this.#asking = false
    }
  }
}
