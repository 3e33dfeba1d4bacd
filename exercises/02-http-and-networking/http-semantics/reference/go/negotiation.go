package main

import (
	"net/http"
	"regexp"
	"strings"
)

var (
	noWeight  = regexp.MustCompile(`(?i);\s*q=0(\.0*)?\s*(;|$)`)
	entityTag = regexp.MustCompile(`(?:W/)?"[^"]*"`)
)

// field returns the value of a header field, and whether it was sent at all. One that is repeated is a list (RFC 9110, 5.3).
func field(header http.Header, name string) (string, bool) {
	values := header.Values(name)
	return strings.Join(values, ", "), len(values) > 0
}

// mediaType returns the type without its parameters, in lower case: "Application/JSON; charset=utf-8" is "application/json".
func mediaType(field string) string {
	name, _, _ := strings.Cut(field, ";")
	return strings.ToLower(strings.TrimSpace(name))
}

// acceptsJSON tells whether an Accept field allows application/json: the most specific range decides (RFC 9110, 12.5.1).
func acceptsJSON(field string) bool {
	allowed := map[string]bool{}
	for _, part := range strings.Split(field, ",") {
		allowed[mediaType(part)] = !noWeight.MatchString(part)
	}
	for _, name := range []string{"application/json", "application/*", "*/*"} {
		if yes, ok := allowed[name]; ok {
			return yes
		}
	}
	return false
}

// matchesWeakly tells whether If-None-Match has this tag: weak comparison, W/"a" equals "a" (RFC 9110, 8.8.3.2).
func matchesWeakly(field, etag string) bool {
	return matches(field, func(tag string) bool { return strings.TrimPrefix(tag, "W/") == etag })
}

// matchesStrongly tells whether If-Match has this tag: strong comparison, a weak tag equals nothing.
func matchesStrongly(field, etag string) bool {
	return matches(field, func(tag string) bool { return tag == etag })
}

func matches(field string, equal func(tag string) bool) bool {
	if strings.TrimSpace(field) == "*" {
		return true
	}
	for _, tag := range entityTag.FindAllString(field, -1) {
		if equal(tag) {
			return true
		}
	}
	return false
}
