package engine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// clientLogs keeps what clients' processes write to standard error, in a file for each process that
// writes anything. It drops what it cannot write: a run without these logs is still a run.
type clientLogs struct {
	dir string

	mu     sync.Mutex
	files  map[int]*os.File
	closed bool
}

// of returns the function that writes the lines of one client.
func (l *clientLogs) of(id int) func(format string, args ...any) {
	return func(format string, args ...any) {
		l.mu.Lock()
		defer l.mu.Unlock()
		if f := l.file(id); f != nil {
			fmt.Fprintf(f, format+"\n", args...)
		}
	}
}

func (l *clientLogs) file(id int) *os.File {
	f, tried := l.files[id]
	if tried || l.closed {
		return f
	}
	if l.dir != "" && os.MkdirAll(l.dir, 0o755) == nil {
		f, _ = os.Create(filepath.Join(l.dir, fmt.Sprintf("%d.log", id)))
	}
	l.files[id] = f
	return f
}

func (l *clientLogs) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	var errs []error
	for _, f := range l.files {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	clear(l.files)
	return errors.Join(errs...)
}
