package main

import (
	"encoding/json"
	"log"
	"net/http"
	"os"
	"runtime"
	"strconv"
)

type config struct {
	port        string
	upstreamURL string
	workers     int
	queueLimit  int
}

func main() {
	cfg := config{
		port:        env("PORT", "3000"),
		upstreamURL: env("UPSTREAM_URL", "http://127.0.0.1:4000"),
		workers:     envInt("WORKERS", runtime.NumCPU()),
		queueLimit:  envInt("QUEUE_LIMIT", 16),
	}
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		answer(w, http.StatusNotImplemented, map[string]string{"error": r.Method + " " + r.URL.Path + " is not built yet"})
	})
	log.Printf("Listening on port %s: %d workers, %d may wait, lookups at %s", cfg.port, cfg.workers, cfg.queueLimit, cfg.upstreamURL)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+cfg.port, nil))
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		log.Print(err)
	}
}

func env(name, fallback string) string {
	if value := os.Getenv(name); value != "" {
		return value
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
