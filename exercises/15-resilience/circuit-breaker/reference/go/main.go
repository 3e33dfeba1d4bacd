package main

import (
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"
)

type gateway struct {
	breaker  *breaker
	upstream *upstream
	stale    *staleAnswers
}

func main() {
	port := setting("PORT", "3000")
	upstreamURL, err := url.Parse(setting("UPSTREAM_URL", "http://127.0.0.1:4000"))
	if err != nil {
		log.Fatal("UPSTREAM_URL: ", err)
	}
	server := &http.Server{
		Addr: "127.0.0.1:" + port,
		// Not a ServeMux: it would redirect some paths to a tidier one.
		Handler: &gateway{
			breaker: &breaker{
				threshold: number("FAILURE_THRESHOLD", 5),
				openFor:   time.Duration(number("OPEN_MS", 10_000)) * time.Millisecond,
			},
			upstream: &upstream{
				url:     upstreamURL,
				timeout: time.Duration(number("TIMEOUT_MS", 3000)) * time.Millisecond,
			},
			stale: newStaleAnswers(),
		},
		ReadHeaderTimeout: 10 * time.Second,
	}
	log.Printf("gateway for %s on port %s", upstreamURL, port)
	log.Fatal(server.ListenAndServe())
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet && r.RequestURI == "/status" {
		state, failures := g.breaker.status()
		jsonAnswer(http.StatusOK, map[string]any{"state": state, "failures": failures}).write(w)
		return
	}
	// The body comes before the breaker is asked: a client that sends slowly must not occupy the place of the probe.
	body, err := io.ReadAll(r.Body)
	if err != nil {
		failure(http.StatusBadRequest, "the body is not complete").write(w)
		return
	}
	got := g.guarded(call{method: r.Method, url: r.URL, contentType: r.Header.Get("Content-Type"), body: body})
	if r.Method == http.MethodGet {
		got = g.orStale(r.RequestURI, got)
	}
	got.write(w)
}

// guarded asks the upstream, if the breaker agrees.
func (g *gateway) guarded(c call) answer {
	settle, ok := g.breaker.admit()
	if !ok {
		turnedAway := failure(http.StatusServiceUnavailable, "the upstream is given a rest")
		turnedAway.retryAfter = g.breaker.wait()
		if turnedAway.retryAfter <= 0 {
			turnedAway.retryAfter = time.Second // a probe is on its way
		}
		return turnedAway
	}
	got := g.upstream.ask(c)
	settle(got.status < 500)
	return got
}

// orStale remembers a good answer to a GET, and replaces a failed one by what is remembered.
func (g *gateway) orStale(target string, got answer) answer {
	switch {
	case got.status >= 200 && got.status < 300:
		g.stale.remember(target, got)
	case got.status >= 500:
		if old, ok := g.stale.get(target); ok {
			old.stale = true
			return old
		}
	}
	return got
}

func setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

func number(name string, otherwise int) int {
	value, err := strconv.Atoi(setting(name, strconv.Itoa(otherwise)))
	if err != nil {
		log.Fatalf("%s: %v", name, err)
	}
	return value
}
