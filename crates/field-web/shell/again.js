// Pages that change by themselves: a page says after how long it is worth asking for again
// (`data-again` on `main`), and after each exchange it is asked for as well. A page with fields in it
// is left alone, unless it says so itself and nobody has begun to fill them in.
import { showAgain } from './view.js'

// So that a page nobody looks at does not count as used, and locks.
const byItself = target => `${target}${target.includes('?') ? '&' : '?'}again=1`

const FIELDS = '#app main form[method="post"] :is(input:not([type="hidden"]), textarea, select)'
const fields = () => [...document.querySelectorAll(FIELDS)]
const begun = field => field === document.activeElement || field.checked !== field.defaultChecked ||
  field.value !== field.defaultValue

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
    if (this.once) this.#timer = setTimeout(() => this.now(), this.once)
  }

  async now () {
    clearTimeout(this.#timer)
    if (this.#asking || (this.once ? fields().some(begun) : fields().length) || this.drafts.dirty || document.hidden) return
    const target = location.pathname + location.search
    this.#asking = true
    try {
      const answer = await this.owner.call('GET', byItself(target))
      if (target !== location.pathname + location.search || answer.status !== 200) return
      showAgain(answer)
      this.watch()
    } finally {
      this.#asking = false
    }
  }
}
