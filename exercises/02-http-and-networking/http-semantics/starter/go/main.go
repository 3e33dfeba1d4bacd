package main

import (
	"encoding/json"
	"log"
	"net"
	"net/http"
	"os"
	"sync"
)

// note has an "id", a "title", and any other members.
type note map[string]any

// Requests are served at the same time, so whoever reads or changes the notes holds the lock.
var (
	mu    sync.Mutex
	notes = map[string]note{}
)

func answer(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/notes" && r.Method == http.MethodGet {
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(all()); err != nil {
			log.Print(err)
		}
		return
	}

	// Next: POST /notes. The body is a stream, r.Body.
	w.WriteHeader(http.StatusNotFound)
}

func all() []note {
	mu.Lock()
	defer mu.Unlock()
	list := make([]note, 0, len(notes))
	for _, n := range notes {
		list = append(list, n)
	}
	return list
}

func main() {
	port := os.Getenv("PORT")
	if port == "" {
		port = "3000"
	}
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("Notes on http://127.0.0.1:%s/notes", port)
	// No ServeMux: it would redirect paths such as //notes, and answer some of them itself.
	log.Fatal(http.Serve(listener, http.HandlerFunc(answer)))
}
