package main

import "net/http"

// refusal is an error that is answered with a 4xx. Whoever returns it has changed nothing yet.
type refusal struct {
	status int
	reason string
	header http.Header
}

func (r *refusal) Error() string { return r.reason }

func refuse(status int, reason string) error {
	return &refusal{status: status, reason: reason}
}
