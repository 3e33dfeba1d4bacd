package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"
)

const longestWait = 5000 // milliseconds

func main() {
	port, warmup, err := settings()
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()

	// In a real service: read the configuration, connect to the database, fill the caches.
	select {
	case <-time.After(warmup):
	case <-ctx.Done():
		return
	}
	if err := serve(ctx, "127.0.0.1:"+port); err != nil {
		log.Fatal(err)
	}
}

func settings() (port string, warmup time.Duration, err error) {
	port = os.Getenv("PORT")
	if port == "" {
		port = "3000"
	}
	if text := os.Getenv("WARMUP_MS"); text != "" {
		ms, err := strconv.Atoi(text)
		if err != nil {
			return "", 0, fmt.Errorf("WARMUP_MS: %w", err)
		}
		warmup = time.Duration(ms) * time.Millisecond
	}
	return port, warmup, nil
}

// serve answers requests until ctx is done, then finishes those in flight.
func serve(ctx context.Context, address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	log.Println("Listening on", listener.Addr())

	// Not a ServeMux: it would redirect paths such as /hello/.. to a tidier one.
	server := &http.Server{
		Handler: http.HandlerFunc(route),
		// Shutdown counts a connection without any request as busy, for up to five seconds.
		ReadHeaderTimeout: time.Second,
		IdleTimeout:       time.Minute,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()

	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		// Closes the port, then whatever is idle or becomes so.
		return server.Shutdown(context.Background())
	}
}

func route(w http.ResponseWriter, r *http.Request) {
	// The path as it came, because r.URL.Path is decoded: a slash that belongs to a name would look like any other.
	path, _, _ := strings.Cut(r.RequestURI, "?")
	name := strings.TrimPrefix(path, "/hello/")
	switch {
	case r.Method != http.MethodGet:
		w.Header().Set("Allow", http.MethodGet)
		refuse(w, http.StatusMethodNotAllowed, "Only GET is supported")
	case path == "/health":
		answer(w, http.StatusOK, map[string]string{"status": "ok"})
	case path == "/slow":
		slow(w, r)
	case name != path && name != "" && !strings.Contains(name, "/"):
		greet(w, name)
	default:
		refuse(w, http.StatusNotFound, "There is nothing at this path")
	}
}

func greet(w http.ResponseWriter, segment string) {
	// The server itself has refused broken percent-encoding, but not bytes that are not UTF-8.
	name, err := url.PathUnescape(segment)
	if err != nil || !utf8.ValidString(name) {
		refuse(w, http.StatusBadRequest, "The name is not valid percent-encoded UTF-8")
		return
	}
	answer(w, http.StatusOK, map[string]string{"message": "Hello, " + name})
}

func slow(w http.ResponseWriter, r *http.Request) {
	// Digits only: unlike Atoi, ParseUint takes no sign.
	ms, err := strconv.ParseUint(r.URL.Query().Get("ms"), 10, 16)
	if err != nil || ms > longestWait {
		refuse(w, http.StatusBadRequest, fmt.Sprintf("ms must be a whole number from 0 to %d", longestWait))
		return
	}
	timer := time.NewTimer(time.Duration(ms) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		answer(w, http.StatusOK, map[string]uint64{"waited": ms})
	case <-r.Context().Done():
		// Nobody waits for the answer any more: neither should the shutdown.
	}
}

func refuse(w http.ResponseWriter, status int, message string) {
	answer(w, status, map[string]string{"error": message})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// The only error can be that the client has gone.
	_ = json.NewEncoder(w).Encode(body)
}
