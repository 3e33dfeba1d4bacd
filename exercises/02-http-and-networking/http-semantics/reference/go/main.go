package main

import (
	"context"
	"encoding/json"
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

// dropAtMost is how much of a body that is too long is read in order to throw it away.
const dropAtMost = 1 << 20

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := r.Body
	r.Body = http.MaxBytesReader(w, body, maxBytes)
	result, err := a.answer(r)
	if err != nil {
		result = refused(err)
	}
	for name, values := range result.header {
		w.Header()[name] = values
	}
	if result.body != nil {
		w.Header().Set("Content-Length", strconv.Itoa(len(result.body)))
	}
	tooLong := result.status == http.StatusRequestEntityTooLarge
	if tooLong {
		// Without it net/http would read on before it sends the answer, and the client may be waiting for that.
		w.Header().Set("Connection", "close")
	}
	w.WriteHeader(result.status)
	if _, err := w.Write(result.body); err != nil {
		return // the client is gone, or the answer has no body
	}
	if flusher, ok := w.(http.Flusher); ok && tooLong {
		flusher.Flush()
		// The client is still sending. Closing now would reset the connection, and the answer could get lost on its way
		// (RFC 9112, 9.6). ReadTimeout ends this at the latest.
		_, _ = io.CopyN(io.Discard, body, dropAtMost)
	}
}

func refused(err error) reply {
	var known *refusal
	if !errors.As(err, &known) {
		log.Print(err)
		return reply{status: http.StatusInternalServerError}
	}
	body, _ := json.Marshal(map[string]any{"status": known.status, "title": known.reason})
	header := http.Header{"Content-Type": {"application/problem+json"}}
	for name, values := range known.header {
		header[name] = values
	}
	return reply{status: known.status, header: header, body: body}
}

func main() {
	port := os.Getenv("PORT")
	if port == "" {
		port = "3000"
	}
	server := &http.Server{
		Addr: "127.0.0.1:" + port,
		// No ServeMux: it would redirect paths such as //notes.
		Handler:     newAPI(),
		ReadTimeout: 30 * time.Second,
	}

	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer cancel()
	go func() {
		<-stop.Done()
		_ = server.Close()
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
}
