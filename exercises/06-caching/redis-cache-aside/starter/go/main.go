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
	port      = setting("PORT", "3000")
	redisURL  = setting("REDIS_URL", "redis://127.0.0.1:6379")
	originURL = setting("ORIGIN_URL", "http://127.0.0.1:4000")
)

// The usual client is go-redis: go get github.com/redis/go-redis/v9
// redis.ParseURL makes the options for a client out of redisURL. The others are worth a look.

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("cache for %s on http://127.0.0.1:%s", originURL, port)
	// No ServeMux: it would redirect paths that it does not find clean.
	log.Fatal(http.Serve(listener, http.HandlerFunc(handle)))
}

func handle(w http.ResponseWriter, r *http.Request) {
	// Begin with GET /products/{id}: ask the origin (an http.Client will do) and pass its answer on.
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
