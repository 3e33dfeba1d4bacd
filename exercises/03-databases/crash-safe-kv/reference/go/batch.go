package main

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"unicode/utf8"
)

const maxOperations = 1000

// object keeps the names of members as they came; for the fields of a struct, encoding/json takes them in any case.
type object map[string]any

// parseBatch checks all operations before any of them is used.
func parseBatch(body []byte) ([]change, error) {
	var batch object
	// encoding/json would put replacement characters in the place of what is not UTF-8.
	if err := json.Unmarshal(body, &batch); err != nil || !utf8.Valid(body) {
		return nil, refuse(http.StatusBadRequest, "A batch is a JSON object")
	}
	operations, ok := batch["operations"].([]any)
	if !ok {
		return nil, refuse(http.StatusBadRequest, "A batch has a list of operations")
	}
	if len(operations) == 0 || len(operations) > maxOperations {
		return nil, refuse(http.StatusBadRequest, "A batch has 1 to %d operations", maxOperations)
	}
	changes := make([]change, len(operations))
	for i, operation := range operations {
		// What is no object is nil here, and has no members.
		members, _ := operation.(map[string]any)
		var err error
		if changes[i], err = parseOperation(members); err != nil {
			return nil, err
		}
	}
	return changes, nil
}

func parseOperation(members object) (change, error) {
	key, _ := members["key"].(string)
	if err := checkKey(key); err != nil {
		return change{}, err
	}
	switch members["op"] {
	case "delete":
		return change{key: key, deleted: true}, nil
	case "put":
		text, ok := members["value"].(string)
		value, err := base64.StdEncoding.DecodeString(text)
		if !ok || err != nil {
			return change{}, refuse(http.StatusBadRequest, "A put has a value in base64")
		}
		if len(value) > maxValue {
			return change{}, refuse(http.StatusRequestEntityTooLarge, "A value has at most %d bytes", maxValue)
		}
		return change{key: key, value: value}, nil
	}
	return change{}, refuse(http.StatusBadRequest, "An operation is a put or a delete")
}
