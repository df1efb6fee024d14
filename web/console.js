// What scripts add to the console. Every page works without them.
import { initAll } from './govuk-frontend.js'

document.body.classList.add('js-enabled')
if ('noModule' in HTMLScriptElement.prototype) {
  document.body.classList.add('govuk-frontend-supported')
}
initAll()

// Only with scripts can a page print itself; without, the browser's own command does.
for (const button of document.querySelectorAll('[data-print]')) {
  button.hidden = false
  button.addEventListener('click', () => window.print())
}

// The inbox moves by itself: the server says only "changed", and the list is fetched again.
const live = document.querySelector('[data-live]')
if (live && 'EventSource' in window) follow(live)

function follow (live) {
  const status = document.querySelector('[data-live-status]')
  const events = new EventSource(live.dataset.live)
  let fetching = false
  let again = false
  events.addEventListener('open', () => say(status, 'Updates by itself'))
  events.addEventListener('error', () => say(status, 'Not connected: reload to see what is new'))
  events.addEventListener('changed', refresh)
  window.addEventListener('pagehide', () => events.close())
  setInterval(refresh, 60_000) // "40 minutes left" becomes "39 minutes left".

  async function refresh () {
    if (fetching) { again = true; return }
    fetching = true
    try {
      const response = await fetch(window.location.href, { headers: { accept: 'text/html', 'doorstep-by-itself': '1' } })
      if (response.redirected || !response.ok) return window.location.reload()
      const page = new DOMParser().parseFromString(await response.text(), 'text/html')
      const next = page.querySelector('[data-live]')
      if (next) replace(next, page.title)
    } catch {
      say(status, 'Not connected: reload to see what is new')
    } finally {
      fetching = false
      if (again) { again = false; refresh() }
    }
  }

  // The keyboard stays where it was: focus goes to the element of the same id in the new list.
  function replace (next, title) {
    const focused = live.contains(document.activeElement) ? document.activeElement.id : ''
    const before = live.dataset.count
    live.replaceChildren(...next.childNodes)
    live.dataset.count = next.dataset.count
    document.title = title
    if (focused) document.getElementById(focused)?.focus()
    if (before !== next.dataset.count) announce(`${next.dataset.count} to acknowledge`)
  }
}

function say (element, text) {
  if (element && element.textContent !== text) element.textContent = text
}

function announce (text) {
  say(document.querySelector('[data-announce]'), text)
}
