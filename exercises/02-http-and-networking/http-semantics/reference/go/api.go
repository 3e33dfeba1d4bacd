package main

import (
	"bytes"
	"net/http"
	"regexp"
	"strings"
)

const mergePatchType = "application/merge-patch+json"

type reply struct {
	status int
	header http.Header
	body   []byte
}

type handler func(r *http.Request, id string) (reply, error)

// resource knows which methods a URL has; Allow lists them in this order.
type resource struct {
	methods  []string
	handlers map[string]handler
}

type api struct {
	notes      *notes
	collection resource
	note       resource
}

var notePath = regexp.MustCompile(`^/notes/([A-Za-z0-9_-]{1,64})$`)

func newAPI() *api {
	a := &api{notes: newNotes()}
	a.collection = resource{
		methods:  []string{"GET", "HEAD", "POST", "OPTIONS"},
		handlers: map[string]handler{"GET": a.list, "HEAD": a.list, "POST": a.create},
	}
	a.note = resource{
		methods: []string{"GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"},
		handlers: map[string]handler{
			"GET": a.read, "HEAD": a.read, "PUT": a.replace, "PATCH": a.patch, "DELETE": a.remove,
		},
	}
	return a
}

func (a *api) answer(r *http.Request) (reply, error) {
	// The path as it was sent: in a decoded one, %2F could not be told from a slash.
	path := r.URL.EscapedPath()
	on, id := a.collection, ""
	if match := notePath.FindStringSubmatch(path); match != nil {
		on, id = a.note, match[1]
	} else if path != "/notes" {
		return reply{}, refuse(http.StatusNotFound, "Notes are under /notes.")
	}
	allow := http.Header{"Allow": {strings.Join(on.methods, ", ")}}
	if r.Method == http.MethodOptions {
		return reply{status: http.StatusNoContent, header: allow}, nil
	}
	handle, ok := on.handlers[r.Method]
	if !ok {
		return reply{}, &refusal{http.StatusMethodNotAllowed, "This URL has other methods.", allow}
	}
	accept, sent := field(r.Header, "Accept")
	if sent && r.Method != http.MethodDelete && !acceptsJSON(accept) {
		return reply{}, refuse(http.StatusNotAcceptable, "There is only JSON.")
	}
	return handle(r, id)
}

func (a *api) list(*http.Request, string) (reply, error) {
	all := a.notes.all()
	texts := make([][]byte, len(all))
	for i, note := range all {
		texts[i] = note.text
	}
	body := append([]byte("["), bytes.Join(texts, []byte(","))...)
	return jsonReply(http.StatusOK, append(body, ']'), nil), nil
}

func (a *api) create(r *http.Request, _ string) (reply, error) {
	if err := expectType(r, "application/json", nil); err != nil {
		return reply{}, err
	}
	value, err := readJSON(r)
	if err != nil {
		return reply{}, err
	}
	note, err := a.notes.add(value)
	if err != nil {
		return reply{}, err
	}
	header := http.Header{"Location": {"/notes/" + note.id}, "Etag": {note.etag}}
	return jsonReply(http.StatusCreated, note.text, header), nil
}

func (a *api) read(r *http.Request, id string) (reply, error) {
	note := a.notes.find(id)
	if note == nil {
		return reply{}, noSuchNote()
	}
	header := http.Header{"Etag": {note.etag}}
	if known, sent := field(r.Header, "If-None-Match"); sent && matchesWeakly(known, note.etag) {
		return reply{status: http.StatusNotModified, header: header}, nil
	}
	return jsonReply(http.StatusOK, note.text, header), nil
}

// replace answers without an ETag: what is stored is not byte for byte what the client sent (RFC 9110, 9.3.4).
func (a *api) replace(r *http.Request, id string) (reply, error) {
	if err := expectType(r, "application/json", nil); err != nil {
		return reply{}, err
	}
	value, err := readJSON(r)
	if err != nil {
		return reply{}, err
	}
	before, after, err := a.notes.change(id, func(before *note) (any, error) {
		return value, checkPreconditions(r, before)
	})
	if err != nil {
		return reply{}, err
	}
	status := http.StatusOK
	if before == nil {
		status = http.StatusCreated
	}
	return jsonReply(status, after.text, nil), nil
}

func (a *api) patch(r *http.Request, id string) (reply, error) {
	if err := expectType(r, mergePatchType, http.Header{"Accept-Patch": {mergePatchType}}); err != nil {
		return reply{}, err
	}
	changes, err := readJSON(r)
	if err != nil {
		return reply{}, err
	}
	_, after, err := a.notes.change(id, func(before *note) (any, error) {
		if before == nil {
			return nil, noSuchNote()
		}
		return mergePatch(before.content, changes), checkPreconditions(r, before)
	})
	if err != nil {
		return reply{}, err
	}
	return jsonReply(http.StatusOK, after.text, http.Header{"Etag": {after.etag}}), nil
}

func (a *api) remove(r *http.Request, id string) (reply, error) {
	err := a.notes.remove(id, func(note *note) error {
		if note == nil {
			return noSuchNote()
		}
		return checkPreconditions(r, note)
	})
	return reply{status: http.StatusNoContent}, err
}

func expectType(r *http.Request, want string, header http.Header) error {
	if mediaType(r.Header.Get("Content-Type")) != want {
		return &refusal{http.StatusUnsupportedMediaType, "Send " + want + ".", header}
	}
	return nil
}

// checkPreconditions takes nil for a note that does not exist.
func checkPreconditions(r *http.Request, note *note) error {
	wanted, sent := field(r.Header, "If-Match")
	if sent && (note == nil || !matchesStrongly(wanted, note.etag)) {
		return refuse(http.StatusPreconditionFailed, "The note is not the one that If-Match names.")
	}
	unwanted, sent := field(r.Header, "If-None-Match")
	if sent && note != nil && matchesWeakly(unwanted, note.etag) {
		return refuse(http.StatusPreconditionFailed, "The note is one that If-None-Match excludes.")
	}
	return nil
}

func noSuchNote() error {
	return refuse(http.StatusNotFound, "There is no such note.")
}

func jsonReply(status int, body []byte, header http.Header) reply {
	if header == nil {
		header = http.Header{}
	}
	header.Set("Content-Type", "application/json")
	return reply{status: status, header: header, body: body}
}
