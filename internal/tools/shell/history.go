package shell

import (
	"os"
	"path/filepath"
	"strings"
)

// History keeps typed lines in a file that only its owner may read. It implements term.History. It
// is not safe for concurrent use.
type History struct {
	file  *os.File // nil: lines are not kept
	lines []string // oldest first
}

// mostLines is the largest number of lines that OpenHistory keeps of a file.
const mostLines = 2000

// OpenHistory opens a file of lines. It creates the file and its folder if they do not exist. With
// an error it returns a History that keeps no lines in a file.
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

// Add adds a line. It ignores a line that is empty, begins with a space, contains a credential, or
// is the same as the previous one.
func (h *History) Add(line string) {
	if strings.TrimSpace(line) == "" || line[0] == ' ' || strings.Contains(line, "auth ") || len(h.lines) > 0 && h.lines[len(h.lines)-1] == line {
		return
	}
	h.lines = append(h.lines, line)
	if h.file != nil {
		_, _ = h.file.WriteString(strings.ReplaceAll(line, "\n", " ") + "\n") // the shell goes on without it
	}
}

// Len returns the number of lines.
func (h *History) Len() int { return len(h.lines) }

// At returns a line; 0 is the latest.
func (h *History) At(i int) string { return h.lines[len(h.lines)-1-i] }

// Close closes the file.
func (h *History) Close() error {
	if h.file == nil {
		return nil
	}
	return h.file.Close()
}
