package main

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

type answer struct {
	status      int
	contentType string // empty if the upstream named none
	body        []byte
	retryAfter  time.Duration // no header if it is zero
	stale       bool
}

// jsonAnswer is one of the gateway's own.
func jsonAnswer(status int, value any) answer {
	body, err := json.Marshal(value)
	if err != nil {
		panic(err) // values are maps of texts and numbers
	}
	return answer{status: status, contentType: "application/json", body: body}
}

func failure(status int, message string) answer {
	return jsonAnswer(status, map[string]string{"error": message})
}

func (a answer) write(w http.ResponseWriter) {
	header := w.Header()
	header["Content-Type"] = nil // or net/http would guess it from the body
	if a.contentType != "" {
		header.Set("Content-Type", a.contentType)
	}
	if a.stale {
		header.Set("X-Stale", "true")
	}
	if a.retryAfter > 0 {
		seconds := (a.retryAfter + time.Second - 1) / time.Second
		header.Set("Retry-After", strconv.Itoa(int(seconds)))
	}
	w.WriteHeader(a.status)
	// The only error can be that the client has gone, or that the status has no body.
	_, _ = w.Write(a.body)
}
