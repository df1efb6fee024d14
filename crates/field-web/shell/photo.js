// Photographs before they are handed in: upright, small enough for a weak link, and without what the
// camera wrote into them, such as where they were taken.
const SIDE_MAX = 2000
const QUALITY = 0.8

export async function smaller (file) {
  if (!file.type.startsWith('image/')) return file
  try {
    const picture = await createImageBitmap(file, { imageOrientation: 'from-image' })
    const scale = Math.min(1, SIDE_MAX / Math.max(picture.width, picture.height))
    const canvas = new OffscreenCanvas(Math.round(picture.width * scale), Math.round(picture.height * scale))
    canvas.getContext('2d').drawImage(picture, 0, 0, canvas.width, canvas.height)
    picture.close()
    const drawn = await canvas.convertToBlob({ type: 'image/jpeg', quality: QUALITY })
    return new File([drawn], 'photograph.jpg', { type: drawn.type })
  } catch {
    return file // A kind of picture that this browser does not draw: the store says what it takes.
  }
}
