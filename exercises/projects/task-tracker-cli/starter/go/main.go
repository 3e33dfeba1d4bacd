package main

import (
	"fmt"
	"os"
)

func main() {
	command, args := first(os.Args[1:])
	switch command {
	case "add":
		add(args)
	// The other commands go here: update, delete, mark-in-progress, mark-done, list.
	default:
		fmt.Println("Not built yet:", command)
	}
}

func add(args []string) {
	description, _ := first(args)
	fmt.Printf("Not built yet: adding \"%s\"\n", description)
}

// first returns the first argument, empty if there is none, and the arguments after it.
func first(args []string) (string, []string) {
	if len(args) == 0 {
		return "", nil
	}
	return args[0], args[1:]
}
