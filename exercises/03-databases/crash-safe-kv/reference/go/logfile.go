package main

import (
	"bufio"
	"io"
	"os"
)

const readAhead = 1 << 20

// logFile is a file of records to which one goroutine appends, and from which any number of them read.
type logFile struct {
	file *os.File
	// end is where the last intact record ends and the next one begins.
	end int64
}

// openLog opens the file, or creates it. Call recover before the first append.
func openLog(path string) (*logFile, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	return &logFile{file: file}, nil
}

// recover gives each intact record to use, with the place where its payload begins.
//
// The first one that is incomplete or damaged ends the log: it is what a crash left of the last write. It is cut off,
// or else the next record would be appended behind something unreadable.
func (l *logFile) recover(use func(payload []byte, at int64)) error {
	info, err := l.file.Stat()
	if err != nil {
		return err
	}
	size := info.Size()
	reader := bufio.NewReaderSize(io.NewSectionReader(l.file, 0, size), readAhead)
	for l.end+headerSize <= size {
		header, err := reader.Peek(headerSize)
		if err != nil {
			return err
		}
		length := headerSize + payloadLength(header)
		// A damaged length may be anything: never allocate more than there is.
		if l.end+length > size {
			break
		}
		record := make([]byte, length)
		if _, err := io.ReadFull(reader, record); err != nil {
			return err
		}
		if !isIntact(record) {
			break
		}
		use(record[headerSize:], l.end+headerSize)
		l.end += length
	}
	if l.end < size {
		return l.file.Truncate(l.end)
	}
	return nil
}

// append writes records; when it returns nil they are on the disk, not only in the page cache.
func (l *logFile) append(records ...[]byte) error {
	end := l.end
	err := func() error {
		for _, record := range records {
			if _, err := l.file.WriteAt(record, end); err != nil {
				return err
			}
			end += int64(len(record))
		}
		return l.file.Sync()
	}()
	if err != nil {
		// A full disk, say: whoever waits for this write is told, and nothing of it stays behind.
		if undone := l.file.Truncate(l.end); undone != nil {
			return undone
		}
		return err
	}
	l.end = end
	return nil
}

func (l *logFile) read(at int64, length int) ([]byte, error) {
	bytes := make([]byte, length)
	_, err := l.file.ReadAt(bytes, at)
	return bytes, err
}

func (l *logFile) close() error {
	return l.file.Close()
}
