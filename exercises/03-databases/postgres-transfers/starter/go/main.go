package main

import (
	"encoding/json"
	"log"
	"net"
	"net/http"
	"os"
)

var (
	port        = setting("PORT", "3000")
	databaseURL = setting("DATABASE_URL", "postgres://localhost/app")
)

// The usual client is pgx: go get github.com/jackc/pgx/v5
// Its pgxpool.New takes databaseURL and keeps connections. Its other options are worth a look.

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("transfers on http://127.0.0.1:%s", port)
	// No ServeMux: it would redirect paths that it does not find clean.
	log.Fatal(http.Serve(listener, http.HandlerFunc(handle)))
}

func handle(w http.ResponseWriter, r *http.Request) {
	log.Print(r.Method, " ", r.URL)
	if err := answer(w, r); err != nil {
		log.Print(err)
		sendJSON(w, http.StatusInternalServerError, map[string]string{"error": "something went wrong"})
	}
}

func answer(w http.ResponseWriter, r *http.Request) error {
	// Begin with GET /health: ask the database something small.
	sendJSON(w, http.StatusNotImplemented, map[string]string{"error": "not implemented yet"})
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
