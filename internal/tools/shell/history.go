package shell

import (
	"os"
	"path/filepath"
	"strings"
)

// History keeps lines in a file that only its owner may read, for the next time. It is a
// term.History, for one goroutine at a time.
type History struct {
	file  *os.File // nil: they are not kept
	lines []string // oldest first
}

// mostLines is how many lines are read again from a file.
const mostLines = 2000

// OpenHistory reads a file, and makes it and its folder if they are not there.
func OpenHistory(path string) (*History, error) {
	h := new(History)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return h, err
	}
	text, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return h, err
	}
	for line := range strings.Lines(string(text)) {
		h.lines = append(h.lines, strings.TrimSuffix(line, "\n"))
	}
	keep := h.lines[max(0, len(h.lines)-mostLines):]
	if len(keep) < len(h.lines) {
		h.lines = keep
		if err := os.WriteFile(path, []byte(strings.Join(keep, "\n")+"\n"), 0o600); err != nil {
			return h, err
		}
	}
	h.file, err = os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	return h, err
}

// Add keeps a line, unless it is that before, empty, begins with a space, or has a
// credential in it.
func (h *History) Add(line string) {
	if strings.TrimSpace(line) == "" || line[0] == ' ' || strings.Contains(line, "auth ") || len(h.lines) > 0 && h.lines[len(h.lines)-1] == line {
		return
	}
	h.lines = append(h.lines, line)
	if h.file != nil {
		_, _ = h.file.WriteString(strings.ReplaceAll(line, "\n", " ") + "\n") // without it the shell goes on
	}
}

// Len is how many lines there are.
func (h *History) Len() int { return len(h.lines) }

// At gives a line, 0 being the latest.
func (h *History) At(i int) string { return h.lines[len(h.lines)-1-i] }

// Close closes the file.
func (h *History) Close() error {
	if h.file == nil {
		return nil
	}
	return h.file.Close()
}
