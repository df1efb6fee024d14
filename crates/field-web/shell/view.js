// Puts an answer of the app on the screen, and keeps keyboard and screen reader where they belong.
import { initAll } from './govuk-frontend.js'

const app = document.getElementById('app')
document.body.classList.add('js-enabled', 'govuk-frontend-supported')

const parsed = answer => new DOMParser().parseFromString(new TextDecoder().decode(answer.body), 'text/html')

export function show (answer, { scroll = 0 } = {}) {
  const drawn = parsed(answer)
  app.replaceChildren(...(drawn.getElementById('app') ?? drawn.body).childNodes)
  app.hidden = false
  document.title = drawn.title
  initAll({ scope: app })
  window.scrollTo(0, scroll)
  // An error summary takes the focus by itself.
  if (!app.querySelector('[data-module="govuk-error-summary"]')) focus()
}

function focus () {
  const wanted = app.querySelector('[autofocus]') ?? app.querySelector('h1')
  if (!wanted) return
  if (wanted.tagName === 'H1') wanted.tabIndex = -1
  wanted.focus({ preventScroll: true })
}

// The same page with what is newer, part by part: keyboard and opened details stay where they are.
export function showAgain (answer) {
  const drawn = parsed(answer)
  const next = drawn.getElementById('app')
  if (!next) return
  for (const part of ['main', '.df-state', '.df-notices']) {
    const [before, after] = [app.querySelector(part), next.querySelector(part)]
    if (!before || !after || (before.innerHTML === after.innerHTML && before.className === after.className)) continue
    const focused = before.contains(document.activeElement) ? document.activeElement : null
    const place = focused && [...before.querySelectorAll('a, button, summary, [tabindex]')].indexOf(focused)
    before.replaceChildren(...after.childNodes)
    before.className = after.className
    if (after.dataset.again) before.dataset.again = after.dataset.again
    else delete before.dataset.again
    initAll({ scope: before })
    if (place !== null) before.querySelectorAll('a, button, summary, [tabindex]')[place]?.focus({ preventScroll: true })
  }
  document.title = drawn.title
}

// Until the owner looked at the clock.
export function hide () { app.hidden = true }

// A person can change it; most will not.
export function fillDeviceName (form) {
  const field = form.elements['device-name']
  if (!field || field.value) return
  const system = navigator.userAgentData?.platform || /\(([^;)]+)/.exec(navigator.userAgent)?.[1]
  if (system) field.value = `Browser on ${system}`
}

const SENTENCES = {
  insecure: 'Open this address with https:// at its beginning: without that, a browser cannot keep records safely.',
  unsupported: 'This browser cannot keep records safely on this device. Use Chrome or Edge 111 or later, Firefox 111 or later, or Safari 17 or later, and not a private window.',
  storage: 'The storage of this browser does not open. Close the other windows of Doorstep, then open this one again. Nothing was changed.',
  broken: 'Doorstep stopped working. What was saved is safe. Close this window and open it again.'
}

export function showFault (reason, detail = '') {
  const cannot = reason === 'unsupported' || reason === 'insecure'
  const heading = element('h1', 'govuk-heading-l', cannot ? 'Doorstep cannot run here' : 'Doorstep stopped')
  heading.tabIndex = -1
  const main = element('main', 'govuk-main-wrapper govuk-width-container')
  main.id = 'main-content'
  main.append(heading, element('p', 'govuk-body', SENTENCES[reason] ?? SENTENCES.broken))
  if (detail) main.append(element('p', 'govuk-hint', `For whoever helps you: ${detail}`))
  app.replaceChildren(main)
  app.hidden = false
  document.title = `${heading.textContent} – Doorstep`
  heading.focus()
}

function element (name, className, text = '') {
  const made = document.createElement(name)
  made.className = className
  made.textContent = text
  return made
}
