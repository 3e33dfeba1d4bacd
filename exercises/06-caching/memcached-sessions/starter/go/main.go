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
	port             = setting("PORT", "3000")
	memcachedServers = setting("MEMCACHED_SERVERS", "127.0.0.1:11211")
	users            = readUsers()
)

// The usual client is gomemcache: go get github.com/bradfitz/gomemcache/memcache
// memcache.New takes memcachedServers. CompareAndSwap stores what Get has read, unless somebody else was faster.

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("%d users, sessions in %s, http://127.0.0.1:%s", len(users), memcachedServers, port)
	// No ServeMux: it would redirect paths that it does not find clean.
	log.Fatal(http.Serve(listener, http.HandlerFunc(handle)))
}

func handle(w http.ResponseWriter, r *http.Request) {
	// Begin with GET /catalog, which needs neither users nor Memcached.
	message := fmt.Sprintf("%s %s is not implemented yet", r.Method, r.URL)
	sendJSON(w, http.StatusNotImplemented, map[string]string{"error": message})
}

// readUsers returns who may log in: passwords by name.
func readUsers() map[string]string {
	var users map[string]string
	if err := json.Unmarshal([]byte(setting("USERS", "{}")), &users); err != nil {
		log.Fatal("USERS: ", err)
	}
	return users
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
