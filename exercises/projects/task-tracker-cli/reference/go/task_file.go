package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"unicode/utf8"
)

// tasksPath is relative: the tasks belong to the directory in which the user types, not to the one of this program.
const tasksPath = "tasks.json"

// Status is how far a task has come.
type Status string

const (
	Todo       Status = "todo"
	InProgress Status = "in-progress"
	Done       Status = "done"
)

func (s Status) valid() bool {
	return s == Todo || s == InProgress || s == Done
}

// Task is an element of the file. Its dates are texts, because nothing is computed with them and somebody may have
// edited them by hand.
type Task struct {
	ID          int    `json:"id"`
	Description string `json:"description"`
	Status      Status `json:"status"`
	CreatedAt   string `json:"createdAt"`
	UpdatedAt   string `json:"updatedAt"`
}

// readTasks returns the tasks on disk; none if there is no file yet. A file that this program did not write like that
// is an error. To take it for an empty list would mean to overwrite it at the next change.
func readTasks() ([]Task, error) {
	data, err := os.ReadFile(tasksPath)
	if errors.Is(err, fs.ErrNotExist) {
		return []Task{}, nil
	}
	if err != nil {
		return nil, err
	}
	tasks, err := decode(data)
	if err != nil {
		return nil, fmt.Errorf("%s is damaged or not a task list (%w); repair it, or move it away", tasksPath, err)
	}
	return tasks, nil
}

// decode is strict where encoding/json is generous, since whatever it drops would be missing after the next change.
func decode(data []byte) ([]Task, error) {
	if !utf8.Valid(data) {
		return nil, errors.New("it is not UTF-8")
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	var tasks []Task
	if err := decoder.Decode(&tasks); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, errors.New("something follows the list")
	}
	if tasks == nil {
		return nil, errors.New("it is null")
	}
	for i, task := range tasks {
		if task.ID == 0 || !task.Status.valid() || task.CreatedAt == "" || task.UpdatedAt == "" {
			return nil, fmt.Errorf("element %d is no task", i+1)
		}
	}
	return tasks, nil
}

// writeTasks replaces the file as a whole. A rename is atomic: whoever opens the file, and whatever is left after a
// crash, is either the old list or the new one. Only one run at a time may do this, because they share the draft's
// name.
func writeTasks(tasks []Task) error {
	draft, err := os.Create(tasksPath + ".draft")
	if err != nil {
		return err
	}
	defer draft.Close()
	encoder := json.NewEncoder(draft)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(tasks); err != nil {
		return err
	}
	if err := draft.Sync(); err != nil {
		return err
	}
	return os.Rename(draft.Name(), tasksPath)
}
