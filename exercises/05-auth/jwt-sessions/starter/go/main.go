package main

import (
	"encoding/json"
	"log"
	"net"
	"net/http"
	"os"
)

var port = setting("PORT", "3000")

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("Listening on port %s", port)
	// No ServeMux: it would redirect paths that it does not find clean.
	log.Fatal(http.Serve(listener, http.HandlerFunc(handle)))
}

func handle(w http.ResponseWriter, r *http.Request) {
	log.Print(r.Method, " ", r.URL)
	if err := answer(w, r); err != nil {
		log.Print(err)
		sendJSON(w, http.StatusInternalServerError, map[string]string{"error": "Something went wrong"})
	}
}

func answer(w http.ResponseWriter, r *http.Request) error {
	if r.Method == http.MethodPost && r.URL.Path == "/register" {
		return register(w, r)
	}
	sendJSON(w, http.StatusNotFound, map[string]string{"error": "There is nothing here"})
	return nil
}

// Begin here: POST /register reads r.Body and answers 201 with the new user. Hashes for passwords (they come later) are
// in golang.org/x/crypto (go get golang.org/x/crypto); since Go 1.24 the standard library has one in crypto/pbkdf2.
func register(w http.ResponseWriter, r *http.Request) error {
	sendJSON(w, http.StatusNotImplemented, map[string]string{"error": "Not built yet"})
	return nil
}

func sendJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(value); err != nil {
		log.Print(err)
	}
}

// setting returns an environment variable, or what holds if it is not set.
func setting(name, otherwise string) string {
	if value, ok := os.LookupEnv(name); ok {
		return value
	}
	return otherwise
}
