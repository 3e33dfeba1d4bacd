// A service that computes, waits and answers at the same time.
package main

import (
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
)

type service struct {
	upstreamURL string
	pool        *pool
}

func main() {
	s := &service{
		upstreamURL: env("UPSTREAM_URL", "http://127.0.0.1:4000"),
		pool:        newPool(envInt("WORKERS", runtime.NumCPU()), envInt("QUEUE_LIMIT", 16)),
	}
	http.HandleFunc("/health", func(w http.ResponseWriter, r *http.Request) {
		answer(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	http.HandleFunc("/stats", s.stats)
	http.HandleFunc("/lookup/", s.lookUp)
	http.HandleFunc("/solve", s.solve)
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusNotFound, "there is nothing at this path")
	})
	port := env("PORT", "3000")
	log.Printf("Listening on port %s", port)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+port, nil))
}

func (s *service) stats(w http.ResponseWriter, r *http.Request) {
	running, waiting := s.pool.stats()
	answer(w, http.StatusOK, map[string]int{"running": running, "waiting": waiting})
}

func (s *service) solve(w http.ResponseWriter, r *http.Request) {
	p, ok := parsePuzzle(r.URL.Query())
	if !ok {
		refuse(w, http.StatusBadRequest, "base, modulus and squarings do not make a puzzle")
		return
	}
	var result string
	// The request's context ends when its client hangs up.
	err := s.pool.do(r.Context(), func() error {
		x, err := p.solve(r.Context())
		if err == nil {
			result = x.String()
		}
		return err
	})
	switch {
	case errors.Is(err, errFull):
		w.Header().Set("Retry-After", "1")
		refuse(w, http.StatusServiceUnavailable, "too many puzzles are waiting")
	case err != nil:
		// The client has gone: nobody is there to be answered.
	default:
		answer(w, http.StatusOK, map[string]string{"result": result})
	}
}

func (s *service) lookUp(w http.ResponseWriter, r *http.Request) {
	body, err := s.ask(r)
	if err != nil {
		refuse(w, http.StatusBadGateway, "the upstream gave no good answer")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(body)
}

// ask returns the body of the upstream's 200; anything else is an error.
func (s *service) ask(r *http.Request) ([]byte, error) {
	out, err := http.NewRequestWithContext(r.Context(), http.MethodGet, s.upstreamURL+r.URL.Path, nil)
	if err != nil {
		return nil, err
	}
	found, err := http.DefaultClient.Do(out)
	if err != nil {
		return nil, err
	}
	defer found.Body.Close()
	if found.StatusCode != http.StatusOK {
		return nil, errors.New(found.Status)
	}
	return io.ReadAll(found.Body)
}

func refuse(w http.ResponseWriter, status int, text string) {
	answer(w, status, map[string]string{"error": text})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// It can only fail because the client has gone.
	_ = json.NewEncoder(w).Encode(body)
}

func env(name, fallback string) string {
	if value := os.Getenv(name); value != "" {
		return strings.TrimSpace(value)
	}
	return fallback
}

func envInt(name string, fallback int) int {
	n, err := strconv.Atoi(env(name, strconv.Itoa(fallback)))
	if err != nil {
		log.Fatalf("%s: %v", name, err)
	}
	return n
}
