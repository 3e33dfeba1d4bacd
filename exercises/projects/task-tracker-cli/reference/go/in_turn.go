package main

import (
	"fmt"
	"os"
	"syscall"
	"time"
)

// lockPath is not the file of the tasks: that one is replaced, and a lock on what it was would keep out nobody.
const lockPath = ".tasks.lock"

// patience is how long a run waits for the others.
const patience = 10 * time.Second

// inTurn does the work while no other run of this program works in this directory. The system ends the lock together
// with the process that holds it, however that ends. The file stays: who removed it would let two runs lock two
// different files of the same name.
func inTurn(work func() error) error {
	file, err := os.OpenFile(lockPath, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	defer file.Close()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return work()
		}
		if err != syscall.EWOULDBLOCK && err != syscall.EINTR {
			return fmt.Errorf("can't lock %s: %w", lockPath, err)
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("other runs kept the tasks busy for %v", patience)
		}
	}
}
