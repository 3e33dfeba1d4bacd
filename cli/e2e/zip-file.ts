import { deflateRawSync } from 'node:zlib'

/** A zip archive; see PKWARE's APPNOTE.TXT, sections 4.3.7, 4.3.12 and 4.3.16. Names may be what a zip can hold. */
export function zipFile(files: [name: string, content: string | Buffer][]): Buffer {
  const locals: Buffer[] = []
  const entries: Buffer[] = []
  for (const [name, content] of files) {
    const bytes = Buffer.from(content)
    const packed = deflateRawSync(bytes)
    const fields = Buffer.alloc(26)
    fields.writeUInt16LE(20, 0)
    fields.writeUInt16LE(8, 4)
    fields.writeUInt32LE(crc32(bytes), 10)
    fields.writeUInt32LE(packed.length, 14)
    fields.writeUInt32LE(bytes.length, 18)
    fields.writeUInt16LE(Buffer.byteLength(name), 22)
    const attributes = Buffer.alloc(14)
    attributes.writeUInt32LE(Buffer.concat(locals).length, 10)
    locals.push(Buffer.concat([Buffer.from('PK\x03\x04'), fields, Buffer.from(name), packed]))
    entries.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), fields, attributes, Buffer.from(name)]))
  }
  const [start, directory] = [Buffer.concat(locals), Buffer.concat(entries)]
  const end = Buffer.alloc(18)
  end.writeUInt16LE(files.length, 4)
  end.writeUInt16LE(files.length, 6)
  end.writeUInt32LE(directory.length, 8)
  end.writeUInt32LE(start.length, 12)
  return Buffer.concat([start, directory, Buffer.from('PK\x05\x06'), end])
}

// zlib's own is newer than the oldest Node that is supported.
function crc32(bytes: Buffer): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  }
  return (crc ^ 0xffffffff) >>> 0
}
