package main

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

const (
	// readTimeout is for a request with its body.
	readTimeout = 5 * time.Minute
	dropAtMost  = 16 << 20
	// grace is for requests that are running when the program is told to stop.
	grace = time.Second
)

func (s *store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	value, err := s.handle(r)
	var known *badRequest
	switch {
	case errors.As(err, &known) && known.status == http.StatusRequestEntityTooLarge:
		refuseBody(w, r, known)
	case known != nil:
		http.Error(w, known.reason, known.status)
	case err != nil:
		log.Print(err)
		http.Error(w, "The store failed, see its log", http.StatusInternalServerError)
	case value != nil:
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Length", strconv.Itoa(len(value)))
		_, _ = w.Write(value)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

// handle returns nil when there is nothing to show.
func (s *store) handle(r *http.Request) ([]byte, error) {
	switch r.Method + " " + r.URL.Path {
	case "GET /kv":
		key, err := keyOf(r)
		if err != nil {
			return nil, err
		}
		value, ok, err := s.get(key)
		if err == nil && !ok {
			err = refuse(http.StatusNotFound, "There is no such key")
		}
		return value, err
	case "PUT /kv":
		key, err := keyOf(r)
		if err != nil {
			return nil, err
		}
		value, err := readBody(r, maxValue)
		if err != nil {
			return nil, err
		}
		return nil, s.write(change{key: key, value: value})
	case "DELETE /kv":
		key, err := keyOf(r)
		if err != nil {
			return nil, err
		}
		return nil, s.write(change{key: key, deleted: true})
	case "POST /batch":
		body, err := readBody(r, maxBatch)
		if err != nil {
			return nil, err
		}
		changes, err := parseBatch(body)
		if err != nil {
			return nil, err
		}
		return nil, s.write(changes...)
	}
	return nil, refuse(http.StatusNotFound, "There is no %s %s", r.Method, r.URL.Path)
}

// refuseBody answers at once and then throws away what the client is still sending: to close the connection meanwhile
// would reset it, and the answer could get lost.
func refuseBody(w http.ResponseWriter, r *http.Request, reason *badRequest) {
	// Without it net/http would read on before it answers.
	w.Header().Set("Connection", "close")
	http.Error(w, reason.reason, reason.status)
	if flusher, ok := w.(http.Flusher); ok {
		flusher.Flush()
	}
	_, _ = io.CopyN(io.Discard, r.Body, dropAtMost)
}

func keyOf(r *http.Request) (string, error) {
	key := r.URL.Query().Get("key")
	return key, checkKey(key)
}

// readBody returns the whole body; a client that goes away before its end is an error.
func readBody(r *http.Request, limit int64) ([]byte, error) {
	tooLong := refuse(http.StatusRequestEntityTooLarge, "At most %d bytes are accepted", limit)
	if r.ContentLength > limit {
		return nil, tooLong
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "The body is not complete")
	}
	if int64(len(body)) > limit {
		return nil, tooLong
	}
	return body, nil
}

func main() {
	s, err := openStore(env("DATA_DIR", "."))
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{
		Addr:        "127.0.0.1:" + env("PORT", "8080"),
		Handler:     s,
		ReadTimeout: readTimeout,
	}

	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer cancel()
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		<-stop.Done()
		deadline, cancel := context.WithTimeout(context.Background(), grace)
		defer cancel()
		if server.Shutdown(deadline) != nil {
			_ = server.Close()
		}
	}()
	// The port last: who can connect gets right answers.
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
	<-stopped
	if err := s.close(); err != nil {
		log.Fatal(err)
	}
}

func env(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}
