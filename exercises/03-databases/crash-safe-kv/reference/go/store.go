package main

import (
	"errors"
	"log"
	"os"
	"path/filepath"
	"sort"
	"sync"
)

const (
	// toleratedGarbage is not worth a compaction.
	toleratedGarbage = 4 << 20
	copyChunk        = 1 << 20
)

var errClosed = errors.New("the store is closed")

// entry is where the value of a key lies in the log; size is what the whole change takes there.
type entry struct {
	at     int64
	length int
	size   int64
}

type write struct {
	record []byte
	done   chan error
}

// store keeps values in one append-only log; an index in memory says where (the design of Bitcask). The log is the
// truth: the index follows it, at the start by reading all of it, later record by record, once the record is on the
// disk.
type store struct {
	dir     string
	writes  chan write
	closing chan struct{}
	closed  chan struct{}

	// Only the writer changes what follows, and only with this lock. Reading takes it, too: no reader is left in a log
	// that is closed, or sees a part of a batch.
	mu    sync.RWMutex
	log   *logFile
	index map[string]entry
	live  int64
}

func openStore(dir string) (*store, error) {
	s := &store{
		dir:     dir,
		writes:  make(chan write, 64),
		closing: make(chan struct{}),
		closed:  make(chan struct{}),
		index:   map[string]entry{},
	}
	// It is there when a compaction did not come to its end.
	if err := remove(s.path("compacted")); err != nil {
		return nil, err
	}
	var err error
	if s.log, err = openLog(s.path("log")); err != nil {
		return nil, err
	}
	if err := s.log.recover(s.apply); err != nil {
		return nil, err
	}
	if err := s.syncDir(); err != nil {
		return nil, err
	}
	go s.writeAll()
	return s, nil
}

// get tells whether the key has a value, too.
func (s *store) get(key string) ([]byte, bool, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	found, ok := s.index[key]
	if !ok {
		return nil, false, nil
	}
	value, err := s.log.read(found.at, found.length)
	return value, true, err
}

// write makes all changes or none. They are on the disk when it returns nil.
func (s *store) write(changes ...change) error {
	w := write{record: encodeRecord(changes...), done: make(chan error, 1)}
	select {
	case s.writes <- w:
	case <-s.closing:
		return errClosed
	}
	select {
	case err := <-w.done:
		return err
	case <-s.closed:
		return errClosed
	}
}

// close waits for the write that is being made.
func (s *store) close() error {
	close(s.closing)
	<-s.closed
	return s.log.close()
}

// writeAll is the only place that writes: what comes first in the log comes first in the index.
func (s *store) writeAll() {
	defer close(s.closed)
	for {
		select {
		case <-s.closing:
			return
		case first := <-s.writes:
			s.writeGroup(s.withWaiting(first))
		}
		if s.log.end > toleratedGarbage+s.live && s.log.end > 2*s.live {
			if err := s.compact(); err != nil {
				log.Printf("compaction failed: %v", err)
			}
		}
	}
}

// withWaiting adds the writes that arrived while the disk was busy: they share the next append and its sync (group
// commit).
func (s *store) withWaiting(first write) []write {
	group := []write{first}
	for {
		select {
		case next := <-s.writes:
			group = append(group, next)
		default:
			return group
		}
	}
}

func (s *store) writeGroup(group []write) {
	at := s.log.end
	records := make([][]byte, len(group))
	for i, w := range group {
		records[i] = w.record
	}
	err := s.log.append(records...)
	for _, w := range group {
		if err == nil {
			s.mu.Lock()
			s.apply(w.record[headerSize:], at+headerSize)
			s.mu.Unlock()
			at += int64(len(w.record))
		}
		w.done <- err
	}
}

func (s *store) apply(payload []byte, payloadAt int64) {
	for _, c := range decodePayload(payload) {
		s.live -= s.index[c.key].size
		if c.deleted {
			delete(s.index, c.key)
		} else {
			s.index[c.key] = entry{at: payloadAt + int64(c.at), length: c.length, size: c.size()}
			s.live += c.size()
		}
	}
}

// compact puts a new log with what is live in the place of the old one, in a single step: a crash leaves the one or
// the other. Reads go on meanwhile, in the old log; writes wait. (A larger store would split its log into segments and
// compact those to which nobody writes.)
func (s *store) compact() error {
	path := s.path("compacted")
	if err := remove(path); err != nil {
		return err
	}
	compacted, err := openLog(path)
	if err != nil {
		return err
	}
	old := s.log
	moved, err := s.copyLive(compacted)
	if err == nil {
		err = s.replaceLog(path, compacted, moved)
	}
	if err != nil {
		_ = compacted.close()
		return err
	}
	_ = old.close() // it has been read only, and its file is gone
	return s.syncDir()
}

// copyLive returns the index of the copy.
func (s *store) copyLive(to *logFile) (map[string]entry, error) {
	keys := make([]string, 0, len(s.index))
	for key := range s.index {
		keys = append(keys, key)
	}
	// In the order of the log, so that the disk reads forwards.
	sort.Slice(keys, func(i, j int) bool { return s.index[keys[i]].at < s.index[keys[j]].at })

	moved := make(map[string]entry, len(keys))
	var chunk []byte
	for _, key := range keys {
		from := s.index[key]
		value, err := s.log.read(from.at, from.length)
		if err != nil {
			return nil, err
		}
		chunk = append(chunk, encodeRecord(change{key: key, value: value})...)
		at := to.end + int64(len(chunk)-from.length)
		moved[key] = entry{at: at, length: from.length, size: from.size}
		if len(chunk) >= copyChunk {
			if err := to.append(chunk); err != nil {
				return nil, err
			}
			chunk = chunk[:0]
		}
	}
	return moved, to.append(chunk)
}

func (s *store) replaceLog(path string, compacted *logFile, moved map[string]entry) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := os.Rename(path, s.path("log")); err != nil {
		return err
	}
	s.log, s.index = compacted, moved
	return nil
}

func (s *store) path(name string) string {
	return filepath.Join(s.dir, name)
}

// syncDir makes new names safe: they are on the disk only when their folder is.
func (s *store) syncDir() error {
	dir, err := os.Open(s.dir)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// remove does not mind when there is no such file.
func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
