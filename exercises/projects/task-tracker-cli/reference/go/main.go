// Command task-cli keeps a to-do list in the current directory.
package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const usage = `usage: task-cli add <description>
       task-cli update <id> <description>
       task-cli delete <id>
       task-cli mark-in-progress <id>
       task-cli mark-done <id>
       task-cli list [todo|in-progress|done]`

// commands says how many arguments each command takes, and what does it and returns what to print.
var commands = map[string]struct {
	min, max int
	run      func(args []string) (string, error)
}{
	"add":              {1, 1, add},
	"update":           {2, 2, update},
	"delete":           {1, 1, remove},
	"mark-in-progress": {1, 1, marker(InProgress)},
	"mark-done":        {1, 1, marker(Done)},
	"list":             {0, 1, list},
}

func main() {
	output, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "task-cli:", err)
		os.Exit(1)
	}
	fmt.Println(output)
}

func run(args []string) (string, error) {
	if len(args) == 0 {
		return "", errors.New("what to do?\n" + usage)
	}
	command, known := commands[args[0]]
	if !known {
		return "", fmt.Errorf("there is no command %q\n%s", args[0], usage)
	}
	if count := len(args) - 1; count < command.min || count > command.max {
		return "", fmt.Errorf("%s was given %d argument(s); a text with spaces goes in quotes\n%s", args[0], count, usage)
	}
	return command.run(args[1:])
}

func add(args []string) (string, error) {
	description, err := text(args[0])
	if err != nil {
		return "", err
	}
	id := 1
	err = change(func(tasks []Task) ([]Task, error) {
		// One more than the highest, not than the number of tasks: after a delete that one may still be in use.
		for _, task := range tasks {
			if task.ID >= id {
				id = task.ID + 1
			}
		}
		at := now()
		return append(tasks, Task{id, description, Todo, at, at}), nil
	})
	return fmt.Sprintf("Task added successfully (ID: %d)", id), err
}

func update(args []string) (string, error) {
	description, err := text(args[1])
	if err != nil {
		return "", err
	}
	err = changeOne(args[0], func(task *Task) { task.Description = description })
	return fmt.Sprintf("Task updated successfully (ID: %s)", args[0]), err
}

func remove(args []string) (string, error) {
	err := change(func(tasks []Task) ([]Task, error) {
		i, err := find(tasks, args[0])
		if err != nil {
			return nil, err
		}
		return append(tasks[:i], tasks[i+1:]...), nil
	})
	return fmt.Sprintf("Task deleted successfully (ID: %s)", args[0]), err
}

func marker(status Status) func(args []string) (string, error) {
	return func(args []string) (string, error) {
		err := changeOne(args[0], func(task *Task) { task.Status = status })
		return fmt.Sprintf("Task marked as %s (ID: %s)", status, args[0]), err
	}
}

func list(args []string) (string, error) {
	if len(args) == 1 && !Status(args[0]).valid() {
		return "", fmt.Errorf("there is no status %q\n%s", args[0], usage)
	}
	// Without a turn: the file is replaced as a whole, so a reader always gets a consistent list.
	tasks, err := readTasks()
	if err != nil {
		return "", err
	}
	var lines []string
	for _, task := range tasks {
		if len(args) == 0 || task.Status == Status(args[0]) {
			lines = append(lines, fmt.Sprintf("%d  %-11s  %s", task.ID, task.Status, task.Description))
		}
	}
	if len(lines) == 0 {
		return "No tasks", nil
	}
	return strings.Join(lines, "\n"), nil
}

// change reads, changes and writes the tasks in one turn: what was read before it could be out of date by then.
func change(edit func([]Task) ([]Task, error)) error {
	return inTurn(func() error {
		tasks, err := readTasks()
		if err != nil {
			return err
		}
		if tasks, err = edit(tasks); err != nil {
			return err
		}
		return writeTasks(tasks)
	})
}

func changeOne(id string, edit func(*Task)) error {
	return change(func(tasks []Task) ([]Task, error) {
		i, err := find(tasks, id)
		if err != nil {
			return nil, err
		}
		edit(&tasks[i])
		tasks[i].UpdatedAt = now()
		return tasks, nil
	})
}

// find compares as text, because strconv.Atoi would also take "+1" and "01" for 1.
func find(tasks []Task, id string) (int, error) {
	for i, task := range tasks {
		if strconv.Itoa(task.ID) == id {
			return i, nil
		}
	}
	return 0, fmt.Errorf("there is no task with the ID %q", id)
}

// text checks a description. An argument may hold any bytes, but what is not UTF-8 would not come back as it was.
func text(description string) (string, error) {
	if strings.TrimSpace(description) == "" {
		return "", errors.New("a task needs a description")
	}
	if !utf8.ValidString(description) {
		return "", errors.New("the description is not UTF-8")
	}
	return description, nil
}

func now() string {
	return time.Now().UTC().Format("2006-01-02T15:04:05.000Z07:00")
}
