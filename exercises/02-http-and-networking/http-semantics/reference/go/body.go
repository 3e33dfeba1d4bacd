package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"unicode/utf8"
)

const (
	maxBytes = 65_536
	maxDepth = 100
)

// readJSON reads the whole body, which an http.MaxBytesReader limits; it refuses with 400 or 413.
func readJSON(r *http.Request) (any, error) {
	tooLong := refuse(http.StatusRequestEntityTooLarge, "The body is too long.")
	if r.ContentLength > maxBytes {
		return nil, tooLong
	}
	body, err := io.ReadAll(r.Body)
	var limit *http.MaxBytesError
	if errors.As(err, &limit) {
		return nil, tooLong
	}
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "The body is not complete.")
	}
	// encoding/json would put replacement characters in the place of what is not UTF-8.
	if !utf8.Valid(body) {
		return nil, refuse(http.StatusBadRequest, "The body is not UTF-8.")
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	// Numbers stay as they came; a float64 would round the large ones.
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, refuse(http.StatusBadRequest, "The body is not JSON.")
	}
	// A Decoder reads one value from a stream, and does not mind what follows.
	if _, err := decoder.Token(); err != io.EOF {
		return nil, refuse(http.StatusBadRequest, "The body goes on after its JSON.")
	}
	if isDeeperThan(maxDepth, value) {
		return nil, refuse(http.StatusBadRequest, "The body is nested too deep.")
	}
	return value, nil
}

// isDeeperThan looks no further than levels, so that it can be asked about any depth.
func isDeeperThan(levels int, value any) bool {
	switch value := value.(type) {
	case map[string]any:
		for _, member := range value {
			if levels == 0 || isDeeperThan(levels-1, member) {
				return true
			}
		}
	case []any:
		for _, member := range value {
			if levels == 0 || isDeeperThan(levels-1, member) {
				return true
			}
		}
	}
	return false
}
