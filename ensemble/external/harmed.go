package external

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/zklab/zklab/internal/base/atomicfile"
	"github.com/zklab/zklab/internal/base/owner"
)

// This file notes on disk which servers are harmed, and what undoes that, so that it can be undone if this process is
// killed.

// harmed are the servers that an ensemble's commands have paused or taken down. It is safe for concurrent use.
type harmed struct {
	mu   sync.Mutex
	path string // of its file; "" before the first server
	note note
}

// note is the content of a file.
type note struct {
	Owner owner.Process     `json:"owner"`
	Undo  map[string]string `json:"undo"` // the command that undoes what was done to the server at an address
}

// notes returns the folder of the files, which only this user can read and write.
func notes() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("note what undoes a fault, for zklab clean: %w", err)
	}
	return filepath.Join(dir, "zklab", "harmed"), nil
}

// add notes that a server will be harmed, before it is.
func (h *harmed) add(addr, undo string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.path == "" {
		dir, err := notes()
		if err == nil {
			err = os.MkdirAll(dir, 0o700)
		}
		if err != nil {
			return err
		}
		h.path = filepath.Join(dir, strconv.Itoa(os.Getpid())+"-"+rand.Text()[:8]+".json")
		h.note = note{owner.Self(), map[string]string{}}
	}
	h.note.Undo[addr] = undo
	return h.write()
}

// remove notes that a server is as it was.
func (h *harmed) remove(addr string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.path == "" {
		return nil
	}
	delete(h.note.Undo, addr)
	return h.write()
}

func (h *harmed) write() error {
	if len(h.note.Undo) == 0 {
		if err := os.Remove(h.path); !errors.Is(err, os.ErrNotExist) {
			return err
		}
		return nil
	}
	text, err := json.Marshal(h.note)
	if err != nil {
		return err
	}
	return atomicfile.Write(h.path, 0o600, text)
}

// Undo returns the commands that undo what runs of this user did to servers before they were killed: a line for each
// server. If it is told to, it runs them; those that fail are in the error, and are tried again by the next call. For
// each server that a run has harmed which may still live, spared has a line.
func Undo(ctx context.Context, perform bool) (undone, spared []string, err error) {
	dir, err := notes()
	if err != nil {
		return nil, nil, nil // so nothing was noted
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*.json")) // the pattern is well-formed
	for _, file := range files {
		text, failed := os.ReadFile(file)
		if errors.Is(failed, os.ErrNotExist) {
			continue
		}
		h := &harmed{path: file}
		if failed == nil {
			failed = json.Unmarshal(text, &h.note)
		}
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", file, failed))
			continue
		}
		alive := h.note.Owner.Lives(owner.Self()) != owner.Dead
		for addr, undo := range h.note.Undo {
			if alive {
				spared = append(spared, fmt.Sprintf("server at %s, harmed by a run with process id %d", addr, h.note.Owner.PID))
				continue
			}
			if perform {
				if failed := run(ctx, undo); failed != nil {
					err = errors.Join(err, fmt.Errorf("server at %s was left paused or down: %w (if it need not be undone, remove %s)", addr, failed, file))
					continue
				}
				err = errors.Join(err, h.remove(addr))
			}
			undone = append(undone, fmt.Sprintf("server at %s: %s", addr, undo))
		}
	}
	return undone, spared, err
}
