// Whether this browser can keep records, whether it promises to, and how much room is left. The pages
// say it; here it is found out.
const LOOK_MS = 60_000
const MEGABYTE = 1024 * 1024
const MARK = 'doorstep-mark'

// Which part is missing, if any; the worker looks for the rest.
export async function missingPart () {
  if (!window.isSecureContext) return 'insecure'
  const parts = [window.WebAssembly, window.BroadcastChannel, window.Worker, window.indexedDB,
    navigator.locks, navigator.serviceWorker, navigator.storage?.getDirectory]
  if (parts.some(part => !part)) return 'unsupported'
  try {
    await navigator.storage.getDirectory()
    return null
  } catch {
    return 'unsupported' // A private window, or storage switched off.
  }
}

// At first use, when the person has just pressed a button: that is when a browser says yes.
export const askToKeep = () => navigator.storage.persist?.().catch(() => false)

export function watchStorage (owner) {
  let before
  const look = async () => {
    const { quota, usage } = await navigator.storage.estimate?.() ?? {}
    const room = quota === undefined ? null : Math.max(0, Math.floor(quota - usage))
    const enrolled = Boolean(owner.standing?.mark)
    const persisted = enrolled ? await navigator.storage.persisted?.() ?? null : null
    Object.assign(owner.said, { room, persisted, online: navigator.onLine })
    if (enrolled) rememberMark(owner.standing.mark)
    // The page that is shown says it too, as soon as it changes.
    const now = [room && Math.floor(room / MEGABYTE), persisted, navigator.onLine].join()
    if (before !== undefined && before !== now) owner.dispatchEvent(new Event('said'))
    before = now
  }
  for (const kind of ['owner', 'changed', 'synced']) owner.addEventListener(kind, look)
  for (const kind of ['online', 'offline']) window.addEventListener(kind, look)
  setInterval(look, LOOK_MS)
}

// Kept in further places, so that a store that goes missing is noticed: what clears one of them may
// leave another.
function rememberMark (mark) {
  const text = JSON.stringify(mark)
  if (rememberedMark() === text) return
  localStorage.setItem(MARK, text)
  cookie(encodeURIComponent(text), 31_536_000)
}

export function forgetMark () {
  localStorage.removeItem(MARK)
  cookie('', 0)
}

function cookie (value, seconds) {
  const secure = location.protocol === 'https:' ? '; secure' : ''
  document.cookie = `${MARK}=${value}; path=/field; max-age=${seconds}; samesite=strict${secure}`
}

// What this browser remembers of an enrolment.
export function rememberedMark () {
  const kept = new RegExp(`(?:^|; )${MARK}=([^;]+)`).exec(document.cookie)?.[1]
  return localStorage.getItem(MARK) ?? (kept ? decodeURIComponent(kept) : null)
}
