package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"sync"
)

// note is a note as it is sent, serialised once, with the entity tag of exactly these bytes. It never changes, it is
// replaced: so one that was found can be used without the lock.
type note struct {
	id      string
	content map[string]any
	text    []byte
	etag    string
}

type notes struct {
	mu   sync.Mutex
	byID map[string]*note
}

func newNotes() *notes {
	return &notes{byID: map[string]*note{}}
}

// find returns nil when there is no such note.
func (n *notes) find(id string) *note {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.byID[id]
}

func (n *notes) all() []*note {
	n.mu.Lock()
	defer n.mu.Unlock()
	list := make([]*note, 0, len(n.byID))
	for _, found := range n.byID {
		list = append(list, found)
	}
	return list
}

// add creates a note under an id that no note has, whatever ids clients chose for theirs.
func (n *notes) add(value any) (*note, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	id := randomID()
	for n.byID[id] != nil {
		id = randomID()
	}
	return n.save(id, value)
}

// change gives the note of this moment (nil if there is none) to update, and stores what it returns, before anybody else
// has a turn. An error leaves everything as it was.
func (n *notes) change(id string, update func(before *note) (any, error)) (before, after *note, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	before = n.byID[id]
	value, err := update(before)
	if err != nil {
		return nil, nil, err
	}
	after, err = n.save(id, value)
	return before, after, err
}

// remove removes the note unless check refuses; nobody comes between the two.
func (n *notes) remove(id string, check func(*note) error) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := check(n.byID[id]); err != nil {
		return err
	}
	delete(n.byID, id)
	return nil
}

// save is called with the lock held. It refuses with 422 what is not a note.
func (n *notes) save(id string, value any) (*note, error) {
	members, _ := value.(map[string]any)
	if title, _ := members["title"].(string); title == "" {
		return nil, refuse(http.StatusUnprocessableEntity, "A note is an object with a title.")
	}
	content := make(map[string]any, len(members)+1)
	for name, member := range members {
		content[name] = member
	}
	content["id"] = id
	text, err := json.Marshal(content)
	if err != nil {
		return nil, err
	}
	// A hash never gives two contents the same tag; a counter would after a deletion, a clock within its tick.
	hash := sha256.Sum256(text)
	etag := `"` + base64.RawURLEncoding.EncodeToString(hash[:]) + `"`
	saved := &note{id: id, content: content, text: text, etag: etag}
	n.byID[id] = saved
	return saved, nil
}

func randomID() string {
	bytes := make([]byte, 16)
	if _, err := rand.Read(bytes); err != nil {
		panic(err) // the system has no random numbers any more
	}
	return base64.RawURLEncoding.EncodeToString(bytes)
}
