// What scripts add to the practitioner's pages when a server on this machine serves them. Every
// page works without: this keeps what is being written, and looks again where that is worth it.
import { initAll } from './govuk-frontend.js'

document.body.classList.add('js-enabled')
if ('noModule' in HTMLScriptElement.prototype) document.body.classList.add('govuk-frontend-supported')
initAll()

const KEEP_MS = 400
const keeping = new WeakMap()
let written = false

function keep (form) {
  clearTimeout(keeping.get(form))
  keeping.set(form, null)
  const fields = new URLSearchParams(new FormData(form))
  fetch(form.dataset.keep, { method: 'POST', body: fields, keepalive: true })
    .then((answer) => told(form, answer.status === 204), () => told(form, false))
}

// Says it where what is written cannot be kept, before the person leaves the page.
function told (form, kept) {
  const words = form.querySelector('[data-unkept]')
  if (words) words.hidden = kept
}

function keepSoon (event) {
  written = true
  const form = event.target.closest('form[data-keep]')
  if (!form) return
  clearTimeout(keeping.get(form))
  keeping.set(form, setTimeout(() => keep(form), KEEP_MS))
}

document.addEventListener('input', keepSoon)
document.addEventListener('change', keepSoon)
document.addEventListener('submit', (event) => { clearTimeout(keeping.get(event.target)); keeping.delete(event.target) })
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState !== 'hidden') return
  for (const form of document.querySelectorAll('form[data-keep]')) if (keeping.get(form)) keep(form)
})

// The same address, marked so that looking again does not count as somebody being there.
function again () {
  const address = new URL(location.href)
  address.searchParams.set('again', '1')
  return address
}

function lookAgain () {
  const main = document.querySelector('main[data-again]')
  if (!main) return
  setTimeout(async () => {
    const busy = written || main.contains(document.activeElement) && document.activeElement !== main
    if (busy || document.querySelector('details[open]') || document.hidden) return lookAgain()
    try {
      const answer = await fetch(again(), { headers: { accept: 'text/html' } })
      if (answer.redirected) return location.reload()
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
      const next = page.querySelector('#app')
      if (next && answer.ok) {
        document.getElementById('app').replaceChildren(...next.childNodes)
        initAll({ scope: document.getElementById('app') })
      }
    } catch { /* The server has ended: what is shown stays. */ }
    lookAgain()
  }, Number(main.dataset.again))
}
lookAgain()
