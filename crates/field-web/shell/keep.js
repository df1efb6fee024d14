// The wrapped key and the marks, kept beside the encrypted file. Each write is on the disk when it
// returns.
const DATABASE = 'doorstep-field'

function open () {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1)
    request.onupgradeneeded = () => request.result.createObjectStore('kept')
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

async function transact (mode, work) {
  const database = await open()
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction('kept', mode, { durability: 'strict' })
      const request = work(transaction.objectStore('kept'))
      transaction.oncomplete = () => resolve(request.result)
      transaction.onabort = () => reject(transaction.error)
    })
  } finally {
    database.close()
  }
}

export const load = name => transact('readonly', kept => kept.get(name))
export const save = (name, value) => transact('readwrite', kept => kept.put(value, name))
export const remove = name => transact('readwrite', kept => kept.delete(name))
