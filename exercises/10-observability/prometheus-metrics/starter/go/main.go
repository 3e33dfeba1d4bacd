package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"regexp"
	"runtime/debug"
	"strconv"
	"sync"
	"time"
)

var port = setting("PORT", "3000")

// The usual client is Prometheus' own: go get github.com/prometheus/client_golang/prometheus
// You can also write the text by hand.

type order struct {
	ID   string `json:"id"`
	Item string `json:"item"`
}

// Each request has its own goroutine: whoever uses the orders holds their lock. An order's id is its place, from 1 on.
var (
	ordersLock sync.Mutex
	orders     []order
)

type reply struct {
	status int
	body   any
}

func problem(status int, message string) reply {
	return reply{status, map[string]string{"error": message}}
}

var methodNotAllowed = problem(http.StatusMethodNotAllowed, "this method is not for this path")

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("the shop is open on http://127.0.0.1:%s", port)
	// No ServeMux: it would redirect paths that it does not find clean.
	log.Fatal(http.Serve(listener, http.HandlerFunc(handle)))
}

func handle(w http.ResponseWriter, r *http.Request) {
	defer func() {
		// net/http survives a panic as well, but leaves the client without an answer.
		if bug := recover(); bug != nil {
			log.Printf("%v\n%s", bug, debug.Stack())
			send(w, problem(http.StatusInternalServerError, "something went wrong here"))
		}
	}()
	send(w, answer(r))
}

var withParameter = regexp.MustCompile(`^/(orders|reports)/([^/]+)$`)

func answer(r *http.Request) reply {
	path := r.URL.EscapedPath()
	if path == "/orders" {
		switch r.Method {
		case http.MethodGet:
			return listOrders()
		case http.MethodPost:
			return placeOrder(r.Body)
		default:
			return methodNotAllowed
		}
	}
	match := withParameter.FindStringSubmatch(path)
	if match == nil {
		// GET /metrics ends here, too, for now.
		return problem(http.StatusNotFound, "there is nothing here")
	}
	if r.Method != http.MethodGet {
		return methodNotAllowed
	}
	if match[1] == "orders" {
		return showOrder(match[2])
	}
	waitMS, _ := strconv.Atoi(r.URL.Query().Get("wait_ms")) // 0 if it is no number
	return makeReport(match[2], time.Duration(waitMS)*time.Millisecond)
}

func listOrders() reply {
	ordersLock.Lock()
	defer ordersLock.Unlock()
	list := append([]order{}, orders...)
	return reply{http.StatusOK, map[string][]order{"orders": list}}
}

func placeOrder(body io.Reader) reply {
	item, ok := itemOf(body)
	if !ok {
		return problem(http.StatusBadRequest, "the body must be an object with a string item")
	}
	ordersLock.Lock()
	defer ordersLock.Unlock()
	placed := order{ID: fmt.Sprint(len(orders) + 1), Item: item}
	orders = append(orders, placed)
	return reply{http.StatusCreated, placed}
}

func showOrder(id string) reply {
	ordersLock.Lock()
	defer ordersLock.Unlock()
	for _, o := range orders {
		if o.ID == id {
			return reply{http.StatusOK, o}
		}
	}
	return problem(http.StatusNotFound, "there is no such order")
}

func makeReport(name string, wait time.Duration) reply {
	time.Sleep(wait)
	// Leave this bug in: you are here to measure it.
	if name == "broken" {
		panic("the sum of nothing is not a number")
	}
	return reply{http.StatusOK, map[string]string{"report": name}}
}

func itemOf(body io.Reader) (item string, ok bool) {
	text, err := io.ReadAll(body)
	if err != nil {
		return "", false
	}
	var placed struct {
		Item *string `json:"item"`
	}
	if err := json.Unmarshal(text, &placed); err != nil || placed.Item == nil {
		return "", false
	}
	return *placed.Item, true
}

func send(w http.ResponseWriter, r reply) {
	sendJSON(w, r.status, r.body)
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
