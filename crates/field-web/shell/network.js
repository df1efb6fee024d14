// One request to the server, and what came back. Whether that is an answer is for the door to say.
const TIMEOUT_MS = 60_000

export async function send (outgoing, Got) {
  const headers = { 'content-type': outgoing.media_type }
  if (outgoing.token) headers.authorization = `Bearer ${outgoing.token}`
  try {
    const response = await fetch(outgoing.path, {
      method: outgoing.method,
      headers,
      body: outgoing.body,
      cache: 'no-store',
      credentials: 'omit',
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS)
    })
    const header = name => response.headers.get(name) ?? ''
    return new Got(response.status, header('content-type'), header('retry-after'), await response.text())
  } catch {
    return new Got(0, '', '', '')
  }
}

// Calls `poked` each time the server says that there is something. Ends with the stream.
export async function listen (token, poked) {
  const response = await fetch('/v1/pokes', {
    headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream' },
    cache: 'no-store',
    credentials: 'omit',
    redirect: 'error'
  })
  const kind = response.headers.get('content-type') ?? ''
  if (!response.ok || !kind.startsWith('text/event-stream')) throw new Error('no stream')
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    const events = (rest + value).split('\n\n')
    rest = events.pop()
    if (events.some(event => event.includes('event: poke'))) poked()
  }
}
