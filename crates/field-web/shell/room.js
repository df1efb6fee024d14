// How much the storage still takes, as far as it matters. What newer browsers say of themselves is made
// up (usage and ten gigabytes), so that nobody can be told apart by it: a file of that size is asked for,
// and given back at once.
const MEGABYTE = 1024 * 1024
const PROBES_MB = [50, 20, 10, 5, 2, 1]
const NAME = 'room'

// In bytes; nothing where there is enough.
export async function roomLeft () {
  try {
    const root = await navigator.storage.getDirectory()
    const file = await (await root.getFileHandle(NAME, { create: true })).createSyncAccessHandle()
    try {
      const most = PROBES_MB.find(megabytes => takes(file, megabytes * MEGABYTE)) ?? 0
      return most === PROBES_MB[0] ? null : most * MEGABYTE
    } finally {
      file.close()
      await root.removeEntry(NAME)
    }
  } catch (error) {
    return error.name === 'QuotaExceededError' ? 0 : null // Anything else says nothing about room.
  }
}

function takes (file, bytes) {
  try {
    file.truncate(bytes)
    file.truncate(0)
    return true
  } catch {
    return false
  }
}
