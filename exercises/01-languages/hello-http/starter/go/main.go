package main

import (
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
)

func main() {
	port := os.Getenv("PORT")
	if port == "" {
		port = "3000"
	}
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("Listening on port", port)
	log.Fatal(http.Serve(listener, http.HandlerFunc(handle)))
}

func handle(w http.ResponseWriter, r *http.Request) {
	fmt.Println(r.Method, r.RequestURI)
	answer(w, http.StatusNotImplemented, map[string]string{"error": "Not built yet"})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}
