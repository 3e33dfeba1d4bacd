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
	port    = setting("PORT", "3000")
	role    = setting("ROLE", "both")
	amqpURL = setting("AMQP_URL", "amqp://guest:guest@127.0.0.1:5672/%2f")
	queue   = setting("QUEUE", "jobs")
)

// The usual client is amqp091-go: go get github.com/rabbitmq/amqp091-go
// amqp091.Dial takes amqpURL and gives you a connection, and that has channels.

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("%s for the queue %s on http://127.0.0.1:%s", role, queue, port)
	// No ServeMux: it would redirect paths that it does not find clean.
	log.Fatal(http.Serve(listener, http.HandlerFunc(handle)))
}

func handle(w http.ResponseWriter, r *http.Request) {
	// Begin with GET /health, then connect to the broker.
	message := fmt.Sprintf("%s %s is not implemented yet", r.Method, r.URL)
	sendJSON(w, http.StatusNotImplemented, map[string]string{"error": message})
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
