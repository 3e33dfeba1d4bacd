package main

import (
	"fmt"
	"net/http"
	"unicode/utf8"
)

const (
	maxKey   = 512
	maxValue = 8 << 20
	maxBatch = 16 << 20
)

// badRequest is what the client did wrong, and the HTTP status that says so.
type badRequest struct {
	status int
	reason string
}

func (b *badRequest) Error() string { return b.reason }

func refuse(status int, format string, args ...any) error {
	return &badRequest{status, fmt.Sprintf(format, args...)}
}

func checkKey(key string) error {
	switch {
	case key == "":
		return refuse(http.StatusBadRequest, "A key is missing")
	case len(key) > maxKey:
		return refuse(http.StatusBadRequest, "A key has at most %d bytes", maxKey)
	case !utf8.ValidString(key):
		return refuse(http.StatusBadRequest, "A key is text in UTF-8")
	}
	return nil
}
