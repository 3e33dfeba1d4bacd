package main

import (
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
)

var (
	port    = setting("PORT", "3000")
	brokers = strings.Split(setting("KAFKA_BROKERS", "127.0.0.1:9092"), ",")
)

// A usual client is franz-go: go get github.com/twmb/franz-go/pkg/kgo
// A kgo.Client produces, consumes, or does both. Make it once, and keep it. It finds Kafka by kgo.SeedBrokers.

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("orders on http://127.0.0.1:%s, Kafka at %s", port, strings.Join(brokers, ", "))
	// No ServeMux: it would redirect paths that it does not find clean.
	log.Fatal(http.Serve(listener, http.HandlerFunc(handle)))
}

func handle(w http.ResponseWriter, r *http.Request) {
	// Begin with POST /orders/<orderId>/events: one message, sent with the client.
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
