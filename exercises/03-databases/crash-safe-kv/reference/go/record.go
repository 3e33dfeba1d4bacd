package main

import (
	"encoding/binary"
	"hash/crc32"
)

// change is one change to one key.
type change struct {
	key     string
	value   []byte
	deleted bool
}

// storedChange is a change as it lies in a record: at is where its value begins, counted from the start of the payload.
type storedChange struct {
	key     string
	deleted bool
	at      int
	length  int
}

// A record is one batch, so that a batch is valid as a whole or not at all:
//
//	record   crc32 (4 bytes) | length of the payload (4) | payload
//	payload  for each change: kind (1) | length of the key (2) | length of the value (4) | key | value
//
// The checksum covers everything after itself. It is the only proof that all bytes of a record reached the disk: after
// a power failure a file can have its full length and zeros at its end.
const (
	headerSize       = 8
	changeHeaderSize = 7

	kindPut    = 1
	kindDelete = 2
)

func encodeRecord(changes ...change) []byte {
	size := headerSize
	for _, c := range changes {
		size += changeHeaderSize + len(c.key) + len(c.value)
	}
	record := make([]byte, headerSize, size)
	for _, c := range changes {
		kind := byte(kindPut)
		if c.deleted {
			kind = kindDelete
		}
		record = append(record, kind)
		record = binary.BigEndian.AppendUint16(record, uint16(len(c.key)))
		record = binary.BigEndian.AppendUint32(record, uint32(len(c.value)))
		record = append(record, c.key...)
		record = append(record, c.value...)
	}
	binary.BigEndian.PutUint32(record[4:], uint32(len(record)-headerSize))
	binary.BigEndian.PutUint32(record, crc32.ChecksumIEEE(record[4:]))
	return record
}

// payloadLength returns the length of the payload that a record header announces.
func payloadLength(header []byte) int64 {
	return int64(binary.BigEndian.Uint32(header[4:]))
}

// isIntact tells whether all bytes of a record are those that were written.
func isIntact(record []byte) bool {
	return crc32.ChecksumIEEE(record[4:]) == binary.BigEndian.Uint32(record)
}

func decodePayload(payload []byte) []storedChange {
	var changes []storedChange
	for at := 0; at < len(payload); {
		head := payload[at:]
		keyLength := int(binary.BigEndian.Uint16(head[1:]))
		length := int(binary.BigEndian.Uint32(head[3:]))
		keyAt := at + changeHeaderSize
		valueAt := keyAt + keyLength
		changes = append(changes, storedChange{
			key:     string(payload[keyAt:valueAt]),
			deleted: head[0] == kindDelete,
			at:      valueAt,
			length:  length,
		})
		at = valueAt + length
	}
	return changes
}

// size is what the change takes in a file; the header of its record is left out.
func (c storedChange) size() int64 {
	return int64(changeHeaderSize + len(c.key) + c.length)
}
