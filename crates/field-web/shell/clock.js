// What this device's clocks say, and random bytes: the only places where the app reads either.
const boot = crypto.randomUUID()
const two = number => String(number).padStart(2, '0')

// The wall clock with its offset, as RFC 3339 writes it.
export function wall (at = new Date()) {
  const east = -at.getTimezoneOffset()
  const local = new Date(at.getTime() + east * 60_000).toISOString().slice(0, -1)
  const offset = Math.abs(east)
  return `${local}${east < 0 ? '-' : '+'}${two(Math.floor(offset / 60))}:${two(offset % 60)}`
}

export const reading = () =>
  JSON.stringify({ wall: wall(), monotonic_ms: Math.floor(performance.now()), boot })

export const SEED_BYTES = 64
export const seed = () => crypto.getRandomValues(new Uint8Array(SEED_BYTES))
