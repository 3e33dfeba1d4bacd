package main

import (
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
)

var (
	port        = setting("PORT", "3000")
	upstreamURL = setting("UPSTREAM_URL", "http://127.0.0.1:4000")
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("gateway for %s on http://127.0.0.1:%s\n", upstreamURL, port)
	log.Fatal(http.Serve(listener, http.HandlerFunc(handle)))
}

func handle(w http.ResponseWriter, r *http.Request) {
	// Begin with GET /status, then pass everything else on to the upstream.
	message := fmt.Sprintf("%s %s is not implemented yet", r.Method, r.RequestURI)
	sendJSON(w, http.StatusNotImplemented, map[string]string{"error": message})
}

func sendJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(value)
}

func setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}
