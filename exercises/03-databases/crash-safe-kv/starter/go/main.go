package main

import (
	"io"
	"log"
	"net"
	"net/http"
	"os"
)

func answer(w http.ResponseWriter, r *http.Request) {
	key := r.URL.Query().Get("key")
	log.Printf("%s %s %q", r.Method, r.URL.Path, key)

	// Your work starts here: PUT, GET and DELETE /kv
	w.Header().Set("Content-Type", "text/plain")
	w.WriteHeader(http.StatusNotImplemented)
	_, _ = io.WriteString(w, "Not built yet\n")
}

func main() {
	port := env("PORT", "8080")
	dataDir := env("DATA_DIR", "./data")

	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("Listening on port %s, the data belongs into %s", port, dataDir)
	log.Fatal(http.Serve(listener, http.HandlerFunc(answer)))
}

func env(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}
