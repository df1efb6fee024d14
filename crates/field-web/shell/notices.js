// Lines above the page that the shell says by itself: each kind once, said aloud when it changes.
export class Notices {
  #lines = new Map()

  constructor (place) { this.place = place }

  // Without a text the line goes away.
  set (kind, text, action) {
    const before = this.#lines.get(kind)
    if (before?.text === text) return
    before?.line.remove()
    this.#lines.delete(kind)
    if (!text) return
    const line = document.createElement('div')
    line.className = 'ds-shell-notice'
    line.dataset.notice = kind
    const words = document.createElement('p')
    words.textContent = text
    line.append(words)
    if (action) {
      const button = document.createElement('button')
      button.type = 'button'
      button.className = 'govuk-button govuk-button--secondary'
      button.textContent = action.label
      button.addEventListener('click', action.run)
      line.append(button)
    }
    this.place.append(line)
    this.#lines.set(kind, { text, line })
  }

  otherWindow (silent) {
    this.set('other-window', silent && 'Doorstep is open in another window that does not answer. Go to that window, or close it: this one then goes on by itself.')
  }
}
